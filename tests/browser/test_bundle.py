"""All exports at once on the page: two clicks, one entry in the list, one download."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Site
from tawny.queries.catalogue import EXPORT_TYPES


def _pick(page: Page, value: str) -> None:
    chip = page.locator("label.chip", has=page.locator(f"[name=which][value={value}]"))
    chip.click()


def test_two_clicks_to_twelve_files(site: Site, browser: Browser, tmp_path: Path) -> None:
    page = site.page(browser)
    _pick(page, "all")
    page.click("#generate")
    page.locator(".notice.good").wait_for()
    titled = page.locator(".run-title", has_text="All exports")
    row = page.locator("tr[data-run]", has=titled).first
    expect(row).to_have_attribute("data-state", "ready")
    row.locator("summary").click()
    expect(row.locator(".run-parts li")).to_have_count(12)
    with page.expect_download() as download:
        row.locator("[data-download]").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = set(archive.namelist())
    assert {f"{name}.xlsx" for name in EXPORT_TYPES} < names
    with page.expect_download() as download:
        row.locator(".run-parts a").first.click()
    assert download.value.suggested_filename == "resolved-conversations.xlsx"
    row.locator(".run-title").click()
    expect(page.locator("#checks")).to_contain_text("9 checks passed")
    expect(page.locator("#files tbody tr")).to_have_count(12)
    page.context.close()


def test_what_is_unfolded_stays_so_when_news_arrive(site: Site, browser: Browser) -> None:
    page = site.page(browser)
    _pick(page, "all")
    page.click("#generate")
    page.locator(".notice.good").wait_for()
    titled = page.locator(".run-title", has_text="All exports")
    row = page.locator("tr[data-run]", has=titled).first
    expect(row).to_have_attribute("data-state", "ready")
    row.locator("summary").click()
    unfolded = row.locator("details[open]")
    expect(unfolded).to_have_count(1)
    before = page.locator("tr[data-run]").count()
    other = site.page(browser)
    other.select_option("#type", "tags")
    other.click("#generate")
    expect(page.locator(".run-title").first).to_have_text("Tags")
    first = page.locator("tr[data-run]").first
    expect(first).to_have_attribute("data-state", "ready")
    assert page.locator("tr[data-run]").count() in (before, before + 1)
    expect(unfolded).to_have_count(1)
    other.context.close()
    page.context.close()


def test_several_in_one_workbook(site: Site, browser: Browser, tmp_path: Path) -> None:
    page = site.page(browser, language="fr")
    _pick(page, "several")
    page.click("#generate")
    expect(page.locator("#form-problem")).to_have_text("Choisissez au moins un export, ou tous.")
    for name in ("messages", "teams"):
        page.check(f"[name=export][value={name}]")
    page.check("[name=workbook]")
    page.click("#generate")
    row = page.locator("tr[data-run]").first
    expect(row.locator(".run-title")).to_have_text("2 exports")
    expect(row).to_have_attribute("data-state", "ready")
    with page.expect_download() as download:
        row.locator("[data-download]").click()
    download.value.save_as(tmp_path / "two.xlsx")
    assert openpyxl.load_workbook(tmp_path / "two.xlsx").sheetnames == ["messages", "teams"]
    page.context.close()


def test_saved_changed_and_run_for_the_next_period(site: Site, browser: Browser) -> None:
    """A choice is kept under a name, run with a click, changed, and run for what follows; the form
    remembers what was asked for last."""
    page = site.page(browser)
    _pick(page, "several")
    for name in ("messages", "teams"):
        page.check(f"[name=export][value={name}]")
    page.fill("#range", "last month")
    page.keyboard.press("Enter")
    expect(page.locator("#range")).to_have_value("Last month")
    page.locator("#save-choice summary").click()
    expect(page.locator("#save-choice")).to_have_attribute("open", "")
    page.fill("#saved_name", "Monthly figures")
    page.locator("#save-choice button").click()
    expect(page.locator("#saved")).to_contain_text("Monthly figures")
    page.get_by_role("button", name="Run Monthly figures").click()
    row = page.locator("tr[data-run]").first
    expect(row.locator(".run-title")).to_have_text("2 exports")
    expect(row).to_have_attribute("data-state", "ready")

    page.get_by_role("link", name="Edit Monthly figures").click()
    expect(page.locator("[name=export][value=messages]")).to_be_checked()
    expect(page.locator("#range")).to_have_value("Last month")
    page.uncheck("[name=export][value=messages]")
    page.locator("#save-choice summary").click()
    expect(page.locator("#saved_name")).to_have_value("Monthly figures")
    page.locator("#save-choice button").click()
    expect(page.locator("#saved li")).to_have_count(1)

    page.locator("tr[data-run] .run-title").first.click()
    page.get_by_role("button", name="Same for the next period").click()
    expect(page.locator("h1")).to_have_text("2 exports")
    ready = page.locator("[data-run-page][data-state=ready]")
    expect(ready).to_be_visible()
    page.get_by_role("link", name="Edit and run again").click()
    expect(page.locator("#range")).to_have_value(re.compile(r"\d \w{3} \d{4}$"))
    page.click("#generate")
    expect(page.locator(".notice.good")).to_contain_text("2 exports")
    page.goto(page.url.split("?")[0])
    expect(page.locator("[name=export][value=messages]")).to_be_checked()
    page.get_by_role("button", name="Delete Monthly figures").click()
    expect(page.locator("#saved li")).to_have_count(0)
    page.context.close()
