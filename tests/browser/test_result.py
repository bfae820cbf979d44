"""The result of an export, looked through: searched, sorted, its columns chosen for a file."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from browser.conftest import Site
from browser.running import settled, visit


def test_a_result_is_searched_sorted_and_made_a_file_of_chosen_columns(
    site: Site, browser: Browser
) -> None:
    """All rows are there, a page at a time; what the table shows can be made a file."""
    page = site.page(browser)
    page.select_option("#type", "messages")
    page.locator("label.chip", has=page.locator("[value=csv]")).click()
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    run = str(link.get_attribute("href"))
    page.locator(f'#run-list a[href="{run}/file"]').wait_for()
    visit(page, run)
    expect(page.locator(".summary")).to_contain_text(
        re.compile(r"^[\d,]+ messages: [\d,]+ inbound, [\d,]+ outbound\.$")
    )
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(50)
    expect(page.locator("#rows .pager")).to_contain_text(re.compile(r"1 to 50 of [\d,]+"))
    page.locator("#rows .pager a", has_text="Next page").click()
    expect(page.locator("#rows .pager")).to_contain_text(re.compile(r"51 to 100 of [\d,]+"))

    created = page.locator("#rows .column-head", has_text="Created At").first
    created.click()
    expect(page.locator("#rows th[aria-sort=ascending]")).to_have_count(1)
    page.locator("#rows .column-head", has_text="Created At").first.click()
    expect(page.locator("#rows th[aria-sort=descending]")).to_have_count(1)
    expect(page.locator("#rows .pager")).to_contain_text("1 to 50 of")

    page.select_option("#rows-form [name=in]", "direction")
    page.fill("#rows-search", "outbound")
    expect(page.locator("#rows tbody")).not_to_contain_text("Inbound")
    expect(page.locator("#rows td[title=outbound]").first).to_have_text("Outbound")
    page.fill("#rows-search", "no such words")
    expect(page.locator("#rows")).to_contain_text("No row has these words.")
    page.fill("#rows-search", "")
    expect(rows).to_have_count(50)

    page.locator("#columns-choice > summary").click()
    kept = ("message_id", "direction", "created_at")
    for box in page.locator("#columns-choice [name=col]").all():
        if box.get_attribute("value") not in kept:
            box.uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#rows th")).to_have_count(3)
    page.locator("#rows form button").click()
    page.wait_for_url(re.compile(f"/exports/(?!{run.rpartition('/')[2]})"))
    settled(page)
    page.locator("a[data-download]").wait_for()
    with page.expect_download() as downloading:
        page.locator("a[data-download]").click()
    head = Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()[0]
    assert head == "Message ID,Created at,Direction"
    page.context.close()
