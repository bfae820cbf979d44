"""A workbook of one export, from batches made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tawny.exports.formats.xlsx import open_book
from tawny.queries.columns import Column


def write_xlsx(
    path: Path,
    columns: Sequence[Column],
    header_style: str,
    batches: Iterator[pa.RecordBatch],
    time_zone: str,
    title: str,
    **more: Any,
) -> int:
    """Write the batches and return the number of rows; `more` as `Book.add` takes it."""
    with open_book(path, title, time_zone) as book:
        return book.add(columns, header_style, batches, title, **more)
