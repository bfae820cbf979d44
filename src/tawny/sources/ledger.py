"""The ledger: what a source has sent of each record, so that nothing is sent again otherwise.

It is kept in the state database and written when the events it knows are durable. What it lacks,
after a crash between the two or when it was lost, it learns from the log, which is the only truth.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.engine.duck import Duck
from tawny.engine.engines import open_of_folder
from tawny.engine.source_events import source_events
from tawny.log.files import Snapshot
from tawny.settings import Settings
from tawny.sources.events import Data, Event, Fact, Facts, data_digest
from tawny.sources.store import Source, SourceStore
from tawny.state.event_log import event_log

_LEARN_RECORDS = 20_000
_ENVELOPE = ("type", "sequence", "source", "id", "time_ms")

_RECORD_OF = {
    "channel_id": "channel",
    "team_id": "team",
    "agent_id": "agent",
    "topic_id": "topic",
    "tag_id": "tag",
    "contact_id": "contact",
}
"""The record an event is about, by the field of reference data that names it."""


class Ledger:
    """The facts of a source's records; what is not saved yet is held in memory."""

    def __init__(self, store: SourceStore, source: Source) -> None:
        self._store = store
        self._source = source
        self._unsaved: dict[str, Facts] = {}

    def load(self, records: Sequence[str]) -> dict[str, Facts]:
        """The facts of some records."""
        found = self._store.facts(self._source, [r for r in records if r not in self._unsaved])
        return {
            record: self._unsaved[record] if record in self._unsaved else found.get(record, {})
            for record in records
        }

    def pages(self, kind: str, size: int = 2_000) -> Iterator[dict[str, Facts]]:
        """All records of a kind that were saved, as they are known now."""
        for page in self._store.records(self._source, kind, size):
            yield {record: self._unsaved.get(record, facts) for record, facts in page.items()}

    def add(self, record: str, facts: Facts, events: Iterable[Event]) -> None:
        """Remember events that are on their way into the log."""
        for event in events:
            facts[event.id] = event.fact()
        self._unsaved[record] = facts

    def save(self, refused: Iterable[str], **values: object) -> None:
        """Write what was added, but for events that were refused, with how far the source is."""
        gone = set(refused)
        if gone:
            for facts in self._unsaved.values():
                for event_id in gone & facts.keys():
                    del facts[event_id]
        self._store.save(self._source, self._unsaved, **values)
        self._unsaved = {}

    def learn(self, home: Path, settings: Settings) -> int:
        """Take over from the log what it has of this source and the ledger does not know yet;
        returns the version of the log."""
        snapshot = event_log(home, settings).snapshot()
        if snapshot.version <= self._source.log_version or not snapshot.files:
            return snapshot.version
        with contextlib.closing(open_of_folder(home, settings, threads=1)) as duck:
            self._learn(duck, snapshot)
        return snapshot.version

    def _learn(self, duck: Duck, snapshot: Snapshot) -> None:
        events = source_events(duck, snapshot, self._source.address, self._source.log_version)
        waiting: dict[str, Facts] = {}
        for row in events:
            record = event_record(row, row["type"], self._source.prefix)
            if record is not None:
                waiting.setdefault(record, {})[row["id"]] = _fact_of(row)
            if len(waiting) >= _LEARN_RECORDS:
                self._take(waiting)
                waiting = {}
        self._take(waiting)

    def _take(self, learned: Mapping[str, Facts]) -> None:
        known = self._store.facts(self._source, list(learned))
        merged = {}
        for record, facts in learned.items():
            before = known.get(record, {})
            # What the ledger knows already it knows better: texts may have been purged since.
            merged[record] = {**facts, **before}
        self._store.save(self._source, merged)


def event_record(row: Mapping[str, Any], event_type: str, prefix: str) -> str | None:
    """The name of the record that an event is about, by its data."""
    if row.get("conversation_id") is not None:
        return f"conversation/{str(row['conversation_id']).removeprefix(prefix)}"
    kind = event_type.partition(".")[0]
    field = f"{kind}_id"
    if field in _RECORD_OF and row.get(field) is not None:
        return f"{_RECORD_OF[field]}/{str(row[field]).removeprefix(prefix)}"
    return None


def _fact_of(row: Mapping[str, Any]) -> Fact:
    data: Data = {
        name: value for name, value in row.items() if name not in _ENVELOPE and value is not None
    }
    if "business_hours" in data:
        data["business_hours"] = _without_nulls(json.loads(data["business_hours"]))
    event = Event(row["id"], row["type"], row["time_ms"], data, row["sequence"])
    return event.fact()._replace(note=note_of(event.type, data))


def note_of(kind: str, data: Mapping[str, Any]) -> str:
    """What the ledger notes of an event, beside its digest."""
    if kind in ("message.created", "message.updated"):
        return text_note(data.get("content"))
    if kind in ("team.saved", "agent.saved", "topic.saved"):
        return str(data.get("name", ""))
    if kind == "conversation.created":
        return f"{data['contact_id']}\n{data.get('language') or ''}"
    if kind == "conversation.updated":
        return str(data.get("language") or "")
    if kind == "conversation.status_changed":
        return str(data["status"])
    if kind in ("topic.applied", "topic.removed"):
        return str(data["topic_id"])
    return ""


def text_note(content: str | None) -> str:
    """A text as it is compared; empty for none."""
    return "" if content is None else data_digest({"content": content})


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
