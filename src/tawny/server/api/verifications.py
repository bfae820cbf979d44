"""Verifications over the API: whether the exports agree with each other, and files are as they
were written."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tawny.background.verifications import AskedVerification
from tawny.languages import translated
from tawny.people.callers import Scope
from tawny.reading.verification import VerificationResult, new_verification
from tawny.reading.verify_words import holds_of, numbers_of
from tawny.server.api.shapes import ChannelId, LaterMoment, Moment
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

_ADMIN = {"scope": Scope.ADMIN}


class VerificationBody(Struct, rename={"start": "from", "end": "to"}, forbid_unknown_fields=True):
    """What is verified; without a range that of the log."""

    time_zone: Annotated[str, Meta(max_length=64, description="IANA name")] = "UTC"
    start: Moment | None = None
    end: LaterMoment | None = None
    channels: Annotated[tuple[ChannelId, ...], Meta(max_length=1000)] = ()
    as_of: LaterMoment | None = None


class VerificationCheckAnswer(Struct):
    """One check; `holds` and `says` are in the language of the request. `broken_names`: the first
    rows, by their keys, or files that break it."""

    name: str
    holds: str
    says: str
    met: bool
    left: int
    right: int
    broken: int
    broken_names: list[str]


class VerifiedAnswer(Struct, rename={"start": "from", "end": "to"}):
    """What came of a verification, as local times. `left_out_events` are in no export, because an
    earlier one has their source and id."""

    ended_at: datetime.datetime
    start: str
    end: str
    cut_at: list[str]
    as_of: str
    log_version: int
    left_out_events: int
    passed: bool
    checks: list[VerificationCheckAnswer]

    @classmethod
    def of(cls, result: VerificationResult, language: str) -> VerifiedAnswer:
        """From a result."""
        checks = [
            VerificationCheckAnswer(
                one.name,
                translated(holds_of(one.name), language),
                numbers_of(one.name, one.left, one.right, one.broken, language),
                one.met, one.left, one.right, one.broken, one.broken_names,
            )
            for one in result.checks
        ]  # fmt: skip
        return cls(
            result.ended_at, result.start, result.end, result.cut_at, result.as_of,
            result.log_version, result.left_out_events, result.passed, checks,
        )  # fmt: skip


class VerificationAnswer(Struct):
    """A verification; `result` once it is done."""

    id: str
    state: Literal["running", "done"]
    requested_by: str
    requested_at: datetime.datetime
    result: VerifiedAnswer | None

    @classmethod
    def of(cls, asked: AskedVerification, language: str) -> VerificationAnswer:
        """From a verification."""
        return cls(
            asked.request.id,
            "running" if asked.result is None else "done",
            asked.request.requested_by,
            asked.request.requested_at,
            None if asked.result is None else VerifiedAnswer.of(asked.result, language),
        )


@post(
    "/verifications", opt=_ADMIN, status_code=202, sync_to_thread=True, tags=["log"],
    responses=responses(400, 401, 403, 413, 415, 503), summary="Verify the log",
)  # fmt: skip
def request_verification(
    services: Services, caller: Caller, language: Language, data: JSONBody[VerificationBody]
) -> VerificationAnswer:
    """The exports of the range and of ranges that adjoin in it are made and compared, then every
    file of the log and of kept exports is read against its SHA-256."""
    asked = new_verification(
        caller.name, time_zone=data.time_zone, start=data.start, end=data.end,
        channels=data.channels, as_of=data.as_of,
    )  # fmt: skip
    return VerificationAnswer.of(services.verifications.request(caller, asked), language)


@get(
    "/verifications", opt=_ADMIN, sync_to_thread=True, tags=["log"],
    responses=responses(401, 403, 503), summary="Verifications and what came of them",
)  # fmt: skip
def list_verifications(
    services: Services, caller: Caller, language: Language
) -> list[VerificationAnswer]:
    """Those that are being carried out first, then the newest hundred."""
    return [VerificationAnswer.of(one, language) for one in services.verifications.list(caller)]


@get(
    "/verifications/{verification_id:str}", opt=_ADMIN, sync_to_thread=True, tags=["log"],
    responses=responses(401, 403, 404, 503), summary="A verification and what came of it",
)  # fmt: skip
def get_verification(
    services: Services, caller: Caller, language: Language, verification_id: FromPath[str]
) -> VerificationAnswer:
    """Each check with both its numbers, and the rows that break it."""
    return VerificationAnswer.of(services.verifications.get(caller, verification_id), language)


HANDLERS = (request_verification, list_verifications, get_verification)
"""What the application serves of this."""
