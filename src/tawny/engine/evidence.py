"""What explanations ask of the embedded engine, over the steps of a query that says on which events
its rows hang (`tawny.queries.catalogue.explained_query`): a row of the export, the events behind a
cell of it, these events as they came."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pyarrow as pa

from tawny.engine.base import Embedded, Value
from tawny.engine.cells import Segments, identifier, machine_select
from tawny.engine.event_keys import EventKey, event_key
from tawny.engine.snapshot import View, create_tables, create_view
from tawny.log.files import Snapshot
from tawny.model.events import EVENT_TYPES
from tawny.model.zones import LATEST_MS, instant_text
from tawny.queries.catalogue import Query
from tawny.queries.columns import Column
from tawny.queries.plan import Step
from tawny.queries.statements import statement, statement_texts

ASKED = "asked"
"""The table of one row that says which row of which export is explained, by its key."""
LOOKED_AT = "looked_at_for_row"
"""The table of conversations that are looked at for a row."""


class FoundEvent(NamedTuple):
    """One event behind a cell."""

    rule: str
    part: str
    event: EventKey
    amount: int | None
    """What it adds: milliseconds, or how many of what is counted."""


class Session(NamedTuple):
    """The events that a lock session hangs on."""

    kind: str
    locked: EventKey
    ended: EventKey
    decided: EventKey | None
    """The reply or resolve that makes its kind; None of a cherry picking."""
    length_ms: int


class LockWitness(NamedTuple):
    """A lock that shows that its channel reports locks."""

    channel_id: str
    conversation_id: str
    event: EventKey


def ask(engine: Embedded, asked: Mapping[str, str | int | None]) -> None:
    """Make the table `ASKED`; `asked` has every name that a key of an export may have."""
    columns = {
        name: pa.array([value], pa.int64() if name in ("from_ms", "n") else pa.string())
        for name, value in asked.items()
    }
    engine.add_table(ASKED, pa.table(columns))


def ask_rows(engine: Embedded, names: Collection[str], export_type: str, rows: pa.Table) -> None:
    """The same for several rows of an export, whose keys have the names of its columns; `names` are
    those that `ask` is given."""
    given = {"from_ms" if name == "from" else name: rows[name] for name in rows.column_names}
    columns = {
        name: given.get(name)
        if name in given
        else pa.nulls(len(rows), pa.int64() if name in ("from_ms", "n") else pa.string())
        for name in names
    }
    columns["export_type"] = pa.array([export_type] * len(rows), pa.string())
    engine.add_table(ASKED, pa.table(columns))


def looking_at_row(
    engine: Embedded,
    snapshot: Snapshot,
    view: View,
    export: Query,
    also: Collection[str] = (),
) -> Query:
    """The query of an export with only those conversations in its scope that the rows in `ASKED`
    are made from, where that is known by its key, and `also` others; a few too many do no harm.
    Makes the table `LOOKED_AT` of them."""
    if not export.scope:
        return export
    path = f"evidence/rows/{export.head.key[0]}.sql"
    is_known = path in statement_texts()
    conversations = set(also)
    if is_known:
        create_tables(engine, snapshot, view, _TABLES_OF_ROWS)
        conversations |= {str(row[0]) for row in engine.rows(statement(path))}
    ids = pa.array(sorted(conversations), pa.string())
    engine.add_table(LOOKED_AT, pa.table({"conversation_id": ids}))
    *before, scope = export.scope
    these = f"SELECT conversation_id FROM {LOOKED_AT}"
    if is_known:
        before = [_of_asked_message(step) for step in before]
        scope = replace(scope, sql=these)
    else:
        every = f"SELECT conversation_id FROM (\n{scope.sql}\n) AS looked_at"
        scope = replace(scope, sql=f"{every}\nUNION\n{these}")
    return replace(export, scope=(*before, scope))


_TABLES_OF_ROWS = (
    *("message_events", "message_change_events", "label_events", "conversation_events"),
    *("survey_events", "later_creations"),
)


def _of_asked_message(step: Step) -> Step:
    """A step of messages with the asked one alone."""
    if step.name != "message_scope":
        return step
    condition = f"message_id IN (SELECT message_id FROM {ASKED})"
    return replace(step, sql=f"SELECT * FROM (\n{step.sql}\n) AS messages WHERE {condition}")


def keep_row(
    engine: Embedded, select: str, values: Mapping[str, Value], key: Mapping[str, str]
) -> int:
    """Make the table `explained_row` of the rows of a select that `ASKED` means, given the columns
    of the key and their names there; returns how many there are."""
    same = " AND ".join(
        f"export_rows.{identifier(column)} = (SELECT {name} FROM {ASKED})"
        for column, name in key.items()
    )
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE explained_row AS "
        f"SELECT * FROM (\n{select}\n) AS export_rows WHERE {same}",
        values,
    )
    [[count]] = engine.rows("SELECT count(*) FROM explained_row")
    return int(str(count))


def cell_of_row(engine: Embedded, column: Column, segments: Segments) -> str | None:
    """A cell of `explained_row` as a file has it; None = empty."""
    text = machine_select("SELECT * FROM explained_row", [column], segments, "key")
    [[value]] = engine.rows(text)
    return None if value is None or value == "" else str(value)


def findings(
    engine: Embedded, name: str, rules: Collection[str], values: Mapping[str, Value]
) -> list[FoundEvent]:
    """What a statement of `evidence/` gives by some of its rules, in the order of the events."""
    find(engine, name, values)
    return found_by(engine, rules)


def find(engine: Embedded, name: str, values: Mapping[str, Value]) -> None:
    """Make the table `found_evidence` of what a statement of `evidence/` gives."""
    # The engine fails at the condition on the rule where it reaches into the statement.
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE found_evidence AS\n{statement(f'evidence/{name}.sql')}",
        values,
    )


def found_by(engine: Embedded, rules: Collection[str]) -> list[FoundEvent]:
    """What `find` found by some rules, in the order of the events."""
    rows = engine.rows(
        "SELECT DISTINCT rule, part, event, amount FROM found_evidence "
        "WHERE event IS NOT NULL AND list_contains($rules, rule) ORDER BY event, part",
        {"rules": list(rules)},
    )
    return [
        FoundEvent(
            str(rule),
            str(part),
            event_key(str(key)),
            None if amount is None else int(str(amount)),
        )
        for rule, part, key, amount in rows
    ]


def sessions(engine: Embedded, locks: Collection[EventKey]) -> list[Session]:
    """The sessions that some locks begin, by the locks."""
    rows = engine.rows(
        "SELECT kind, lock_event, end_event, CASE kind WHEN 'handle' THEN reply_event "
        "WHEN 'no_response' THEN resolve_event END, end_ms - start_ms FROM lock_sessions "
        "WHERE list_contains($locks, lock_event) ORDER BY lock_event",
        {"locks": [lock.key for lock in locks]},
    )
    return [
        Session(
            str(kind),
            event_key(str(locked)),
            event_key(str(ended)),
            None if decided is None else event_key(str(decided)),
            int(str(length)),
        )
        for kind, locked, ended, decided, length in rows
    ]


def creations(engine: Embedded, conversations: Collection[str]) -> dict[str, EventKey]:
    """How some conversations were created, those that count."""
    rows = engine.rows(
        "SELECT conversation_id, event FROM created_conversations "
        "WHERE list_contains($ids, conversation_id)",
        {"ids": sorted(conversations)},
    )
    return {str(conversation): event_key(str(key)) for conversation, key in rows}


def channel_of(engine: Embedded, conversation: str) -> str:
    """The channel of a conversation that counts."""
    [[channel]] = engine.rows(
        "SELECT channel_id FROM created_conversations WHERE conversation_id = $id",
        {"id": conversation},
    )
    return str(channel)


def virtual_kinds(engine: Embedded, agents: Collection[str]) -> dict[str, EventKey]:
    """Of those agents that are virtual the event that says so."""
    rows = engine.rows(
        "SELECT agent_id, kind_event FROM agents "
        "WHERE is_virtual AND list_contains($ids, agent_id)",
        {"ids": sorted(agents)},
    )
    return {str(agent): event_key(str(key)) for agent, key in rows}


def lock_witnesses(engine: Embedded, snapshot: Snapshot, view: View) -> list[LockWitness]:
    """Of each channel of a view that reports locks one that shows it."""
    create_tables(
        engine, snapshot, view, ("lock_events", "conversation_events", "requested_channels")
    )
    rows = engine.rows(
        statement("evidence/witnesses/locks.sql"), {"all_channels": not view.channels}
    )
    return [LockWitness(str(row[0]), str(row[1]), event_key(str(row[2]))) for row in rows]


def presence_witness(engine: Embedded) -> EventKey | None:
    """An event that shows that presence is reported, of the tables that are there."""
    [[key]] = engine.rows(statement("evidence/witnesses/presence.sql"))
    return None if key is None else event_key(str(key))


def channel_witnesses(engine: Embedded, snapshot: Snapshot, view: View) -> dict[str, EventKey]:
    """Of each channel that a view asks for an event that names it, whatever its time."""
    everything = replace(view, as_of_ms=LATEST_MS, names_events=True)
    tables = ("reference_events", "conversation_events", "requested_channels")
    create_tables(engine, snapshot, everything, tables)
    rows = engine.rows(statement("evidence/witnesses/channels.sql"))
    return {str(channel): event_key(str(key)) for channel, key in rows}


def events_as_sent(
    engine: Embedded,
    snapshot: Snapshot,
    view: View,
    keys: Collection[EventKey],
    *,
    with_contents: bool,
) -> dict[EventKey, dict[str, Any]]:
    """Some events of the log as they would be sent again, messages with their texts or without."""
    wanted = {key.key: key for key in keys}
    by_family: dict[str, list[EventKey]] = {}
    for key in wanted.values():
        by_family.setdefault(EVENT_TYPES[key.type].family, []).append(key)
    create_tables(engine, snapshot, replace(view, as_of_ms=LATEST_MS), ("later_creations",))
    everything = replace(view, as_of_ms=LATEST_MS, names_events=True)
    found: dict[EventKey, dict[str, Any]] = {}
    for family, named in by_family.items():
        first_ms, last_ms = min(k.time_ms for k in named), max(k.time_ms for k in named)
        engine.add_table(
            "wanted_ids", pa.table({"id": pa.array({k.id for k in named}, pa.string())})
        )
        conditions = [
            f"time >= TIMESTAMPTZ '{instant_text(first_ms)}'",
            f"time <= TIMESTAMPTZ '{instant_text(last_ms)}'",
            "id IN (SELECT id FROM wanted_ids)",
        ]
        paths = snapshot.paths(family, first_ms, last_ms)
        create_view(engine, snapshot, everything, family, "evidence_events", paths, conditions)
        rows = engine.named_rows(
            "SELECT * FROM evidence_events WHERE list_contains($keys, event)",
            {"keys": [key.key for key in named]},
        )
        if not with_contents:
            rows = [row | {"content": None} for row in rows]
        found |= {wanted[row["event"]]: as_sent(row) for row in rows}
    return found


def as_sent(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the log by the event contract; fields without a value are left out."""
    data = EVENT_TYPES[row["type"]]
    fields = {name: row[name] for name in data.__struct_fields__ if row[name] is not None}
    if "business_hours" in fields:
        fields["business_hours"] = json.loads(fields["business_hours"])
    event = {
        "specversion": "1.0",
        "source": row["source"],
        "id": row["id"],
        "type": row["type"],
        "time": instant_text(row["time_ms"]),
        "data": fields,
    }
    return event | {"sequence": row["sequence"]} if row["sequence"] else event
