"""Why a cell of a result says what it says: a panel beside the table, and a page to share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from tawny.errors import RequestError
from tawny.exports.request import chosen_columns
from tawny.model.zones import instant_ms, requested_zone
from tawny.queries.catalogue import query
from tawny.runs.parts import part_of_run
from tawny.server.asked_explanations import explanation
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.result import TableView, chosen_part
from tawny.server.pages.submitted import of_query

MOST_EVENTS = 200
"""More are not read on a page; the command line and the API give all."""


@dataclass(frozen=True, slots=True)
class Said:
    """Why an event is there. `adds` is what it adds, empty = nothing."""

    adds: str
    says: str
    counts: bool


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event behind a cell, in the reader's words and the zone of the export."""

    moment: str
    says: str
    parts: Sequence[Said]


@get("/exports/{run_id:str}/explanation", sync_to_thread=True)
def explanation_page(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """A cell of a run, by its row key and column; a part of the page for a script."""
    run, _ = services.runs.ready_file(caller, run_id)
    reader, fields = reader_of(request, caller), of_query(request)
    of = chosen_part(run, fields)
    part = part_of_run(run, of if run.is_bundle else None)
    columns = chosen_columns(part.request)
    column = fields.chosen("column", [one.key for one in columns], columns[0].key)
    row = fields.one("row")
    if not 0 < len(row) <= 1600:
        raise RequestError("row: found {found!r}; name a row of the export", found=row[:100])
    found = explanation(
        services, caller, reader.language, part.request, row, column, part.receipt, subject=run_id
    )
    view = TableView(run.id, of if run.is_bundle else "")
    shown = [_shown(one, run.time_zone, reader) for one in found["evidence"][:MOST_EVENTS]]
    return render(
        request,
        caller,
        "parts/explanation.html" if is_part(request) else "explanation.html",
        run=run,
        of=view.of,
        row=row,
        column=column,
        columns=[
            (one.key, one.headers[reader.language], view.explanation_url(row, one.key))
            for one in columns
        ],
        title=query(of).head.title,
        found=found,
        events=shown,
        total=len(found["evidence"]),
        url=view.explanation_url(row, column),
    )


def _shown(evidence: Mapping[str, Any], zone_name: str, reader: Reader) -> EventShown:
    at_ms = instant_ms(evidence["event"]["time"])
    assert at_ms is not None, "the log holds instants"
    return EventShown(
        words.moment_exact(at_ms, requested_zone(zone_name), reader.locale),
        evidence["says"],
        [Said(_adds(part, reader), part["says"], part["counts"]) for part in evidence["parts"]],
    )


def _adds(part: Mapping[str, Any], reader: Reader) -> str:
    """`+1`, `+ 12.345 s`, or nothing."""
    gap = "\N{NARROW NO-BREAK SPACE}"
    if part.get("count") is not None:
        return f"+{words.number(part['count'], reader.locale)}"
    if part.get("ms") is None:
        return ""
    amount = f"{words.thousandths(abs(part['ms']), reader.locale)}{gap}s"
    sign = "+" if part["ms"] >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{gap}{amount}" if part["counts"] else amount


ROUTES = [explanation_page]
