"""Up to when channels are complete, once more: plain loops over the events, no SQL, in the order in
which docs/completeness.md says it. Instants are milliseconds since 1970 UTC."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

HOUR = 3_600_000
DAY = 24 * HOUR


def instant(text: str) -> int:
    """The instant of an RFC 3339 text."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def order(event: Json) -> tuple[int, str, str, str]:
    """Where an event stands among all."""
    return instant(event["time"]), event.get("sequence") or "", event["source"], event["id"]


def channel_of_conversations(events: Sequence[Json]) -> dict[str, str]:
    """The channel in which each conversation was created first."""
    channels: dict[str, str] = {}
    for event in sorted(events, key=order):
        if event["type"] == "conversation.created":
            channels.setdefault(event["data"]["conversation_id"], event["data"]["channel_id"])
    return channels


def complete_until(
    events: Sequence[Json], arrived: int, at: int, up_to: int
) -> list[tuple[str, int | None, str]]:
    """Channel, up to when, and by what, for events that all arrived at one instant."""
    events = [event for event in events if instant(event["time"]) <= at]
    channels = channel_of_conversations(events)
    zones = {}
    for event in sorted(events, key=order):
        if event["type"] == "channel.saved":
            hours = event["data"].get("business_hours")
            zones[event["data"]["channel_id"]] = ZoneInfo(hours["time_zone"]) if hours else UTC
    found: list[tuple[str, int | None, str]] = []
    for channel in sorted({*channels.values(), *zones}):
        own = [
            event
            for event in events
            if channels.get(event["data"].get("conversation_id", "")) == channel
        ]
        marks = [until for _, until in watermarks(events, own, channel, at)]
        if not own and not marks:
            continue
        times = sorted(instant(event["time"]) for event in own)
        newest = max((time for time in times if time <= arrived), default=None)
        if marks:
            found.append((channel, min(marks), "watermark"))
        elif newest is None or newest >= up_to:
            found.append((channel, newest, "newest"))
        elif is_usual(times, newest, at, zones.get(channel, UTC)):
            found.append((channel, at, "rhythm"))
        else:
            found.append((channel, newest, "newest"))
    return found


def watermarks(
    events: Sequence[Json], own: Sequence[Json], channel: str, at: int
) -> list[tuple[str, int]]:
    """Of each sender of the last 30 days that states watermarks for a channel the largest."""
    found = []
    for sender in sorted({event["source"] for event in events}):
        stated = []
        for event in events:
            if event["type"] != "source.watermark" or event["source"] != sender:
                continue
            named = event["data"].get("channels")
            created = any(
                one["type"] == "conversation.created"
                and one["source"] == sender
                and one["data"]["channel_id"] == channel
                for one in events
            )
            if created if named is None else channel in named:
                stated.append(event)
        sent = [instant(one["time"]) for one in own if one["source"] == sender]
        sent += [instant(one["time"]) for one in stated]
        if stated and max(sent) > at - 30 * DAY:
            found.append((sender, max(instant(one["data"]["until"]) for one in stated)))
    return found


def is_usual(times: Sequence[int], newest: int, at: int, zone: Any) -> bool:
    """Whether a silence since the newest event is one that a channel is used to."""

    def hour(time: int) -> tuple[int, int]:
        local = datetime.fromtimestamp(time / 1000, UTC).astimezone(zone)
        return local.weekday(), local.hour

    recent = sorted({time for time in times if at - 56 * DAY <= time <= newest})
    gaps = sorted(
        end - start for start, end in itertools.pairwise(recent) if hour(start) == hour(newest)
    )
    if len(gaps) < 50:
        return False
    nth = -(-99 * len(gaps) // 100)
    return at - newest <= max(gaps[nth - 1], HOUR)
