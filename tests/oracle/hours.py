"""Time inside business hours."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .values import instant_of_local, local_of_instant

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def open_time(hours: Any, start: int, end: int) -> int:
    """Milliseconds of [start, end) inside the hours; no hours means always open."""
    if hours is None:
        return end - start
    zone = ZoneInfo(hours["time_zone"])
    holidays = hours.get("holidays") or []
    # Two days more on both sides, where the calendar has them.
    first = max(local_of_instant(start, zone).toordinal() - 2, date.min.toordinal())
    last = min(local_of_instant(end, zone).toordinal() + 2, date.max.toordinal())
    windows = []
    for number in range(first, last + 1):
        day = datetime.fromordinal(number)
        # A holiday closes the windows that start on its local date.
        if str(day.date()) not in holidays:
            for opens, closes in hours["weekly"].get(DAYS[day.weekday()]) or []:
                windows.append(
                    (
                        instant_of_local(at(day, opens), zone),
                        instant_of_local(at(day, closes), zone),
                    )
                )
    return sum(max(0, min(closes, end) - max(opens, start)) for opens, closes in union(windows))


def at(day: datetime, clock: str) -> datetime:
    """A local time of day; `24:00` is the next midnight."""
    return day + timedelta(hours=int(clock[:2]), minutes=int(clock[3:5]))


def union(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals without overlaps, covering the same milliseconds."""
    merged: list[tuple[int, int]] = []
    for opens, closes in sorted(windows):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return merged
