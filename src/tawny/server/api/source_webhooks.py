"""What a desk announces: signed webhooks of a source, from anybody who holds the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import to_thread
from litestar import Response, head, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
from litestar.openapi.spec import Schema as OpenApiSchema
from litestar.params import PathParameter

from tawny.server.api.sources import SourceName
from tawny.server.auth import ANYBODY
from tawny.server.bodies import BoundedRequest
from tawny.server.dependencies import Services
from tawny.server.problems import responses
from tawny.sources.webhooks import WebhookCall

MOST_BYTES = 4 << 20
"""So much of a webhook is read."""

_OPEN = {"public": True, "anonymous": True}
"""Whose a webhook is, its signature says; nobody looks who else asks."""
Token = Annotated[str, PathParameter(max_length=64, description="The secret part of the address")]


@dataclass
class WebhookOperation(Operation):
    """Says that the body is the desk's; the framework never reads it."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=False,
            description="As the desk sends it.",
            content={"application/json": OpenAPIMediaType(schema=OpenApiSchema())},
        )


def _responses() -> dict[int, ResponseSpec]:
    taken = ResponseSpec(None, generate_examples=False, description="Taken")
    return responses(400, 401, 413, 503) | {200: taken, 202: taken}


@post(
    "/sources/{source:str}/webhook",
    opt=_OPEN,
    status_code=202,
    tags=["sources"],
    security=ANYBODY,
    operation_class=WebhookOperation,
    responses=_responses(),
    summary="Announce a change in a desk",
)
async def take_webhook(
    request: BoundedRequest, services: Services, source: SourceName
) -> Response[Any]:
    """For the desk: signed as its kind signs. Answered when it is durable that the record it names
    is to be read again; nothing else of it is kept or believed."""
    return await _taken(request, services, source, None)


@post(
    "/sources/{source:str}/webhook/{token:str}",
    opt=_OPEN,
    status_code=202,
    tags=["sources"],
    security=ANYBODY,
    operation_class=WebhookOperation,
    responses=_responses(),
    summary="Announce a change in a desk that does not sign",
)
async def take_unsigned_webhook(
    request: BoundedRequest, services: Services, source: SourceName, token: Token
) -> Response[Any]:
    """For a desk that cannot sign: the address is the secret."""
    return await _taken(request, services, source, token)


@head(
    "/sources/{source:str}/webhook",
    opt=_OPEN,
    sync_to_thread=False,
    tags=["sources"],
    security=ANYBODY,
    responses=responses(400),
    summary="Whether webhooks are taken here",
)
def look_for_webhook(source: SourceName) -> None:
    """For desks that look before they send; says nothing of whether there is such a source."""


async def _taken(
    request: BoundedRequest, services: Services, source: str, token: str | None
) -> Response[Any]:
    body = await request.body()
    call = WebhookCall({name.lower(): one for name, one in request.headers.items()}, body)
    # A database is written, and megabytes are looked through.
    status = await to_thread.run_sync(services.sources.take_webhook, source, token, call)
    return Response(None, status_code=status)


HANDLERS = (take_webhook, take_unsigned_webhook, look_for_webhook)
