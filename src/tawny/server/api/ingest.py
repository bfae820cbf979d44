"""`POST /api/v1/events`: events in, each with its answer, acknowledged when they are durable."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from anyio import to_thread
from litestar import Request, Response, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
from litestar.openapi.spec import Schema as OpenApiSchema
from msgspec import Struct

from tawny.errors import RequestError
from tawny.model.explanation import Refusal
from tawny.model.validation import check_lines, check_values
from tawny.server.metrics import Metrics
from tawny.server.problems import (
    EventsRefusedError,
    Fault,
    UnsupportedMediaError,
    fault,
    responses,
)
from tawny.server.services import Services
from tawny.state.callers import Caller, Scope
from tawny.text import Text

NDJSON = "application/x-ndjson"
BATCH = "application/cloudevents-batch+json"
ONE = "application/cloudevents+json"
JSON = "application/json"

_values: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class EventAnswer(Struct):
    """What came of one event: its line (from 1) or index (from 0)."""

    number: int
    answer: Literal["accepted", "refused"]


class EventsAnswer(Struct):
    """What came of a request. An accepted event is durable; whether it repeats one that is there
    already is found when it is moved into the log, and changes nothing."""

    accepted: int
    refused: int
    events: list[EventAnswer]
    errors: list[Fault]


@dataclass(frozen=True, slots=True)
class _Checked:
    lines: bytes
    accepted: Sequence[int]
    refusals: Sequence[Refusal]


@dataclass
class EventsOperation(Operation):
    """Says what the body may be; the framework never reads it."""

    def __post_init__(self) -> None:
        event = OpenApiSchema(
            type="object",  # type: ignore[arg-type]
            description="A CloudEvents 1.0 object of one of the types of the event contract.",
        )
        self.request_body = RequestBody(
            required=True,
            description="One event, an array of events, or one event a line.",
            content={
                ONE: OpenAPIMediaType(schema=event),
                BATCH: OpenAPIMediaType(
                    schema=OpenApiSchema(type="array", items=event)  # type: ignore[arg-type]
                ),
                NDJSON: OpenAPIMediaType(schema=OpenApiSchema(type="string")),  # type: ignore[arg-type]
            },
        )


@post(
    "/events",
    opt={"scope": Scope.EVENTS_WRITE},
    status_code=200,
    tags=["events"],
    operation_class=EventsOperation,
    responses=responses(400, 401, 403, 413, 415, 422, 429, 503),
    summary="Send events",
)
async def send_events(
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    metrics: Metrics,
    spoken: str,
) -> Response[EventsAnswer]:
    """One event, a batch or NDJSON. 200 when at least one event was accepted: look at `refused`.
    422 when every one was refused. What is answered as accepted is on the disk; sending it again
    changes nothing."""
    del caller  # the guard has asked for the right
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    large = len(body) > 262_144
    checked = await to_thread.run_sync(_check, kind, body) if large else _check(kind, body)
    if checked.refusals:
        await to_thread.run_sync(services.refused.add, "api", checked.refusals)
        metrics.events.labels("refused").inc(len(checked.refusals))
    if not checked.accepted:
        if checked.refusals:
            raise EventsRefusedError(checked.refusals)
        raise RequestError("events: found none; allowed one or more")
    await asyncio.wrap_future(services.acknowledger.submit(checked.lines, len(checked.accepted)))
    metrics.events.labels("accepted").inc(len(checked.accepted))
    answers = [EventAnswer(number, "accepted") for number in checked.accepted]
    if checked.refusals:
        refused = [EventAnswer(refusal.number, "refused") for refusal in checked.refusals]
        answers = sorted(itertools.chain(answers, refused), key=lambda answer: answer.number)
    return Response(
        EventsAnswer(
            accepted=len(checked.accepted),
            refused=len(checked.refusals),
            events=answers,
            errors=[fault(refusal, spoken) for refusal in checked.refusals],
        )
    )


def _check(kind: str, body: bytes) -> _Checked:
    if kind == NDJSON:
        return _check_lines(body)
    if kind in (ONE, BATCH, JSON):
        start = body.lstrip()[:1]
        if kind == BATCH and start != b"[":
            raise RequestError("body: found no JSON array; {batch} is one", batch=BATCH)
        if start == b"[" and kind != ONE:
            try:
                values = [bytes(value) for value in _values.decode(body)]
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise RequestError(
                    "body: found no JSON array of events ({error})", error=error
                ) from None
        else:
            values = [body]
        return _check_values(values)
    raise UnsupportedMediaError(
        "Content-Type: found {found}; allowed {one}, {batch}, {ndjson}, {json}",
        found=kind or Text("none"),
        one=ONE,
        batch=BATCH,
        ndjson=NDJSON,
        json=JSON,
    )


def _check_lines(body: bytes) -> _Checked:
    # A mark that some editors put before UTF-8 is no part of the first event.
    body = body.removeprefix(b"\xef\xbb\xbf")
    checked = check_lines(body)
    if checked.refusals:
        lines = body.split(b"\n")
        body = b"\n".join(lines[number - 1] for number in checked.accepted)
    if not body.endswith(b"\n"):
        body += b"\n"
    return _Checked(body, checked.accepted, checked.refusals)


def _check_values(values: Sequence[bytes]) -> _Checked:
    checked = check_values(values)
    # A line end inside a JSON value is only ever white space.
    lines = [
        values[number].replace(b"\r", b" ").replace(b"\n", b" ").strip()
        for number in checked.accepted
    ]
    return _Checked(b"\n".join(lines) + b"\n", checked.accepted, checked.refusals)
