"""A request for an export: what the caller wrote, and the exact instants it means."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field

from tawny.errors import RequestError, UnknownValueError
from tawny.exports.columns import HEADER_STYLES
from tawny.exports.queries import EXPORT_TYPES
from tawny.model.zones import EARLIEST_MS, LATEST_MS, local_to_ms, requested_zone, to_ms
from tawny.text import Text

SNAPSHOT_TYPES = frozenset(["open-conversations"])
"""Types that show the state as of `as_of` and use no range."""

RUN_KINDS = ("on-demand", "scheduled")

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


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What was asked for, as it was written. `resolve` checks it."""

    export_type: str
    time_zone: str = "UTC"
    start: str | None = None
    end: str | None = None
    channels: Sequence[str] = field(default=())
    as_of: str | None = None
    headers: str = "en"
    format: str = "csv"
    dialect: str = "machine"
    kind: str = "on-demand"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The instants a request means, in milliseconds since 1970 UTC."""

    zone: zoneinfo.ZoneInfo
    from_ms: int | None
    to_ms: int | None
    as_of_ms: int


def moment_ms(name: str, text: str, tz: zoneinfo.ZoneInfo) -> int:
    """The instant a date, local date-time or instant means (exports.md section 1).

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


def resolve(request: ExportRequest, now_ms: int) -> Bounds:
    """Check a request and turn its texts into instants. Raises `RequestError`."""
    if request.export_type not in EXPORT_TYPES:
        raise UnknownValueError(Text("export type"), request.export_type, EXPORT_TYPES)
    if request.headers not in HEADER_STYLES:
        raise UnknownValueError("headers", request.headers, HEADER_STYLES)
    if request.kind not in RUN_KINDS:
        raise UnknownValueError(Text("kind of run"), request.kind, RUN_KINDS)
    tz = requested_zone(request.time_zone)
    as_of_ms = now_ms if request.as_of is None else moment_ms("as-of", request.as_of, tz)
    if request.export_type in SNAPSHOT_TYPES:
        return Bounds(tz, None, None, as_of_ms)
    for name, text in (("from", request.start), ("to", request.end)):
        if text is None:
            raise RequestError(
                "{name}: found nothing; {export_type} needs a range, allowed {rule}",
                name=name,
                export_type=request.export_type,
                rule=MOMENT_RULE,
            )
    assert request.start is not None and request.end is not None
    from_ms = moment_ms("from", request.start, tz)
    to_ms_ = moment_ms("to", request.end, tz)
    if from_ms >= to_ms_:
        raise RequestError(
            "from: found {start}, which is not before to ({end}); the range holds what happens "
            "at from and later, and before to",
            start=request.start,
            end=request.end,
        )
    return Bounds(tz, from_ms, to_ms_, as_of_ms)
