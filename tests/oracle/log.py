"""The log as a request sees it: one event per (source, id), in order, up to `as_of`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from .values import bound_of

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Event:
    """An event with its place in the order; `time` in milliseconds since 1970 UTC."""

    place: int
    time: int
    type: str
    data: Mapping[str, Any]

    def get(self, field: str) -> Any:
        """A field of `data`; missing is the same as null."""
        return self.data.get(field)


def ordered(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Every event once, by (time, sequence or "", source, id), strings by code point."""
    by_identity = {(event["source"], event["id"]): event for event in events}
    keyed = sorted(
        (
            bound_of(event["time"], UTC_ZONE),
            event.get("sequence") or "",
            event["source"],
            event["id"],
        )
        for event in by_identity.values()
    )
    listed = []
    for place, (time, _sequence, source, identity) in enumerate(keyed):
        event = by_identity[source, identity]
        listed.append(Event(place, time, event["type"], event["data"]))
    return listed


@dataclass(frozen=True)
class Request:
    """A request with its borders as instants (milliseconds since 1970 UTC)."""

    type: str
    zone: ZoneInfo
    start: int
    stop: int
    as_of: int
    channels: frozenset[str] | None

    def covers(self, instant: int | None) -> bool:
        """Whether an instant lies in [from, to)."""
        return instant is not None and self.start <= instant < self.stop


def read_request(request: Mapping[str, Any], events: list[Event]) -> Request:
    """A request as written; `ValueError` for a range that is none or an unknown channel."""
    zone = ZoneInfo(request["tz"])
    # The range of open conversations is not used and may be missing.
    start = stop = 0
    if request["type"] != "open-conversations":
        start, stop = bound_of(request["from"], zone), bound_of(request["to"], zone)
        if not start < stop:
            raise ValueError(f"from {request['from']} is not before to {request['to']}")
    channels = request.get("channels") or None
    naming = ("channel.saved", "conversation.created")
    known = {event.get("channel_id") for event in events if event.type in naming}
    for channel in channels or []:
        if channel not in known:
            raise ValueError(f"channel {channel!r} appears nowhere in the log")
    return Request(
        type=request["type"],
        zone=zone,
        start=start,
        stop=stop,
        as_of=bound_of(request["as_of"], zone),
        channels=frozenset(channels) if channels else None,
    )
