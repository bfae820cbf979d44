"""What is asked of a log as a whole, by the embedded engine: its channels, its types of events, its
newest events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from tawny.engine.base import Engine
from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal
from tawny.engine.repeated_events import that_count
from tawny.engine.snapshot import View, arrived, create_tables, create_view, exists_for
from tawny.log.arrivals import arrivals_ms
from tawny.log.files import LogFile, Snapshot
from tawny.model.events import CONVERSATION_FAMILIES, FAMILIES
from tawny.model.zones import LATEST_MS, instant_text


def known_channels(engine: Engine, snapshot: Snapshot, log_version: int | None) -> list[str]:
    """Every channel id that appears anywhere in the log, in order."""
    duck = engine.embedded
    selects = []
    for family, kind in (("reference", "channel.saved"), ("conversation", "conversation.created")):
        paths = snapshot.paths(family)
        if paths:
            conditions = [
                f"type = '{kind}'",
                *that_count(duck, snapshot, family),
                *arrived(snapshot, log_version),
            ]
            selects.append(
                f"SELECT DISTINCT channel_id FROM {_parquet(paths)} "
                f"WHERE {' AND '.join(conditions)}"
            )
    if not selects:
        return []
    rows = duck.rows(" UNION ".join(selects) + " ORDER BY channel_id")
    return [str(row[0]) for row in rows]


class SavedChannel(NamedTuple):
    """A channel as it was last saved."""

    medium: str
    name: str
    display_name: str
    business_hours: str | None
    """As JSON."""


def saved_channels(engine: Engine, snapshot: Snapshot, view: View) -> dict[str, SavedChannel]:
    """Each channel as it was last saved for a view, by its id."""
    duck = engine.embedded
    create_tables(duck, snapshot, view, ("reference_events",))
    return {
        str(row[0]): SavedChannel(str(row[1]), str(row[2]), str(row[3]), str(row[4]) or None)
        for row in duck.rows(_SAVED_CHANNELS)
    }


def events_by_type(engine: Engine, snapshot: Snapshot) -> list[tuple[str, int, int, int]]:
    """Type, number of events that count, first and last time in milliseconds since 1970 UTC, by
    type."""
    duck = engine.embedded
    if not snapshot.files:
        return []
    # The files of a family have its columns only; these four are in all.
    selects = [
        f"SELECT type, time FROM {_parquet(paths)} "
        f"WHERE {' AND '.join(['true', *that_count(duck, snapshot, family)])}"
        for family in FAMILIES
        if (paths := snapshot.paths(family))
    ]
    rows = duck.rows(
        "SELECT type, count(*), epoch_ms(min(time)), epoch_ms(max(time)) FROM ("
        + " UNION ALL ".join(selects)
        + ") GROUP BY type ORDER BY type"
    )
    return [(str(row[0]), *(int(str(number)) for number in row[1:])) for row in rows]  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """The newest event of a channel's conversations."""

    channel_id: str
    name: str | None
    """The last one saved; None while the channel was never saved."""
    time_ms: int
    """Milliseconds since 1970 UTC."""
    log_version: int
    """The version it arrived with; of several of the same time one of theirs."""


def newest_per_channel(engine: Engine, snapshot: Snapshot, view: View) -> list[NewestEvent]:
    """For each channel that has conversations the newest event of one of them up to `as_of`, by
    channel; of the channels of the view only.

    Most channels had an event in the newest month or, when that has just begun, in the one before:
    the rest of the log is read for the others alone.
    """
    return _newest(engine, snapshot, view, [])


def newest_arrived(
    engine: Engine,
    snapshot: Snapshot,
    view: View,
    found: Sequence[NewestEvent] | None = None,
) -> Sequence[NewestEvent]:
    """The same without events that are dated later than their arrival: the clock of whoever sent
    them is wrong, so they do not say up to when anything was sent. `found` is what
    `newest_per_channel` found, where somebody has asked already."""
    duck = engine.embedded
    if found is None:
        found = newest_per_channel(engine, snapshot, view)
    arrived_ms = arrivals_ms(snapshot.folder, {one.log_version for one in found})
    if all(one.time_ms <= arrived_ms.get(one.log_version, LATEST_MS) for one in found):
        return found
    families = [paths for name in CONVERSATION_FAMILIES if (paths := snapshot.paths(name))]
    versions = duck.rows(
        " UNION ".join(f"SELECT DISTINCT log_version FROM {_parquet(paths)}" for paths in families)
    )
    arrived_ms = arrivals_ms(snapshot.folder, (int(str(row[0])) for row in versions))
    duck.add_table(
        "arrivals",
        pa.table(
            {
                "version": pa.array(list(arrived_ms), pa.int64()),
                "arrived_ms": pa.array(list(arrived_ms.values()), pa.int64()),
            }
        ),
    )
    condition = (
        "NOT EXISTS (SELECT 1 FROM arrivals WHERE arrivals.version = logged.log_version "
        "AND arrivals.arrived_ms < epoch_ms(logged.time))"
    )
    return _newest(engine, snapshot, view, [condition])


def _newest(
    engine: Engine, snapshot: Snapshot, view: View, conditions: Sequence[str]
) -> list[NewestEvent]:
    duck = engine.embedded
    create_tables(
        duck, snapshot, view, ("reference_events", "conversation_events", "requested_channels")
    )
    duck.execute(_CHANNELS_SEEN, {"all_channels": not view.channels})
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE newest_events "
        "(channel_id VARCHAR, time_ms BIGINT, log_version BIGINT)"
    )
    files = [
        file
        for file in snapshot.files
        if file.family in CONVERSATION_FAMILIES and file.first_ms <= view.as_of_ms
    ]
    months = sorted({file.month for file in files}, reverse=True)
    looks = [([file for file in files if file.month == month], "true") for month in months[:2]]
    rest = [file for file in files if file.month in months[2:]]
    created = snapshot.paths("conversation", None, view.as_of_ms)
    for part, condition in (*looks, (rest, _OF_MISSING_CHANNELS)):
        if duck.rows(_ANY_MISSING) == [(False,)]:
            break
        duck.execute(
            "CREATE OR REPLACE TEMP TABLE newest_of_conversations AS "
            "SELECT conversation_id, max(time_ms) AS time_ms, "
            "arg_max(log_version, time_ms) AS log_version FROM ("
            + conversation_events(duck, snapshot, view, part, ("log_version",), conditions)
            + f") AS events WHERE {condition} GROUP BY conversation_id"
        )
        known = "conversation_id IN (SELECT conversation_id FROM newest_of_conversations)"
        holding = duck.narrowed(created, known)
        create_view(duck, snapshot, view, "conversation", "creations", holding, [known])
        duck.execute(_ADD_NEWEST)
    return [
        NewestEvent(
            str(row[0]), None if row[1] is None else str(row[1]), int(str(row[2])), int(str(row[3]))
        )
        for row in duck.rows(_NEWEST_NAMES)
    ]


def conversation_events(
    duck: Duck,
    snapshot: Snapshot,
    view: View,
    files: Sequence[LogFile],
    columns: Sequence[str] = (),
    conditions: Sequence[str] = (),
) -> str:
    """A select of `conversation_id`, `time_ms` and some columns that all families have: of the
    events that name a conversation and exist for a view, in those of the files that hold any.
    Conditions speak of `logged`."""
    chosen = ", ".join(["conversation_id", "epoch_ms(time) AS time_ms", *columns])
    selects = [
        f"SELECT {chosen} FROM {_parquet(paths)} AS logged WHERE "
        + " AND ".join(
            [*exists_for(snapshot, view), *that_count(duck, snapshot, family), *conditions]
        )
        for family in CONVERSATION_FAMILIES
        if (paths := [str(snapshot.folder / f.path) for f in files if f.family == family])
    ]
    none = "SELECT CAST(NULL AS VARCHAR) AS conversation_id, CAST(NULL AS BIGINT) AS time_ms"
    nothing = "".join(f", CAST(NULL AS VARCHAR) AS {column}" for column in columns)
    return " UNION ALL ".join(selects) or f"{none}{nothing} WHERE false"


def create_stated_watermarks(duck: Duck) -> None:
    """The view `stated_watermarks` over `watermark_events`, which are there already: a row for each
    channel that a watermark names, of no channel (null) where it is for all of its sender's."""
    duck.make_view(
        "stated_watermarks",
        "SELECT source, epoch_ms(until) AS until_ms, time_ms, "
        "unnest(coalesce(channels, [CAST(NULL AS VARCHAR)])) AS channel_id "
        "FROM watermark_events WHERE type = 'source.watermark'",
    )


def events_after(engine: Engine, snapshot: Snapshot, view: View, families: Iterable[str]) -> int:
    """How many events of some families are dated after the `as_of` of a view.

    The files say their first and last time: only one that reaches over `as_of` is read.
    """
    duck = engine.embedded
    wanted = set(families)
    beyond = [f for f in snapshot.files if f.family in wanted and f.last_ms > view.as_of_ms]
    conditions = [f"time > TIMESTAMPTZ '{instant_text(view.as_of_ms)}'"]
    read = beyond
    if view.log_version is not None and view.log_version < snapshot.version:
        conditions.append(f"log_version <= {int(view.log_version)}")
    else:
        read = [file for file in beyond if file.first_ms <= view.as_of_ms]
    count = sum(file.rows for file in beyond) - sum(file.rows for file in read)
    if read:
        paths = [str(snapshot.folder / file.path) for file in read]
        rows = duck.rows(
            f"SELECT count(*) FROM {_parquet(paths, 'union_by_name = true')} "
            f"WHERE {' AND '.join(conditions)}"
        )
        count += int(str(rows[0][0]))
    return count


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
SELECT created.channel_id, max(newest.time_ms), arg_max(newest.log_version, newest.time_ms)
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

_SAVED_CHANNELS = """
SELECT
    channel_id,
    arg_max(medium, (time_ms, sequence, source, id)) AS medium,
    arg_max(name, (time_ms, sequence, source, id)) AS name,
    arg_max(coalesce(display_name, ''), (time_ms, sequence, source, id)) AS display_name,
    arg_max(coalesce(business_hours, ''), (time_ms, sequence, source, id)) AS business_hours
FROM reference_events
WHERE type = 'channel.saved'
GROUP BY channel_id
"""

_NEWEST_NAMES = f"""
SELECT newest_events.channel_id, saved.name, newest_events.time_ms, newest_events.log_version
FROM newest_events
LEFT JOIN ({_SAVED_CHANNELS}) AS saved ON saved.channel_id = newest_events.channel_id
ORDER BY newest_events.channel_id
"""


def _parquet(paths: Sequence[str], *options: str) -> str:
    more = "".join(f", {option}" for option in options)
    return f"read_parquet({files_literal(paths)}, hive_partitioning = false{more})"
