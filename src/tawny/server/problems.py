"""The one shape of every error (RFC 9457), wherever it comes from: our own tree, the framework, a
mistake nobody foresaw."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import UNSET, Struct, UnsetType

from tawny.errors import (
    ConflictError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    RequestError,
    StorageError,
    TawnyError,
    TooManyError,
)
from tawny.languages import accepted, said
from tawny.model.explanation import Refusal
from tawny.server.framework import FRAMEWORK
from tawny.text import Text, joined

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("tawny.server")

STATUS: tuple[tuple[type[TawnyError], int], ...] = (
    (NotSignedInError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (TooManyError, 429),
    (RequestError, 400),
    (StorageError, 503),
    (TawnyError, 500),
)
"""The first class that fits gives the status."""

TITLES = (
    HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip
"""The statuses of errors; the title of a problem document is the phrase of its status."""


class Fault(Struct, omit_defaults=True):
    """One of several things wrong with a request."""

    field: str
    """The field or parameter, or what of the event."""
    message: str
    """What was found and what is allowed."""
    number: int | UnsetType = UNSET
    """Line (from 1) or index (from 0) of the event."""


class Problem(Struct, omit_defaults=True):
    """What went wrong (RFC 9457). `detail` is a sentence for a person."""

    title: str
    status: int
    detail: str
    request_id: str
    """Name it when you ask for help: the server's log has it too."""
    type: str = "about:blank"
    errors: Sequence[Fault] | UnsetType = UNSET


class UnsupportedMediaError(RequestError):
    """A body in a media type that nobody reads."""


class EventsRefusedError(RequestError):
    """Every event of a request was refused."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(
            "events: found {count}, all of them refused; see errors", count=len(refusals)
        )
        self.refusals = refusals


def status_of(error: TawnyError) -> int:
    """The HTTP status of an error of ours."""
    if isinstance(error, EventsRefusedError):
        return 422
    if isinstance(error, UnsupportedMediaError):
        return 415
    return next(status for known, status in STATUS if isinstance(error, known))


def problem_response(
    request: Request[Any, Any, Any],
    status: int,
    detail: Text | str,
    errors: Sequence[Fault] | UnsetType = UNSET,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """The one place that makes an error answer, in the language the caller prefers."""
    language = language_of(request)
    return Response(
        Problem(
            title=said(Text(HTTPStatus(status).phrase), language),
            status=status,
            detail=said(detail, language),
            request_id=request_id(request),
            errors=errors,
        ),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={
            "Content-Language": language, "Vary": "Accept-Language", **(headers or {}),
        },
    )  # fmt: skip


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language of a program's answer: of `Accept-Language`, English by default."""
    return accepted(request.headers.get("accept-language", ""))


async def provide_language(request: Request[Any, Any, Any]) -> str:
    """The same for handlers that name a parameter `spoken`."""
    return language_of(request)


def request_id(request: Request[Any, Any, Any]) -> str:
    """The id of a request, which is in its answer and in the log."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def answer_tawny_error(request: Request[Any, Any, Any], error: TawnyError) -> Response[Any]:
    """An error of our tree."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, NotSignedInError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    if status >= 500:
        _log.error("request failed: %s", error, extra={"request_id": request_id(request)})
    errors: list[Fault] | UnsetType = UNSET
    if isinstance(error, EventsRefusedError):
        language = language_of(request)
        errors = [fault(refusal, language) for refusal in error.refusals]
    return problem_response(request, status, error.text, errors, headers)


def fault(refusal: Refusal, language: str) -> Fault:
    """A refused event as an answer names it."""
    message = Text("found {found}; allowed {allowed}",
                   found=refusal.found, allowed=refusal.allowed)  # fmt: skip
    return Fault(
        field=refusal.field,
        message=said(message, language),
        number=refusal.number,
    )


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses: unknown addresses, methods, bodies that do not fit."""
    errors: list[Fault] | UnsetType = UNSET
    language = language_of(request)
    if isinstance(error.extra, list):
        errors = [
            Fault(
                field=str(one.get("key", "body")),
                message=said(FRAMEWORK.recognised(str(one.get("message", ""))), language),
            )
            for one in error.extra
            if isinstance(one, dict)
        ]
    detail: Text | str = _DETAILS.get(error.status_code) or FRAMEWORK.recognised(error.detail)
    if error.status_code == 400 and errors:
        parts = [
            Text("{field}: {message}", field=fault.field, message=fault.message) for fault in errors
        ]
        detail = joined("; ", parts)
    headers = {"Allow": ", ".join(_methods_at(request))} if error.status_code == 405 else {}
    if error.status_code >= 500:
        return answer_unforeseen(request, error)
    return problem_response(request, error.status_code, detail, errors, headers)


def _methods_at(request: Request[Any, Any, Any]) -> list[str]:
    """The methods an address takes."""
    found = []
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        with contextlib.suppress(HTTPException):
            request.app.asgi_router.handle_routing(path=request.scope["path"], method=method)
            found.append(method)
    return found


def answer_unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A mistake of ours: the caller gets an id to ask with, the log gets the rest."""
    _log.error(
        "unforeseen %s", type(error).__name__, exc_info=error,
        extra={"request_id": request_id(request)},
    )  # fmt: skip
    return problem_response(
        request, 500, Text("the server made a mistake; ask with the request id, its log says more")
    )


_DETAILS = {
    404: Text("there is nothing at this address"),
    405: Text("this address does not take this method; the header Allow names those it does"),
    413: Text("the request is larger than the setting request_mb allows; send less at a time"),
}


def responses(*statuses: int) -> dict[int, ResponseSpec]:
    """What the API document says of the errors of a route."""
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
        )
        for status in statuses
    }
