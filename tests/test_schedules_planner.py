"""When slots are due: every one exactly once, end to end, whatever the clocks do."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import SOAK, examples
from tawny.exports.request import ExportRequest, resolve
from tawny.model.periods import FREQUENCIES, Period, border_until, ranges, request_texts
from tawny.model.zones import from_ms, instant_ms, instant_text, zone
from tawny.schedules.planner import Decision, Pause, Timing, past_ranges, plan

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

ODD = {
    "Australia/Lord_Howe": 2025,  # half an hour
    "Africa/Casablanca": 2025,  # back for the month of Ramadan
    "Pacific/Apia": 2011,  # a day that was skipped
    "Antarctica/Troll": 2025,  # two hours
    "America/Sao_Paulo": 2018,  # at midnight
    "Asia/Kolkata": 2025,  # half hours, no change
}
"""Zones, and the first of the two years that are looked at."""


def at(text: str) -> int:
    found = instant_ms(text)
    assert found is not None
    return found


def timing(frequency: str, name: str, created: str, delay_ms: int = 15 * MINUTE_MS) -> Timing:
    return Timing(frequency, zone(name), delay_ms, at(created))


def made(decisions: Sequence[Decision]) -> list[tuple[str, str, str | None]]:
    return [
        (instant_text(one.range.from_ms)[:16], instant_text(one.range.to_ms)[:16], one.skipped)
        for one in decisions
    ]


# --- worked examples ------------------------------------------------------------------------------


def test_a_day_of_23_hours() -> None:
    paris = timing("daily", "Europe/Paris", "2026-03-29T00:00:00+01:00")
    before = plan(paris, at("2026-03-28T23:00:00Z"), at("2026-03-29T22:14:59Z"), 31)
    assert before.decisions == []
    assert instant_text(before.next_due_ms) == "2026-03-29T22:15:00.000Z"
    found = plan(paris, at("2026-03-28T23:00:00Z"), at("2026-03-29T22:15:00Z"), 31)
    assert made(found.decisions) == [("2026-03-28T23:00", "2026-03-29T22:00", None)]


def test_a_day_of_25_hours() -> None:
    paris = timing("daily", "Europe/Paris", "2026-10-25T12:00:00Z")
    found = plan(paris, None, at("2026-10-26T00:00:00Z"), 31)
    assert made(found.decisions) == [("2026-10-24T22:00", "2026-10-25T23:00", None)]
    assert request_texts("daily", paris.zone, found.decisions[0].range) == (
        "2026-10-25",
        "2026-10-26",
    )


def test_hours_when_the_clocks_go_back() -> None:
    paris = zone("Europe/Paris")
    day = list(itertools.islice(ranges("hourly", paris, at("2026-10-24T22:00:01Z")), 25))
    assert instant_text(day[-1].to_ms) == "2026-10-25T23:00:00.000Z"
    begins = [request_texts("hourly", paris, slot)[0] for slot in day]
    assert begins[2:5] == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


def test_an_hour_of_90_minutes() -> None:
    lord_howe = zone("Australia/Lord_Howe")
    slot = next(ranges("hourly", lord_howe, at("2026-10-03T14:30:01Z")))
    assert request_texts("hourly", lord_howe, slot) == (
        "2026-10-04T01:00+10:30",
        "2026-10-04T03:00+11:00",
    )
    assert slot.to_ms - slot.from_ms == 90 * MINUTE_MS


def test_down_from_friday_to_monday() -> None:
    paris = timing("daily", "Europe/Paris", "2026-06-01T00:00:00Z")
    # Friday the 5th at 18:00 all of Thursday is done; Monday the 8th at 08:00 three days are not.
    friday = at("2026-06-04T22:00:00Z")
    found = plan(paris, friday, at("2026-06-08T06:00:00Z"), 31)
    assert made(found.decisions) == [
        ("2026-06-04T22:00", "2026-06-05T22:00", None),
        ("2026-06-05T22:00", "2026-06-06T22:00", None),
        ("2026-06-06T22:00", "2026-06-07T22:00", None),
    ]
    assert instant_text(found.next_due_ms) == "2026-06-08T22:15:00.000Z"


def test_down_for_longer_than_is_caught_up() -> None:
    utc = timing("daily", "UTC", "2026-01-01T00:00:00Z")
    found = plan(utc, at("2026-06-01T00:00:00Z"), at("2026-06-06T12:00:00Z"), 2)
    assert made(found.decisions) == [
        ("2026-06-01T00:00", "2026-06-02T00:00", "catch_up"),
        ("2026-06-02T00:00", "2026-06-03T00:00", "catch_up"),
        ("2026-06-03T00:00", "2026-06-04T00:00", "catch_up"),
        ("2026-06-04T00:00", "2026-06-05T00:00", None),
        ("2026-06-05T00:00", "2026-06-06T00:00", None),
    ]


def test_the_first_slot_ends_at_or_after_the_creation() -> None:
    exactly = timing("weekly", "UTC", "2026-06-08T00:00:00Z", 0)
    just_after = timing("weekly", "UTC", "2026-06-08T00:00:00.001Z", 0)
    now_ms = at("2026-06-08T12:00:00Z")
    assert made(plan(exactly, None, now_ms, 31).decisions) == [
        ("2026-06-01T00:00", "2026-06-08T00:00", None)
    ]
    assert plan(just_after, None, now_ms, 31).decisions == []


def test_a_pause_skips_what_ends_in_it() -> None:
    pause: Pause = (at("2026-06-02T00:00:00Z"), at("2026-06-03T00:00:00Z"))
    utc = Timing("daily", zone("UTC"), 0, at("2026-06-01T00:00:00Z"), [pause])
    found = plan(utc, None, at("2026-06-03T00:00:00Z"), 31)
    assert [one.skipped for one in found.decisions] == [None, "pause", None]
    lasting = Timing("daily", zone("UTC"), 0, at("2026-06-01T00:00:00Z"), [(pause[0], None)])
    found = plan(lasting, None, at("2026-06-04T00:00:00Z"), 31)
    assert [one.skipped for one in found.decisions] == [None, "pause", "pause", "pause"]


def test_months_of_the_past_are_there_for_a_backfill() -> None:
    paris = timing("monthly", "Europe/Paris", "2026-06-08T00:00:00Z")
    found = past_ranges(
        paris, at("2026-01-15T00:00:00Z"), at("2027-01-01T00:00:00Z"), at("2026-05-31T22:14:59Z")
    )
    assert [request_texts("monthly", paris.zone, slot) for slot in found] == [
        ("2026-02-01", "2026-03-01"),
        ("2026-03-01", "2026-04-01"),
        ("2026-04-01", "2026-05-01"),
    ]


def test_a_skipped_day_is_no_slot() -> None:
    apia = zone("Pacific/Apia")
    days = list(itertools.islice(ranges("daily", apia, at("2011-12-30T09:59:00Z")), 3))
    assert [request_texts("daily", apia, day) for day in days] == [
        ("2011-12-29", "2011-12-31"),
        ("2011-12-31", "2012-01-01"),
        ("2012-01-01", "2012-01-02"),
    ]
    assert [(day.to_ms - day.from_ms) // HOUR_MS for day in days] == [24, 24, 24]


# --- against the clock on the wall ----------------------------------------------------------------


def borders_by_the_clock(name: str, start_ms: int, end_ms: int) -> dict[str, list[int]]:
    """The borders as somebody sees them who looks at the clock every minute."""
    found: dict[str, list[int]] = {frequency: [] for frequency in FREQUENCIES}
    local = from_ms(start_ms - MINUTE_MS).astimezone(zone(name))
    latest = local.date()
    for minute_ms in range(start_ms, end_ms, MINUTE_MS):
        local = from_ms(minute_ms).astimezone(zone(name))
        if local.minute == 0:
            found["hourly"].append(minute_ms)
        date = local.date()
        if date > latest:
            found["daily"].append(minute_ms)
            if any(_day(latest, n).weekday() == 0 for n in range(1, (date - latest).days + 1)):
                found["weekly"].append(minute_ms)
            if (date.year, date.month) != (latest.year, latest.month):
                found["monthly"].append(minute_ms)
            latest = date
    return found


def _day(date: datetime.date, days: int) -> datetime.date:
    return date + datetime.timedelta(days=days)


def slots_between(frequency: str, name: str, start_ms: int, end_ms: int) -> Iterator[Period]:
    """Those that begin in a span."""
    for slot in ranges(frequency, zone(name), start_ms):
        if slot.from_ms >= end_ms:
            return
        if slot.from_ms >= start_ms:
            yield slot


def windows(name: str, year: int) -> Iterator[tuple[int, int]]:
    """The days around each clock change of two years; with a soak all of them."""
    start_ms, end_ms = at(f"{year}-01-01T00:00:00Z"), at(f"{year + 2}-01-01T00:00:00Z")
    if SOAK:
        yield start_ms, end_ms
        return
    tz = zone(name)
    last = from_ms(start_ms).astimezone(tz).utcoffset()
    yield start_ms, start_ms + 3 * DAY_MS
    for day_ms in range(start_ms, end_ms, DAY_MS):
        offset = from_ms(day_ms).astimezone(tz).utcoffset()
        if offset != last:
            yield day_ms - 2 * DAY_MS, day_ms + 2 * DAY_MS
            last = offset


@pytest.mark.parametrize("name", [*ODD, "Europe/Paris", "America/Havana"])
def test_borders_are_those_of_the_clock_on_the_wall(name: str) -> None:
    for start_ms, end_ms in windows(name, ODD.get(name, 2025)):
        for frequency, expected in borders_by_the_clock(name, start_ms, end_ms).items():
            found = [slot.from_ms for slot in slots_between(frequency, name, start_ms, end_ms)]
            assert found == expected, (frequency, instant_text(start_ms))
            for border_ms in expected:
                assert border_until(frequency, zone(name), border_ms) == border_ms
                assert border_until(frequency, zone(name), border_ms - 1) < border_ms


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("name", ODD)
def test_a_request_means_the_range_of_its_slot(name: str, frequency: str) -> None:
    start_ms = at(f"{ODD[name]}-01-01T00:00:00Z")
    two_years = itertools.takewhile(
        lambda slot: slot.to_ms < start_ms + 731 * DAY_MS, ranges(frequency, zone(name), start_ms)
    )
    step = 1 if SOAK or frequency != "hourly" else 7
    for slot in itertools.islice(two_years, 0, None, step):
        start, end = request_texts(frequency, zone(name), slot)
        bounds = resolve(ExportRequest("messages", time_zone=name, start=start, end=end), 0)
        assert (bounds.from_ms, bounds.to_ms) == (slot.from_ms, slot.to_ms)


# --- whatever happens -----------------------------------------------------------------------------


@dataclass
class Desk:
    """A schedule over time: its state, and everything that was decided."""

    frequency: str
    zone_name: str
    created_ms: int
    catch_up_slots: int
    delay_ms: int = 15 * MINUTE_MS
    now_ms: int = 0
    planned_to_ms: int | None = None
    pauses: list[Pause] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)

    def timing(self) -> Timing:
        return Timing(
            self.frequency, zone(self.zone_name), self.delay_ms, self.created_ms, self.pauses
        )

    def look(self) -> None:
        found = plan(self.timing(), self.planned_to_ms, self.now_ms, self.catch_up_slots)
        assert found.next_due_ms > self.now_ms
        assert sum(one.skipped is None for one in found.decisions) <= self.catch_up_slots
        awake = [one.skipped for one in found.decisions if one.skipped != "pause"]
        assert awake == sorted(awake, key=lambda skipped: skipped is None), "the newest are made"
        for one in found.decisions:
            assert one.range.to_ms + self.delay_ms <= self.now_ms
            assert (one.skipped == "pause") == self.was_paused(one.range.to_ms)
        self.decided += found.decisions
        self.planned_to_ms = found.planned_to_ms

    def was_paused(self, at_ms: int) -> bool:
        return any(a <= at_ms and (b is None or at_ms < b) for a, b in self.pauses)

    def switch(self) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            since_ms = self.pauses[-1][0]
            self.pauses[-1] = since_ms, max(since_ms, self.now_ms)
        else:
            self.pauses.append((self.now_ms, None))


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([MINUTE_MS, HOUR_MS, DAY_MS, 9 * DAY_MS])),
    st.tuples(st.just("clock"), st.integers(-40 * DAY_MS, 40 * DAY_MS)),
    st.tuples(st.just("delay"), st.sampled_from([0, MINUTE_MS, HOUR_MS, 30 * DAY_MS])),
    st.tuples(st.just("switch"), st.just(0)),
)


@settings(max_examples=examples(40))
@given(
    name=st.sampled_from(sorted(ODD)),
    frequency=st.sampled_from(FREQUENCIES),
    into_ms=st.integers(0, 365 * DAY_MS),
    catch_up_slots=st.sampled_from([0, 1, 31]),
    steps=st.lists(STEPS, max_size=40),
)
def test_every_slot_exactly_once_whatever_happens(
    name: str,
    frequency: str,
    into_ms: int,
    catch_up_slots: int,
    steps: list[tuple[str, int]],
) -> None:
    created_ms = at(f"{ODD[name]}-01-01T00:00:00Z") + into_ms
    desk = Desk(frequency, name, created_ms, catch_up_slots, now_ms=created_ms)
    for what, how_much in steps:
        if what == "switch":
            desk.switch()
        elif what == "delay":
            desk.delay_ms = how_much
        else:
            desk.now_ms += how_much
        desk.look()
    expected = list(
        itertools.takewhile(
            lambda slot: desk.planned_to_ms is not None and slot.to_ms <= desk.planned_to_ms,
            ranges(frequency, zone(name), created_ms),
        )
    )
    assert [one.range for one in desk.decided] == expected
    for one, other in itertools.pairwise(desk.decided):
        assert one.range.to_ms == other.range.from_ms


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("name", ODD)
def test_two_years_minute_by_minute_or_in_leaps(name: str, frequency: str) -> None:
    created_ms = at(f"{ODD[name]}-01-01T00:00:00Z")
    steps = itertools.cycle([7 * MINUTE_MS, 3 * HOUR_MS, -90 * MINUTE_MS, 5 * DAY_MS, -DAY_MS])
    desk = Desk(frequency, name, created_ms, 10**6, now_ms=created_ms)
    while desk.now_ms < created_ms + 731 * DAY_MS:
        desk.now_ms += next(steps)
        desk.look()
    slots = [one.range for one in desk.decided]
    assert {one.skipped for one in desk.decided} == {None}
    assert len(slots) == len(set(slots)) >= {"hourly": 17_500, "monthly": 23}.get(frequency, 100)
    assert all(a.to_ms == b.from_ms for a, b in itertools.pairwise(slots))
    assert all(slot.from_ms < slot.to_ms for slot in slots)
    assert slots[0] == next(ranges(frequency, zone(name), created_ms))
    assert isinstance(slots[-1], Period) and slots[-1].to_ms <= desk.now_ms + DAY_MS * 8
