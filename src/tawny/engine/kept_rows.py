"""The rows of a finished export kept as a Parquet file, to be looked through a page at a time.

A page of a million rows must not cost a look at all of them: its rows are found by their numbers
first, and only these are read. In the order of the export the numbers are known; the order of a
column is kept as a file of its own beside the rows, once somebody asked for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tawny.engine.cells import identifier
from tawny.engine.finished_rows import EXPORT_ROWS, parquet_table
from tawny.engine.literals import files_literal
from tawny.queries.columns import Column, ColumnType

if TYPE_CHECKING:
    from tawny.engine.base import Embedded, Value

ORDER_KEPT_FROM_ROWS = 50_000
"""Fewer rows are sorted anew as fast as their order is read."""

_LISTS = (ColumnType.ID_LIST, ColumnType.TEXT_LIST)
_ROW_GROUP = "FORMAT parquet, ROW_GROUP_SIZE 20000"


def keep_as_file(
    engine: Embedded, statement: str, values: Mapping[str, Value], target: Path
) -> int:
    """Write the rows of an export's statement to a Parquet file in their order; returns how
    many."""
    return engine.copy(statement, target, _ROW_GROUP, values)


def read_kept_file(engine: Embedded, path: Path) -> None:
    """Have `export_rows` be the rows of a kept file."""
    engine.make_view(EXPORT_ROWS, f"SELECT * FROM {parquet_table(path)}")


def page_of_kept_file(
    engine: Embedded,
    path: Path,
    shown: Sequence[Column],
    key: Sequence[str],
    *,
    search: str,
    looked_in: Sequence[Column],
    sort: Column | None,
    descending: bool,
    offset: int,
    limit: int,
) -> tuple[int, list[tuple[object, ...]]]:
    """How many rows of a kept file have a text in one of some columns, whatever its case, and some
    of them, sorted; None = in the order of the export. After its cells a row has the values of its
    key."""
    if search:
        total, numbers = _fitting(engine, path, search, looked_in, sort, descending, offset, limit)
    else:
        [[count]] = engine.rows(f"SELECT count(*) FROM {_numbered(path)}")
        total, numbers = int(str(count)), list(range(offset, offset + limit))
        if sort is not None:
            numbers = _in_order(engine, path, total, sort, descending, offset, limit)
    if not numbers:
        return total, []
    items = ", ".join([*map(_as_value, shown), *map(identifier, key)])
    found = engine.rows(
        f"SELECT file_row_number, {items} FROM {_numbered(path)} "
        f"WHERE file_row_number IN ({', '.join(map(str, numbers))})"
    )
    rows = {int(str(row[0])): row[1:] for row in found}
    return total, [rows[number] for number in numbers if number in rows]


def _numbered(path: Path) -> str:
    return f"read_parquet({files_literal([str(path)])}, file_row_number = true)"


def _fitting(
    engine: Embedded,
    path: Path,
    search: str,
    looked_in: Sequence[Column],
    sort: Column | None,
    descending: bool,
    offset: int,
    limit: int,
) -> tuple[int, list[int]]:
    """How many rows have a text, and the numbers of some of them, by one look at the file."""
    tests = [f"contains(lower({_as_text(column)}), lower($search))" for column in looked_in]
    sorted_by = "file_row_number" if sort is None else identifier(sort.key)
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE fitting AS SELECT file_row_number AS row_number, "
        f"{sorted_by} AS sorted_by FROM {_numbered(path)} WHERE {' OR '.join(tests)}",
        {"search": search},
    )
    [[total]] = engine.rows("SELECT count(*) FROM fitting")
    numbers = engine.rows(
        f"SELECT row_number FROM fitting ORDER BY {_order('sorted_by', descending)}, row_number "
        f"LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    return int(str(total)), [int(str(row[0])) for row in numbers]


def _in_order(
    engine: Embedded,
    path: Path,
    total: int,
    sort: Column,
    descending: bool,
    offset: int,
    limit: int,
) -> list[int]:
    """The numbers of some rows in the order of a column, which is kept where there are many."""
    ordered = (
        f"SELECT file_row_number AS row_number FROM {_numbered(path)} "
        f"ORDER BY {_order(identifier(sort.key), descending)}, file_row_number"
    )
    if total < ORDER_KEPT_FROM_ROWS:
        found = engine.rows(f"{ordered} LIMIT {int(limit)} OFFSET {int(offset)}")
        return [int(str(row[0])) for row in found]
    direction = "down" if descending else "up"
    order = path.with_name(f"{path.stem}.{sort.key}.{direction}.parquet")
    if not order.exists():
        # Two may ask at once; each writes its own, and both are the same.
        work = order.with_name(f"{order.name}.{uuid.uuid4().hex}.new")
        try:
            engine.copy(ordered, work, _ROW_GROUP)
            work.replace(order)
        finally:
            work.unlink(missing_ok=True)
    found = engine.rows(
        f"SELECT row_number FROM {_numbered(order)} "
        f"WHERE file_row_number >= {int(offset)} AND file_row_number < {int(offset + limit)} "
        "ORDER BY file_row_number"
    )
    return [int(str(row[0])) for row in found]


def _order(sorted_by: str, descending: bool) -> str:
    return f"{sorted_by} {'DESC' if descending else 'ASC'} NULLS LAST"


def _as_value(column: Column) -> str:
    key = identifier(column.key)
    if column.type in _LISTS:
        return f"array_to_string({key}, ', ')"
    if column.type is ColumnType.PERCENT:
        return f"CAST({key} AS DOUBLE)"
    return key


def _as_text(column: Column) -> str:
    key = identifier(column.key)
    if column.type in _LISTS:
        return f"array_to_string({key}, ', ')"
    if column.type is ColumnType.TIMESTAMP:
        return f"strftime(make_timestamp_ms({key}), '%Y-%m-%d %H:%M')"
    return f"CAST({key} AS VARCHAR)"
