"""Business hours: windows as instants and open time, against plain counting."""

import json
import random
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from generated_times import ANCHORS, DAY, HOUR, business_hours
from oracle.hours import open_time
from tawny.model.business_hours import BusinessHours
from tawny.model.opening import open_ms_between, opening_days, windows
from tawny.model.zones import instant_text, to_ms

Json = dict[str, Any]


def hours_of(hours: Json) -> BusinessHours:
    return msgspec.convert(hours, BusinessHours)


def instant(text: str) -> int:
    return to_ms(datetime.fromisoformat(text))


PARIS: Json = {"time_zone": "Europe/Paris", "weekly": {}}


@pytest.mark.parametrize(
    ("weekly", "day", "expected"),
    [
        # An ordinary day, and one that is closed.
        ({"mon": [["09:00", "17:00"]]}, "2025-06-02", ["07:00-15:00"]),
        ({"mon": [["09:00", "17:00"]]}, "2025-06-03", []),
        # Overlapping, touching and repeated windows are one; the order they come in means nothing.
        ({"mon": [["13:00", "15:00"], ["09:00", "13:00"], ["10:00", "11:00"]]}, "2025-06-02",
         ["07:00-13:00"]),
        ({"mon": [["09:00", "10:00"], ["09:00", "10:00"]]}, "2025-06-02", ["07:00-08:00"]),
        # The hour that is skipped, all of it, half of it, and a window inside it.
        ({"sun": [["01:00", "04:00"]]}, "2025-03-30", ["00:00-02:00"]),
        ({"sun": [["02:30", "04:00"]]}, "2025-03-30", ["01:00-02:00"]),
        ({"sun": [["02:10", "02:50"]]}, "2025-03-30", []),
        # The hour that comes twice: borders mean the first, what is between them is open twice.
        ({"sun": [["01:00", "04:00"]]}, "2025-10-26", ["23:00-03:00"]),
        ({"sun": [["02:30", "03:00"]]}, "2025-10-26", ["00:30-02:00"]),
        ({"sun": [["02:10", "02:50"]]}, "2025-10-26", ["00:10-00:50"]),
        # A day of 23 and one of 25 hours.
        ({"sun": [["00:00", "24:00"]]}, "2025-03-30", ["23:00-22:00"]),
        ({"sun": [["00:00", "24:00"]]}, "2025-10-26", ["22:00-23:00"]),
    ],
)  # fmt: skip
def test_windows_of_a_day_in_paris(weekly: Json, day: str, expected: list[str]) -> None:
    """In UTC, as `HH:MM-HH:MM`."""
    chosen = date.fromisoformat(day)
    found = windows(hours_of(PARIS | {"weekly": weekly}), chosen, chosen)
    shown = [f"{instant_text(a)[11:16]}-{instant_text(b)[11:16]}" for a, b in found]
    assert shown == expected


def test_windows_that_touch_at_midnight_are_one_and_holidays_close_what_starts_on_them() -> None:
    weekly = {"mon": [["22:00", "24:00"]], "tue": [["00:00", "01:00"], ["09:00", "10:00"]]}
    week = (date(2025, 6, 1), date(2025, 6, 7))
    hours = {"time_zone": "UTC", "weekly": weekly}
    assert [(b - a) // HOUR for a, b in windows(hours_of(hours), *week)] == [3, 1]
    for holiday, expected in (("2025-06-02", [1, 1]), ("2025-06-03", [2]), ("2025-06-04", [3, 1])):
        closed = hours_of(hours | {"holidays": [holiday]})
        assert [(b - a) // HOUR for a, b in windows(closed, *week)] == expected


def test_open_time_between_two_instants() -> None:
    hours = hours_of(PARIS | {"weekly": {"fri": [["09:00", "17:00"]], "mon": [["09:00", "17:00"]]}})
    friday, monday = instant("2025-06-06T16:50+02:00"), instant("2025-06-09T09:05+02:00")
    assert open_ms_between(hours, friday, monday) == 15 * 60_000
    assert open_ms_between(hours, friday, friday) == 0
    assert open_ms_between(hours, friday, friday + 1) == 1
    assert open_ms_between(hours, monday - 5 * 60_000 - 1, monday - 5 * 60_000) == 0


@st.composite
def spans(draw: st.DrawFn) -> tuple[Json, int, int]:
    """Random hours and two instants around a clock change."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    anchor = rng.choice(ANCHORS)
    hours = None
    while hours is None:
        hours = business_hours(rng, anchor)
    reach = rng.choice([HOUR, DAY, 9 * DAY, 40 * DAY])
    start, end = sorted(anchor + rng.randint(-reach, reach) for _ in range(2))
    return hours, start, end


def from_table(hours: Json, start: int, end: int) -> int:
    """Open time as the queries compute it: what each instant has before it, subtracted."""
    # The months the log holds: those of the two instants, maybe not the ones in between.
    months = sorted({instant_text(start)[:7], instant_text(end)[:7]})
    rows = opening_days([json.dumps(hours)], months).to_pylist()

    def before(moment: int) -> int:
        today = [row for row in rows if row["utc_day"] == moment // DAY]
        (counted,) = {row["open_before_ms"] for row in today}
        inside = [max(0, min(moment, row["end_ms"]) - row["start_ms"]) for row in today]
        return int(counted + sum(inside))

    return before(end) - before(start)


@settings(max_examples=examples(120))
@given(span=spans())
def test_open_time_is_what_plain_counting_gives(span: tuple[Json, int, int]) -> None:
    hours, start, end = span
    expected = open_time(hours, start, end)
    assert open_ms_between(hours_of(hours), start, end) == expected
    assert from_table(hours, start, end) == expected


@settings(max_examples=examples(60))
@given(span=spans())
def test_windows_are_in_order_and_disjoint(span: tuple[Json, int, int]) -> None:
    hours, start, end = span
    days = [date.fromisoformat(instant_text(moment)[:10]) for moment in (start, end)]
    found = list(windows(hours_of(hours), *days))
    assert all(a < b for a, b in found)
    assert all(left[1] < right[0] for left, right in pairwise(found))


def test_no_hours_and_no_months_give_an_empty_table() -> None:
    assert opening_days([], ["2025-06"]).num_rows == 0
    assert opening_days([json.dumps(PARIS)], []).num_rows == 0


def test_a_month_of_closed_days_has_a_row_for_each() -> None:
    table = opening_days([json.dumps(PARIS)], ["2025-06"])
    assert table.num_rows == 30
    assert set(table.column("open_before_ms").to_pylist()) == {0}


def test_months_far_apart_count_what_lies_between() -> None:
    """Weeks are not looked at day by day where they are alike; clocks and holidays are."""
    weekly = {"mon": [["09:00", "17:00"]], "sat": [["22:00", "24:00"]], "sun": [["00:00", "03:30"]]}
    holidays = ["1999-03-28", "2001-01-01", "2001-01-06", "2024-12-29"]
    for name in ("Europe/Paris", "Pacific/Kiritimati", "America/Havana"):
        hours = {"time_zone": name, "weekly": weekly, "holidays": holidays}
        start, end = instant("1960-02-06T23:10:00Z"), instant("2026-10-24T12:00:00Z")
        expected = open_ms_between(hours_of(hours), start, end)
        assert from_table(hours, start, end) == expected
