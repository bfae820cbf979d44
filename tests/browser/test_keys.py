"""Without the mouse: keys for the search and the form, and a list of them."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from browser.conftest import Site
from browser.running import visit


def test_keys(site: Site, browser: Browser) -> None:
    """`/` searches, `c` begins an export, `?` lists the keys; none of them while somebody types."""
    page = site.page(browser)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    search = page.locator("#filters [name=q]")
    expect(search).to_be_focused()
    page.keyboard.type("c?/")
    expect(search).to_have_value("c?/")
    expect(page.locator("#keys")).to_be_hidden()
    visit(page, "/log")
    page.keyboard.press("/")
    expect(page.locator("main [name=q]")).to_be_focused()
    visit(page, "/dictionary")
    page.fill("#dictionary-search", "FRT")
    expect(page.locator("#columns h3").first).to_contain_text("First Response Time")
    page.context.close()


def test_the_page_of_the_api_looks_like_the_others(site: Site, browser: Browser) -> None:
    """With a way back and no back-ticks."""
    page = site.page(browser)
    page.goto("/api/v1/docs")
    assert "`" not in page.locator("main").inner_text()
    page.get_by_role("link", name="Back to the exports").click()
    expect(page.locator("h1")).to_have_text("Exports on demand")
    page.context.close()


def test_a_phone_has_room_for_fingers(site: Site, browser: Browser) -> None:
    """Controls of 44 pixels, letters that no phone enlarges."""
    page = site.page(browser, width=375, height=812)
    for field in page.locator("#filters input[type=search], #filters select").all():
        box = field.bounding_box()
        assert box is not None and box["height"] >= 44
        assert field.evaluate("one => getComputedStyle(one).fontSize") == "16px"
    page.context.close()


def test_generate_is_in_sight_and_nothing_is_wider_than_the_screen(
    site: Site, browser: Browser
) -> None:
    """At 900 pixels, however much of the form is open; every page on a phone."""
    page = site.page(browser, width=1440, height=900)
    page.click("#calendar")
    page.locator("label.chip", has=page.locator("[name=which_channels][value=some]")).click()
    box = page.locator("#generate").bounding_box()
    assert box is not None and box["y"] + box["height"] <= 900
    page.context.close()
    phone = site.page(browser, language="fr", width=375, height=812)
    for path in ("/exports", "/log", "/audit", "/people", "/settings"):
        visit(phone, path)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 375, path
    phone.context.close()


def test_a_wide_and_a_middling_screen_are_used(site: Site, browser: Browser) -> None:
    """From 1024 pixels on the list stands beside the form; a large screen gives the list more."""
    page = site.page(browser, width=1024, height=768)
    shown = {}
    for width in (1024, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        form, runs = page.locator("#export-form"), page.locator("#runs-panel")
        boxes = (form.bounding_box(), runs.bounding_box())
        assert boxes[0] is not None and boxes[1] is not None
        assert boxes[1]["x"] > boxes[0]["x"] + boxes[0]["width"], width
        shown[width] = boxes[1]["width"]
    assert shown[1024] < shown[1440] < shown[1920]
    assert shown[1920] > 1100
    page.context.close()
