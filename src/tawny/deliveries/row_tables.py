"""The table of a database that takes the rows of an export: its columns, their types, its key.

A row of an export that is ordered by time (conversations that were resolved, messages, response
times) is there once, whichever slot brought it; of the others each slot has rows of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tawny.errors import RequestError
from tawny.exports.request import ExportRequest, chosen_columns, columns_by_type
from tawny.queries.catalogue import query
from tawny.queries.columns import ColumnType

SLOT_KEY = ("schedule", "slot_from", "slot_to")
"""What the key of a table has in which each slot has rows of its own."""
SLOT_ID = "slot_id"
"""The same for all revisions of a slot, whatever its schedule is called by then."""
AS_OF = "as_of"
"""Of two slots with the same row the later one has it."""

SLOT_TYPES: Mapping[str, str] = {
    "schedule": "text",
    "slot_from": "timestamp with time zone",
    "slot_to": "timestamp with time zone",
    SLOT_ID: "uuid",
    AS_OF: "timestamp with time zone",
}
"""Columns that every table has beside those of its export."""

TYPES: Mapping[ColumnType, str] = {
    ColumnType.ID: "text",
    ColumnType.IDENTIFIER: "text",
    ColumnType.TEXT: "text",
    ColumnType.ENUM: "text",
    ColumnType.URL: "text",
    ColumnType.TIMESTAMP: "timestamp with time zone",
    ColumnType.DURATION: "bigint",
    ColumnType.INTEGER: "bigint",
    ColumnType.PERCENT: "double precision",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.ID_LIST: "text[]",
    ColumnType.TEXT_LIST: "text[]",
}
"""What SQL calls each type of column, as `format_type` of PostgreSQL says it."""


@dataclass(frozen=True, slots=True)
class RowTable:
    """The table of one export."""

    name: str
    columns: Mapping[str, str]
    """Their types by their names, those of the slot first."""
    cells: Sequence[str]
    """Those that come with the rows."""
    row_key: Sequence[str]
    is_shared: bool
    """Whether a row is there once, whichever slot brought it."""

    @property
    def key(self) -> Sequence[str]:
        """The primary key."""
        return self.row_key if self.is_shared else (*SLOT_KEY, *self.row_key)


def table_name(export_type: str) -> str:
    """What the table of an export is called."""
    return export_type.replace("-", "_")


def row_table(request: ExportRequest) -> RowTable:
    """The table of the request for one export, with the columns that were chosen."""
    export = query(request.export_type)
    cells = {one.key: TYPES[one.type] for one in (*export.beside_columns, *chosen_columns(request))}
    return RowTable(
        name=table_name(export.export_type),
        columns={**SLOT_TYPES, **cells},
        cells=tuple(cells),
        row_key=export.head.key,
        is_shared=export.head.is_time_ordered,
    )


def check_key_columns(request: ExportRequest, destination: str) -> None:
    """Raise `RequestError` when a choice of columns leaves out one that tells rows apart."""
    for export_type, chosen in columns_by_type(request.export_types, request.columns).items():
        missing = [key for key in query(export_type).head.primary_cells if key not in chosen]
        if chosen and missing:
            raise RequestError(
                "columns: found none called {missing}; {destination} takes rows, and by it the "
                "rows of {export_type} are told apart: choose it too",
                missing=", ".join(missing),
                destination=destination,
                export_type=export_type,
            )
