"""What a row tells that was told before, otherwise: a new version, or the new text of a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tawny.sources.events import Event, Fact, Facts, data_digest, fact_digest
from tawny.sources.ledger import note_of
from tawny.sources.table.mapped import RowEvent

_VERSIONED = frozenset(
    ("channel.saved", "team.saved", "agent.saved", "topic.saved", "tag.saved", "contact.saved")
)
"""Types whose last one wins as a whole."""


class Versions:
    """The events of a record, given what was sent of it."""

    def __init__(self, events: Sequence[RowEvent]) -> None:
        self._events = events

    def __call__(self, facts: Facts) -> Iterator[Event]:
        known = dict(facts)
        for row in self._events:
            for event in _told(row, known):
                known.setdefault(event.id, event.fact())
                yield event


def _told(row: RowEvent, known: Mapping[str, Fact]) -> Iterator[Event]:
    event = Event(
        row.id, row.type, row.time_ms, row.data, row.sequence, note_of(row.type, row.data)
    )
    if row.type in _VERSIONED:
        _place_version(event, row.updated_ms, known)
    yield event
    if row.type == "message.created" and row.id in known and "content" in row.data:
        yield from _edited(row, event.note, known)


def _newest(base: str, known: Mapping[str, Fact]) -> tuple[str, Fact] | None:
    """The last version of an event that was sent."""
    versions = [
        (fact.time_ms, place, name)
        for place, (name, fact) in enumerate(known.items())
        if name == base or name.startswith(f"{base}/")
    ]
    if not versions:
        return None
    name = max(versions)[2]
    return name, known[name]


def _place_version(event: Event, updated_ms: int, known: Mapping[str, Fact]) -> None:
    """Give a version that changed an id of its own, and a time after the one it replaces."""
    newest = _newest(event.id, known)
    if newest is None:
        return
    name, fact = newest
    if fact.digest == fact_digest(event):
        event.id, event.time_ms = name, fact.time_ms
        return
    event.time_ms = max(updated_ms, fact.time_ms + 1)
    event.id = _unused(f"{event.id}/{data_digest(event.data)}", event.time_ms, known)


def _edited(row: RowEvent, note: str, known: Mapping[str, Fact]) -> Iterator[Event]:
    """The new text of a message that was sent with another one."""
    newest = _newest(row.id, known)
    if newest is None or newest[1].note == note:
        return
    data = {name: row.data[name] for name in ("message_id", "conversation_id", "content")}
    time_ms = max(row.updated_ms, newest[1].time_ms + 1)
    event_id = _unused(f"{row.id}/text/{note}", time_ms, known)
    yield Event(event_id, "message.updated", time_ms, data, row.sequence, note)


def _unused(event_id: str, time_ms: int, known: Mapping[str, Fact]) -> str:
    return f"{event_id}/{time_ms}" if event_id in known else event_id
