"""Time zones by IANA name, always from the `tzdata` package.

The operating system's copy of the database is left aside so that the same request gives the same
bytes on every machine; `TZDATA_VERSION` goes into each receipt.
"""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import re
import time
import zoneinfo
from collections.abc import Iterable

from tawny.errors import RequestError, UnknownValueError
from tawny.text import Text

zoneinfo.reset_tzpath(to=())

TZDATA_VERSION = importlib.metadata.version("tzdata")

EARLIEST_MS = -62_135_596_800_000
"""0001-01-01T00:00:00.000Z: no event and no border of a range lies before it."""
LATEST_MS = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z: none lies after it."""

_DAY_MS = 86_400_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)
_FIRST_MS = (datetime.datetime(1, 1, 3, tzinfo=datetime.UTC) - _EPOCH) // _MILLISECOND
_LAST_MS = (datetime.datetime(9999, 12, 29, tzinfo=datetime.UTC) - _EPOCH) // _MILLISECOND


@functools.cache
def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of that exact IANA name.

    Raises `zoneinfo.ZoneInfoNotFoundError` or `ValueError` for anything else.
    """
    if name not in _names():
        raise zoneinfo.ZoneInfoNotFoundError(name)
    return zoneinfo.ZoneInfo(name)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def requested_zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone a request asks for; raises `UnknownValueError` with the closest known name."""
    try:
        return zone(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise UnknownValueError(
            Text("time zone"),
            name,
            sorted(_names()),
            Text("use an IANA name such as Europe/Paris"),
        ) from None


INSTANT_PATTERN = (
    r"^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""How an instant of an event is written: RFC 3339 with offset. The digits may still be no date."""

_instant = re.compile(INSTANT_PATTERN)


def instant_ms(text: str) -> int | None:
    """Milliseconds since 1970 UTC of an RFC 3339 text with offset, finer digits cut off; None for
    any other text.

    >>> instant_text(instant_ms("2026-06-08t14:03:22.1209+02:00"))
    '2026-06-08T12:03:22.120Z'
    >>> instant_ms("2026-06-08T14:03:22")
    """
    found = _instant.fullmatch(text)
    if found is None:
        return None
    *parts, fraction, offset, _ = found.groups()
    try:
        local = datetime.datetime(*map(int, parts), tzinfo=datetime.UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    value = to_ms(local) + int((fraction or ".").ljust(4, "0")[1:4])
    if offset not in ("Z", "z"):
        minutes = int(offset[1:3]) * 60 + int(offset[4:])
        value -= minutes * 60_000 if offset[0] == "+" else -minutes * 60_000
    return value if EARLIEST_MS <= value <= LATEST_MS else None


def current_ms() -> int:
    """This instant in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def to_ms(instant: datetime.datetime) -> int:
    """Milliseconds since 1970 UTC of an aware date-time; finer digits are cut off."""
    return (instant - _EPOCH) // _MILLISECOND


def from_ms(instant_ms: int) -> datetime.datetime:
    """The aware UTC date-time of an instant in milliseconds since 1970."""
    return _EPOCH + instant_ms * _MILLISECOND


def instant_text(instant_ms: int) -> str:
    """`2026-06-08T10:00:00.000Z`."""
    return from_ms(instant_ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def offset_ms(instant_ms: int, tz: zoneinfo.ZoneInfo) -> int:
    """How far local time is ahead of UTC at an instant, in milliseconds."""
    within = min(max(instant_ms, _FIRST_MS), _LAST_MS)  # astimezone ends at the years 1 and 9999
    offset = from_ms(within).astimezone(tz).utcoffset()
    assert offset is not None
    return offset // _MILLISECOND


def local_text(instant_ms: int, zone: zoneinfo.ZoneInfo) -> str:
    """An instant as exports write it."""
    offset = datetime.timedelta(milliseconds=offset_ms(instant_ms, zone))
    try:
        local = from_ms(instant_ms).astimezone(datetime.timezone(offset))
    except OverflowError:  # the first or last hours that a calendar shows in UTC alone
        return instant_text(instant_ms)
    return local.isoformat(timespec="milliseconds")


def local_to_ms(local: datetime.datetime, tz: zoneinfo.ZoneInfo) -> int:
    """The instant a local date-time (without zone) means (docs/exports.md, what is asked for).

    A time skipped by a clock change means the instant the clocks jump to, a repeated one the
    first of the two:

    >>> paris = zone("Europe/Paris")
    >>> instant_text(local_to_ms(datetime.datetime(2026, 6, 8, 0, 0), paris))
    '2026-06-07T22:00:00.000Z'
    >>> instant_text(local_to_ms(datetime.datetime(2026, 3, 29, 2, 30), paris))
    '2026-03-29T01:00:00.000Z'
    >>> instant_text(local_to_ms(datetime.datetime(2026, 10, 25, 2, 30), paris))
    '2026-10-25T00:30:00.000Z'
    """
    naive_ms = (local - datetime.datetime(1970, 1, 1)) // _MILLISECOND  # noqa: DTZ001
    first = local.replace(tzinfo=tz, fold=0).utcoffset()
    second = local.replace(tzinfo=tz, fold=1).utcoffset()
    assert first is not None and second is not None
    if first >= second:  # not a change, or a repeated hour: the larger offset comes first
        return naive_ms - first // _MILLISECOND
    # Skipped: the change lies after the instant by the later offset, not after the one by the
    # earlier offset.
    low, high = naive_ms - second // _MILLISECOND, naive_ms - first // _MILLISECOND
    return change_between(low, high, tz)


_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?P<fraction>\.\d+)?)?"
    r"(?P<offset>[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
MOMENT_RULE = Text(
    "YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.mmm]] in the time zone of the request, "
    "or either with an offset such as +02:00 or Z"
)


def moment_ms(name: str, text: str, tz: zoneinfo.ZoneInfo) -> int:
    """The instant a date, local date-time or instant means (docs/exports.md, what is asked for).

    Digits finer than a millisecond are cut off. A local time or an offset that reaches out of the
    years 1 to 9999 UTC means their first or last millisecond: no event lies outside them. Raises
    `RequestError` naming the option.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise RequestError(
            "{name}: found {text!r}; allowed {rule}",
            name=name,
            text=text,
            rule=MOMENT_RULE,
        )
    milliseconds = (match["fraction"] or ".000")[1:4].ljust(3, "0")
    clock = match["clock"] or "00:00"
    if len(clock) == 5:
        clock += ":00"
    try:
        local = datetime.datetime.fromisoformat(f"{match['date']}T{clock}.{milliseconds}")
        if match["offset"] is None:
            instant_ms = local_to_ms(local, tz)
        else:
            offset = match["offset"].upper().replace("Z", "+00:00")
            instant_ms = to_ms(datetime.datetime.fromisoformat(local.isoformat() + offset))
    except (ValueError, OverflowError):
        raise RequestError(
            "{name}: found {text!r}, which is no date and time; allowed {rule}",
            name=name,
            text=text,
            rule=MOMENT_RULE,
        ) from None
    return min(max(instant_ms, EARLIEST_MS), LATEST_MS)


def is_skipped(start: str, end: str) -> bool:
    """Whether two moments that are one instant are local times, one after the other: then the
    clocks skip what lies between them."""
    found = [_MOMENT.fullmatch(text.strip()) for text in (start, end)]
    local = [match[0].upper() for match in found if match is not None and match["offset"] is None]
    return len(local) == 2 and local[0] < local[1]


def clock_text(change_ms: int, beside_ms: int, tz: zoneinfo.ZoneInfo) -> str:
    """What the clocks show at the instant they change, with the offset of an instant beside it."""
    return instant_text(change_ms + offset_ms(beside_ms, tz))[:16]


def offset_segments(tz: zoneinfo.ZoneInfo, months: Iterable[str]) -> list[tuple[int, int]]:
    """The offsets of a zone during UTC months (`YYYY-MM`), as `(from_ms, offset_ms)` in order.

    Each holds until the next; the first also before its own start. Instants outside the months
    given may fall in a wrong segment, so ask for every month that will be shown.
    """
    segments: list[tuple[int, int]] = []
    for month in sorted(set(months)):
        year, number = int(month[:4]), int(month[5:])
        start_ms = to_ms(datetime.datetime(year, number, 1, tzinfo=datetime.UTC))
        days = _days_in_month(year, number)
        low, offset = start_ms, offset_ms(start_ms, tz)
        if not segments or segments[-1][1] != offset:
            segments.append((low, offset))
        for day in range(1, days + 1):
            high = start_ms + day * _DAY_MS
            following = offset_ms(high, tz)
            if following != offset:
                change = change_between(low, high, tz)
                segments.append((change, following))
            low, offset = high, following
    return segments or [(0, offset_ms(0, tz))]


def _days_in_month(year: int, month: int) -> int:
    first = datetime.date(year, month, 1)
    if month == 12:
        return 31
    return (datetime.date(year, month + 1, 1) - first).days


def change_between(low: int, high: int, tz: zoneinfo.ZoneInfo) -> int:
    """The first millisecond with another offset than at `low`."""
    before = offset_ms(low, tz)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_ms(middle, tz) == before:
            low = middle
        else:
            high = middle
    return high
