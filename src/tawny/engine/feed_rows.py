"""The rows of an export in two states of the log, compared: what a change feed says.

`rows_now` and `rows_before` are made by the export's own statement, with what the row key names
beside the cells. A row is told when a cell differs, when it is there in one state only, and when it
is `restless` (`tawny.engine.touched`); a key that was neither before nor is now, but may have been
in between, is told as deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tawny.engine.base import Value
from tawny.engine.cells import Segments, identifier, json_select
from tawny.engine.duck import Duck
from tawny.engine.finished_rows import parquet_table
from tawny.queries.columns import Column, ColumnType
from tawny.queries.statements import statement

ROWS = "rows_now"
"""The table of the rows of one state."""

BEFORE = "rows_before"
"""The table of the rows of the state before."""

WANTED = "rows_wanted"
"""The table that says of which conversations, or agents, rows are wanted (`entity_id`)."""

RESTLESS_PART = "part WHERE is_restless"
"""The restless ones of the conversations or agents that are looked at."""


def is_wanted(column: str) -> str:
    """The condition under which what a column names is in `WANTED`."""
    return f"{column} IN (SELECT entity_id FROM {WANTED})"


def keep_rows(duck: Duck, select: str, condition: str, values: Mapping[str, Value]) -> None:
    """Make `ROWS` of those rows of a select that meet a condition."""
    statement = f"SELECT * FROM (\n{select}\n) AS export WHERE {condition}"
    duck.make_step(ROWS, statement, values, reads=1)


def kept_rows(duck: Duck) -> pa.Table:
    """What `keep_rows` kept."""
    return duck.table(f"SELECT * FROM {ROWS}")


def is_restless(column: str, table: str = "restless", entity: str = "entity_id") -> str:
    """The condition of `make_changes` under which a row is of something in a table."""
    return f"coalesce(now.{column}, before.{column}) IN (SELECT {entity} FROM {table})"


def make_changes(
    duck: Duck,
    export_type: str,
    key: Sequence[str],
    columns: Sequence[Column],
    *,
    before: pa.Table | Path | None,
    restless: str,
    of_restless: bool,
    values: Mapping[str, Any],
) -> int:
    """Make `feed_changes` of `rows_now` and the rows of before, which may be in a Parquet file:
    `nth` from 0 in an order that is always the same, `op`, the key and the cells; returns how many.

    `restless` is the condition under which a row of `now` or `before` is told in any case;
    `of_restless` says whether keys that may have been in between (`queries/sql/feeds`) are told
    too.
    """
    names = list(dict.fromkeys([*key, *(column.key for column in columns)]))
    if before is None:
        duck.make_step("rows_before", "SELECT * FROM rows_now WHERE false", {}, reads=1)
    elif isinstance(before, Path):
        duck.make_view(BEFORE, f"SELECT * FROM {parquet_table(before)}")
    else:
        duck.add_table("rows_before", before)
    same_key = " AND ".join(f"now.{identifier(k)} = before.{identifier(k)}" for k in key)
    first = identifier(key[0])
    differs = " OR ".join(
        f"now.{identifier(name)} IS DISTINCT FROM before.{identifier(name)}" for name in names
    )
    cells = ", ".join(
        f"coalesce(now.{identifier(name)}, before.{identifier(name)}) AS {identifier(name)}"
        if name in key
        else f"now.{identifier(name)} AS {identifier(name)}"
        for name in names
    )
    select = (
        f"SELECT CASE WHEN now.{first} IS NULL THEN 'delete' WHEN before.{first} IS NULL "
        f"THEN 'insert' ELSE 'update' END AS op, {cells} "
        f"FROM rows_now AS now FULL JOIN rows_before AS before ON {same_key} "
        f"WHERE now.{first} IS NULL OR before.{first} IS NULL OR {differs} OR ({restless})"
    )
    if of_restless:
        perhaps = statement(f"feeds/{export_type}.sql")
        absent = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {table} AS there WHERE "
            + " AND ".join(f"there.{identifier(k)} = perhaps.{identifier(k)}" for k in key)
            + ")"
            for table in ("rows_now", "rows_before")
        )
        given = " AND ".join(f"{identifier(k)} IS NOT NULL" for k in key)
        keys = ", ".join(identifier(k) for k in key)
        select += (
            f" UNION ALL BY NAME SELECT DISTINCT 'delete' AS op, {keys} FROM (\n{perhaps}\n) "
            f"AS perhaps WHERE {given} AND {absent}"
        )
    order = ", ".join(identifier(k) for k in key)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE feed_changes AS "
        f"SELECT row_number() OVER (ORDER BY {order}) - 1 AS nth, * FROM ({select}) AS told",
        values,
    )
    [[count]] = duck.rows("SELECT count(*) FROM feed_changes")
    return int(str(count))


def changes_between(
    duck: Duck, columns: Sequence[Column], segments: Segments, first: int, end: int
) -> list[dict[str, Any]]:
    """The changes with `nth` in `[first, end)`, in order, cells as JSON has them; `op` is one."""
    shown = [Column("op", ColumnType.ENUM, "", {"key": "op"}, {}, "op"), *columns]
    select = json_select(
        f"SELECT * FROM feed_changes WHERE nth >= {int(first)} AND nth < {int(end)} ORDER BY nth",
        shown,
        segments,
        "key",
    )
    return duck.named_rows(select)
