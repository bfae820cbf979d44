"""What the date range of a request means exactly: how long it is, and its odd days."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass

from tawny.model.zones import change_between, from_ms, local_to_ms, offset_ms

_DAY = datetime.timedelta(days=1)
CUSTOM = "custom"
"""A range of the fields for dates, instead of a period."""
TYPED = "typed"
"""A range that was typed, and is no period that moves on with the time."""


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
            change = change_between(begins, ends, zone)
            if start_ms <= change < end_ms:
                before = from_ms(change - 1).astimezone(zone) + datetime.timedelta(milliseconds=1)
                after = from_ms(change).astimezone(zone)
                changes.append(ClockChange(date, ends - begins, before, after))
        date += _DAY
    return Meaning(start_ms, end_ms, tuple(changes))


def _day_ms(date: datetime.date, zone: zoneinfo.ZoneInfo) -> int:
    return local_to_ms(datetime.datetime.combine(date, datetime.time()), zone)
