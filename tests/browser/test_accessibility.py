"""axe finds nothing on any page, in either theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from browser.running import context_of, visit

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
OPEN_DETAILS = (
    "() => { for (const one of document.querySelectorAll('main details')) one.open = true; }"
)
PAGES = (
    "/", "/exports", "/dictionary", "/dictionary?q=response", "/log", "/people", "/audit",
    "/settings", "/account", "/nothing", "/schedules", "/schedules/new", "/deliveries",
    "/destinations", "/destinations/new",
)  # fmt: skip


def violations(page: Page) -> list[str]:
    """What axe finds, one line for each element."""
    # Evaluated by the debugger, so the page's own policy stays in force.
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(site: Site, browser: Browser, scheme: str) -> None:
    """Every page, then with menus, dialogs of the form and details open, then a run's page."""
    public = context_of(browser, site.running, scheme=scheme).new_page()
    for path in ("/sign-in", "/set-up/used-up"):
        visit(public, path)
        assert violations(public) == [], path
    public.context.close()

    page = site.page(browser, scheme=scheme)
    for path in PAGES:
        visit(page, path)
        page.evaluate(OPEN_DETAILS)
        assert violations(page) == [], path

    visit(page, "/exports")
    page.click("#calendar")
    page.locator("label.chip", has=page.locator("[name=which_channels][value=some]")).click()
    page.click("#time_zone")
    page.locator("#bell > summary").click()
    page.locator("#notifications .menu-title").wait_for()
    assert violations(page) == [], "the form and the bell open"

    visit(page, "/exports")
    page.select_option("#type", "messages")
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    assert violations(page) == [], "just generated"
    visit(page, str(link.get_attribute("href")))
    expect(page.locator(".column-head").first).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible()
    page.evaluate(OPEN_DETAILS)
    assert violations(page) == [], "a run"
    page.context.close()
