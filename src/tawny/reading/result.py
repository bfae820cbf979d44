"""The rows of an export that was made, to be looked at a page at a time: sorted, searched, counted.

They are kept once as a Parquet file beside the file of the run, in the order of the export, with
instants in milliseconds since 1970 UTC. A page of it is one short query.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tawny.engine import kept_rows
from tawny.engine.base import Embedded
from tawny.exports.receipt import Replay
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.model.zones import instant_text
from tawny.queries.catalogue import Query, query
from tawny.queries.row_keys import key_text
from tawny.queries.statements import statement, statement_names
from tawny.reading.preview import prepare


def keep_keyed_rows(
    session: ExportSession, request: ExportRequest, replay: Replay | None, target: Path
) -> dict[str, Any]:
    """Write the rows of an export to a Parquet file, with all of the row key; returns how many, and
    the figures that the sentence over them says, by their names."""
    prepared = prepare(session, request, replay)
    work = target.with_name(f"{target.name}.new")
    rows = prepared.export.keyed_statement
    total = kept_rows.keep_as_file(session.engine, rows, prepared.values, work)
    work.replace(target)
    figures: dict[str, Any] = {}
    if total and request.export_type in statement_names("summaries"):
        kept_rows.read_kept_file(session.engine, target)
        [row] = session.engine.named_rows(statement(f"summaries/{request.export_type}.sql"))
        figures = {name: None if value is None else float(value) for name, value in row.items()}
    return {"total": total, "figures": figures}


def page_of_rows(
    engine: Embedded,
    path: Path,
    export_type: str,
    *,
    columns: Sequence[str],
    search: str,
    search_in: str,
    sort: str,
    descending: bool,
    offset: int,
    limit: int,
) -> dict[str, Any]:
    """Some rows of a kept result with the key of each, and how many fit the search. `search` is
    looked for in one column (`search_in`) or in all; `sort` is a column, or empty for the order of
    the export."""
    export = query(export_type)
    known = {column.key: column for column in export.columns}
    shown = [known[key] for key in columns if key in known]
    total, rows = kept_rows.page_of_kept_file(
        engine,
        path,
        shown,
        export.head.key,
        search=search,
        looked_in=[known[search_in]] if search_in in known else list(known.values()),
        sort=known.get(sort),
        descending=descending,
        offset=offset,
        limit=limit,
    )
    return {
        "total": total,
        "rows": [[_plain(cell) for cell in row[: len(shown)]] for row in rows],
        "keys": [_key(export, row[len(shown) :]) for row in rows],
    }


def _key(export: Query, parts: Sequence[object]) -> str:
    """The row key as `tawny explain` takes it."""
    named = zip(export.head.key, parts, strict=True)
    return key_text([instant_text(int(str(one))) if name == "from" else one for name, one in named])


def _plain(cell: object) -> object:
    """A cell as JSON can carry it."""
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)
