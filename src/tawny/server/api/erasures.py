"""Erasures over the API: a contact is taken out of everything, with a certificate."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from tawny.background.erasures import AskedErasure
from tawny.erasures.certificate import Certificate
from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Services
from tawny.server.problems import responses

_ADMIN = {"scope": Scope.ADMIN}
ContactId = Annotated[
    str,
    Meta(min_length=1, max_length=255, description="As the events have it"),
]


class ErasureBody(Struct, forbid_unknown_fields=True):
    """Who is to be erased."""

    contact_id: ContactId


class ErasureAnswer(Struct):
    """An erasure; `certificate` once it is done."""

    id: str
    contact_id: str
    state: Literal["running", "done"]
    requested_by: str
    requested_at: datetime.datetime
    certificate: Certificate | None

    @classmethod
    def of(cls, asked: AskedErasure) -> ErasureAnswer:
        """From an erasure."""
        request = asked.request
        return cls(
            request.id,
            request.contact_id,
            "running" if asked.result is None else "done",
            request.requested_by,
            request.requested_at,
            asked.result,
        )


class ErasurePageAnswer(Struct):
    """A part of all erasures, newest first."""

    items: list[ErasureAnswer]
    total: int


@post(
    "/erasures", opt=_ADMIN, status_code=202, sync_to_thread=True, tags=["log"],
    responses=responses(400, 401, 403, 413, 415, 503), summary="Erase a contact",
)  # fmt: skip
def erase_contact(services: Services, caller: Caller, data: JSONBody[ErasureBody]) -> ErasureAnswer:
    """Nothing brings the contact back. The event contact.erased is taken in, the log and the files
    that are kept are purged, what was delivered is made again; then the certificate is there."""
    return ErasureAnswer.of(services.erasures.request(caller, data.contact_id))


@get(
    "/erasures", opt=_ADMIN, sync_to_thread=True, tags=["log"],
    responses=responses(400, 401, 403, 503), summary="Erasures and their certificates",
)  # fmt: skip
def list_erasures(
    services: Services,
    caller: Caller,
    offset: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
) -> ErasurePageAnswer:
    """Those that are being carried out first, then the newest."""
    found = services.erasures.list(caller)
    return ErasurePageAnswer(
        [ErasureAnswer.of(one) for one in found[offset : offset + limit]], len(found)
    )


@get(
    "/erasures/{erasure_id:str}", opt=_ADMIN, sync_to_thread=True, tags=["log"],
    responses=responses(401, 403, 404, 503), summary="An erasure and its certificate",
)  # fmt: skip
def get_erasure(services: Services, caller: Caller, erasure_id: FromPath[str]) -> ErasureAnswer:
    """What was removed where, what could not be reached, and how it was checked."""
    return ErasureAnswer.of(services.erasures.get(caller, erasure_id))


HANDLERS = (erase_contact, list_erasures, get_erasure)
"""What the application serves of this."""
