"""Destinations over the API."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter

from tawny.people.callers import Scope
from tawny.server.api.destination_shapes import DestinationAnswer, DestinationBody
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

_LOOK = {"scope": (Scope.SCHEDULES_WRITE, Scope.ADMIN)}
_ADMIN = {"scope": Scope.ADMIN}
_TAGS = ["destinations"]
DestinationId = Annotated[int, PathParameter(ge=1, le=2**53, description="Id of a destination")]


@get(
    "/destinations",
    opt=_LOOK,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(401, 403, 503),
    summary="List destinations",
)
def list_destinations(
    services: Services, caller: Caller, language: Language
) -> list[DestinationAnswer]:
    """All of them, by name; their settings are for administrators."""
    whole = caller.administrator
    found = services.destinations.list(caller)
    return [DestinationAnswer.of(one, language, whole=whole) for one in found]


@post(
    "/destinations",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 409, 413, 415, 500, 503),
    summary="Set up a destination",
)
def add_destination(
    services: Services, caller: Caller, language: Language, data: JSONBody[DestinationBody]
) -> DestinationAnswer:
    """Where files may be delivered to; test it before a schedule uses it. Secrets are given once
    and never shown; an SFTP server shows its `host_key`, which is expected from then on. The
    `signing_secret` that Tawny makes for a webhook stands in this answer and in no other."""
    made = services.destinations.add(caller, data.choice(services.home))
    return DestinationAnswer.of(made, language, whole=True)


@get(
    "/destinations/{destination_id:int}",
    opt=_LOOK,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="A destination",
)
def get_destination(
    services: Services, caller: Caller, language: Language, destination_id: DestinationId
) -> DestinationAnswer:
    """One destination and how it went the last time."""
    found = services.destinations.get(caller, destination_id)
    return DestinationAnswer.of(found, language, whole=caller.administrator)


@put(
    "/destinations/{destination_id:int}",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 500, 503),
    summary="Change a destination",
)
def change_destination(
    services: Services, caller: Caller, language: Language, destination_id: DestinationId,
    data: JSONBody[DestinationBody],
) -> DestinationAnswer:  # fmt: skip
    """All of it but the kind. Secrets that are not given stay; a new `signing_secret` of a webhook
    signs beside the one before."""
    changed = services.schedules.change_destination(
        caller, destination_id, data.choice(services.home)
    )
    return DestinationAnswer.of(changed, language, whole=True)


@delete(
    "/destinations/{destination_id:int}",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 503)
    | {204: ResponseSpec(None, description="Removed", generate_examples=False)},
    summary="Remove a destination",
)
def remove_destination(services: Services, caller: Caller, destination_id: DestinationId) -> None:
    """One to which no schedule delivers. What was delivered there stays."""
    services.destinations.remove(caller, destination_id)


@post(
    "/destinations/{destination_id:int}/test",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 500, 503),
    summary="Test a destination",
)
def test_destination(
    services: Services, caller: Caller, language: Language, destination_id: DestinationId
) -> DestinationAnswer:
    """Writes, reads back and removes a small file, or sends a message marked as a test, and says
    what failed."""
    found = services.destinations.test(caller, destination_id)
    return DestinationAnswer.of(found, language, whole=True)


HANDLERS = (
    list_destinations, add_destination, get_destination, change_destination, remove_destination,
    test_destination,
)  # fmt: skip
