"""The Arrow type of each type of column."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tawny.queries.columns import Column, ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.ID: pa.string(),
    ColumnType.IDENTIFIER: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.ENUM: pa.string(),
    ColumnType.URL: pa.string(),
    ColumnType.TIMESTAMP: pa.timestamp("ms", "UTC"),
    ColumnType.DURATION: pa.int64(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.PERCENT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.ID_LIST: pa.list_(pa.string()),
    ColumnType.TEXT_LIST: pa.list_(pa.string()),
}
"""The Arrow type the engine delivers for each column type: instants in UTC, durations in whole
seconds, an empty cell as null (an empty list as null too)."""


def delivered_schema(columns: Sequence[Column]) -> pa.Schema:
    """The rows of a final select, whichever engine made them: as `ARROW_TYPES`, but instants in
    milliseconds since 1970 UTC."""
    return pa.schema(
        (
            column.key,
            pa.int64() if column.type is ColumnType.TIMESTAMP else ARROW_TYPES[column.type],
        )
        for column in columns
    )
