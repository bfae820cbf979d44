"""A snapshot of the log as the tables the queries read.

For each event family there is `<family>_events`, everything that had happened by `as_of`, and
`<family>_events_in_range`, the part of it inside the range. Only files that can hold such events
are opened. Every table has `time_ms` (milliseconds since 1970 UTC) and a `sequence` that is never
null, so that events are ordered by (time_ms, sequence, source, id).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


from tawny.engine.duck import Duck, files_literal
from tawny.log.table import LogFile, Snapshot
from tawny.model.events import FAMILIES
from tawny.model.opening import opening_days
from tawny.model.validation import family_schema
from tawny.model.zones import instant_text

_ARROW_TO_SQL = {"string": "VARCHAR", "int64": "BIGINT", "timestamp[us, tz=UTC]": "TIMESTAMPTZ"}


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
    for family in FAMILIES:
        if f"{family}_events" in wanted or (family == "reference" and "opening_days" in wanted):
            _create_events(duck, snapshot, view, family, in_range=False)
        if f"{family}_events_in_range" in wanted:
            _create_events(duck, snapshot, view, family, in_range=True)
    if "erased_contacts" in wanted:
        _create_erased_contacts(duck, snapshot, view)
    if "requested_channels" in wanted:
        _create_texts(duck, "requested_channels", "channel_id", view.channels)
    if "content_media" in wanted:
        _create_texts(duck, "content_media", "medium", view.content_media or ())
    if "opening_days" in wanted:
        _create_opening_days(duck, snapshot, view)


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


def newest_per_channel(
    duck: Duck, snapshot: Snapshot, view: View
) -> list[tuple[str, str | None, int]]:
    """For each channel with conversations: id, name, and the time of the newest event that
    belongs to one of them, as of the view, in milliseconds since 1970 UTC."""
    for family in ("reference", "conversation", "lock", "label", "survey", "message"):
        _create_events(duck, snapshot, view, family, in_range=False)
    rows = duck.rows(_NEWEST)
    return [(str(row[0]), None if row[1] is None else str(row[1]), int(str(row[2]))) for row in rows]


_NEWEST = """
WITH created AS (
    SELECT conversation_id, arg_min(channel_id, (time_ms, sequence, source, id)) AS channel_id
    FROM conversation_events
    WHERE type = 'conversation.created'
    GROUP BY conversation_id
),
newest AS (
    SELECT conversation_id, max(time_ms) AS time_ms FROM (
        SELECT conversation_id, time_ms FROM conversation_events
        UNION ALL SELECT conversation_id, time_ms FROM lock_events
        UNION ALL SELECT conversation_id, time_ms FROM label_events
        UNION ALL SELECT conversation_id, time_ms FROM survey_events
        UNION ALL SELECT conversation_id, time_ms FROM message_events
    ) AS events
    GROUP BY conversation_id
),
names AS (
    SELECT channel_id, arg_max(name, (time_ms, sequence, source, id)) AS name
    FROM reference_events
    WHERE type = 'channel.saved'
    GROUP BY channel_id
)
SELECT created.channel_id, any_value(names.name), max(newest.time_ms)
FROM created
INNER JOIN newest ON newest.conversation_id = created.conversation_id
LEFT JOIN names ON names.channel_id = created.channel_id
GROUP BY created.channel_id
ORDER BY created.channel_id
"""


def _parquet(paths: Sequence[str]) -> str:
    return f"read_parquet({files_literal(paths)}, hive_partitioning = false)"


def _create_events(
    duck: Duck, snapshot: Snapshot, view: View, family: str, *, in_range: bool
) -> None:
    name = f"{family}_events_in_range" if in_range else f"{family}_events"
    first_ms, last_ms = None, view.as_of_ms
    if in_range:
        assert view.from_ms is not None and view.to_ms is not None
        first_ms, last_ms = view.from_ms, min(view.as_of_ms, view.to_ms - 1)
    paths = snapshot.paths(family, first_ms, last_ms)
    if not paths:
        columns = ", ".join(
            f"CAST(NULL AS {_ARROW_TO_SQL[str(field.type)]}) AS {field.name}"
            for field in family_schema(family)
            if field.name not in ("time", "sequence")
        )
        duck.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT CAST(NULL AS BIGINT) AS time_ms, "
            f"CAST(NULL AS VARCHAR) AS sequence, {columns} WHERE false"
        )
        return
    conditions = [f"time <= TIMESTAMPTZ '{instant_text(last_ms)}'"]
    if first_ms is not None:
        conditions.append(f"time >= TIMESTAMPTZ '{instant_text(first_ms)}'")
    if view.log_version is not None and view.log_version < snapshot.version:
        conditions.append(f"log_version <= {int(view.log_version)}")
    columns = ", ".join(
        field.name for field in family_schema(family) if field.name not in ("time", "sequence")
    )
    duck.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT epoch_ms(time) AS time_ms, "
        f"coalesce(sequence, '') AS sequence, {columns} FROM {_parquet(paths)} "
        f"WHERE {' AND '.join(conditions)}"
    )


def _create_erased_contacts(duck: Duck, snapshot: Snapshot, view: View) -> None:
    """Contacts ever erased, whatever the time of it and `as_of` (exports.md section 1)."""
    paths = snapshot.paths("contact")
    if not paths:
        _create_texts(duck, "erased_contacts", "contact_id", ())
        return
    version = "" if view.log_version is None else f" AND log_version <= {int(view.log_version)}"
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE erased_contacts AS SELECT DISTINCT contact_id "
        f"FROM {_parquet(paths)} WHERE type = 'contact.erased'{version}"
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
            for file in _files(snapshot, ("message", "conversation"))
            if file.first_ms <= view.as_of_ms
        }
    )
    table = opening_days([str(row[0]) for row in hours], months)
    duck.register("opening_days_rows", table)
    duck.execute("CREATE OR REPLACE TEMP TABLE opening_days AS SELECT * FROM opening_days_rows")
    duck.unregister("opening_days_rows")


def _files(snapshot: Snapshot, families: Sequence[str]) -> list[LogFile]:
    return [file for file in snapshot.files if file.family in families]


__all__ = ["View", "create_tables", "known_channels", "newest_per_channel"]
