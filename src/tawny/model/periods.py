"""Whole hours, days, ISO weeks or months of a zone, end to end: what schedules and feeds are about.

A border of a range is what it is for a request on demand: a day begins at local midnight, where the
clocks skip that at the instant they jump to, where they show it twice at the first of the two.
Hours begin at every instant at which the local clock shows a full hour, so that there are two from
02:00 when the clocks go back from 03:00, and one of 90 minutes where they jump from 02:00 to 02:30.
A day that a zone skipped has no length and is no range. All instants are milliseconds since 1970
UTC.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tawny.model.zones import change_between, from_ms, local_to_ms, offset_ms

_HOUR_MS = 3_600_000
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One of them: `[from_ms, to_ms)`."""

    from_ms: int
    to_ms: int


def _next_day(date: datetime.date) -> datetime.date:
    return date + _DAY


def _next_monday(date: datetime.date) -> datetime.date:
    return date + (7 - date.weekday()) * _DAY


def _next_first(date: datetime.date) -> datetime.date:
    return (date.replace(day=1) + 31 * _DAY).replace(day=1)


_NEXT_DATE: dict[str, Callable[[datetime.date], datetime.date]] = {
    "daily": _next_day,
    "weekly": _next_monday,
    "monthly": _next_first,
}
_LONGEST_DAYS = {"daily": 1, "weekly": 7, "monthly": 31}

FREQUENCIES = ("hourly", *_NEXT_DATE)


def border_after(frequency: str, zone: zoneinfo.ZoneInfo, instant_ms: int) -> int:
    """The first border after an instant.

    >>> from tawny.model.zones import instant_ms, instant_text, zone
    >>> lord_howe = zone("Australia/Lord_Howe")
    >>> one = instant_ms("2026-10-04T01:00:00+10:30")
    >>> instant_text(border_after("hourly", lord_howe, one))
    '2026-10-03T16:00:00.000Z'
    """
    if frequency == "hourly":
        return _full_hour_after(zone, instant_ms)
    return _date_border_after(frequency, zone, _local_date(zone, instant_ms), instant_ms)


def border_until(frequency: str, zone: zoneinfo.ZoneInfo, instant_ms: int) -> int:
    """The last border at or before an instant."""
    if frequency == "hourly":
        # No zone ever went three hours without its clock showing a full one.
        found = _full_hour_after(zone, instant_ms - 4 * _HOUR_MS)
    else:
        # Two periods before, and a day for clocks that go back over midnight.
        days = 2 * _LONGEST_DAYS[frequency] + 1
        date = _local_date(zone, instant_ms) - days * _DAY
        found = local_to_ms(_midnight(_NEXT_DATE[frequency](date)), zone)
    while (following := border_after(frequency, zone, found)) <= instant_ms:
        found = following
    return found


def ranges(frequency: str, zone: zoneinfo.ZoneInfo, first_to_ms: int) -> Iterator[Period]:
    """All ranges that end at or after an instant, in order; without end."""
    start_ms = border_until(frequency, zone, first_to_ms - 1)
    while True:
        end_ms = border_after(frequency, zone, start_ms)
        yield Period(start_ms, end_ms)
        start_ms = end_ms


def request_texts(frequency: str, zone: zoneinfo.ZoneInfo, slot: Period) -> tuple[str, str]:
    """Begin and end of a range as a request has them: dates, or for hours instants with offset."""
    return _text(frequency, zone, slot.from_ms), _text(frequency, zone, slot.to_ms)


def _text(frequency: str, zone: zoneinfo.ZoneInfo, border_ms: int) -> str:
    local = from_ms(border_ms).astimezone(zone)
    if frequency == "hourly":
        return local.isoformat(timespec="minutes")
    return local.date().isoformat()


def _local_date(zone: zoneinfo.ZoneInfo, instant_ms: int) -> datetime.date:
    return from_ms(instant_ms).astimezone(zone).date()


def _midnight(date: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(date, datetime.time())


def _date_border_after(
    frequency: str, zone: zoneinfo.ZoneInfo, date: datetime.date, instant_ms: int
) -> int:
    while True:
        date = _NEXT_DATE[frequency](date)
        border_ms = local_to_ms(_midnight(date), zone)
        if border_ms > instant_ms:
            return border_ms


def _full_hour_after(zone: zoneinfo.ZoneInfo, instant_ms: int) -> int:
    offset = offset_ms(instant_ms, zone)
    at_ms = instant_ms + _HOUR_MS - (instant_ms + offset) % _HOUR_MS
    while offset_ms(at_ms, zone) != offset:
        instant_ms = change_between(instant_ms, at_ms, zone)
        offset = offset_ms(instant_ms, zone)
        at_ms = instant_ms + -(instant_ms + offset) % _HOUR_MS
    return at_ms
