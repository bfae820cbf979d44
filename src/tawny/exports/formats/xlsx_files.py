"""XLSX workbooks. The writer and its library are imported when a file is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tawny.disk import sha256_of
from tawny.exports.formats.base import FileFormat, Written
from tawny.text import N_

if TYPE_CHECKING:
    from tawny.exports.formats.source import RowSource
    from tawny.exports.formats.xlsx import Book


def _write(source: RowSource, path: Path) -> Written:
    from tawny.exports.formats.xlsx import open_book

    with open_book(path, source.title, source.time_zone) as book:
        rows, cut_cells = add_sheet(book, source)
    return Written(rows, sha256_of(path), cut_cells)


def add_sheet(book: Book, source: RowSource) -> tuple[int, int]:
    """Put the rows of an export into a workbook; returns how many, and how many of their texts were
    cut."""
    cut: list[str] = []
    rows = book.add(
        source.columns,
        source.headers,
        source.batches(source.key),
        source.title,
        key=source.key,
        cut=cut.append if source.cut_long_cells else None,
    )
    return rows, len(cut)


def _column_texts(path: Path, header: str) -> Iterator[str]:
    from tawny.exports.formats.xlsx_texts import texts_under

    return texts_under(path, header)


FORMATS = (
    FileFormat(
        *("xlsx", N_("Excel (XLSX)"), 1, ".xlsx"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _write,
        place=1,
        holds_sheets=True,
        cuts_long_cells=True,
        lists_are_texts=True,
        column_texts=_column_texts,
    ),
)
