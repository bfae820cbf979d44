"""CSV: exact values for programs, and two dialects for spreadsheets."""

from __future__ import annotations

import csv
import itertools
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from tawny.engine import cells
from tawny.engine.finished_rows import csv_table
from tawny.exports.formats.base import PROGRAMS, Dialect, FileFormat, Writer, Written
from tawny.text import N_

if TYPE_CHECKING:
    from tawny.exports.formats.source import RowSource


def _write_machine(source: RowSource, path: Path) -> Written:
    sql = cells.machine_select(source.statement, source.columns, source.segments, source.headers)
    return source.copy(sql, path, cells.csv_options(",", "\\n"))


def _writer_for_spreadsheets(delimiter: LiteralString, *, decimal_comma: bool) -> Writer:
    options = cells.csv_options(delimiter, "\\r\\n")

    def write(source: RowSource, path: Path) -> Written:
        sql = cells.excel_select(
            source.statement,
            source.columns,
            source.segments,
            source.headers,
            decimal_comma=decimal_comma,
        )
        return source.copy(sql, path, options)

    return write


def _first_rows(path: Path, rows: int) -> list[list[str | None]]:
    with path.open(encoding="utf-8", newline="") as stream:
        found = itertools.islice(csv.reader(stream), 1, rows + 1)
        # The line of a lone empty cell is empty.
        return [[cell or None for cell in row] or [None] for row in found]


def _csv(
    version: int, write: Writer, dialect: Dialect, delimiter: str, *, is_guarded: bool
) -> FileFormat:
    return FileFormat(
        *("csv", N_("CSV"), version, ".csv", "text/csv"),
        write,
        dialect,
        place=2,
        is_text=True,
        is_guarded=is_guarded,
        lists_are_texts=True,
        column_table=partial(csv_table, delimiter=delimiter),
        # Cells for spreadsheets are guarded and rounded: no package says what is in them.
        package=None if is_guarded else _PACKAGE,
        first_rows=None if is_guarded else _first_rows,
    )


_PACKAGE = {
    "encoding": "utf-8",
    "dialect": {
        "header": True,
        "delimiter": ",",
        "lineTerminator": "\n",
        "quoteChar": '"',
        "doubleQuote": True,
        "skipInitialSpace": False,
    },
}

FORMATS = (
    _csv(1, _write_machine, PROGRAMS, ",", is_guarded=False),
    _csv(
        2,
        _writer_for_spreadsheets(",", decimal_comma=False),
        Dialect("excel", N_("Excel in English (commas, safe from formulas)")),
        ",",
        is_guarded=True,
    ),
    _csv(
        1,
        _writer_for_spreadsheets(";", decimal_comma=True),
        Dialect(
            "excel-semicolon",
            N_("Excel in French and most of Europe (semicolons, safe from formulas)"),
        ),
        ";",
        is_guarded=True,
    ),
)
