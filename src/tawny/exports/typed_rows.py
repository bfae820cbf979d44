"""The rows of a file once more with the types of their columns, for a place that takes rows: named
by key, with what the row key names beside the cells, whatever format the file has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tawny.disk import sha256_of
from tawny.exports.bundle import receipts_in
from tawny.exports.formats.base import FileFormat, Written
from tawny.exports.receipt import replay_of_receipt, request_of_receipt
from tawny.exports.session import ExportSession
from tawny.queries.catalogue import query

if TYPE_CHECKING:
    from tawny.exports.formats.source import RowSource


def _write(source: RowSource, path: Path) -> Written:
    from tawny.exports.formats.parquet import write_parquet

    beside = query(source.title).beside_columns
    rows = write_parquet(
        path, (*beside, *source.columns), "key", source.batches(beside), "UTC", source.metadata
    )
    return Written(rows, sha256_of(path))


_TYPED_ROWS = FileFormat(
    *("rows", "", 1, ".parquet", "application/vnd.apache.parquet"), _write, has_row_key=True
)
"""A Parquet file that nobody is offered: it lies there while its rows are brought elsewhere."""


def write_typed_rows(
    session: ExportSession, receipt: Mapping[str, Any], folder: Path
) -> dict[str, dict[str, Any]]:
    """Write the rows of each file of a receipt, of the state of the log it was made of, as
    `TYPE.parquet` into a folder; returns the receipt of each by its type."""
    made = {}
    for one in receipts_in(receipt):
        # A text that no cell of a spreadsheet holds is whole here.
        request = replace(request_of_receipt(one), long_cells="refuse")
        replay = replay_of_receipt(one)
        content = session.export(
            request, folder / f"{request.export_type}.parquet", replay, _TYPED_ROWS
        ).content()
        made[request.export_type] = content
    return made
