"""The result of a run: the sentence that sums it up, and its rows as a table."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import structs

from tawny.exports.request import chosen_columns
from tawny.queries.columns import Column, ColumnType
from tawny.runs.parts import part_of_run
from tawny.runs.store import request_of_run
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages import labels as names
from tawny.server.pages.cells import Cell, cell
from tawny.server.pages.paging import Paged, last_page_of
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.submitted import Submitted, SubmittedForm, of_query
from tawny.server.pages.timeline_links import timeline_url
from tawny.server.result_tables import RowsWanted
from tawny.state.run_rows import ExportRun

PAGE_SIZE = 50
_PATIENCE_S = 0.3
"""So long a part waits for rows that are kept the first time; then it asks again by itself."""

NUMBERS = (ColumnType.INTEGER, ColumnType.DURATION, ColumnType.PERCENT)


@dataclass(frozen=True, slots=True)
class TableView:
    """What the table shows; all of it is in the address of the part."""

    run_id: str
    of: str
    """The export of a bundle; empty where the run is of one."""
    search: str = ""
    search_in: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    """Empty = all of the file."""
    page: int = 1

    def url(self, **changes: Any) -> str:
        """The address of this table with something changed."""
        fields: dict[str, Any] = {
            "of": self.of,
            "q": self.search,
            "in": self.search_in,
            "sort": self.sort,
            "col": self.columns,
            "page": self.page if self.page > 1 else "",
            **changes,
        }
        query = urlencode({key: one for key, one in fields.items() if one}, doseq=True)
        return f"/exports/{self.run_id}/rows" + (f"?{query}" if query else "")

    def page_url(self, page: int) -> str:
        """The address of another page of it."""
        return self.url(page=page if page > 1 else "")

    def explanation_url(self, row: str, column: str) -> str:
        """The address of the explanation of a cell."""
        of = {"of": self.of} if self.of else {}
        query = urlencode({**of, "row": row, "column": column})
        return f"/exports/{self.run_id}/explanation?{query}"


@dataclass(frozen=True, slots=True)
class RowShown:
    """A row of the table: its key, where a cell of it is explained, and its cells."""

    key: str
    explained_at: str
    cells: Sequence[Cell]


def chosen_part(run: ExportRun, fields: Submitted) -> str:
    """The export of a run that is looked at; of a bundle the one asked for, or the first."""
    if not run.is_bundle:
        return run.export_type
    return fields.chosen("of", run.export_types, run.export_types[0])


@get("/exports/{run_id:str}/rows", sync_to_thread=True)
def rows_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """A page of the rows: sorted, searched, with the columns that are asked for."""
    run, reader = services.runs.get(caller, run_id), reader_of(request, caller)
    fields = of_query(request)
    export_type = chosen_part(run, fields) if run.is_bundle else None
    of_file = chosen_columns(part_of_run(run, export_type).request)
    keys = [column.key for column in of_file]
    wanted = tuple(key for key in fields.all("col") if key in keys)
    sort = fields.one("sort")
    view = TableView(
        run_id=run_id,
        of=export_type or "",
        search=fields.one("q")[:200],
        search_in=fields.chosen("in", keys, ""),
        sort=sort if sort.removeprefix("-") in keys else "",
        columns=() if len(wanted) == len(keys) else wanted,
        page=fields.number("page", 1),
    )
    shown = [column for column in of_file if not view.columns or column.key in view.columns]
    found = services.tables.page(
        caller, run_id,
        RowsWanted(
            columns=[column.key for column in shown],
            search=view.search,
            search_in=view.search_in,
            sort=view.sort.removeprefix("-"),
            descending=view.sort.startswith("-"),
            offset=(view.page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        ),
        _PATIENCE_S,
        export_type,
    )  # fmt: skip
    if found is None:
        return render(request, caller, "parts/rows.html", view=view, rows=None)
    year = datetime.datetime.now(reader.zone).year
    explained = next((column for column in shown if column.type in NUMBERS), shown[0])
    as_of = run.receipt["as_of"] if run.receipt else None

    def shown_cell(value: Any, column: Column) -> Cell:
        made = cell(value, column, run.time_zone, reader, year)
        if column.key != "conversation_id" or value is None:
            return made
        return replace(made, leads_to=timeline_url(str(value), tz=run.time_zone, as_of=as_of))

    cells = [
        RowShown(
            key,
            view.explanation_url(key, explained.key),
            [shown_cell(value, column) for value, column in zip(row, shown, strict=True)],
        )
        for key, row in zip(found.keys, found.rows, strict=True)
    ]
    first = (view.page - 1) * PAGE_SIZE + 1
    paged = Paged(cells, view.page, last_page_of(found.fitting, PAGE_SIZE), first, found.fitting)
    return render(
        request, caller, "parts/rows.html", view=view, rows=paged, run=run, shown=shown,
        numbers=NUMBERS, total=found.total,
    )  # fmt: skip


@get("/exports/{run_id:str}/summary", sync_to_thread=True)
def summary_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """The sentence that sums a result up."""
    run, reader = services.runs.get(caller, run_id), reader_of(request, caller)
    of = chosen_part(run, of_query(request))
    export_type = of if run.is_bundle else None
    kept = services.tables.kept(caller, run_id, _PATIENCE_S, export_type)
    sentence = None if kept is None else summary(of, kept["total"], kept["figures"], reader)
    return render(
        request, caller, "parts/summary.html", run=run, of=export_type, sentence=sentence,
        look_at=names.LOOK_AT.get(of, ""),
    )  # fmt: skip


@post("/exports/{run_id:str}/with-columns", sync_to_thread=True, status_code=200)
def with_columns(
    caller: Caller, services: Services, form: SubmittedForm, run_id: FromPath[str]
) -> Redirect:
    """Ask for the same export with the columns that the table shows."""
    run = services.runs.get(caller, run_id)
    request = request_of_run(run)
    if run.is_bundle:
        request = structs.replace(
            request, export_type=chosen_part(run, form), exports=(), bundle="zip"
        )
    started = services.runs.start(
        caller, structs.replace(request, columns=form.all("col"), remakes=None)
    )
    return Redirect(f"/exports/{started.id}", status_code=303)


def summary(export_type: str, total: int, figures: Mapping[str, Any], reader: Reader) -> str:
    """`3,876 conversations resolved; half of them answered within 4 min of opening hours.`"""
    count = {"n": words.number(total, reader.locale)}
    if export_type == "resolved-conversations" and figures.get("measured"):
        return reader.plural(
            "%(n)s conversation resolved; half of those answered were answered within %(half)s "
            "of opening hours.",
            "%(n)s conversations resolved; half of those answered were answered within %(half)s "
            "of opening hours.",
            total,
        ) % {**count, "half": _span(figures["half_s"], reader)}
    if export_type == "messages" and figures:
        return reader.plural(
            "%(n)s message: %(inbound)s inbound, %(outbound)s outbound.",
            "%(n)s messages: %(inbound)s inbound, %(outbound)s outbound.",
            total,
        ) % {
            **count,
            "inbound": words.number(figures["inbound"], reader.locale),
            "outbound": words.number(figures["outbound"], reader.locale),
        }
    if export_type == "response-times" and figures.get("half_s") is not None:
        return reader.plural(
            "%(n)s response; half came within %(half)s, nine in ten within %(most)s.",
            "%(n)s responses; half came within %(half)s, nine in ten within %(most)s.",
            total,
        ) % {
            **count,
            "half": _span(figures["half_s"], reader),
            "most": _span(figures["most_s"], reader),
        }
    return reader.plural("%(n)s row", "%(n)s rows", total) % count + "."


def _span(seconds: float, reader: Reader) -> str:
    return words.span(round(seconds), reader.translate)


ROUTES = [rows_part, summary_part, with_columns]
