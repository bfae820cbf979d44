"""Instants, local times and cells as text: the common rules of the exports, transcribed.

Instants are whole milliseconds since 1970-01-01T00:00:00Z; local times are naive `datetime`.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MILLISECOND
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MILLISECOND

BOUND = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
    r"([Zz]|[+-]\d\d:\d\d)?"
)


def instant_of(moment: datetime) -> int:
    """Milliseconds of an aware datetime, finer digits cut off."""
    return (moment - EPOCH) // MILLISECOND


def bound_of(text: str, zone: ZoneInfo) -> int:
    """The instant of a request's border, an `as_of` or an event's `time`.

    With an offset it is an instant already, otherwise local time in `zone`; a date alone is its
    midnight.
    """
    match = BOUND.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date, date-time or instant: {text!r}")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    # The milliseconds are cut, not rounded, so that 23:59:59.9999 stays on its day.
    millisecond = int(((fraction or "") + "000")[:3])
    local = datetime(  # noqa: DTZ001 - local until the zone or the offset is applied below
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        millisecond * 1000,
    )
    if offset is None:
        return instant_of_local(local, zone)
    return _milliseconds(local) - _offset_milliseconds(offset)


def _milliseconds(local: datetime) -> int:
    return (local - EPOCH.replace(tzinfo=None)) // MILLISECOND


def _offset_milliseconds(offset: str) -> int:
    if offset in "Zz":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return (-minutes if offset[0] == "-" else minutes) * 60_000


def instant_of_local(local: datetime, zone: ZoneInfo) -> int:
    """The instant of a naive local time in `zone`.

    A time skipped by a clock change means the instant the clocks jump to; a repeated one means
    the first.

    >>> paris = ZoneInfo("Europe/Paris")
    >>> text_of_instant(instant_of_local(datetime(2026, 3, 29, 2, 30), paris), paris)
    '2026-03-29T03:00:00.000+02:00'
    >>> text_of_instant(instant_of_local(datetime(2026, 10, 25, 2, 30), paris), paris)
    '2026-10-25T02:30:00.000+02:00'
    """
    before = local.replace(tzinfo=zone, fold=0)
    after = local.replace(tzinfo=zone, fold=1)
    first, second = instant_of(before), instant_of(after)
    # Beyond the years that Python's calendar shows no clocks change.
    if not EARLIEST <= first <= LATEST or local_of_instant(first, zone) == local:
        return first
    # Skipped: the jump lies between the two readings; look for the first instant after it.
    low, high = min(first, second), max(first, second)
    old = offset_at(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle, zone) == old:
            low = middle
        else:
            high = middle
    return high


def aware(instant: int, zone: ZoneInfo) -> datetime:
    """The instant as an aware datetime in `zone`."""
    return (EPOCH + instant * MILLISECOND).astimezone(zone)


def local_of_instant(instant: int, zone: ZoneInfo) -> datetime:
    """What the clocks of `zone` show, naive."""
    return aware(instant, zone).replace(tzinfo=None, fold=0)


def offset_at(instant: int, zone: ZoneInfo) -> timedelta:
    """The zone's offset from UTC at an instant."""
    offset = aware(instant, zone).utcoffset()
    assert offset is not None
    return offset


def text_of_instant(instant: int | None, zone: ZoneInfo) -> str:
    """`2026-06-08T14:03:22.120+02:00`: always three digits, UTC is `+00:00`; unknown is empty.

    An offset of before zones had whole minutes is written with its seconds.
    """
    return "" if instant is None else aware(instant, zone).isoformat(timespec="milliseconds")


def half_up(number: Fraction) -> int:
    """A non-negative number rounded half up."""
    return int(number + Fraction(1, 2))


def seconds(milliseconds: int | Fraction | None) -> str:
    """Whole seconds, rounded half up once; not applicable is empty."""
    return "" if milliseconds is None else str(half_up(Fraction(milliseconds) / 1000))


def mean(numbers: Iterable[int]) -> Fraction | None:
    """The exact mean, nothing of nothing."""
    listed = list(numbers)
    return Fraction(sum(listed), len(listed)) if listed else None


def percent(part: int, whole: int) -> str:
    """One decimal, half up, no sign; empty of nothing."""
    if whole == 0:
        return ""
    tenths = half_up(Fraction(1000 * part, whole))
    return f"{tenths // 10}.{tenths % 10}"


def joined(items: Iterable[str | None]) -> str:
    """A list cell: `;` between items, a backslash before `;` or a backslash in one."""
    return ";".join((item or "").replace("\\", "\\\\").replace(";", "\\;") for item in items)


def csv_line(cells: Iterable[str]) -> str:
    """One line of the machine dialect; quoted only where a comma, quote, CR or LF asks for it."""
    return ",".join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    if any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell
