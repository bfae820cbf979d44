"""Parquet files: typed columns that a warehouse reads without guessing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tawny.errors import StorageError
from tawny.exports.formats.arrow_types import ARROW_TYPES
from tawny.queries.columns import Column, ColumnType

ROW_GROUP_ROWS = 65_536
"""Rows of a row group, unless their texts are so long that it closes earlier."""

ROW_GROUP_TEXT_BYTES = 64 << 20
"""A row group closes at the block of `_BLOCK_ROWS` rows that brings its texts to this size, so
that long messages do not make memory grow."""

_BLOCK_ROWS = 4_096


def write_parquet(
    path: Path,
    columns: Sequence[Column],
    header_style: str,
    batches: Iterator[pa.RecordBatch],
    time_zone: str,
    metadata: Mapping[str, str],
) -> int:
    """Write the batches to `path` as Parquet and return the number of rows.

    `batches` have the columns of `columns` by key, typed as `ARROW_TYPES`. Timestamps stay the
    same instants, in milliseconds, and carry `time_zone` (IANA name) in the Arrow schema; lists
    are lists, an empty cell is null. Each field's metadata holds `key`, `unit` and the English
    `definition`; the file's metadata is `metadata`. How the rows are cut into batches does not
    change the bytes. No file is left behind when it fails.
    """
    schema = _schema(columns, header_style, time_zone, metadata)
    rows = 0
    try:
        with path.open("wb") as sink, _removed_on_failure(path):
            writer = pq.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True)
            with writer:
                for group in _row_groups(_tables(batches, columns, schema)):
                    writer.write_table(group, row_group_size=group.num_rows)
                    rows += group.num_rows
    except OSError as error:
        raise StorageError(
            "{path}: cannot be written ({error}); free some space or choose another folder",
            path=path,
            error=error,
        ) from error
    return rows


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _schema(
    columns: Sequence[Column], header_style: str, time_zone: str, metadata: Mapping[str, str]
) -> pa.Schema:
    fields = []
    for column in columns:
        arrow_type = ARROW_TYPES[column.type]
        if column.type is ColumnType.TIMESTAMP:
            arrow_type = pa.timestamp("ms", time_zone)
        about = {"key": column.key, "unit": column.unit, "definition": column.definition["en"]}
        fields.append(pa.field(column.headers[header_style], arrow_type, metadata=about))
    about_file: dict[bytes | str, bytes | str] = dict(metadata.items())
    return pa.schema(fields, metadata=about_file)


def _tables(
    batches: Iterator[pa.RecordBatch], columns: Sequence[Column], schema: pa.Schema
) -> Iterator[pa.Table]:
    """Each batch with the headers, zone and nested field names of the file."""
    for batch in batches:
        arrays = [batch.column(column.key) for column in columns]
        yield pa.Table.from_arrays(
            [
                array if array.type == field.type else array.cast(field.type)
                for array, field in zip(arrays, schema, strict=True)
            ],
            schema=schema,
        )


def _row_groups(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows in the pieces that become row groups, whatever pieces they come in."""
    group: list[pa.Table] = []
    rows = text_bytes = 0
    for block in _blocks(tables):
        group.append(block)
        rows += block.num_rows
        text_bytes += _text_bytes(block)
        if rows >= ROW_GROUP_ROWS or text_bytes >= ROW_GROUP_TEXT_BYTES:
            yield pa.concat_tables(group).combine_chunks()
            group, rows, text_bytes = [], 0, 0
    if group:
        yield pa.concat_tables(group).combine_chunks()


def _blocks(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows in blocks of exactly `_BLOCK_ROWS`, but for the last."""
    pending: list[pa.Table] = []
    rows = 0
    for table in tables:
        pending.append(table)
        rows += table.num_rows
        if rows >= _BLOCK_ROWS:
            whole = pa.concat_tables(pending)
            full = rows - rows % _BLOCK_ROWS
            for start in range(0, full, _BLOCK_ROWS):
                yield whole.slice(start, _BLOCK_ROWS)
            rows -= full
            pending = [whole.slice(full)] if rows else []
    if rows:
        yield pa.concat_tables(pending)


def _text_bytes(block: pa.Table) -> int:
    """The UTF-8 bytes of all texts: unlike buffer sizes, it depends on the rows alone."""
    total = 0
    for column in block.columns:
        texts: Any = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        if pa.types.is_string(texts.type):
            total += pc.sum(pc.binary_length(texts)).as_py() or 0
    return total
