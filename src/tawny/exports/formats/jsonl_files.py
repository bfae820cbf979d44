"""JSON lines: an object a row, with numbers, booleans and lists as such."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tawny.engine import cells
from tawny.engine.finished_rows import json_table
from tawny.exports.formats.base import FileFormat, Written
from tawny.text import N_

if TYPE_CHECKING:
    from tawny.exports.formats.source import RowSource


def _write(source: RowSource, path: Path) -> Written:
    sql = cells.json_select(source.statement, source.columns, source.segments, source.headers)
    return source.copy(sql, path, cells.JSON_OPTIONS)


FORMATS = (
    FileFormat(
        *("jsonl", N_("JSON Lines"), 1, ".jsonl", "application/x-ndjson"),
        _write,
        place=4,
        is_text=True,
        package={"encoding": "utf-8"},
        column_table=json_table,
    ),
)
