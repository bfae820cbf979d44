"""Why a cell says what it says: a panel beside the table of a result, and pages to share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath
from msgspec import structs

from tawny.errors import RequestError
from tawny.exports.request import ExportRequest, chosen_columns
from tawny.model.zones import instant_ms, requested_zone
from tawny.queries.catalogue import query
from tawny.queries.columns import Column
from tawny.runs.parts import allowed_exports, part_of_run
from tawny.server.asked_explanations import explanation
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.result import TableView, chosen_part
from tawny.server.pages.submitted import Submitted, of_query
from tawny.server.pages.timeline_links import timeline_url

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
    row = _row(fields)
    found = explanation(
        services, caller, reader.language, part.request, row, column, part.receipt, subject=run_id
    )
    view = TableView(run.id, of if run.is_bundle else "")
    return _answer(
        request,
        caller,
        found,
        columns,
        lambda column: view.explanation_url(row, column),
        back=f"/exports/{run.id}" + (f"?of={view.of}" if view.of else ""),
    )


@get("/explanations", sync_to_thread=True)
def cell_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """A cell of the export that would be made now, of no run; the fields are those of the API."""
    fields = of_query(request)
    asked = ExportRequest(
        export_type=fields.one("export"),
        time_zone=fields.one("tz") or "UTC",
        start=fields.one("from") or None,
        end=fields.one("to") or None,
        channels=fields.all("channel"),
        as_of=fields.one("as_of") or None,
    )
    columns = query(asked.export_type).columns
    allowed_exports(caller, asked)
    of_caller = structs.replace(asked, channels=caller.allowed_channels(asked.channels))
    row, reader = _row(fields), reader_of(request, caller)
    column = fields.chosen("column", [one.key for one in columns], columns[0].key)
    found = explanation(
        services, caller, reader.language, of_caller, row, column, subject=asked.export_type
    )

    def url(column: str) -> str:
        return cell_url(
            asked.export_type,
            row,
            asked.start,
            asked.end,
            column,
            asked.time_zone,
            asked.as_of,
            asked.channels,
        )

    return _answer(request, caller, found, columns, url)


def cell_url(
    export_type: str,
    row: str,
    start: str | None,
    end: str | None,
    column: str,
    time_zone: str,
    as_of: str | None,
    channels: Sequence[str] = (),
) -> str:
    """The address of the explanation of a cell that no run has."""
    fields = {
        **{"export": export_type, "row": row, "column": column, "tz": time_zone},
        **{"from": start, "to": end, "as_of": as_of, "channel": channels},
    }
    given = {name: value for name, value in fields.items() if value}
    return f"/explanations?{urlencode(given, doseq=True)}"


def _row(fields: Submitted) -> str:
    row = fields.one("row")
    if not 0 < len(row) <= 1600:
        raise RequestError("row: found {found!r}; name a row of the export", found=row[:100])
    return row


def _answer(
    request: AnyRequest,
    caller: Caller,
    found: Mapping[str, Any],
    columns: Sequence[Column],
    url: Callable[[str], str],
    back: str = "",
) -> Response[str]:
    """A page of an explanation, or its part; `url` is where another column is explained, `back`
    leads to the run."""
    reader, export_type = reader_of(request, caller), found["export"]
    shown = [_shown(one, found["time_zone"], reader) for one in found["evidence"][:MOST_EVENTS]]
    return render(
        request,
        caller,
        "parts/explanation.html" if is_part(request) else "explanation.html",
        back=back,
        row=found["row"],
        column=found["column"],
        columns=[(one.key, one.headers[reader.language], url(one.key)) for one in columns],
        title=query(export_type).head.title,
        found=found,
        events=shown,
        total=len(found["evidence"]),
        url=url(found["column"]),
        timeline=_timeline_of(found),
    )


def _timeline_of(found: Mapping[str, Any]) -> str | None:
    """Where the conversation of a row is drawn over time; None for rows of none."""
    key = _KEYS.get(found["export"])
    if key is None:
        return None
    for one in found["evidence"]:
        data = one["event"]["data"]
        if data.get(key) == found["row"] and "conversation_id" in data:
            return timeline_url(
                data["conversation_id"], tz=found["time_zone"], as_of=found["as_of"]
            )
    return None


_KEYS = {
    "resolved-conversations": "conversation_id",
    "open-conversations": "conversation_id",
    "messages": "message_id",
    "response-times": "message_id",
}
"""Of exports whose rows are of one conversation the field of an event that names the row."""


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


ROUTES = [explanation_page, cell_page]
