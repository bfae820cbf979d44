"""The columns of a file of changes: what a feed says of a row, and the row."""

from __future__ import annotations

from tawny.exports.request import ExportRequest, chosen_columns
from tawny.queries.catalogue import query
from tawny.queries.columns import HEADER_STYLES, Column, ColumnType


def change_columns(request: ExportRequest) -> tuple[Column, ...]:
    """The columns of such a file: `op`, `at`, the period where rows sum up, what the row key names,
    and the chosen ones. Those that no export has are called by their keys in every language."""
    export = query(request.export_type)
    chosen = {column.key for column in chosen_columns(request)} | set(export.head.key)
    own = [_own("op", ColumnType.ENUM), _own("at", ColumnType.INTEGER)]
    if export.sums_up:
        own += [_own(name, ColumnType.TIMESTAMP) for name in ("period_from", "period_to")]
    own += [_own(one.key, one.type) for one in export.beside_columns]
    return (*own, *(column for column in export.columns if column.key in chosen))


def _own(key: str, kind: ColumnType) -> Column:
    return Column(key, kind, "", dict.fromkeys(HEADER_STYLES, key), {}, key)


def columns_of_file(request: ExportRequest) -> tuple[Column, ...]:
    """The columns of the file of a request, whichever it is."""
    return chosen_columns(request) if request.changes is None else change_columns(request)
