"""Parquet: typed columns for warehouses. The writer is imported when a file is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tawny.disk import sha256_of
from tawny.engine.finished_rows import parquet_table
from tawny.exports.formats.base import FileFormat, Written
from tawny.text import N_

if TYPE_CHECKING:
    from tawny.exports.formats.source import RowSource


def _write(source: RowSource, path: Path) -> Written:
    from tawny.exports.formats.parquet import write_parquet

    rows = write_parquet(
        path, source.columns, source.headers, source.batches(), source.time_zone, source.metadata
    )
    return Written(rows, sha256_of(path))


FORMATS = (
    FileFormat(
        *("parquet", N_("Parquet"), 1, ".parquet", "application/vnd.apache.parquet"),
        _write,
        place=3,
        column_table=parquet_table,
    ),
)
