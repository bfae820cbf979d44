"""How evidence names an event: one text that sorts as events are ordered, so that the first and the
last of several are found by it, and that says when it was, what it is and by which `source` and
`id` it came."""

from __future__ import annotations

from dataclasses import dataclass

SHIFT_MS = 100_000_000_000_000
"""Added to milliseconds since 1970 UTC, so that no instant of the calendar is negative."""

_DIGITS = 15

EVENT_KEY = (
    f"lpad(CAST(time_ms + {SHIFT_MS} AS VARCHAR), {_DIGITS}, '0') || chr(0) "
    "|| coalesce(sequence, '') || chr(0) || source || chr(0) || id || chr(0) || type"
)
"""The key of an event, in the words of the embedded engine. No id holds the character between."""


@dataclass(frozen=True, slots=True, order=True)
class EventKey:
    """What the key of an event says."""

    key: str
    time_ms: int
    """Milliseconds since 1970 UTC."""
    source: str
    id: str
    type: str


def event_key(key: str) -> EventKey:
    """What a key says."""
    rest, source, identity, kind = key.rsplit("\0", 3)
    return EventKey(key, int(rest[:_DIGITS]) - SHIFT_MS, source, identity, kind)
