"""Whether a file of an export holds certain contacts: its column of contact ids is read again."""

from __future__ import annotations

from pathlib import Path

from tawny.engine import finished_rows
from tawny.engine.base import Embedded
from tawny.exports.change_columns import columns_of_file
from tawny.exports.formats.registry import file_format
from tawny.exports.request import ExportRequest
from tawny.queries.catalogue import query

CONTACT_KEY = "contact_profile_id"
"""The column by which a row is about a contact; an export without it has no personal rows."""


def is_about_contacts(export_type: str) -> bool:
    """Whether the rows of an export are about single contacts."""
    return any(column.key == CONTACT_KEY for column in query(export_type).columns)


def shows_contacts(request: ExportRequest) -> bool:
    """Whether a file of such rows, written for that request, has the column that says whom they
    are about."""
    return any(column.key == CONTACT_KEY for column in columns_of_file(request))


def holds_any(engine: Embedded, path: Path, request: ExportRequest, table: str) -> bool:
    """Whether a file, written for that request, has a row about one of the contacts in a table with
    a column `contact_id`; the file has the column that says so."""
    columns = columns_of_file(request)
    headers = [column.headers[request.headers] for column in columns]
    header = next(c.headers[request.headers] for c in columns if c.key == CONTACT_KEY)
    chosen = file_format(request.format, request.dialect)
    if chosen.column_texts is not None:
        wanted = finished_rows.texts_of(engine, table, "contact_id")
        return any(text in wanted for text in chosen.column_texts(path, header))
    assert chosen.column_table is not None, chosen.name
    file = chosen.column_table(path, headers, header)
    return finished_rows.holds_any(
        engine, file, header, table, "contact_id", is_guarded=chosen.is_guarded
    )
