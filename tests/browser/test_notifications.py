"""What tells a person that exports have ended: a few lines at a time that never bury the page, and
the bell for all of them."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import context_of, settled, visit

RUNS = 5

ASK = """async (types) => {
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
    for (const type of types) {
        const body = JSON.stringify({ export: type, from: "2020-01-01", to: "2020-01-02" });
        const answer = await fetch("/api/v1/exports", { method: "POST", headers, body });
        if (answer.status !== 202) throw new Error(await answer.text());
    }
}"""


def _ended(page: Page) -> None:
    """Ask for some small exports, and wait until all of them have ended."""
    page.evaluate(ASK, ["teams", "contacts", "tags", "topics", "messages"])
    visit(page, "/exports?state=running")
    for state in ("queued", "running"):
        visit(page, f"/exports?state={state}")
        while page.locator("#run-list tr[data-state]").count():
            page.wait_for_timeout(200)
            page.reload()
            settled(page)


def test_a_few_at_a_time(site: Site, browser: Browser) -> None:
    """Three on a desk, one on a phone, and how many more there are; the bell lists them all."""
    first = site.page(browser)
    _ended(first)
    for width, most in ((1280, 3), (390, 1)):
        context = context_of(browser, site.running, width=width)
        context.add_cookies(first.context.cookies())  # type: ignore[arg-type]
        page = context.new_page()
        visit(page, "/people")
        more = page.locator("#more-toasts")
        expect(more).to_be_visible()
        expect(page.locator(".toast")).to_have_count(most)
        expect(page.locator(".toast").last).to_contain_text("Messages")  # the newest
        left = int((more.text_content() or "").split(" ")[0])
        assert left + most >= RUNS
        box = page.locator("#toasts").bounding_box()
        assert box is not None and box["height"] < 300

        more.click()
        expect(page.locator(".notification-list li").nth(RUNS - 1)).to_be_attached()
        expect(page.locator(".toast, #more-toasts")).to_have_count(0)
        expect(page.locator("#bell > summary")).to_be_focused()
        context.close()
    first.context.close()


def test_on_a_phone_the_list_is_free(site: Site, browser: Browser) -> None:
    """What is told stands at the end of the screen: search, the newest runs and their buttons can
    be read and pressed."""
    first = site.page(browser)
    _ended(first)
    context = context_of(browser, site.running, width=375, height=812)
    context.add_cookies(first.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    visit(page, "/exports")
    expect(page.locator(".toast")).to_be_visible()
    told = page.locator("#toasts").bounding_box()
    assert told is not None and told["y"] > 812 / 2 and told["y"] + told["height"] <= 812
    assert told["x"] >= 0 and told["x"] + told["width"] <= 375
    for free in ("#filters input[type=search]", "#run-list tr[data-run] a[data-download]"):
        box = page.locator(free).first.bounding_box()
        assert box is not None and box["y"] + box["height"] <= told["y"], free
    context.close()
    first.context.close()


def test_put_away_by_keyboard(site: Site, browser: Browser) -> None:
    """Each has its button, and the focus goes on from one to the next; Escape puts all away. None
    lies over the buttons of the list."""
    first = site.page(browser)
    _ended(first)
    context = context_of(browser, site.running)
    context.add_cookies(first.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    visit(page, "/exports")
    expect(page.locator("#toasts")).to_have_attribute("aria-live", "polite")
    expect(page.locator(".toast")).to_have_count(3)
    for width in (1024, 1280, 1500, 1920):
        page.set_viewport_size({"width": width, "height": 700})
        told = page.locator("#toasts").bounding_box()
        pressed = page.locator("#run-list td:last-child :is(a, button)").first.bounding_box()
        assert told is not None and pressed is not None
        assert told["x"] + told["width"] < pressed["x"], width
    buttons = page.locator(".toast button")
    buttons.nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_count(2)
    expect(buttons.nth(0)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".toast, #more-toasts")).to_have_count(0)
    context.close()
    first.context.close()
