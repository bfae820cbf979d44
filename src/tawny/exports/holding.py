"""Whether a file of an export holds certain contacts: its column of contact ids is read again."""

from __future__ import annotations

from pathlib import Path

from tawny.engine.duck import Duck, files_literal, text_literal
from tawny.exports.queries import query
from tawny.exports.xlsx import texts_under

CONTACT_KEY = "contact_profile_id"
"""The column by which a row is about a contact; an export without it has no personal rows."""


def is_about_contacts(export_type: str) -> bool:
    """Whether the rows of an export are about single contacts."""
    return any(column.key == CONTACT_KEY for column in query(export_type).columns)


def holds_any(
    duck: Duck, path: Path, export_type: str, header_style: str, file_format: str, table: str
) -> bool:
    """Whether a file, written by an export in that format, has a row about one of the contacts in
    a table with a column `contact_id`."""
    columns = query(export_type).columns
    headers = [column.headers[header_style] for column in columns]
    header = next(c.headers[header_style] for c in columns if c.key == CONTACT_KEY)
    if file_format == "xlsx":
        wanted = {str(row[0]) for row in duck.rows(f"SELECT contact_id FROM {table}")}
        return any(text in wanted for text in texts_under(path, header))
    file = files_literal([str(path)])
    if file_format == "parquet":
        rows = f"read_parquet({file}, hive_partitioning = false)"
    elif file_format == "jsonl":
        columns_sql = f"{{{text_literal(header)}: 'VARCHAR'}}"
        rows = f"read_json({file}, format = 'newline_delimited', columns = {columns_sql})"
    else:
        names = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in headers)
        rows = (
            f"read_csv({file}, auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', comment = '', max_line_size = 134217728, columns = {{{names}}})"
        )
    quoted = '"' + header.replace('"', '""') + '"'
    found = duck.rows(
        f"SELECT count(*) > 0 FROM {rows} WHERE {quoted} IN (SELECT contact_id FROM {table})"
    )
    return found == [(True,)]
