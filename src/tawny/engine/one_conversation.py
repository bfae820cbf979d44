"""The facts of one conversation, from the files of the log that hold something of it.

A fact is the same query whichever conversations it is made for. What it reads of the log is here
what a drawing of the conversation hangs on: its own statuses, messages, locks and surveys, what its
agents did from its first lock on, what is announced of channels, agents and teams. Names of
contacts, texts, topics and tags are none of it: columns of facts that say those are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tawny.engine.base import Embedded, Value
from tawny.engine.literals import text_literal
from tawny.engine.snapshot import View, create_opening_days, create_tables, create_view
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES
from tawny.queries.catalogue import Query
from tawny.queries.plan import SCOPE
from tawny.queries.statements import statement

_SMALL = ("later_creations", "erased_contacts", "requested_channels")
"""Tables that are small and made of the whole log, or of none of it."""

_OWN = ("conversation", "status", "message", "lock", "survey")
"""Families whose events of the conversation are looked for."""


def make_facts(
    engine: Embedded,
    snapshot: Snapshot,
    view: View,
    facts: Query,
    conversation: str,
    values: Mapping[str, Value],
) -> bool:
    """Make the tables of `facts` for a conversation; returns whether the log has anything of it."""
    engine.add_table(SCOPE, pa.table({"conversation_id": pa.array([conversation], pa.string())}))
    create_tables(engine, snapshot, view, _SMALL)
    # By a literal the engine finds the parts of a file that may hold it before it reads them.
    of_it = f"conversation_id = {text_literal(conversation)}"
    paths = {
        family: engine.narrowed(snapshot.paths(family, None, view.as_of_ms), of_it)
        for family in _OWN
    }
    if not paths["conversation"]:
        return False
    for family in CONVERSATION_FAMILIES:
        own = paths.get(family, [])
        _keep(engine, snapshot, view, family, f"{family}_events_in_scope", own, [of_it])
    _create_events(engine, snapshot, view, paths)
    read = {*paths["message"], *paths["status"]}
    months = {file.month for file in snapshot.files if str(snapshot.folder / file.path) in read}
    create_opening_days(engine, months, _ITS_CHANNEL)
    for step in facts.steps:
        engine.make_step(step.name, step.sql, values, reads=step.reads_of_it)
    return True


def rows_of(engine: Embedded, name: str) -> list[dict[str, Any]]:
    """What a statement of `timelines/` says of the conversation whose facts were made."""
    return engine.named_rows(statement(f"timelines/{name}.sql"))


def _create_events(
    engine: Embedded, snapshot: Snapshot, view: View, paths: Mapping[str, list[str]]
) -> None:
    """The tables of events that are not of the conversation alone."""
    [[first, last, last_status]] = engine.rows(_LOCKED)
    until = view.as_of_ms
    if last is not None and last_status is not None and int(str(last)) < int(str(last_status)):
        # The change of status has ended every session.
        until = int(str(last_status))
    announced = snapshot.paths("reference", None, view.as_of_ms)
    _keep(engine, snapshot, view, "reference", "reference_events", announced, [])
    reads: dict[str, list[str]] = {"contact": []}
    if first is None:
        # Whether locks are reported at all is seen in other conversations.
        reads["lock"] = snapshot.paths("lock", None, view.as_of_ms)
        reads["conversation"] = snapshot.paths("conversation", None, view.as_of_ms)
        reads["presence"] = []
    else:
        reads["lock"] = snapshot.paths("lock", int(str(first)), until)
        reads["conversation"] = paths["conversation"]
        reads["presence"] = snapshot.paths("presence", int(str(first)), until)
    for family, some in reads.items():
        create_view(engine, snapshot, view, family, f"{family}_events", some, [])


def _keep(
    engine: Embedded,
    snapshot: Snapshot,
    view: View,
    family: str,
    name: str,
    paths: list[str],
    conditions: list[str],
) -> None:
    """A table of few events that several facts read, so that files are opened once."""
    create_view(engine, snapshot, view, family, "events_to_keep", paths, conditions)
    engine.make_step(name, "SELECT * FROM events_to_keep", {}, reads=1)


_LOCKED = """
SELECT locks.first_ms, locks.last_ms, statuses.time_ms
FROM (
    SELECT min(time_ms) AS first_ms, max(time_ms) AS last_ms
    FROM lock_events_in_scope
    WHERE type = 'conversation.locked'
) AS locks
CROSS JOIN (
    SELECT max(time_ms) AS time_ms
    FROM status_events_in_scope
    WHERE type = 'conversation.status_changed' AND cause <> 'csat'
) AS statuses
"""
"""When the conversation was first and last locked, and when its status last changed."""

_ITS_CHANNEL = """channel_id IN (
    SELECT channel_id FROM conversation_events_in_scope WHERE type = 'conversation.created'
)"""
