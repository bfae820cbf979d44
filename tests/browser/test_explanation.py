"""A number of a result is pressed, and says why it is what it is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import Site
from browser.running import visit
from browser.test_accessibility import violations
from browser.test_run_page import made_run

WORDS = {
    "en": ("Handle Time (s)", "Another column of this row", "Close",
           "starts a lock session that counts", "Number of Outbound Messages", " in all"),
    "fr": ("Temps de traitement (s)", "Une autre colonne de cette ligne", "Fermer",
           "ouvre un verrouillage qui compte", "Nombre de messages sortants", " en tout"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_cell_is_explained_beside_the_table(site: Site, browser: Browser, language: str) -> None:
    header, another, close, session, outbound, in_all = WORDS[language]
    page = site.page(browser, language=language)
    visit(page, made_run(page, "one"))
    panel, heads = page.locator("#explanation"), page.locator("#rows th")
    expect(heads.first).to_be_visible()
    expect(panel).to_be_hidden()
    at = heads.evaluate_all("them => them.findIndex(one => one.dataset.column === 'handle_time')")
    rows = page.locator("#rows tbody tr")
    busy = rows.evaluate_all(
        "(rows, at) => rows.findIndex(row => /min/.test(row.cells[at].textContent))", at + 1
    )
    cell = rows.nth(busy).locator("td").nth(at + 1)
    cell.click()
    expect(panel.locator("h2")).to_have_text(header)
    expect(panel.locator("h2")).to_be_focused()
    expect(panel).to_contain_text(session)
    exact = str(cell.get_attribute("title")).replace("\N{NARROW NO-BREAK SPACE}", "")
    expect(panel.locator(".explained-value")).to_have_text(re.sub(r"[,\s]|s$", "", exact) + " s")
    assert violations(page) == []

    panel.locator("summary", has_text=another).click()
    panel.get_by_role("link", name=outbound).click()
    expect(panel.locator("h2")).to_have_text(outbound)
    expect(panel.locator(".arithmetic")).to_contain_text(in_all)
    panel.get_by_role("button", name=close).click()
    expect(panel).to_be_hidden()

    # By keyboard: the link of the row, and back to it.
    link = page.locator("#rows a.explain").nth(1)
    link.focus()
    page.keyboard.press("Enter")
    expect(panel.locator("h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(link).to_be_focused()

    # What is shared is a page of its own.
    link.click()
    address = str(panel.locator(".panel-head a").get_attribute("href"))
    text = panel.locator(".evidence").inner_text()
    visit(page, address)
    expect(page.locator("main .evidence")).to_be_visible()
    assert page.locator("main .evidence").inner_text() == text
    assert violations(page) == []
    page.context.close()
