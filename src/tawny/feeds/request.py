"""What a feed is of: an export, a zone, channels, and a period where rows sum up."""

from __future__ import annotations

import zoneinfo

from msgspec import Struct

from tawny.errors import RequestError, UnknownValueError
from tawny.model.zones import requested_zone
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.text import Text

PERIODS = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}
"""The periods of a feed, and the frequency of schedules with the same borders."""

DEFAULT_PERIOD = "day"

MOST_ROWS = 10_000
"""An answer has at most so many rows."""


class FeedRequest(Struct, frozen=True):
    """A feed as a caller names it; `checked` says whether there is such a one."""

    export_type: str
    time_zone: str = "UTC"
    channels: tuple[str, ...] = ()
    """None = all."""
    period: str | None = None
    """One of `PERIODS` for an export whose rows sum up."""

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone. Raises `UnknownValueError`."""
        return requested_zone(self.time_zone)


def checked(request: FeedRequest) -> FeedRequest:
    """The same with the period that is meant. Raises `RequestError`."""
    if request.export_type not in EXPORT_TYPES:
        raise UnknownValueError(Text("export type"), request.export_type, EXPORT_TYPES)
    requested_zone(request.time_zone)
    period = request.period
    if query(request.export_type).sums_up:
        period = DEFAULT_PERIOD if period is None else period
        if period not in PERIODS:
            raise UnknownValueError("period", period, tuple(PERIODS))
    elif period is not None:
        raise RequestError(
            "period: found {period}; {export_type} has none, each of its rows is of one thing, "
            "leave it out",
            period=period,
            export_type=request.export_type,
        )
    channels = tuple(sorted(set(request.channels)))
    return FeedRequest(request.export_type, request.time_zone, channels, period)
