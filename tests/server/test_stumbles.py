"""What people once stumbled over on the pages, each as somebody would meet it again."""

from __future__ import annotations

import contextlib
import html
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from server.conftest import World
from server.running import PASSWORD, RANGE, wait_for
from server.test_page_rights import page_client


@pytest.fixture
def page(world: World) -> Iterator[httpx.Client]:
    """The administrator's browser."""
    with contextlib.closing(page_client(world, "root")) as client:
        read_in(client, "en")
        yield client
        read_in(client, "en")


def words(markup: str) -> str:
    """What is read of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).replace("’", "'").split())


def read_in(page: httpx.Client, language: str) -> None:
    """Have the pages be in a language, whatever this account had before."""
    form = {"language": language, "back": "/", "_csrf": page.headers["X-CSRF-Token"]}
    assert page.post("/account/language", data=form).status_code == 303


def part(page: httpx.Client, path: str, language: str = "en") -> str:
    """A part of a page once it is there."""
    read_in(page, language)
    headers = {"HX-Request": "true"}
    while re.search("Loading…|Chargement…", text := page.get(path, headers=headers).text):
        time.sleep(0.2)
    return text


def made(world: World, export: str) -> str:
    """A run of an export that is ready."""
    run = world.root.post("/exports", json={"export": export, **RANGE}).json()["id"]
    assert wait_for(world.root, run)["state"] == "ready"
    return str(run)


def test_a_click_makes_what_a_spreadsheet_opens(page: httpx.Client) -> None:
    """XLSX first; where CSV is chosen, the one of the reader's spreadsheets. Whose headers the
    French ones are is said. (D2, D20)"""
    first = {}
    for language in ("en", "fr"):
        read_in(page, language)
        text = page.get("/exports").text
        assert re.search(r'name="format" value="xlsx"[^>]* checked|value="xlsx" selected', text)
        [options] = re.findall(r'<select[^>]* name="dialect".*?</select>', text, re.DOTALL)
        first[language] = re.findall(r'<option value="([^"]+)"', options)[0]
        assert "article d'origine" not in words(text)
    assert first == {"en": "excel", "fr": "excel-semicolon"}
    assert "Français, en-têtes de Hootdesk" in words(text)


def test_the_form_remembers_what_was_asked_for_last(page: httpx.Client) -> None:
    """In this browser, for this person. (D9)"""
    asked = {"which": "one", "type": "teams", "preset": "last-month", "time_zone": "Asia/Tokyo",
             "format": "csv", "dialect": "excel-semicolon", "headers": "fr",
             "_csrf": page.headers["X-CSRF-Token"]}  # fmt: skip
    assert page.post("/exports", data=asked).status_code == 303
    text = page.get("/exports").text
    assert re.search(r'value="teams"[^>]* (selected|checked)', text)
    assert 'value="Asia/Tokyo"' in text
    assert re.search(r'value="csv"[^>]* (selected|checked)', text)
    assert re.search(r'value="excel-semicolon"[^>]* (selected|checked)', text)
    assert re.search(r'value="fr"[^>]* (selected|checked)', text)
    assert 'id="range" name="range" value="Last month"' in text


def test_bars_name_ranges_shares_and_days_as_people_do(world: World, page: httpx.Client) -> None:
    """ "1 to 5 min", which counts nothing twice, and what the clock is; "50 %", not "p50"; no dates
    of machines. (D17, D22)"""
    resolved = part(page, f"/exports/{made(world, 'resolved-conversations')}/charts")
    labels = words(resolved)
    assert re.search(
        r"First response time, in opening hours Waited Conversations < 1 min \d+ 1 to 5 min \d+ "
        r"5 to 15 min \d+ 15 min to 1 h \d+ 1 to 4 h \d+ 4 h to 1 day \d+ 1 day or more \d+",
        labels,
    )
    times = words(part(page, f"/exports/{made(world, 'response-times')}/charts"))
    assert "around the clock" in times and "50 %" in times
    assert not re.search(r"\bp\d\d\b", times)
    messages = part(page, f"/exports/{made(world, 'messages')}/charts", "fr")
    for text in (labels, times, words(messages)):
        assert not re.search(r"\d{4}-\d\d-\d\d", text)


def test_rows_are_read_and_their_exact_values_kept(world: World, page: httpx.Client) -> None:
    """No instants, seconds and tokens of programs in French rows. (D21)"""
    run = made(world, "messages")
    rows = part(page, f"/exports/{run}/rows", "fr")
    assert "Entrant" in words(rows) and not re.search(r">inbound<", rows)
    assert 'title="inbound"' in rows
    shown = words(rows)
    assert "8 juin" in shown and not re.search(r"\d{4}-\d\d-\d\dT", shown)
    assert 'title="2026-06-08 ' in rows
    answers = part(page, f"/exports/{made(world, 'response-times')}/rows", "fr")
    assert re.search(r'title="3\s600\ss">1\sh<', answers)


def test_many_clock_changes_are_counted_and_none_is_left_out(page: httpx.Client) -> None:
    """(D25)"""
    asked = {"which": "one", "type": "messages", "preset": "custom", "time_zone": "Europe/Paris",
             "first_day": "2019-01-01", "last_day": "2025-12-31"}  # fmt: skip
    text = page.post("/exports/bounds", data=asked).text
    assert "14 clock changes" in words(text)
    assert text.count('class="clock-change"') == 14
    asked["last_day"] = "2019-04-30"
    one = page.post("/exports/bounds", data=asked).text
    assert "clock changes" not in words(one) and one.count('class="clock-change"') == 1


def test_people_are_called_by_their_names(world: World, page: httpx.Client) -> None:
    """In the list and in the trail, with what they sign in as at hand. (D29)"""
    person = {"name": "claire", "display_name": "Claire Dufour", "password": PASSWORD,
              "role": "administrator"}  # fmt: skip
    assert world.root.post("/users", json=person).status_code == 201
    with contextlib.closing(world.server.signed_in("claire")) as claire:
        run = claire.post("/exports", json={"export": "topics", **RANGE}).json()["id"]
        wait_for(claire, run)
    assert '<td title="claire">Claire Dufour</td>' in page.get("/exports").text
    assert "Claire Dufour" in words(page.get(f"/exports/{run}").text)
    assert "Claire Dufour" in words(page.get("/audit?person=claire").text)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("FRT", "First Response Time"), ("satisfaction", "CSAT"), ("csat", "CSAT")],
)
def test_the_dictionary_knows_the_words_of_the_trade(
    page: httpx.Client, asked: str, found: str
) -> None:
    """(D36)"""
    assert found in words(page.get("/dictionary", params={"q": asked}).text)


def test_the_dictionary_says_that_it_has_nothing(page: httpx.Client) -> None:
    """And lights no type then. (D36)"""
    text = page.get("/dictionary", params={"q": "turnover"}).text
    [side] = re.findall(r'<[a-z]+ class="side".*?</(?:nav|div)>', text, re.DOTALL)
    assert "aria-current" not in side
