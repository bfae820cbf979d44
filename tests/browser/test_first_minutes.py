"""From an empty server to the first file, in both languages: by sample data, by a file of events,
by a command that is pasted into a terminal."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.running import Running, context_of, create_administrator, serving, settled, visit
from browser.test_accessibility import violations

WORDS = {
    "en": {
        "welcome": "Welcome. Three ways to begin",
        "load": "Load sample data", "remove": "Remove the sample data",
        "days": "The last 7 days", "ready": "ready",
        "taken": "2 taken in, 0 there already, 1 refused.",
        "again": "0 taken in, 2 there already, 1 refused.",
        "waiting": "Waiting for the first events…", "arrived": "The first events are here.",
        "command": "Make a token and the command", "empty": "every export is empty",
    },
    "fr": {
        "welcome": "Bienvenue. Trois façons de commencer",
        "load": "Charger les données d’exemple", "remove": "Retirer les données d’exemple",
        "days": "Les 7 derniers jours", "ready": "prêt",
        "taken": "Enregistrés : 2 ; déjà présents : 0 ; refusés : 1.",
        "again": "Enregistrés : 0 ; déjà présents : 2 ; refusés : 1.",
        "waiting": "En attente des premiers événements…",
        "arrived": "Les premiers événements sont arrivés.",
        "command": "Créer un jeton et la commande", "empty": "tous les exports sont vides",
    },
}  # fmt: skip
REFUSAL = {
    "en": [
        "line 2",
        "time",
        'found "yesterday"; allowed an RFC 3339 date-time with offset such as '
        "2026-06-08T14:03:22.120+02:00",
    ],
    "fr": [
        "ligne 2",
        "time",
        '"yesterday"\N{NO-BREAK SPACE}; attendu\N{NO-BREAK SPACE}: une date et une heure '
        "RFC 3339 avec décalage, comme 2026-06-08T14:03:22.120+02:00",
    ],
}
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Running]:
    """A server that has received nothing, before it has an administrator."""
    with serving(tmp_path / "home", tmp_path / "server.log", TAWNY_INBOX_MOVE_MS="300") as running:
        yield running


def first_page(browser: Browser, running: Running, language: str) -> Page:
    """The first page of the first administrator."""
    page = context_of(browser, running, language).new_page()
    create_administrator(page, running)
    visit(page, "/")
    expect(page.locator("h1")).to_have_text(WORDS[language]["welcome"])
    return page


@LANGUAGES
def test_sample_data_to_the_first_file(browser: Browser, empty: Running, language: str) -> None:
    """One click loads, two make a file, one takes all of it away again."""
    words, page = WORDS[language], first_page(browser, empty, language)
    visit(page, "/exports")
    expect(page.locator("#no-events")).to_contain_text(words["empty"])
    visit(page, "/log")
    page.locator("main .empty a[href='/start']").click()
    settled(page)
    assert violations(page) == []

    page.get_by_role("button", name=words["load"]).click()
    expect(page.locator("h1")).to_have_text(words["days"])
    settled(page)
    expect(page.locator("#tile-resolved .tile-value")).to_be_visible()
    assert violations(page) == []

    page.locator("#tile-resolved .tile-foot a").click()
    settled(page)
    page.locator("#generate").click()
    link = page.locator(".notice.good a")
    visit(page, str(link.get_attribute("href")))
    with page.expect_download() as downloading:
        page.locator("a[data-download]").click()
    assert Path(downloading.value.path()).stat().st_size > 5_000

    visit(page, "/")
    page.get_by_role("button", name=words["remove"]).click()
    expect(page.locator("h1")).to_have_text(words["welcome"])
    visit(page, "/exports")
    expect(page.locator("#run-list tr[data-run]")).to_have_count(0)
    expect(page.locator("#no-events")).to_be_visible()
    page.context.close()


@LANGUAGES
def test_a_file_of_events(browser: Browser, empty: Running, language: str, tmp_path: Path) -> None:
    """Chosen by keyboard; what is refused is said with its line; a second time changes nothing."""
    words, page = WORDS[language], first_page(browser, empty, language)
    good = {
        "specversion": "1.0", "source": "/desk", "type": "team.saved",
        "time": "2026-06-01T00:00:00Z", "data": {"team_id": "a", "name": "A"},
    }  # fmt: skip
    events = [good | {"id": "1"}, good | {"id": "2", "time": "yesterday"}, good | {"id": "3"}]
    plain = "".join(json.dumps(event) + "\n" for event in events).encode()
    (tmp_path / "events.ndjson").write_bytes(plain)
    (tmp_path / "events.ndjson.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "events.json").write_text(json.dumps(events), encoding="utf-8")
    (tmp_path / "none.ndjson").write_text("hello\n", encoding="utf-8")

    with page.expect_file_chooser() as choosing:
        page.locator("#drop-file").press("Enter")
    choosing.value.set_files(tmp_path / "events.ndjson")
    end = page.locator("[data-end]")
    expect(end).to_have_text(words["taken"])
    expect(page.locator("#drop-file")).to_be_focused()
    cells = page.locator("[data-refused] tbody tr td")
    assert cells.all_inner_texts() == REFUSAL[language]
    assert violations(page) == []
    for name in ("events.ndjson", "events.ndjson.gz", "events.json"):
        page.locator("[data-end]").evaluate("place => place.replaceChildren()")
        page.set_input_files("#drop-file", tmp_path / name)
        expect(end).to_have_text(words["again"])
    page.set_input_files("#drop-file", tmp_path / "none.ndjson")
    expect(page.locator("[data-end] .form-error")).to_be_visible()
    expect(page.locator("[data-further]")).to_be_hidden()
    page.context.close()


def test_a_file_that_is_dropped_larger_than_one_request(
    browser: Browser, empty: Running, events: Path
) -> None:
    """It goes through the API in slices, whole lines each."""
    page = first_page(browser, empty, "en")
    lines = events.read_text(encoding="utf-8").splitlines()
    # Ids of their own, so that each line is an event of its own.
    text = "".join(
        line.replace('"source":"/sample"', f'"source":"/desk/{copy}"') + "\n"
        for copy in range(4)
        for line in lines
    )
    assert len(text) > 5 << 20
    large = events.parent / "large.ndjson"
    large.write_text(text, encoding="utf-8")
    page.set_input_files("#drop-file", large)
    expect(page.locator("[data-end]")).to_have_text(
        f"{4 * len(lines):,} taken in, 0 there already, 0 refused."
    )
    page.context.close()


@LANGUAGES
def test_a_command_that_works(browser: Browser, empty: Running, language: str) -> None:
    """Copied, run, and the page turns green by itself; its events go with the sample data."""
    words, page = WORDS[language], first_page(browser, empty, language)
    page.get_by_role("button", name=words["command"]).click()
    settled(page)
    expect(page.locator("#waiting")).to_have_text(words["waiting"])
    assert violations(page) == []
    command = page.locator("#curl").inner_text()
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60
    )
    answer = json.loads(done.stdout)
    assert (answer["accepted"], answer["refused"]) == (6, 0)
    expect(page.locator("#waiting")).to_have_text(words["arrived"])
    expect(page.locator("#waiting")).to_have_class("waiting arrived")
    assert violations(page) == []
    visit(page, "/start")
    expect(page.locator("#curl")).to_have_count(0)

    visit(page, "/")
    expect(page.locator("#tile-resolved .tile-value")).to_have_text("1")
    page.get_by_role("button", name=words["remove"]).click()
    expect(page.locator("h1")).to_have_text(words["welcome"])
    page.context.close()
