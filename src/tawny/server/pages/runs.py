"""One export: its receipt in words, its first rows, its charts, its file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.exports.receipt import changed_since, replay_of_receipt
from tawny.exports.request import chosen_columns
from tawny.model.zones import current_ms, moment_ms, requested_zone
from tawny.people.callers import Scope
from tawny.queries.catalogue import query
from tawny.queries.columns import Column
from tawny.reading.identities import IDENTITIES
from tawny.runs.naming import receipt_json
from tawny.runs.parts import part_of_run
from tawny.runs.store import request_of_run
from tawny.server.dependencies import Caller, Services
from tawny.server.files import part_file, run_file
from tawny.server.pages.bounds import describe, range_words
from tawny.server.pages.chart_words import BEFORE, SPLITS
from tawny.server.pages.charts import drawn
from tawny.server.pages.filled_form import form_query
from tawny.server.pages.freshness import begins_within, of_receipt
from tawny.server.pages.received import channels_by_id
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.result import chosen_part
from tawny.server.pages.submitted import SubmittedForm, of_query
from tawny.state.run_rows import ExportRun, RunState
from tawny.text import Text
from tawny.upkeep import exported_files

DAY_MS = 86_400_000
_PATIENCE_S = 0.15
"""So long a part waits for what is computed the first time; then it asks again by itself."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Why the file of a run is gone, and whether it can be made again."""

    at_ms: int | None
    """When it was deleted, in milliseconds since 1970 UTC; None where nobody knows."""
    kept_days: int | None
    """How long files are kept, where that was the reason."""
    erased: bool
    """Whether somebody in it was erased: then it cannot be made again as it was."""
    changed: Sequence[Text]
    """What has changed since, so that it may not come out the same."""


def deleted_file(services: Services, run: ExportRun, now_ms: int) -> Deleted | None:
    """The reason where a run has lost its file."""
    if run.state is not RunState.EXPIRED or run.receipt is None:
        return None
    changed = changed_since(request_of_run(run), replay_of_receipt(run.receipt))
    erased_ms = services.audit.last_ms(exported_files.ACTION, run.id)
    if erased_ms is not None and (run.expires_ms is None or erased_ms < run.expires_ms):
        return Deleted(erased_ms, None, erased=True, changed=changed)
    by_hand_ms = services.audit.last_ms("file_deleted", run.id)
    if by_hand_ms is not None:
        return Deleted(by_hand_ms, None, erased=False, changed=changed)
    if run.expires_ms is not None and run.ended_ms is not None and run.expires_ms <= now_ms:
        days = round((run.expires_ms - run.ended_ms) / DAY_MS)
        return Deleted(run.expires_ms, days, erased=False, changed=changed)
    return Deleted(None, None, erased=False, changed=changed)


@get("/exports/{run_id:str}", sync_to_thread=True)
def run_page(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """Everything about a run; its rows and charts follow as parts of their own."""
    run = services.runs.get(caller, run_id)
    reader = reader_of(request, caller)
    bounds, from_ms = None, None
    if run.start is not None and run.end is not None:
        from_ms = moment_ms("from", run.start, requested_zone(run.time_zone))
        bounds = describe(run.start, run.end, run.time_zone, reader)
    of = chosen_part(run, of_query(request))
    columns: Sequence[Column] = ()
    if run.state is RunState.READY:
        columns = chosen_columns(part_of_run(run, of if run.is_bundle else None).request)
    return render(
        request, caller, "run.html",
        run=run,
        of=of if run.is_bundle else "",
        bounds=bounds,
        as_of=None if run.receipt is None else moment_ms(
            "as-of", run.receipt["as_of"], requested_zone("UTC")
        ),
        known=channels_by_id(services, caller),
        **of_receipt(run.receipt),
        begins_ms=begins_within(services, from_ms),
        columns=columns,
        description="" if run.is_bundle else query(run.export_type).description[reader.language],
        holds={identity.name: identity.holds for identity in IDENTITIES},
        command=_command(run),
        deleted=deleted_file(services, run, current_ms()),
        remakes=request_of_run(run).remakes,
        edit_query=form_query(request_of_run(run)),
        people=services.accounts.shown_names(),
        range_words=lambda one: range_words(one, reader),
        destinations=_destinations(caller, services, run),
    )  # fmt: skip


def _destinations(caller: Caller, services: Services, run: ExportRun) -> Sequence[str]:
    """The names of where the file of a run can be sent."""
    if run.state is not RunState.READY or not caller.may(Scope.SCHEDULES_WRITE):
        return []
    return [one.choice.name for one in services.destinations.list(caller)]


@get("/exports/{run_id:str}/row", sync_to_thread=True)
def row_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """The run's line in the list."""
    return _row(request, caller, services, services.runs.get(caller, run_id))


@get("/exports/{run_id:str}/parts", sync_to_thread=True)
def parts_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """The files of a bundle, for its line in the list."""
    run = services.runs.get(caller, run_id)
    return render(request, caller, "parts/run_parts.html", run=run)


@get("/exports/{run_id:str}/charts", sync_to_thread=True)
def charts_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[str]:
    """The charts of the type, or of a type of a bundle, each with its numbers as a table; those by
    day also by week, some split by channel, agent or team."""
    run, fields = services.runs.get(caller, run_id), of_query(request)
    of = chosen_part(run, fields)
    charts = services.charts(caller, run_id, _PATIENCE_S, of if run.is_bundle else None)
    by_week = fields.one("by") == "week"
    split = fields.chosen("split", SPLITS, "")
    shown = None
    if charts is not None:
        reader = reader_of(request, caller)
        shown = drawn(charts, run.time_zone, reader, by_week=by_week, split=split)

    def url(**changes: str) -> str:
        asked = {"of": of if run.is_bundle else "", "by": "week" if by_week else "", "split": split}
        query = urlencode({name: one for name, one in {**asked, **changes}.items() if one})
        return f"/exports/{run_id}/charts" + (f"?{query}" if query else "")

    return render(
        request, caller, "parts/charts.html", charts=shown, by_week=by_week, url=url,
        split_names=SPLITS, before=BEFORE,
    )  # fmt: skip


@get("/exports/{run_id:str}/file", sync_to_thread=True)
def file(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[Any]:
    """The file under its proper name; parts of it for a browser that goes on with a download."""
    return run_file(request, services, caller, run_id)


@get("/exports/{run_id:str}/files/{export:str}", sync_to_thread=True)
def part(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    run_id: FromPath[str],
    export: FromPath[str],
) -> Response[Any]:
    """The file of one export of an archive."""
    return part_file(request, services, caller, run_id, export)


@get("/exports/{run_id:str}/receipt", sync_to_thread=True)
def receipt(caller: Caller, services: Services, run_id: FromPath[str]) -> Response[str]:
    """The receipt as the command line writes it; `tawny export --receipt` takes it."""
    run = services.runs.get(caller, run_id)
    name = json.dumps(f"{run.file_name or run.id}.receipt.json")
    return Response(
        receipt_json(run),
        media_type="application/json",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


@post("/exports/{run_id:str}/cancel", sync_to_thread=True, status_code=200)
def cancel(
    request: AnyRequest, caller: Caller, services: Services, run_id: FromPath[str]
) -> Response[Any]:
    """Stop a run."""
    run = services.runs.cancel(caller, run_id)
    if is_part(request):
        return _row(request, caller, services, run)
    return Redirect(f"/exports/{run_id}", status_code=303)


@post("/exports/{run_id:str}/again", sync_to_thread=True)
def again(caller: Caller, services: Services, run_id: FromPath[str]) -> Redirect:
    """Ask for the same once more, on today's data."""
    run = services.runs.again(caller, run_id)
    return Redirect(f"/exports/{run.id}", status_code=303)


@post("/exports/{run_id:str}/send", opt={"scope": Scope.SCHEDULES_WRITE}, sync_to_thread=True)
def send(
    caller: Caller, services: Services, form: SubmittedForm, run_id: FromPath[str]
) -> Redirect:
    """Have the file brought to a destination, once."""
    services.schedules.send(caller, run_id, form.one("destination"))
    return Redirect("/deliveries?done=sent", status_code=303)


@post("/exports/{run_id:str}/remake", sync_to_thread=True)
def remake(caller: Caller, services: Services, run_id: FromPath[str]) -> Redirect:
    """Make the file again from its receipt."""
    run = services.runs.remake(caller, run_id)
    return Redirect(f"/exports/{run.id}", status_code=303)


@post("/exports/{run_id:str}/delete-file", sync_to_thread=True)
def delete_file(caller: Caller, services: Services, run_id: FromPath[str]) -> Redirect:
    """Delete the file before its time."""
    services.delete_file(caller, run_id)
    return Redirect(f"/exports/{run_id}", status_code=303)


@post("/exports/{run_id:str}/delete", sync_to_thread=True)
def delete_run(caller: Caller, services: Services, run_id: FromPath[str]) -> Redirect:
    """Delete the run, with its file and receipt."""
    services.delete_run(caller, run_id)
    return Redirect("/exports", status_code=303)


def _row(request: AnyRequest, caller: Caller, services: Services, run: ExportRun) -> Response[str]:
    reader = reader_of(request, caller)
    return render(
        request, caller, "parts/run_row.html", run=run,
        people=services.accounts.shown_names(),
        range_words=lambda one: range_words(one, reader),
    )  # fmt: skip


def _command(run: ExportRun) -> str | None:
    """The command line that makes the same file again."""
    if run.state is not RunState.READY or run.file_name is None:
        return None
    return f"tawny export --receipt {run.file_name}.receipt.json -o {run.file_name}"


ROUTES = [
    run_page, row_part, parts_part, charts_part, file, part, receipt, cancel, again, send, remake,
    delete_file, delete_run,
]  # fmt: skip
