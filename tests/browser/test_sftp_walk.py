"""The whole way of a file to a real SFTP server, and what people see while that server is away."""

from __future__ import annotations

import datetime
import hashlib
import json
import sqlite3
import time
import zoneinfo
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.conftest import Site
from browser.running import settled, visit
from browser.test_accessibility import OPEN_DETAILS, violations
from browser.test_schedules import press
from server_process import LONGEST_WAIT_S
from ssh_server import SshServer, ssh_server

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
OVERFLOW = """() => {
    const box = document.querySelector("#notifications").getBoundingClientRect();
    const inside = [...document.querySelectorAll("#notifications *")];
    return Math.max(...inside.map((one) => one.getBoundingClientRect().right - box.right));
}"""
WORDS = {
    "en": {
        "known": "By it the server is known: ask whoever runs it whether it is its own. “new” "
                 "takes the key that the server shows now.",
        "colon": ":", "test": "Test",
        "works": "It works: a small file was written, read back and removed.",
        "save": "Save", "schedule": "Schedule {name}", "delivered": "Delivered",
        "failed": "Failed, is tried again", "past": "Make ranges of the past", "make": "Make them",
        "closed": "127.0.0.1: port {port} is closed: nothing listens there",
        "told": "{name}: {name} was not delivered and is tried again: {why}",
        "again": "Try now", "arrives": "{name}: deliveries arrive again",
    },
    "fr": {
        "known": "C’est à elle que le serveur est reconnu\u00a0: demandez à qui le gère si c’est "
                 "bien la sienne. «\u00a0new\u00a0» prend la clé que le serveur montre "
                 "maintenant.",
        "colon": "\u00a0:", "test": "Tester",
        "works": "Cela fonctionne\u00a0: un petit fichier a été écrit, relu et supprimé.",
        "save": "Enregistrer", "schedule": "Planifier {name}", "delivered": "Livrée",
        "failed": "Échec, nouvel essai prévu", "past": "Faire des périodes passées",
        "make": "Les faire",
        "closed": "127.0.0.1\u00a0: le port {port} est fermé\u00a0: rien n’y écoute",
        "told": "{name}\u00a0: la livraison de {name} a échoué et sera retentée\u00a0: {why}",
        "again": "Réessayer maintenant",
        "arrives": "{name}\u00a0: les livraisons arrivent à nouveau",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    """OpenSSH, with an account that has a key."""
    with ssh_server() as made:
        yield made


@pytest.mark.parametrize("language", ["en", "fr"])
def test_from_a_saved_export_to_a_file_there_while_its_server_comes_and_goes(
    site: Site, browser: Browser, server: SshServer, language: str
) -> None:
    said, name = WORDS[language], f"by sftp {language}"
    inbox = server.inbox / language
    page = site.page(browser, language=language)
    visit(page, "/destinations/new?kind=sftp")
    assert violations(page) == [], "a new destination"
    page.fill("#name", name)
    page.fill("#option-url", server.url)
    page.fill("#option-template", f"{language}/{{type}}_{{from}}_r{{revision}}.{{ext}}")
    page.fill("#secret-private_key", server.private_key)
    press(page, "main form button.primary")
    expect(page.locator("#option-host_key")).to_have_value(server.host_key)
    expect(page.locator("#note-host_key")).to_have_text(said["known"])
    page.get_by_role("button", name=said["test"], exact=True).click()
    expect(page.locator("#test-answer")).to_have_text(said["works"])
    assert violations(page) == [], "a destination that works"

    visit(page, "/exports?type=messages&preset=yesterday&format=csv")
    page.locator("#save-choice > summary").click()
    page.fill("#saved_name", name)
    page.locator("#save-choice").get_by_role("button", name=said["save"], exact=True).click()
    page.get_by_role("link", name=said["schedule"].format(name=name)).click()
    settled(page)
    page.locator(f'[name=destination][value="{name}"]').check()
    page.evaluate(OPEN_DETAILS)
    page.select_option("#delay", "0s")
    press(page, "#generate")
    today = datetime.datetime.now(PARIS).date()
    tomorrow = today + datetime.timedelta(days=1)
    expect(page.locator("#next-run")).to_contain_text(f"{tomorrow.day} ")
    expect(page.locator("#next-run")).to_contain_text("00:00 UTC+0")
    address = page.url.partition("?")[0]

    _made_a_day_ago(site, name)
    rows = page.locator("table.deliveries tbody tr")
    _until_shown(page, address, said["delivered"])
    yesterday = today - datetime.timedelta(days=1)
    _whole(server, f"messages_{yesterday}_r1.csv", language)
    expect(rows.first).to_contain_text(f"{language}/messages_{yesterday}_r1.csv")

    server.stop()
    try:
        page.get_by_text(said["past"]).click()
        page.fill("#from", str(today - datetime.timedelta(days=3)))
        page.fill("#to", str(today - datetime.timedelta(days=2)))
        page.get_by_role("button", name=said["make"], exact=True).click()
        why = said["closed"].format(port=server.port)
        expect(page.locator("#failures")).to_contain_text(f"{name}{said['colon']} {why}")
        told = _told(page, said["told"].format(name=name, why=why))
        assert violations(page) == [], "the bell tells of it"
        assert page.evaluate(OVERFLOW) <= 0, "nothing stands out of the bell"
        told.get_by_role("link").click()
        page.wait_for_url(address)
        settled(page)
        expect(page.locator("table.deliveries")).to_contain_text(said["failed"])
        assert violations(page) == [], "the schedule that fails"
    finally:
        server.start()
    page.get_by_role("button", name=said["again"]).click()
    settled(page)
    expect(page.locator("table.deliveries .state-ready")).to_have_count(2)
    expect(page.locator("#failures")).to_have_count(0)
    _whole(server, f"messages_{today - datetime.timedelta(days=3)}_r1.csv", language)
    assert len(list(inbox.iterdir())) == 4, "two files with their receipts, and nothing half"
    _told(page, said["arrives"].format(name=name))
    assert violations(page) == [], "it arrives again"
    page.context.close()


def _made_a_day_ago(site: Site, name: str) -> None:
    """Have the schedule be made just before this day began, so that yesterday is due now."""
    midnight = datetime.datetime.now(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    created_ms = int(midnight.timestamp() * 1000) - 60_000
    with sqlite3.connect(site.running.home / "state.db", timeout=60) as state:
        state.execute(
            "UPDATE schedules SET created_ms = ?, planned_to_ms = NULL, next_due_ms = 0 "
            "WHERE name = ?", (created_ms, name),
        )  # fmt: skip


def _told(page: Page, text: str) -> Locator:
    """Look into the bell until its newest line is this; it is written a moment after what it tells
    of."""
    # Before anything is told the bell says that there is nothing.
    newest = page.locator("#notifications :is(li, .empty)").first
    end = time.monotonic() + LONGEST_WAIT_S
    while True:
        page.locator("#bell > summary").click()
        expect(newest).to_be_visible()
        if text in (newest.text_content() or ""):
            return newest
        assert time.monotonic() < end, newest.text_content()
        page.wait_for_timeout(1_000)
        page.reload()
        settled(page)


def _until_shown(page: Page, address: str, state: str) -> None:
    """Look at a schedule until its first delivery is in a state."""
    visit(page, address)
    expect(page.locator("table.deliveries tbody tr")).to_contain_text([state])


def _whole(server: SshServer, name: str, folder: str) -> None:
    """A file is there as its receipt says."""
    data = (server.inbox / folder / name).read_bytes()
    receipt = json.loads((server.inbox / folder / f"{name}.receipt.json").read_bytes())
    assert hashlib.sha256(data).hexdigest() == receipt["sha256"]
    assert data.count(b"\n") > 1
