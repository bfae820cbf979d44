"""A snapshot of the log as the tables the queries read.

For each event family there is `<family>_events`, everything that had happened by `as_of`, and
`<family>_events_in_range`, the part of it inside the range. Only files that can hold such events
are opened. Creations of messages that are ignored, because an earlier one counts, are in none of
them, nor are events that do not count, because another one has their `source` and `id`. Every table
has `time_ms` (milliseconds since 1970 UTC) and a `sequence` that is never null, so that events are
ordered by (time_ms, sequence, source, id).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tawny.engine.base import Engine
from tawny.engine.duplicate_creations import create_later_creations, not_later
from tawny.engine.duplicate_ids import RARE_TABLES, create_rare_tables
from tawny.engine.event_keys import EVENT_KEY
from tawny.engine.repeated_events import not_repeated, that_count
from tawny.engine.schema_evolution import SQL_TYPES
from tawny.log.files import LogFile, Snapshot
from tawny.model.events import FAMILIES
from tawny.model.layout import family_schema
from tawny.model.opening import opening_days
from tawny.model.zones import instant_text


@dataclass(frozen=True, slots=True)
class View:
    """Which part of a snapshot a query sees. All instants in milliseconds since 1970 UTC."""

    as_of_ms: int
    """Events after it do not exist."""
    from_ms: int | None = None
    to_ms: int | None = None
    """The range `[from_ms, to_ms)`; none for a query that takes no range."""
    log_version: int | None = None
    """Events that arrived in a later version do not exist; None = all of the snapshot."""
    channels: Sequence[str] = ()
    """Only these; none given = all."""
    content_media: Sequence[str] | None = None
    """Media whose message content is written; None = all."""
    names_events: bool = False
    """Whether tables have the column `event`, by which evidence names an event (`event_keys.py`);
    for the embedded engine."""
    erasures_until: int | None = None
    """Contacts whose erasure arrived in a later version are not erased yet; None = all are. Only
    who compares with what was said before asks for it, and shows nothing of them."""


def create_tables(engine: Engine, snapshot: Snapshot, view: View, tables: Iterable[str]) -> None:
    """Create the tables a query reads (`Query.tables`) on a connection."""
    wanted = set(tables)
    if "later_creations" in wanted:
        duck = engine.embedded
        counting = [*exists_for(snapshot, view), *that_count(duck, snapshot, "message")]
        create_later_creations(duck, snapshot, " AND ".join(counting))
        _share(engine, "later_creations")
    for family in FAMILIES:
        if f"{family}_events" in wanted or (family == "reference" and "opening_days" in wanted):
            _create_events(engine, snapshot, view, family, in_range=False)
        if f"{family}_events_in_range" in wanted:
            _create_events(engine, snapshot, view, family, in_range=True)
    if "erased_contacts" in wanted:
        _create_erased_contacts(engine, snapshot, view.erasures_until)
    create_rare_tables(engine.embedded, snapshot, RARE_TABLES & wanted)
    for name in RARE_TABLES & wanted:
        _share(engine, name)
    if "requested_channels" in wanted:
        _create_texts(engine, "requested_channels", "channel_id", view.channels)
    if "content_media" in wanted:
        _create_texts(engine, "content_media", "medium", view.content_media or ())
    if "opening_days" in wanted:
        _create_opening_days(engine, snapshot, view)


IN_SCOPE = "conversation_id IN (SELECT conversation_id FROM scope)"
"""The condition under which an event is of a conversation in scope."""


def create_scope_tables(
    engine: Engine, snapshot: Snapshot, view: View, tables: Iterable[str]
) -> None:
    """Create the tables `<family>_events_in_scope` among those a query reads.

    The table `scope` is there already. Files that hold no event of its conversations are found by
    their ids alone and not opened again, so that an export of one month of a long log reads
    little more than that month.
    """
    wanted = set(tables)
    for family in FAMILIES:
        name = f"{family}_events_in_scope"
        if name not in wanted:
            continue
        paths = engine.narrowed(snapshot.paths(family, None, view.as_of_ms), IN_SCOPE)
        create_view(engine, snapshot, view, family, name, paths, [IN_SCOPE])


def _create_events(
    engine: Engine, snapshot: Snapshot, view: View, family: str, *, in_range: bool
) -> None:
    name = f"{family}_events_in_range" if in_range else f"{family}_events"
    first_ms, last_ms = None, view.as_of_ms
    if in_range:
        assert view.from_ms is not None and view.to_ms is not None
        first_ms, last_ms = view.from_ms, min(view.as_of_ms, view.to_ms - 1)
    paths = snapshot.paths(family, first_ms, last_ms)
    conditions = within_range(view) if in_range else []
    create_view(engine, snapshot, view, family, name, paths, conditions)


def within_range(view: View) -> list[str]:
    """The conditions under which an event that exists lies in the range of a view."""
    assert view.from_ms is not None and view.to_ms is not None
    last_ms = min(view.as_of_ms, view.to_ms - 1)
    return [
        f"time >= TIMESTAMPTZ '{instant_text(view.from_ms)}'",
        f"time <= TIMESTAMPTZ '{instant_text(last_ms)}'",
    ]


def exists_for(snapshot: Snapshot, view: View) -> list[str]:
    """The conditions under which an event exists for a view."""
    as_of = f"time <= TIMESTAMPTZ '{instant_text(view.as_of_ms)}'"
    return [as_of, *arrived(snapshot, view.log_version)]


def arrived(snapshot: Snapshot, log_version: int | None) -> list[str]:
    """The condition under which an event had arrived by a version; none for the newest one."""
    if log_version is None or log_version >= snapshot.version:
        return []
    return [f"log_version <= {int(log_version)}"]


def create_view(
    engine: Engine,
    snapshot: Snapshot,
    view: View,
    family: str,
    name: str,
    paths: Sequence[str],
    conditions: Sequence[str],
) -> None:
    """A view of a family's events in those files, as of the view, under further conditions."""
    others = [field for field in family_schema(family) if field.name not in ("time", "sequence")]
    if not paths:
        columns = ", ".join(
            f"CAST(NULL AS {SQL_TYPES[str(field.type)]}) AS {field.name}" for field in others
        )
        columns += ", CAST(NULL AS VARCHAR) AS event" if view.names_events else ""
        engine.make_view(
            name,
            "SELECT CAST(NULL AS BIGINT) AS time_ms, CAST(NULL AS VARCHAR) AS sequence, "
            f"{columns} WHERE false",
        )
        return
    all_conditions = [
        *exists_for(snapshot, view),
        *conditions,
        *not_repeated(engine, snapshot, family),
    ]
    if family == "message":
        all_conditions += not_later(engine.embedded)
    columns = ", ".join(field.name for field in others)
    columns += f", {EVENT_KEY} AS event" if view.names_events else ""
    engine.make_view(
        name,
        f"SELECT time_ms, coalesce(sequence, '') AS sequence, {columns} "
        f"FROM {engine.events(snapshot, family, paths)} AS creations "
        f"WHERE {' AND '.join(all_conditions)}",
    )


def _share(engine: Engine, name: str) -> None:
    """Have an engine know a small table that the embedded one has made."""
    if engine.embedded is not engine:
        engine.add_table(name, engine.embedded.table(f"SELECT * FROM {name}"))


def _create_erased_contacts(engine: Engine, snapshot: Snapshot, until: int | None) -> None:
    """Contacts ever erased, whatever the time of it, `as_of` and the version it arrived with: a
    receipt from before brings nobody back (docs/how-numbers-are-defined.md, erased contacts)."""
    paths = snapshot.paths("contact")
    if not paths:
        _create_texts(engine, "erased_contacts", "contact_id", ())
        return
    conditions = ["type = 'contact.erased'", *arrived(snapshot, until)]
    engine.make_step(
        "erased_contacts",
        f"SELECT DISTINCT contact_id FROM {engine.events(snapshot, 'contact', paths)} AS events "
        f"WHERE {' AND '.join(conditions)}",
        {},
        reads=1,
    )


def _create_texts(engine: Engine, name: str, column: str, values: Sequence[str]) -> None:
    texts = pa.array(list(dict.fromkeys(values)), pa.string())
    engine.add_table(name, pa.table({column: texts}))


def _create_opening_days(engine: Engine, snapshot: Snapshot, view: View) -> None:
    months = {
        file.month
        for file in _files(snapshot, ("message", "status"))
        if file.first_ms <= view.as_of_ms
    }
    create_opening_days(engine, months)


def create_opening_days(engine: Engine, months: Collection[str], condition: str = "true") -> None:
    """Create `opening_days` for UTC months, of every opening hours that `reference_events` tell of
    the channels that meet a condition."""
    hours = engine.rows(
        "SELECT DISTINCT business_hours FROM reference_events WHERE type = 'channel.saved' "
        f"AND business_hours IS NOT NULL AND {condition} ORDER BY business_hours"
    )
    engine.add_table("opening_days", opening_days([str(row[0]) for row in hours], sorted(months)))


def _files(snapshot: Snapshot, families: Sequence[str]) -> list[LogFile]:
    return [file for file in snapshot.files if file.family in families]
