"""Rows that are there already, whichever engine made them: what a query gives, kept as a table, and
the files of exports. The embedded engine is their only reader. What is kept to be looked through
page by page is in `tawny.engine.kept_rows`.

What is asked of them by name (a chart, a check, the sentence over a result) is a `.sql` file
(`tawny.queries.statements`); here is how they become tables that it reads.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tawny.engine.cells import TEXT_VALUES, Segments, guarded, identifier
from tawny.engine.literals import files_literal, text_literal
from tawny.queries.columns import Column, ColumnType
from tawny.queries.guard import Guard

if TYPE_CHECKING:
    # The names of the formats are known without the libraries that write them.
    import pyarrow as pa

    from tawny.engine.base import Embedded, Value

EXPORT_ROWS = "export_rows"
"""The table that statements of charts and summaries read."""

_LONGEST_LINE_BYTES = 128 << 20

# --- what a query gives ---------------------------------------------------------------------------


def count_rows(engine: Embedded, statement: str, values: Mapping[str, Value]) -> int:
    """How many rows a query gives."""
    [[count]] = engine.rows(f"SELECT count(*) FROM (\n{statement}\n)", values)
    return int(str(count))


def first_rows(
    engine: Embedded, statement: str, values: Mapping[str, Value], rows: int
) -> list[list[str | None]]:
    """The first rows of a query that gives texts."""
    found = engine.rows(f"{statement} LIMIT {int(rows)}", values)
    return [[None if cell is None else str(cell) for cell in row] for row in found]


def keep_as_table(
    engine: Embedded,
    statement: str,
    values: Mapping[str, Value],
    columns: Sequence[Column],
    segments: Segments = ((0, 0),),
) -> None:
    """Make `export_rows` of some columns of an export's statement. Beside each instant, in
    milliseconds since 1970 UTC, stand its local date and hour, of UTC where no offsets are given:
    `<key>_day` as `2026-03-01`, `<key>_hour` from 0 to 23."""
    keys = ", ".join(identifier(column.key) for column in columns)
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE kept_rows AS SELECT {keys} FROM (\n{statement}\n)", values
    )
    items = ["*"]
    for column in columns:
        if column.type is ColumnType.TIMESTAMP:
            local = f"make_timestamp_ms({_local_ms(column.key, segments)})"
            items += [
                f"strftime({local}, '%Y-%m-%d') AS {identifier(f'{column.key}_day')}",
                f"date_part('hour', {local}) AS {identifier(f'{column.key}_hour')}",
            ]
    engine.make_view(EXPORT_ROWS, f"SELECT {', '.join(items)} FROM kept_rows")


def _local_ms(key: str, segments: Segments) -> str:
    """An instant as local milliseconds."""
    column = identifier(key)
    branches = [
        f"WHEN {column} < {begin} THEN {column} + ({offset})"
        for (_, offset), (begin, _) in itertools.pairwise(segments)
    ]
    last = f"{column} + ({segments[-1][1]})"
    return f"CASE {' '.join(branches)} ELSE {last} END" if branches else last


def create_tables(engine: Embedded, tables: Mapping[str, pa.Schema]) -> None:
    """Make empty tables, in place of those of the same names."""
    for name, schema in tables.items():
        engine.add_table(name, schema.empty_table())


def add_rows(
    engine: Embedded, table: str, statement: str, values: Mapping[str, Value], **same: int
) -> None:
    """Add the rows of a statement to a table, column by column of the same name; `same` are columns
    with one value."""
    items = ["*", *(f"{int(value)} AS {identifier(name)}" for name, value in same.items())]
    engine.execute(
        f"INSERT INTO {table} BY NAME SELECT {', '.join(items)} FROM (\n{statement}\n)", values
    )


# --- files of exports -----------------------------------------------------------------------------

ColumnTable = Callable[[Path, Sequence[str], str], str]
"""The table of a file of a format (its path, its headers, one of them), for the place after FROM,
that has at least that one column, as text."""


def parquet_table(path: Path, _headers: Sequence[str] = (), _header: str = "") -> str:
    """The rows of a Parquet file; a `ColumnTable`."""
    return f"read_parquet({files_literal([str(path)])}, hive_partitioning = false)"


def csv_table(path: Path, headers: Sequence[str], _header: str, *, delimiter: str) -> str:
    """The cells of a CSV file as texts; with its delimiter a `ColumnTable`."""
    names = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in headers)
    return (
        f"read_csv({files_literal([str(path)])}, auto_detect = false, header = true, "
        f"delim = {text_literal(delimiter)}, quote = '\"', "
        f"escape = '\"', comment = '', max_line_size = {_LONGEST_LINE_BYTES}, "
        f"columns = {{{names}}})"
    )


def json_table(path: Path, _headers: Sequence[str], header: str) -> str:
    """One value of each line of a file of JSON lines, as text; a `ColumnTable`."""
    columns = f"{{{text_literal(header)}: 'VARCHAR'}}"
    return (
        f"read_json({files_literal([str(path)])}, format = 'newline_delimited', "
        f"columns = {columns})"
    )


def texts_of(engine: Embedded, table: str, column: str) -> set[str]:
    """The texts in a column of a table."""
    return {str(row[0]) for row in engine.rows(f"SELECT {identifier(column)} FROM {table}")}


def holds_any(
    engine: Embedded, file: str, header: str, table: str, column: str, *, is_guarded: bool
) -> bool:
    """Whether a column of a file (a `ColumnTable`'s) has one of the ids in a column of a table;
    they may be guarded there."""
    ids = f"SELECT {identifier(column)} FROM {table}"
    values: dict[str, Value] = {}
    if is_guarded:
        # Bare too, as ids were written before they were guarded.
        ids += f" UNION ALL SELECT {guarded(identifier(column), Guard.ID)} FROM {table}"
        values |= TEXT_VALUES
    found = engine.rows(
        f"SELECT count(*) > 0 FROM {file} WHERE {identifier(header)} IN ({ids})", values
    )
    return found == [(True,)]


def read_parquet_files(
    engine: Embedded, name: str, paths: Sequence[Path], timestamps: Sequence[str] = ()
) -> None:
    """Have a view be the rows of Parquet files. Beside each of the columns in `timestamps` stands
    `<key>_ms`, in milliseconds since 1970 UTC."""
    files = files_literal([str(path) for path in paths])
    items = [
        "*",
        *(f"epoch_ms({identifier(key)}) AS {identifier(f'{key}_ms')}" for key in timestamps),
    ]
    engine.make_view(
        name, f"SELECT {', '.join(items)} FROM read_parquet({files}, hive_partitioning = false)"
    )


def read_hashes(engine: Embedded, name: str, view: str, key: Sequence[Column]) -> None:
    """Have a view be the key of each row of another view (`row_key`) and a hash of all its cells
    (`row_hash`)."""
    keys = ", ".join(identifier(column.key) for column in key)
    row_key = keys if len(key) == 1 else f"({keys})"
    engine.make_view(
        name, f"SELECT {row_key} AS row_key, hash(cells) AS row_hash FROM {view} AS cells"
    )
