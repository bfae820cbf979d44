"""Runs over the API: ask for one, follow it, fetch its file."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post, route
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.response import ServerSentEvent
from msgspec import Struct

from tawny.errors import NotFoundError
from tawny.exports.queries import ExportName
from tawny.exports.request import moment_ms
from tawny.model.zones import requested_zone
from tawny.runs.naming import receipt_json
from tawny.server.api.shapes import (
    ColumnAnswer,
    ExportBody,
    RunAnswer,
    RunsAnswer,
    StateName,
    instant,
)
from tawny.server.events import run_changes
from tawny.server.files import run_file
from tawny.server.problems import responses
from tawny.server.services import Chart, Services
from tawny.state.callers import Caller, Scope
from tawny.state.run_rows import RunFilter, RunState

_READ = {"scope": Scope.EXPORTS_READ}
_WRITE = {"scope": Scope.EXPORTS_WRITE}
RunId = Annotated[str, Parameter(min_length=1, max_length=64, description="Id of a run")]


class EstimateAnswer(Struct, rename={"start": "from_utc", "end": "to_utc"}):
    """How much an export would hold now. `rows` is null when counting takes too long."""

    rows: int | None
    start: str | None
    end: str | None
    as_of: str


class PreviewAnswer(Struct):
    """The first rows, cells as in the CSV; null = empty."""

    columns: list[ColumnAnswer]
    rows: list[list[str | None]]


@post(
    "/exports",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 409, 413, 415, 503),
    summary="Ask for an export",
)
def start_export(
    services: Services,
    caller: Caller,
    spoken: str,
    data: ExportBody,
    idempotency_key: Annotated[
        str | None,
        Parameter(
            header="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$",
            description="The same key with the same request is the same run.",
        ),
    ] = None,
) -> Response[RunAnswer]:  # fmt: skip
    """Queues a run and answers at once. A supervisor who names no channels means all of them that
    were given."""
    run = services.runs.start(caller, data.request(), idempotency_key)
    return Response(
        RunAnswer.of(run, spoken),
        status_code=202,
        headers={"Location": f"/api/v1/exports/{run.id}"},
    )


@get(
    "/exports",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 503),
    summary="List runs",
)
def list_exports(
    services: Services,
    caller: Caller,
    spoken: str,
    states: Annotated[list[StateName] | None, Parameter(query="state")] = None,
    export: list[ExportName] | None = None,
    owner: Annotated[str | None, Parameter(max_length=128)] = None,
    channel: Annotated[str | None, Parameter(max_length=256)] = None,
    text: Annotated[str | None, Parameter(query="q", max_length=256)] = None,
    created_from: Annotated[str | None, Parameter(max_length=64)] = None,
    created_to: Annotated[str | None, Parameter(max_length=64)] = None,
    sort: Annotated[str, Parameter(max_length=32)] = "-created",
    cursor: Annotated[str | None, Parameter(max_length=512)] = None,
    limit: Annotated[int, Parameter(ge=1, le=500)] = 50,
) -> RunsAnswer:
    """The runs the caller may see. `sort` is created, type, state, owner or rows, with a `-` from
    the largest; `cursor` is the `next_cursor` of the page before."""
    utc = requested_zone("UTC")
    page = services.runs.list(
        caller,
        RunFilter(
            states=[RunState(name) for name in states or ()],
            export_types=export or (),
            owner=owner,
            channel=channel,
            created_from_ms=(created_from and moment_ms("created_from", created_from, utc)) or None,
            created_to_ms=(created_to and moment_ms("created_to", created_to, utc)) or None,
            text=text,
        ),
        sort,
        cursor,
        limit,
    )
    return RunsAnswer(
        [RunAnswer.of(run, spoken) for run in page.items], page.next_cursor, page.total
    )


@get(
    "/exports/{run_id:str}",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="A run and how far it is",
)
def get_export(services: Services, caller: Caller, spoken: str, run_id: RunId) -> RunAnswer:
    """One run."""
    return RunAnswer.of(services.runs.get(caller, run_id), spoken)


@get(
    "/exports/{run_id:str}/receipt",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503)
    | {200: ResponseSpec(dict[str, Any], generate_examples=False)},
    summary="The receipt of a run",
)
def get_receipt(services: Services, caller: Caller, run_id: RunId) -> Response[Any]:
    """What the file is: enough to check it and to make it again. It stays when the file is gone."""
    run = services.runs.get(caller, run_id)
    if run.receipt is None:
        raise NotFoundError("receipt: {run_id} has none, it made no file", run_id=run_id)
    return Response(receipt_json(run).encode(), media_type="application/json")


@route(
    "/exports/{run_id:str}/file",
    http_method=["GET", "HEAD"],
    opt=_READ,
    sync_to_thread=True,
    status_code=200,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 416, 503)
    | {
        200: ResponseSpec(bytes, media_type="application/octet-stream", generate_examples=False),
        206: ResponseSpec(bytes, media_type="application/octet-stream", generate_examples=False),
    },
    summary="The file of a run",
)
def get_file(
    request: Request[Any, Any, Any], services: Services, caller: Caller, run_id: RunId
) -> Response[Any]:
    """The whole file, or with `Range` a part of it. `ETag` is its SHA-256."""
    return run_file(request, services, caller, run_id)


@post(
    "/exports/{run_id:str}/cancel",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Cancel a run",
)
def cancel_export(services: Services, caller: Caller, spoken: str, run_id: RunId) -> RunAnswer:
    """Stops a run that waits or is at work."""
    return RunAnswer.of(services.runs.cancel(caller, run_id), spoken)


@post(
    "/exports/{run_id:str}/again",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="Run it again",
)
def export_again(services: Services, caller: Caller, spoken: str, run_id: RunId) -> RunAnswer:
    """The same request as a new run."""
    return RunAnswer.of(services.runs.again(caller, run_id), spoken)


@get(
    "/exports/{run_id:str}/preview",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="The first rows of a run",
)
def get_preview(
    services: Services,
    caller: Caller,
    run_id: RunId,
    rows: Annotated[int, Parameter(ge=1, le=100)] = 100,
) -> PreviewAnswer:
    """Up to a hundred rows with their columns."""
    preview = services.preview(caller, run_id, rows)
    assert preview is not None  # it waited
    return PreviewAnswer(
        [ColumnAnswer.of(position, column) for position, column in enumerate(preview.columns, 1)],
        [list(row) for row in preview.rows],
    )


@get(
    "/exports/{run_id:str}/charts",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="The charts of a run",
)
def get_charts(services: Services, caller: Caller, run_id: RunId) -> list[Chart]:
    """Numbers to draw; none for a type that is better read."""
    charts = services.charts(caller, run_id)
    assert charts is not None  # it waited
    return list(charts)


@post(
    "/estimate",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 413, 415, 503),
    summary="How many rows an export would have",
)
def estimate(services: Services, caller: Caller, data: ExportBody) -> EstimateAnswer:
    """Counts without writing a file."""
    found = services.estimate(caller, data.request())
    return EstimateAnswer(
        rows=found.rows,
        start=instant(found.from_ms),
        end=instant(found.to_ms),
        as_of=instant(found.as_of_ms) or "",
    )


@get("/changes", opt=_READ, include_in_schema=False)
async def changes(
    request: Request[Any, Any, Any], services: Services, caller: Caller, spoken: str
) -> ServerSentEvent:
    """Every change of a run the caller may see, as server-sent events named `run`."""
    return run_changes(
        request,
        services,
        caller,
        lambda run: msgspec.json.encode(RunAnswer.of(run, spoken)).decode(),
    )


HANDLERS = (
    start_export, list_exports, get_export, get_receipt, get_file, cancel_export, export_again,
    get_preview, get_charts, estimate, changes,
)  # fmt: skip
