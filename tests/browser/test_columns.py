"""The columns of a file, chosen in the form, and kept wherever the choice is kept."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from browser.conftest import Site


def _choose(page: Page, *keys: str) -> None:
    page.locator("#columns-field summary").click()
    expect(page.locator("#form-columns input:checked").first).to_be_visible()
    page.locator("[data-all=form-columns]").click()
    expect(page.locator("[data-count=form-columns]")).to_have_text("0")
    for key in keys:
        page.check(f"#form-columns [value={key}]")


def _ticked(page: Page) -> list[str]:
    boxes = page.locator("#columns-field [name=column]:is(:checked, [type=hidden])")
    return [str(box.get_attribute("value")) for box in boxes.all()]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_columns_are_chosen_kept_saved_and_made(
    site: Site, browser: Browser, language: str, tmp_path: Path
) -> None:
    """None chosen is said; the file has those chosen; *Edit and run again*, the form of later and a
    saved export know them; another type begins with all of its own."""
    page = site.page(browser, language=language)
    page.select_option("#type", "messages")
    expect(page.locator("[name=columns_of]")).to_have_value("messages")
    page.locator("label.chip", has=page.locator("[name=format][value=csv]")).click()
    _choose(page)
    page.click("#generate")
    wrong = {
        "en": "Choose at least one column, or all of them.",
        "fr": "Choisissez au moins une colonne, ou toutes.",
    }[language]
    expect(page.locator("#columns-problem")).to_have_text(wrong)
    expect(page.locator("#columns-field")).to_have_attribute("open", "")
    for key in ("message_id", "direction"):
        page.check(f"#form-columns [value={key}]")
    page.select_option("#headers", "key")
    page.locator("#save-choice summary").click()
    page.fill("#saved_name", f"Directions {language}")
    page.locator("#save-choice button").click()
    expect(page.locator("#saved")).to_contain_text(f"Directions {language}")
    page.click("#generate")
    link = page.locator(".notice.good a")
    link.wait_for()
    page.goto(str(link.get_attribute("href")))
    expect(page.locator("[data-run-page][data-state=ready]")).to_be_visible()
    with page.expect_download() as download:
        page.locator("a[data-download]").click()
    download.value.save_as(tmp_path / "messages.csv")
    text = (tmp_path / "messages.csv").read_text(encoding="utf-8-sig")
    head = next(csv.reader([text.splitlines()[0]], delimiter=";" if ";" in text[:40] else ","))
    assert head == ["message_id", "direction"]

    page.locator("a[href^='/exports?']").click()
    page.wait_for_url("**/exports?*")
    assert _ticked(page) == ["message_id", "direction"]
    page.goto("/exports")
    assert _ticked(page) == ["message_id", "direction"]
    page.goto(str(page.locator("#saved a[href^='/exports']").first.get_attribute("href")))
    assert _ticked(page) == ["message_id", "direction"]
    page.select_option("#type", "teams")
    expect(page.locator("[name=columns_of]")).to_have_value("teams")
    assert _ticked(page) == []
    page.locator("#columns-field summary").click()
    expect(page.locator("#form-columns input:not(:checked)")).to_have_count(0)
    saved = page.request.get("/api/v1/saved-exports").json()
    mine = next(one for one in saved if one["name"] == f"Directions {language}")
    assert mine["request"]["columns"] == ["message_id", "direction"]
    page.locator("#saved form[action$=delete] button").first.click()
    page.context.close()


def test_what_is_chosen_before_the_scripts_are_there_is_heard(site: Site, browser: Browser) -> None:
    page = site.page(browser)
    waiting: list[Route] = []
    page.route("**/request.js*", lambda route: waiting.append(route))
    page.goto("/exports", wait_until="commit")
    page.wait_for_selector("#generate")
    page.select_option("#type", "teams")
    assert page.locator("html").get_attribute("data-scripts") is None
    assert page.locator("[name=columns_of]").input_value() != "teams"
    page.wait_for_timeout(1000)
    assert page.locator("[name=columns_of]").input_value() != "teams"
    for route in waiting:
        route.continue_()
    expect(page.locator("[name=columns_of]")).to_have_value("teams")
    page.context.close()
