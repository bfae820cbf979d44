"""`POST /api/v1/events`: events in, each with its answer, acknowledged when they are durable."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from anyio import to_thread
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody
from litestar.openapi.spec import Schema as OpenApiSchema
from litestar.response import Stream
from msgspec import Struct

from tawny.errors import RequestError
from tawny.model.checking import ACCEPTED, DUPLICATE, REFUSED, CheckedRequest
from tawny.people.callers import Scope
from tawny.server.api.event_body import BATCH, NDJSON, ONE, checked_events
from tawny.server.bodies import BoundedRequest, check_encoding
from tawny.server.compressed import ENCODINGS, decompressed
from tawny.server.dependencies import Caller, Language, Metrics, Services
from tawny.server.problems import (
    MEDIA_TYPE,
    Fault,
    Problem,
    faults,
    problem,
    request_id,
    responses,
)  # fmt: skip
from tawny.text import Text

_QUICK_BYTES = 16 << 10
"""What is larger is checked in a thread, so that nobody else waits for it."""
_NAMED_AT_ONCE = 8_192
_WORDS = {ACCEPTED: "accepted", DUPLICATE: "duplicate", REFUSED: "refused"}


class EventAnswer(Struct):
    """What came of one event: its line (from 1) or index (from 0)."""

    number: int
    answer: Literal["accepted", "duplicate", "refused"]


class EventsAnswer(Struct):
    """What came of a request. An accepted event is durable, a duplicate was there already."""

    accepted: int
    duplicates: int
    refused: int
    events: list[EventAnswer]
    errors: list[Fault]


class NoEventsTaken(Problem):
    """Every event of a request was refused: a problem that says of each what is wrong."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    events: tuple[EventAnswer, ...] = ()


@dataclass
class EventsOperation(Operation):
    """Says what the body may be; the framework never reads it."""

    def __post_init__(self) -> None:
        event = Reference(ref="#/components/schemas/Event")
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
    opt={"scope": Scope.EVENTS_WRITE, "encodings": ENCODINGS},
    status_code=200,
    tags=["events"],
    operation_class=EventsOperation,
    responses=responses(400, 401, 403, 413, 415, 429, 503)
    | {
        200: ResponseSpec(EventsAnswer, generate_examples=False),
        422: ResponseSpec(
            NoEventsTaken,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(422).phrase,
        ),
    },
    summary="Send events",
)
async def send_events(
    request: BoundedRequest,
    services: Services,
    caller: Caller,
    metrics: Metrics,
    language: Language,
) -> Response[Any]:
    """One event, a batch or NDJSON, also compressed. 200 when at least one event was accepted or
    a duplicate, or none was sent in an array: look at `refused`. 422 when every one was refused.
    What is answered as accepted is on the disk; sending it again changes nothing and is answered as
    a duplicate. `errors` explains the first 100 that were refused."""
    del caller  # `admit` has checked the right
    body = await request.body()
    encoding = check_encoding(request, request.route_handler)
    if encoding != "identity":
        body = await to_thread.run_sync(decompressed, body, encoding, request.most_bytes())
    most_bytes = request.most_bytes()
    if len(body) > _QUICK_BYTES:
        checked = await to_thread.run_sync(checked_events, request.headers, body, most_bytes)
    else:
        checked = checked_events(request.headers, body, most_bytes)
    del body
    refused = checked.refused
    if refused:
        await to_thread.run_sync(services.refused.add, "api", checked.refusals, refused)
        metrics.events.labels("refused").inc(refused)
    if checked.accepted:
        waiting = services.acknowledger.submit(checked.legal(), request_id(request))
        found = await asyncio.wrap_future(waiting)
        if found.count(ACCEPTED) < len(found.outcomes):
            conflicts = checked.compare(found.outcomes, found.refusals)
            if count := found.count(REFUSED):
                await to_thread.run_sync(services.refused.add, "api", conflicts, count)
                metrics.events.labels("refused").inc(count)
        metrics.events.labels("duplicate").inc(checked.duplicates)
        metrics.events.labels("accepted").inc(checked.accepted)
    elif not checked.array and not refused:
        raise RequestError("events: found none; allowed one or more")
    return _answer(request, checked, language)


def _answer(request: BoundedRequest, checked: CheckedRequest, language: str) -> Response[Any]:
    """What came of each event. Long answers are made while they are sent."""
    members: dict[str, object] = {}
    status = 200
    if checked.refused and not checked.accepted and not checked.duplicates:
        status = 422
        detail = Text("events: found {count}, all of them refused; see errors",
                      count=checked.refused)  # fmt: skip
        members = msgspec.to_builtins(problem(request, status, detail))
    members |= {
        "accepted": checked.accepted,
        "duplicates": checked.duplicates,
        "refused": checked.refused,
    }
    errors = faults(checked.refusals, language)
    start = msgspec.json.encode(members)[:-1] + b',"events":['
    end = b'],"errors":' + msgspec.json.encode(errors) + b"}"
    pieces = itertools.chain([start], _named(checked), [end])
    media_type = "application/json" if status == 200 else MEDIA_TYPE
    if len(checked.outcomes) <= _NAMED_AT_ONCE:
        return Response(b"".join(pieces), status_code=status, media_type=media_type)
    return Stream(pieces, status_code=status, media_type=media_type)


def _named(checked: CheckedRequest) -> Iterator[bytes]:
    """The members of `events`, some thousands at a time."""
    between = b""
    for start in range(0, len(checked.outcomes), _NAMED_AT_ONCE):
        number = checked.first + start
        parts = []
        for outcome, same in itertools.groupby(checked.outcomes[start : start + _NAMED_AT_ONCE]):
            following = number + sum(1 for _ in same)
            if outcome:
                answer = f',"answer":"{_WORDS[outcome]}"}}'
                numbers = f'{answer},{{"number":'.join(map(str, range(number, following)))
                parts.append(f'{{"number":{numbers}{answer}')
            number = following
        if parts:
            yield between + ",".join(parts).encode()
            between = b","
