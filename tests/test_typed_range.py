"""Ranges as people type them, in both languages."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tawny.exports.periods import PERIODS, following, period, preceding
from tawny.languages import LANGUAGES, locale, translations
from tawny.model.zones import to_ms, zone
from tawny.server.pages import formatting, labels
from tawny.server.pages.bounds import written_range
from tawny.server.pages.rendering import Reader
from tawny.server.pages.typed_range import period_named, typed_range

FRIDAY = datetime.date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last 14 days", "2026-11-13", "2026-11-27"),
        ("14 derniers jours", "2026-11-13", "2026-11-27"),
        ("les 2 dernières semaines", "2026-11-09", "2026-11-23"),
        ("last 3 months", "2026-08-01", "2026-11-01"),
        ("cette année", "2026-01-01", "2027-01-01"),
        ("l’année dernière", "2025-01-01", "2026-01-01"),
        ("year to date", "2026-01-01", "2026-11-28"),
        ("1-15 Nov", "2026-11-01", "2026-11-16"),
        ("1 to 15 November", "2026-11-01", "2026-11-16"),
        ("du 1er au 15 novembre", "2026-11-01", "2026-11-16"),
        ("28 December to 3 January", "2025-12-28", "2026-01-04"),
        ("Sept – nov. 2026", "2026-09-01", "2026-12-01"),
        ("October", "2026-10-01", "2026-11-01"),
        ("décembre", "2025-12-01", "2026-01-01"),
        ("since 1 Nov", "2026-11-01", "2026-11-28"),
        ("depuis le 1er septembre", "2026-09-01", "2026-11-28"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("T1 2025", "2025-01-01", "2025-04-01"),
        ("Q4 2025", "2025-10-01", "2026-01-01"),
        ("week 45", "2026-11-02", "2026-11-09"),
        ("2026-W45", "2026-11-02", "2026-11-09"),
        ("2026-11-01 to 2026-11-15", "2026-11-01", "2026-11-16"),
        ("vendredi 20 novembre", "2026-11-20", "2026-11-21"),
        ("Nov 7, 2026", "2026-11-07", "2026-11-08"),
        ("29 February", "2024-02-29", "2024-03-01"),
        ("1 nov 8h30 – 2 nov 9h", "2026-11-01T08:30:00", "2026-11-02T09:00:00"),
        ("2026-11-01 22:00 – 2026-11-02", "2026-11-01T22:00:00", "2026-11-03T00:00:00"),
    ],
)
def test_what_is_typed_means(text: str, start: str, end: str) -> None:
    """The same in either language, on Friday 27 November 2026."""
    assert [typed_range(text, FRIDAY, language) for language in LANGUAGES] == [(start, end)] * 2


def test_a_date_of_numbers_is_read_as_the_page_speaks() -> None:
    """The French write the day first; in English 7/11 may be two days, so neither is guessed."""
    assert typed_range("7/11/2026", FRIDAY, "fr") == ("2026-11-07", "2026-11-08")
    assert typed_range("7/11/2026", FRIDAY, "en") is None
    assert typed_range("13/11/2026", FRIDAY, "en") == ("2026-11-13", "2026-11-14")
    assert typed_range("11/13/2026", FRIDAY, "en") == ("2026-11-13", "2026-11-14")


@pytest.mark.parametrize(
    "text", ["", "soon", "15", "31 Nov", "du 5 au 3 novembre", "last 0 days", "1 nov 25:00", "w99"]
)
def test_what_means_nothing(text: str) -> None:
    assert [typed_range(text, FRIDAY, language) for language in LANGUAGES] == [None, None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_period_is_known_by_its_name(language: str) -> None:
    """So that what is typed can be saved, and moves on."""
    for name in PERIODS:
        title = translations(language).gettext(labels.PRESETS[name])
        assert period_named(title) == name
        now_ms = to_ms(datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC))
        days = [day.isoformat() for day in period(name, now_ms, zone("UTC"))]
        assert list(typed_range(title, FRIDAY, language) or ()) == days
    assert period_named("les 30 derniers jours") == period_named("LAST 30 days") == "last-30-days"


DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2400, 1, 1))


@given(DAYS, st.integers(1, 800), st.sampled_from(list(LANGUAGES)))
def test_the_days_a_page_writes_are_read_back(
    first: datetime.date, days: int, language: str
) -> None:
    after = first + datetime.timedelta(days=days)
    text = formatting.days(first.isoformat(), after.isoformat(), locale(language))
    assert typed_range(text, FRIDAY, language) == (first.isoformat(), after.isoformat()), text


@given(DAYS, st.integers(0, 1439), st.integers(1, 100_000))
def test_the_times_a_page_writes_are_read_back(
    first: datetime.date, minute: int, length_min: int
) -> None:
    start = datetime.datetime.combine(first, datetime.time(*divmod(minute, 60)))
    texts = start.isoformat(), (start + datetime.timedelta(minutes=length_min)).isoformat()
    assert typed_range(written_range(texts, Reader("fr", "UTC", "system")), FRIDAY, "fr") == texts


@given(st.text(max_size=120))
@example("1-1-1-1")
@example("9999-12-31 to 9999-12-31")
def test_nothing_that_is_typed_is_an_error(text: str) -> None:
    for language in LANGUAGES:
        found = typed_range(text, FRIDAY, language)
        assert found is None or len(found) == 2


@given(DAYS, st.integers(1, 800))
def test_before_and_after_undo_each_other(first: datetime.date, days: int) -> None:
    """Of days; months are as long as they are."""
    here = first.isoformat(), (first + datetime.timedelta(days=days)).isoformat()
    before = preceding(*here)
    assert before[1] == here[0]
    months = [text.endswith("-01") for text in (*here, *before)]
    if all(months) or not any(months):
        assert following(*before) == here
