"""Opening windows of channels as instants, and how long a channel was open (docs/events.md,
business hours)."""

from __future__ import annotations

import calendar
import datetime
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pyarrow as pa

from tawny.model.business_hours import BusinessHours
from tawny.model.zones import local_to_ms, offset_ms, zone

_DAY_MS = 86_400_000
_DAY_MINUTES = 1440
_EPOCH = datetime.date(1970, 1, 1)

_TYPES: dict[str, pa.DataType] = {
    "business_hours": pa.string(),
    "utc_day": pa.int64(),
    "open_before_ms": pa.int64(),
    "start_ms": pa.int64(),
    "end_ms": pa.int64(),
}
OPENING_DAYS_SCHEMA = pa.schema(_TYPES)
"""One row per opening window and UTC day it touches, cut to that day; a closed day has one empty
window. `open_before_ms` is how long the channel had been open before the day, counted from an
instant that is the same for all rows of the same hours."""


def opening_days(hours: Iterable[str], months: Sequence[str]) -> pa.Table:
    """The windows of all those business hours (as JSON) in all days of the UTC months given.

    The open time between two instants of these months is the difference of what each has before
    it; months in between that are not given are counted all the same.
    """
    columns: list[list[object]] = [[], [], [], [], []]
    for text in hours:
        for row in _days_of(text, months):
            for column, value in zip(columns, (text, *row), strict=True):
                column.append(value)
    return pa.table(
        [
            pa.array(column, field.type)
            for column, field in zip(columns, OPENING_DAYS_SCHEMA, strict=True)
        ],
        schema=OPENING_DAYS_SCHEMA,
    )


def open_ms_between(hours: BusinessHours, start_ms: int, end_ms: int) -> int:
    """How long those hours are open between two instants, in milliseconds."""
    first = _date(start_ms // _DAY_MS - 1)
    last = _date(end_ms // _DAY_MS + 1)
    return sum(
        max(0, min(window_end, end_ms) - max(window_start, start_ms))
        for window_start, window_end in windows(hours, first, last)
    )


def windows(
    hours: BusinessHours, first: datetime.date, last: datetime.date
) -> Iterator[tuple[int, int]]:
    """Opening windows `[start_ms, end_ms)` that start on the local dates from first to last.

    In order and disjoint: windows that overlap or touch are one. Borders become instants like the
    borders of a request, so a window on a day of a clock change has its real length.
    """
    tz = zone(hours.time_zone)
    weekly = [_merged(windows_of_day or ()) for windows_of_day in hours.weekly.days()]
    holidays = {datetime.date.fromisoformat(holiday) for holiday in hours.holidays or ()}
    pending: tuple[int, int] | None = None
    date = first
    while date <= last:
        if weekly[date.weekday()] and date not in holidays:
            for start, end in _instants(date, weekly[date.weekday()], tz):
                if pending is None:
                    pending = (start, end)
                elif start <= pending[1]:
                    pending = (pending[0], max(pending[1], end))
                else:
                    yield pending
                    pending = (start, end)
        if date == datetime.date.max:
            break
        date += datetime.timedelta(days=1)
    if pending is not None:
        yield pending


def _merged(day: Iterable[tuple[str, str]]) -> list[tuple[int, int]]:
    """Windows of one day in minutes after midnight, in order, overlaps joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((_minutes(start), _minutes(end)) for start, end in day):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _instants(
    date: datetime.date, day: list[tuple[int, int]], tz: zoneinfo.ZoneInfo
) -> Iterator[tuple[int, int]]:
    midnight = datetime.datetime.combine(date, datetime.time())
    midnight_ms = (date - _EPOCH).days * _DAY_MS
    offset = _constant_offset_ms(midnight, tz)
    for start, end in day:
        if offset is not None:
            yield midnight_ms + start * 60_000 - offset, midnight_ms + end * 60_000 - offset
        else:
            start_ms = local_to_ms(midnight + datetime.timedelta(minutes=start), tz)
            if date == datetime.date.max and end == _DAY_MINUTES:
                # No calendar shows this midnight.
                end_ms = local_to_ms(midnight + datetime.timedelta(minutes=end - 1), tz) + 60_000
            else:
                end_ms = local_to_ms(midnight + datetime.timedelta(minutes=end), tz)
            if start_ms < end_ms:
                yield start_ms, end_ms


def _constant_offset_ms(midnight: datetime.datetime, tz: zoneinfo.ZoneInfo) -> int | None:
    """The zone's offset when it is the same from well before this local day to well after it."""
    if not datetime.date(1, 1, 2) < midnight.date() < datetime.date(9999, 12, 29):
        return None
    before = (midnight - datetime.timedelta(days=1)).replace(tzinfo=tz).utcoffset()
    after = (midnight + datetime.timedelta(days=2)).replace(tzinfo=tz).utcoffset()
    inside = (midnight + datetime.timedelta(hours=12)).replace(tzinfo=tz).utcoffset()
    if before is None or before != after or before != inside:
        return None
    return before // datetime.timedelta(milliseconds=1)


def _days_of(text: str, months: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Rows of `opening_days` for one channel's hours."""
    hours = msgspec.json.decode(text, type=BusinessHours)
    open_ms = 0
    following: int | None = None
    for first, last in _runs(months):
        if following is not None:
            open_ms += _open_ms(hours, following, first)
        rows: dict[int, list[tuple[int, int]]] = {}
        # A window of the local date before or after may lie in the first or last UTC day.
        for start, end in _cut_at_midnight(windows(hours, _date(first - 1), _date(last + 1))):
            rows.setdefault(start // _DAY_MS, []).append((start, end))
        for day in range(first, last + 1):
            found = rows.get(day, [])
            for start, end in found or [(day * _DAY_MS, day * _DAY_MS)]:
                yield day, open_ms, start, end
            open_ms += sum(end - start for start, end in found)
        following = last + 1


def _runs(months: Sequence[str]) -> list[tuple[int, int]]:
    """First and last UTC day of the months that follow each other, in days since 1970."""
    runs: list[tuple[int, int]] = []
    for month in sorted(months):
        year, number = int(month[:4]), int(month[5:])
        first = (datetime.date(year, number, 1) - _EPOCH).days
        last = first + calendar.monthrange(year, number)[1] - 1
        if runs and runs[-1][1] == first - 1:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _open_ms(hours: BusinessHours, first: int, end: int) -> int:
    """How long those hours are open in the UTC days from `first` to before `end`.

    A log may have an event of the year 1 in it: weeks without holiday or clock change, which are
    all alike, are not looked at day by day.
    """
    weeks = max(0, (end - first) // 7)
    tz = zone(hours.time_zone)
    weekly_ms = sum(
        (close - start) * 60_000
        for day in hours.weekly.days()
        for start, close in _merged(day or ())
    )
    # A window of a local date may lie in the UTC days beside it.
    holidays = [(datetime.date.fromisoformat(one) - _EPOCH).days for one in hours.holidays or ()]
    special = {(day + near - first) // 7 for day in holidays for near in (-2, 0, 2)}
    open_ms = 0
    for week in range(weeks):
        begin = first + 7 * week
        # No zone changes its clocks to and fro within four days.
        offsets = {offset_ms((begin + near) * _DAY_MS, tz) for near in (-2, 2, 5, 9)}
        if len(offsets) == 1 and week not in special:
            open_ms += weekly_ms
        else:
            open_ms += open_ms_between(hours, begin * _DAY_MS, (begin + 7) * _DAY_MS)
    return open_ms + open_ms_between(hours, (first + 7 * weeks) * _DAY_MS, end * _DAY_MS)


def _date(day: int) -> datetime.date:
    """The date of a day since 1970, the calendar's first or last one where it has none."""
    lowest, highest = (datetime.date.min - _EPOCH).days, (datetime.date.max - _EPOCH).days
    return _EPOCH + datetime.timedelta(days=min(max(day, lowest), highest))


def _cut_at_midnight(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same spans, cut where a UTC day ends."""
    for start, end in spans:
        while start < end:
            midnight = (start // _DAY_MS + 1) * _DAY_MS
            yield start, min(end, midnight)
            start = midnight
