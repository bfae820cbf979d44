"""A snapshot of the log as the tables the queries read.

For each event family there is `<family>_events`, everything that had happened by `as_of`, and
`<family>_events_in_range`, the part of it inside the range. Only files that can hold such events
are opened. Creations of messages that are ignored, because an earlier one counts, are in none of
them. Every table has `time_ms` (milliseconds since 1970 UTC) and a `sequence` that is never null,
so that events are ordered by (time_ms, sequence, source, id).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tawny.engine.duck import Duck, Value, files_literal
from tawny.engine.grown import SQL_TYPES, events_of
from tawny.engine.later import create_later_creations, not_later
from tawny.engine.rare_ids import RARE_TABLES, create_rare_tables
from tawny.log.table import LogFile, Snapshot
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.model.opening import opening_days
from tawny.model.validation import family_schema
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
    """Events that arrived in a later version do not exist; none = all of the snapshot."""
    channels: Sequence[str] = ()
    """Only these; none given = all."""
    content_media: Sequence[str] | None = None
    """Media whose message content is written; None = all."""


def create_tables(duck: Duck, snapshot: Snapshot, view: View, tables: Iterable[str]) -> None:
    """Create the tables a query reads (`Query.tables`) on a connection."""
    wanted = set(tables)
    if "later_creations" in wanted:
        create_later_creations(duck, snapshot, " AND ".join(_as_of(snapshot, view)))
    for family in FAMILIES:
        if f"{family}_events" in wanted or (family == "reference" and "opening_days" in wanted):
            _create_events(duck, snapshot, view, family, in_range=False)
        if f"{family}_events_in_range" in wanted:
            _create_events(duck, snapshot, view, family, in_range=True)
    if "erased_contacts" in wanted:
        _create_erased_contacts(duck, snapshot)
    create_rare_tables(duck, snapshot, RARE_TABLES & wanted)
    if "requested_channels" in wanted:
        _create_texts(duck, "requested_channels", "channel_id", view.channels)
    if "content_media" in wanted:
        _create_texts(duck, "content_media", "medium", view.content_media or ())
    if "opening_days" in wanted:
        _create_opening_days(duck, snapshot, view)


def create_scope_tables(duck: Duck, snapshot: Snapshot, view: View, tables: Iterable[str]) -> None:
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
        condition = "conversation_id IN (SELECT conversation_id FROM scope)"
        paths = _holding(duck, snapshot.paths(family, None, view.as_of_ms), condition)
        _create_view(duck, snapshot, view, family, name, paths, [condition])


def create_step_table(duck: Duck, name: str, select: str, values: Mapping[str, Value]) -> None:
    """Make a step of a query into a table."""
    duck.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}", values)


def drop_step_tables(duck: Duck, names: Iterable[str]) -> None:
    """Free what the steps hold."""
    for name in names:
        duck.execute(f"DROP TABLE IF EXISTS {name}")


def _holding(duck: Duck, paths: Sequence[str], condition: str) -> list[str]:
    """The files with a row that meets a condition on its ids; only those columns are read."""
    if not paths:
        return []
    rows = duck.rows(
        f"SELECT DISTINCT filename FROM {_parquet(paths, 'filename = true')} WHERE {condition}"
    )
    return sorted(str(row[0]) for row in rows)


def known_channels(duck: Duck, snapshot: Snapshot, log_version: int | None) -> list[str]:
    """Every channel id that appears anywhere in the log, in order."""
    selects = []
    for family, kind in (("reference", "channel.saved"), ("conversation", "conversation.created")):
        paths = snapshot.paths(family)
        if paths:
            version = "" if log_version is None else f" AND log_version <= {int(log_version)}"
            selects.append(
                f"SELECT DISTINCT channel_id FROM {_parquet(paths)} WHERE type = '{kind}'{version}"
            )
    if not selects:
        return []
    rows = duck.rows(" UNION ".join(selects) + " ORDER BY channel_id")
    return [str(row[0]) for row in rows]


def events_by_type(duck: Duck, snapshot: Snapshot) -> list[tuple[str, int, int, int]]:
    """Type, number of events, first and last time in milliseconds since 1970 UTC, by type."""
    if not snapshot.files:
        return []
    # The files of a family have its columns only; these four are in all.
    selects = [
        f"SELECT type, time FROM {_parquet(snapshot.paths(family))}"
        for family in FAMILIES
        if snapshot.paths(family)
    ]
    rows = duck.rows(
        "SELECT type, count(*), epoch_ms(min(time)), epoch_ms(max(time)) FROM ("
        + " UNION ALL ".join(selects)
        + ") GROUP BY type ORDER BY type"
    )
    return [(str(row[0]), *(int(str(number)) for number in row[1:])) for row in rows]  # type: ignore[misc]


def newest_per_channel(
    duck: Duck, snapshot: Snapshot, view: View
) -> list[tuple[str, str | None, int]]:
    """For each channel that has conversations: id, name, and the time of the newest event of one
    of them up to `as_of`, in milliseconds since 1970 UTC; of the channels of the view only.

    Most channels had an event in the newest month, so the rest of the log is read for the others
    alone.
    """
    _create_events(duck, snapshot, view, "reference", in_range=False)
    _create_events(duck, snapshot, view, "conversation", in_range=False)
    _create_texts(duck, "requested_channels", "channel_id", view.channels)
    duck.execute(_CHANNELS_SEEN, {"all_channels": not view.channels})
    duck.execute("CREATE OR REPLACE TEMP TABLE newest_events (channel_id VARCHAR, time_ms BIGINT)")
    files = [
        file
        for file in snapshot.files
        if file.family in CONVERSATION_FAMILIES and file.first_ms <= view.as_of_ms
    ]
    newest_month = max((file.month for file in files), default="")
    created = snapshot.paths("conversation", None, view.as_of_ms)
    for part, condition in (
        ([file for file in files if file.month == newest_month], "true"),
        (files, _OF_MISSING_CHANNELS),
    ):
        if duck.rows(_ANY_MISSING) == [(False,)]:
            break
        duck.execute(
            "CREATE OR REPLACE TEMP TABLE newest_of_conversations AS "
            "SELECT conversation_id, max(time_ms) AS time_ms FROM ("
            + " UNION ALL ".join(
                f"SELECT conversation_id, epoch_ms(time) AS time_ms FROM {_parquet(paths)} "
                f"WHERE {' AND '.join(_as_of(snapshot, view))}"
                for family in CONVERSATION_FAMILIES
                if (paths := [str(snapshot.folder / f.path) for f in part if f.family == family])
            )
            + f") AS events WHERE {condition} GROUP BY conversation_id"
        )
        known = "conversation_id IN (SELECT conversation_id FROM newest_of_conversations)"
        holding = _holding(duck, created, known)
        _create_view(duck, snapshot, view, "conversation", "creations", holding, [known])
        duck.execute(_ADD_NEWEST)
    rows = duck.rows(_NEWEST_NAMES)
    return [
        (str(row[0]), None if row[1] is None else str(row[1]), int(str(row[2]))) for row in rows
    ]


_CHANNELS_SEEN = """
CREATE OR REPLACE TEMP TABLE channels_seen AS
SELECT DISTINCT channel_id FROM conversation_events
WHERE type = 'conversation.created'
    AND ($all_channels OR channel_id IN (SELECT channel_id FROM requested_channels))
"""

_ANY_MISSING = """
SELECT count(*) > 0 FROM channels_seen
WHERE channel_id NOT IN (SELECT channel_id FROM newest_events)
"""

_OF_MISSING_CHANNELS = """
conversation_id IN (
    SELECT conversation_id FROM conversation_events
    WHERE type = 'conversation.created'
        AND channel_id IN (
            SELECT channel_id FROM channels_seen
            WHERE channel_id NOT IN (SELECT channel_id FROM newest_events)
        )
)
"""

_ADD_NEWEST = """
INSERT INTO newest_events
SELECT created.channel_id, max(newest.time_ms)
FROM (
    SELECT conversation_id, arg_min(channel_id, (time_ms, sequence, source, id)) AS channel_id
    FROM creations
    WHERE type = 'conversation.created'
    GROUP BY conversation_id
) AS created
INNER JOIN newest_of_conversations AS newest
    ON newest.conversation_id = created.conversation_id
WHERE created.channel_id IN (SELECT channel_id FROM channels_seen)
    AND created.channel_id NOT IN (SELECT channel_id FROM newest_events)
GROUP BY created.channel_id
"""

_NEWEST_NAMES = """
SELECT newest_events.channel_id, names.name, newest_events.time_ms
FROM newest_events
LEFT JOIN (
    SELECT channel_id, arg_max(name, (time_ms, sequence, source, id)) AS name
    FROM reference_events
    WHERE type = 'channel.saved'
    GROUP BY channel_id
) AS names ON names.channel_id = newest_events.channel_id
ORDER BY newest_events.channel_id
"""


def _parquet(paths: Sequence[str], *options: str) -> str:
    more = "".join(f", {option}" for option in options)
    return f"read_parquet({files_literal(paths)}, hive_partitioning = false{more})"


def _create_events(
    duck: Duck, snapshot: Snapshot, view: View, family: str, *, in_range: bool
) -> None:
    name = f"{family}_events_in_range" if in_range else f"{family}_events"
    first_ms, last_ms = None, view.as_of_ms
    if in_range:
        assert view.from_ms is not None and view.to_ms is not None
        first_ms, last_ms = view.from_ms, min(view.as_of_ms, view.to_ms - 1)
    paths = snapshot.paths(family, first_ms, last_ms)
    conditions = []
    if in_range:
        conditions = [
            f"time >= TIMESTAMPTZ '{instant_text(view.from_ms or 0)}'",
            f"time <= TIMESTAMPTZ '{instant_text(last_ms)}'",
        ]
    _create_view(duck, snapshot, view, family, name, paths, conditions)


def _as_of(snapshot: Snapshot, view: View) -> list[str]:
    """The conditions under which an event exists for a view."""
    conditions = [f"time <= TIMESTAMPTZ '{instant_text(view.as_of_ms)}'"]
    if view.log_version is not None and view.log_version < snapshot.version:
        conditions.append(f"log_version <= {int(view.log_version)}")
    return conditions


def _create_view(
    duck: Duck,
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
        duck.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT CAST(NULL AS BIGINT) AS time_ms, "
            f"CAST(NULL AS VARCHAR) AS sequence, {columns} WHERE false"
        )
        return
    all_conditions = [*_as_of(snapshot, view), *conditions]
    if family == "message":
        all_conditions += not_later(duck)
    duck.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT epoch_ms(time) AS time_ms, "
        f"coalesce(sequence, '') AS sequence, {', '.join(field.name for field in others)} "
        f"FROM {events_of(snapshot, family, paths)} AS creations "
        f"WHERE {' AND '.join(all_conditions)}"
    )


def _create_erased_contacts(duck: Duck, snapshot: Snapshot) -> None:
    """Contacts ever erased, whatever the time of it, `as_of` and the version it arrived with: a
    receipt from before brings nobody back (exports.md section 1)."""
    paths = snapshot.paths("contact")
    if not paths:
        _create_texts(duck, "erased_contacts", "contact_id", ())
        return
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_contacts AS SELECT DISTINCT contact_id "
        f"FROM {_parquet(paths)} WHERE type = 'contact.erased'"
    )


def _create_texts(duck: Duck, name: str, column: str, values: Sequence[str]) -> None:
    duck.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS "
        f"SELECT unnest(CAST($texts AS VARCHAR[])) AS {column}",
        {"texts": list(values)},
    )


def _create_opening_days(duck: Duck, snapshot: Snapshot, view: View) -> None:
    hours = duck.rows(
        "SELECT DISTINCT business_hours FROM reference_events "
        "WHERE type = 'channel.saved' AND business_hours IS NOT NULL ORDER BY business_hours"
    )
    months = sorted(
        {
            file.month
            for file in _files(snapshot, ("message", "status"))
            if file.first_ms <= view.as_of_ms
        }
    )
    table = opening_days([str(row[0]) for row in hours], months)
    duck.register("opening_days_rows", table)
    duck.execute("CREATE OR REPLACE TEMP TABLE opening_days AS SELECT * FROM opening_days_rows")
    duck.unregister("opening_days_rows")


def _files(snapshot: Snapshot, families: Sequence[str]) -> list[LogFile]:
    return [file for file in snapshot.files if file.family in families]
