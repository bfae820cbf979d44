"""From an empty server to a downloaded export of a help desk, by the page alone."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.running import Running, context_of, create_administrator, serving, settled, visit
from browser.test_accessibility import OPEN_DETAILS, violations
from chatwoot_desk import URL, ChatwootDesk
from postgres import cluster

WORDS = {
    "en": {
        "connect": "Connect a help desk", "test": "Test the access", "found": "Nothing is stored",
        "add": "Set up and read", "complete": "Complete: nothing is open.",
        "compare": "Compare the counts", "same": "its counts are those of the log",
        "remove": "Remove this source", "stay": "16 events of it stay in the log.",
        "wrong": "Address of the database: found no address of a database",
        "columns": "Resolved conversations: Handle Time (s)", "export": "Make an export",
        "june": "June 2026",
    },
    "fr": {
        "connect": "Connecter un centre d’assistance", "test": "Tester l’accès",
        "found": "Rien n’est encore enregistré", "add": "Configurer et lire",
        "complete": "Complet\N{NO-BREAK SPACE}: rien n’est ouvert.",
        "compare": "Comparer les décomptes", "same": "ses décomptes sont ceux du journal",
        "remove": "Retirer cette source", "stay": "16 événements d’elle restent dans le journal.",
        "wrong": "Adresse de la base de données\N{NO-BREAK SPACE}:",
        "columns": "Conversations résolues", "export": "Créer un export",
        "june": "juin 2026",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[ChatwootDesk]:
    with cluster() as postgres:
        made = ChatwootDesk(postgres.new_database()).create()
        made.example()
        yield made


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Running]:
    """A server that has received nothing, before it has an administrator."""
    with serving(tmp_path / "home", tmp_path / "server.log") as running:
        yield running


def clean(page: Page) -> None:
    """Axe finds nothing, also in what is folded."""
    page.evaluate(OPEN_DETAILS)
    assert violations(page) == []


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_from_an_empty_server_to_a_file(
    browser: Browser, empty: Running, desk: ChatwootDesk, language: str, scheme: str
) -> None:
    words = WORDS[language]
    page = context_of(browser, empty, language, scheme=scheme).new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    create_administrator(page, empty)
    visit(page, "/start")
    page.get_by_role("link", name=words["connect"]).click()
    settled(page)
    clean(page)
    page.locator(".gallery a.button").first.click()
    settled(page)
    page.fill("#name", "desk")
    page.fill("#option-url", URL)
    page.fill("#option-account", "1")
    page.fill("#option-database_url", "the database")
    page.get_by_role("button", name=words["test"]).click()
    expect(page.locator("#access .form-error")).to_contain_text(words["wrong"])
    page.fill("#option-database_url", desk.address)
    page.get_by_role("button", name=words["test"]).click()
    expect(page.locator("#access .good")).to_contain_text(words["found"])
    expect(page.locator("#access")).to_contain_text("Example Ltd")
    expect(page.locator("#access")).to_contain_text(words["columns"])
    assert desk.address not in page.content()
    clean(page)

    page.get_by_role("button", name=words["add"]).click()
    expect(page.locator("h1")).to_have_text("desk")
    expect(page.locator("#state .good")).to_have_text(words["complete"])
    page.get_by_role("button", name=words["compare"]).click()
    expect(page.locator("#check .good")).to_contain_text(words["same"])
    clean(page)

    page.get_by_role("link", name=words["export"]).click()
    settled(page)
    page.select_option("#type", "resolved-conversations")
    page.fill("#range", words["june"])
    page.locator("#range").press("Enter")
    expect(page.locator("#bounds")).to_contain_text("UTC+0")
    page.click("#generate")
    link = page.locator(".runs a[data-download]").first
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as workbook:
        assert b">1042<" in workbook.read("xl/worksheets/sheet1.xml")

    visit(page, "/sources/desk")
    page.evaluate(OPEN_DETAILS)
    page.get_by_role("button", name=words["remove"]).click()
    expect(page.locator(".notice.good")).to_contain_text(words["stay"])
    assert complaints == []
    page.context.close()
