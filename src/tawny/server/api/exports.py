"""Runs over the API: ask for one, follow it, fetch its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post, route
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation
from litestar.openapi.spec import Schema as OpenApiSchema
from litestar.params import (
    FromPath,
    FromQuery,
    HeaderParameter,
    JSONBody,
    PathParameter,
    QueryParameter,
)
from litestar.response import ServerSentEvent
from msgspec import Struct

from tawny.errors import NotFoundError
from tawny.exports.file_kind import ARCHIVE
from tawny.exports.formats.registry import FORMATS
from tawny.model.zones import moment_ms, requested_zone
from tawny.people.callers import LOOKING_AT_RUNS, Scope
from tawny.queries.catalogue import ExportName
from tawny.runs.naming import receipt_json
from tawny.server.api.shapes import (
    ColumnAnswer,
    RunAnswer,
    RunBody,
    RunsAnswer,
    StateName,
    instant,
)
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.files import part_file, run_file
from tawny.server.problems import responses
from tawny.server.server_sent_events import run_changes
from tawny.server.services import Chart
from tawny.state.run_rows import RunFilter, RunState

_READ = {"scope": Scope.EXPORTS_READ}
_WRITE = {"scope": Scope.EXPORTS_WRITE}
_LOOK = {"scope": LOOKING_AT_RUNS}
RunId = Annotated[str, PathParameter(min_length=1, max_length=64, description="Id of a run")]


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


@dataclass
class FileOperation(Operation):
    """Says what the file may be: one of the formats, whole or a part of it."""

    def __post_init__(self) -> None:
        for status in ("200", "206"):
            answer = (self.responses or {})[status]
            assert isinstance(answer, OpenAPIResponse)
            answer.content = {
                media_type: OpenAPIMediaType(
                    schema=OpenApiSchema(type="string", format="binary")  # type: ignore[arg-type]
                )
                for media_type in dict.fromkeys(
                    [*(one.media_type for one in FORMATS), ARCHIVE.media_type]
                )
            }


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
    language: Language,
    data: JSONBody[RunBody],
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$",
            description="The same key with the same request is the same run.",
        ),
    ] = None,
) -> Response[RunAnswer]:  # fmt: skip
    """Queues a run and answers at once. A supervisor who names no channels means all of them that
    were given."""
    run = services.runs.start(caller, data.request(), idempotency_key, mail=data.mail)
    return Response(
        RunAnswer.of(run, language),
        status_code=202,
        headers={"Location": f"/api/v1/exports/{run.id}"},
    )


@get(
    "/exports",
    opt=_LOOK,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 503),
    summary="List runs",
)
def list_exports(
    services: Services,
    caller: Caller,
    language: Language,
    states: Annotated[list[StateName] | None, QueryParameter(name="state")] = None,
    export: FromQuery[list[ExportName] | None] = None,
    owner: Annotated[str | None, QueryParameter(max_length=128)] = None,
    channel: Annotated[str | None, QueryParameter(max_length=256)] = None,
    text: Annotated[str | None, QueryParameter(name="q", max_length=256)] = None,
    created_from: Annotated[str | None, QueryParameter(max_length=64)] = None,
    created_to: Annotated[str | None, QueryParameter(max_length=64)] = None,
    sort: Annotated[str, QueryParameter(max_length=32)] = "-created",
    cursor: Annotated[str | None, QueryParameter(max_length=512)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
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
        [RunAnswer.of(run, language) for run in page.items], page.next_cursor, page.total
    )


@get(
    "/exports/{run_id:str}",
    opt=_LOOK,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="A run and how far it is",
)
def get_export(services: Services, caller: Caller, language: Language, run_id: RunId) -> RunAnswer:
    """One run."""
    return RunAnswer.of(services.runs.get(caller, run_id), language)


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
        raise NotFoundError("this export has no receipt, it made no file")
    return Response(receipt_json(run).encode(), media_type="application/json")


@route(
    "/exports/{run_id:str}/file",
    http_method=["GET", "HEAD"],
    opt=_READ,
    sync_to_thread=True,
    status_code=200,
    tags=["exports"],
    operation_class=FileOperation,
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


@get(
    "/exports/{run_id:str}/files/{export:str}",
    opt=_READ,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503)
    | {
        200: ResponseSpec(bytes, media_type="application/octet-stream", generate_examples=False),
    },
    summary="One file of a bundle",
)
def get_part(
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    run_id: RunId,
    export: FromPath[ExportName],
) -> Response[Any]:
    """The file of one export out of an archive. `ETag` is its SHA-256."""
    return part_file(request, services, caller, run_id, export)


@delete(
    "/exports/{run_id:str}/file",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Delete the file of a run",
)
def delete_file(services: Services, caller: Caller, language: Language, run_id: RunId) -> RunAnswer:
    """The run and its receipt stay."""
    return RunAnswer.of(services.delete_file(caller, run_id), language)


@delete(
    "/exports/{run_id:str}",
    opt=_WRITE,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503)
    | {204: ResponseSpec(None, description="Deleted", generate_examples=False)},
    summary="Delete a run",
)
def delete_export(services: Services, caller: Caller, run_id: RunId) -> None:
    """A run that has ended, with its file and receipt. What was done with it stays in the audit
    trail."""
    services.delete_run(caller, run_id)


@post(
    "/exports/{run_id:str}/cancel",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Cancel a run",
)
def cancel_export(
    services: Services, caller: Caller, language: Language, run_id: RunId
) -> RunAnswer:
    """Stops a run that waits or is at work."""
    return RunAnswer.of(services.runs.cancel(caller, run_id), language)


@post(
    "/exports/{run_id:str}/again",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="Run it on today's data",
)
def export_again(
    services: Services, caller: Caller, language: Language, run_id: RunId
) -> RunAnswer:
    """The same request as a new run, on what the log holds now."""
    return RunAnswer.of(services.runs.again(caller, run_id), language)


@post(
    "/exports/{run_id:str}/remake",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Make its file again",
)
def remake_export(
    services: Services, caller: Caller, language: Language, run_id: RunId
) -> RunAnswer:
    """The same file, byte for byte, from the receipt, as a new run: for a file that was deleted
    when its time was over. The run fails and says why when the bytes would be others."""
    return RunAnswer.of(services.runs.remake(caller, run_id), language)


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
    rows: Annotated[int, QueryParameter(ge=1, le=100)] = 100,
    export: FromQuery[ExportName | None] = None,
) -> PreviewAnswer:
    """Up to a hundred rows with their columns; of a bundle those of the `export` that is named."""
    preview = services.preview(caller, run_id, rows, export_type=export)
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
def get_charts(
    services: Services, caller: Caller, run_id: RunId, export: FromQuery[ExportName | None] = None
) -> list[Chart]:
    """Numbers to draw; none for a type that is better read. Of a bundle those of the `export` that
    is named."""
    charts = services.charts(caller, run_id, export_type=export)
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
def estimate(services: Services, caller: Caller, data: JSONBody[RunBody]) -> EstimateAnswer:
    """Counts without writing a file."""
    found = services.estimate(caller, data.request())
    return EstimateAnswer(
        rows=found.rows,
        start=instant(found.from_ms),
        end=instant(found.to_ms),
        as_of=instant(found.as_of_ms) or "",
    )


@get("/changes", opt=_LOOK, include_in_schema=False)
async def changes(
    request: Request[Any, Any, Any], services: Services, caller: Caller, language: Language
) -> ServerSentEvent:
    """Every change of a run the caller may see, as server-sent events named `run`."""
    return run_changes(
        request,
        services,
        caller,
        lambda run: msgspec.json.encode(RunAnswer.of(run, language)).decode(),
    )


HANDLERS = (
    start_export, list_exports, get_export, get_receipt, get_file, get_part, delete_file,
    delete_export, cancel_export, export_again, remake_export, get_preview, get_charts, estimate,
    changes,
)  # fmt: skip
