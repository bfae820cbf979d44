"""The date range of a request as people choose it, and what it means exactly.

A preset is a pair of local dates, the second one not included. `last-7-days` are the seven whole
days before today, a week begins on Monday, a quarter on the first of January, April, July, October.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass

from tawny.model.zones import from_ms, local_to_ms, offset_ms

_DAY = datetime.timedelta(days=1)


def _today(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today, today + _DAY


def _yesterday(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today - _DAY, today


def _last_7_days(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today - 7 * _DAY, today


def _last_week(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    monday = today - today.weekday() * _DAY
    return monday - 7 * _DAY, monday


def _last_month(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    end = today.replace(day=1)
    return (end - _DAY).replace(day=1), end


def _last_quarter(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    end = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    before = end - _DAY
    return before.replace(month=before.month - 2, day=1), end


PRESETS: dict[str, Callable[[datetime.date], tuple[datetime.date, datetime.date]]] = {
    "today": _today,
    "yesterday": _yesterday,
    "last-7-days": _last_7_days,
    "last-week": _last_week,
    "last-month": _last_month,
    "last-quarter": _last_quarter,
}
CUSTOM = "custom"


def preset(name: str, now_ms: int, zone: zoneinfo.ZoneInfo) -> tuple[datetime.date, datetime.date]:
    """First day and the day after the last one, on the calendar of the zone.

    >>> from tawny.model.zones import zone as named, to_ms
    >>> now = to_ms(datetime.datetime(2026, 6, 8, 23, 30, tzinfo=datetime.UTC))
    >>> [date.isoformat() for date in preset("yesterday", now, named("Europe/Paris"))]
    ['2026-06-08', '2026-06-09']
    >>> [date.isoformat() for date in preset("last-quarter", now, named("Europe/Paris"))]
    ['2026-01-01', '2026-04-01']
    """
    return PRESETS[name](from_ms(now_ms).astimezone(zone).date())


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A day that is not 24 hours long."""

    date: datetime.date
    length_ms: int
    before: datetime.datetime
    """Local time just before the clocks change, and just after."""
    after: datetime.datetime


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a range means: instants in milliseconds since 1970 UTC, and its odd days."""

    from_ms: int
    to_ms: int
    changes: tuple[ClockChange, ...]

    @property
    def length_ms(self) -> int:
        """How long it really is."""
        return self.to_ms - self.from_ms


def meaning(start_ms: int, end_ms: int, zone: zoneinfo.ZoneInfo) -> Meaning:
    """The clock changes that fall into `[start, end)`, each with the real length of its day.

    Ranges over more than ten years are not searched.
    """
    changes: list[ClockChange] = []
    last = from_ms(end_ms - 1).astimezone(zone).date()
    date = from_ms(start_ms).astimezone(zone).date()
    while date <= last and (last - date).days < 3660:
        begins, ends = _day_ms(date, zone), _day_ms(date + _DAY, zone)
        if offset_ms(begins, zone) != offset_ms(ends, zone):
            change = _change(begins, ends, zone)
            if start_ms <= change < end_ms:
                before = from_ms(change - 1).astimezone(zone) + datetime.timedelta(milliseconds=1)
                after = from_ms(change).astimezone(zone)
                changes.append(ClockChange(date, ends - begins, before, after))
        date += _DAY
    return Meaning(start_ms, end_ms, tuple(changes))


def _day_ms(date: datetime.date, zone: zoneinfo.ZoneInfo) -> int:
    return local_to_ms(datetime.datetime.combine(date, datetime.time()), zone)


def _change(low: int, high: int, zone: zoneinfo.ZoneInfo) -> int:
    """The first instant with another offset than `low`."""
    before = offset_ms(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_ms(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high
