"""One export: its receipt in words, its first rows, its charts, its file."""

from __future__ import annotations

import json
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from tawny.exports.queries import query
from tawny.exports.request import moment_ms
from tawny.model.zones import requested_zone
from tawny.runs.naming import receipt_json
from tawny.server.files import run_file
from tawny.server.pages import exports
from tawny.server.pages.charts import drawn
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.services import Services
from tawny.state.callers import Caller
from tawny.state.run_rows import Run, RunState

_PATIENCE_S = 0.15
"""So long a part waits for what is computed the first time; then it asks again by itself."""


@get("/exports/{run_id:str}", sync_to_thread=True)
def run_page(request: AnyRequest, caller: Caller, services: Services, run_id: str) -> Response[str]:
    """Everything about a run; its rows and charts follow as parts of their own."""
    run = services.runs.get(caller, run_id)
    reader = reader_of(request, caller)
    bounds = None
    if run.start is not None and run.end is not None:
        bounds = exports.describe(run.start, run.end, run.time_zone, reader)
    channels = {channel.id: channel for channel in services.channels(caller)}
    return render(
        request, caller, "run.html",
        run=run,
        bounds=bounds,
        as_of=None if run.receipt is None else moment_ms(
            "as-of", run.receipt["as_of"], requested_zone("UTC")
        ),
        channels=[channels.get(channel, channel) for channel in run.channels],
        columns=query(run.export_type).columns,
        description=query(run.export_type).description[reader.language],
        command=_command(run),
        range_words=lambda one: exports.range_words(one, reader),
    )  # fmt: skip


@get("/exports/{run_id:str}/row", sync_to_thread=True)
def row_part(request: AnyRequest, caller: Caller, services: Services, run_id: str) -> Response[str]:
    """The run's line in the list."""
    return _row(request, caller, services.runs.get(caller, run_id))


@get("/exports/{run_id:str}/preview", sync_to_thread=True)
def preview_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: str
) -> Response[str]:
    """The first hundred rows."""
    return render(
        request, caller, "parts/preview.html", run=services.runs.get(caller, run_id),
        preview=services.preview(caller, run_id, 100, _PATIENCE_S),
    )  # fmt: skip


@get("/exports/{run_id:str}/charts", sync_to_thread=True)
def charts_part(
    request: AnyRequest, caller: Caller, services: Services, run_id: str
) -> Response[str]:
    """The charts of the type, each with its numbers as a table."""
    run = services.runs.get(caller, run_id)
    charts = services.charts(caller, run_id, _PATIENCE_S)
    shown = None if charts is None else drawn(charts, run.time_zone, reader_of(request, caller))
    return render(request, caller, "parts/charts.html", run=run, charts=shown)


@get("/exports/{run_id:str}/file", sync_to_thread=True)
def file(request: AnyRequest, caller: Caller, services: Services, run_id: str) -> Response[Any]:
    """The file under its proper name; parts of it for a browser that goes on with a download."""
    return run_file(request, services, caller, run_id)


@get("/exports/{run_id:str}/receipt", sync_to_thread=True)
def receipt(caller: Caller, services: Services, run_id: str) -> Response[str]:
    """The receipt as the command line writes it; `tawny export --receipt` takes it."""
    run = services.runs.get(caller, run_id)
    name = json.dumps(f"{run.file_name or run.id}.receipt.json")
    return Response(
        receipt_json(run),
        media_type="application/json",
        headers={"Content-Disposition": f"attachment; filename={name}"},
    )


@post("/exports/{run_id:str}/cancel", sync_to_thread=True, status_code=200)
def cancel(request: AnyRequest, caller: Caller, services: Services, run_id: str) -> Response[Any]:
    """Stop a run."""
    run = services.runs.cancel(caller, run_id)
    if is_part(request):
        return _row(request, caller, run)
    return Redirect(f"/exports/{run_id}", status_code=303)


@post("/exports/{run_id:str}/again", sync_to_thread=True)
def again(caller: Caller, services: Services, run_id: str) -> Redirect:
    """Ask for the same once more."""
    run = services.runs.again(caller, run_id)
    return Redirect(f"/exports/{run.id}", status_code=303)


def _row(request: AnyRequest, caller: Caller, run: Run) -> Response[str]:
    reader = reader_of(request, caller)
    return render(
        request, caller, "parts/run_row.html", run=run,
        range_words=lambda one: exports.range_words(one, reader),
    )  # fmt: skip


def _command(run: Run) -> str | None:
    """The command line that makes the same file again."""
    if run.state is not RunState.READY or run.file_name is None:
        return None
    return f"tawny export --receipt {run.file_name}.receipt.json -o {run.file_name}"


ROUTES = [run_page, row_part, preview_part, charts_part, file, receipt, cancel, again]
