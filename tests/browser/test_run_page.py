"""The page of a run: charts split and beside the period before, each export of a bundle, and news
that neither swallow a press nor move what is being read."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import visit

WORDS = {
    "en": ("by channel", "by week", "The period before"),
    "fr": ("par canal", "par semaine", "La période d’avant"),
}


def made_run(page: Page, which: str, *, ready: bool = True) -> str:
    """Generate and give the address of the run."""
    page.locator("label.chip", has=page.locator(f"[name=which][value={which}]")).click()
    page.fill("#range", "last 7 days")
    page.keyboard.press("Enter")
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    address = str(link.get_attribute("href"))
    if ready:
        page.locator(f'#run-list a[href="{address}/file"]').wait_for()
    return address


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_export_of_a_bundle_has_its_charts_and_rows(
    site: Site, browser: Browser, language: str
) -> None:
    by_channel, by_week, before = WORDS[language]
    page = site.page(browser, language=language)
    visit(page, made_run(page, "all"))
    chart = page.locator("#charts section").first
    expect(chart.locator("svg.wide")).to_be_visible()
    expect(chart.locator(".legend-row")).to_contain_text(before)
    expect(chart.locator("thead")).to_contain_text(before)
    chart.get_by_role("button", name=by_channel).click()
    pressed = page.locator("#charts [aria-pressed=true]")
    expect(pressed.first).to_have_text(by_channel)
    assert chart.locator(".legend-row span").count() > 2
    chart.get_by_role("button", name=by_week).click()
    expect(pressed.nth(1)).to_have_text(by_week)
    expect(pressed.first).to_have_text(by_channel)
    page.locator(".parts").get_by_role("link", name="Messages").click()
    expect(page.locator(".parts [aria-current=page]")).to_have_text("Messages")
    expect(page.locator(".summary")).to_contain_text("messages")
    expect(page.locator("#rows tbody tr")).to_have_count(50)
    page.locator("#rows .pager a").first.click()
    expect(page.locator("#rows .pager")).to_contain_text("51")
    page.context.close()


def test_news_of_a_run_swallow_no_press(site: Site, browser: Browser) -> None:
    """While a button is held down the page stays; then it shows what became of the run."""
    page = site.page(browser)
    visit(page, made_run(page, "all", ready=False))
    place = page.locator("main h1").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 2, place["y"] + 2)
    page.mouse.down()
    # News on their way as the button went down may still have come.
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('[data-run-page]').dataset.old = '1'")
    page.wait_for_function(
        "async id => (await (await fetch(`/api/v1${id}`)).json()).state === 'ready'",
        arg=urlsplit(page.url).path,
    )
    page.wait_for_timeout(1000)
    assert page.locator("[data-old]").count() == 1
    page.mouse.up()
    expect(page.locator("[data-run-page][data-state=ready]")).to_be_visible()
    expect(page.locator("#rows tbody tr").first).to_be_visible()
    page.context.close()


def test_runs_of_others_move_nothing(site: Site, browser: Browser) -> None:
    """They are offered; the list takes them in when the reader asks."""
    page = site.page(browser)
    own = made_run(page, "one")
    visit(page, "/exports")
    page.wait_for_timeout(2500)
    page.evaluate(
        """() => { window.shifts = []; new PerformanceObserver((list) => {
            for (const one of list.getEntries())
                if (!one.hadRecentInput) window.shifts.push(one.value);
        }).observe({ type: "layout-shift", buffered: false }); }"""
    )
    first = page.locator("tr[data-run]").first
    expect(first.locator(f'a[href="{own}"]')).to_be_visible()
    other = site.page(browser, "sam")
    made_run(other, "one")
    offer = page.locator("#new-runs")
    expect(offer).to_have_text("Show 1 new")
    expect(first.locator(f'a[href="{own}"]')).to_be_visible()
    assert page.evaluate("window.shifts") == []
    offer.click()
    expect(first.locator("td:nth-child(4)")).to_have_text("sam")
    expect(offer).to_be_hidden()
    other.context.close()
    page.context.close()
