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
    LogVersionError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    RequestError,
    StorageError,
    TawnyError,
    TooManyError,
)
from tawny.languages import accepted, translated
from tawny.model.checking import TooManyEventsError
from tawny.model.refusals import Refusal
from tawny.runs.hidden_paths import without_places
from tawny.server.bodies import TooLargeError, UnsupportedEncodingError, UnsupportedMediaError
from tawny.server.json_values import WrongValueError, wrong_parameter
from tawny.text import Text, joined

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("tawny.server")

STATUS: tuple[tuple[type[TawnyError], int], ...] = (
    (NotSignedInError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (TooManyError, 429),
    (TooLargeError, 413),
    (TooManyEventsError, 413),
    (UnsupportedMediaError, 415),
    (UnsupportedEncodingError, 415),
    (RequestError, 400),
    (StorageError, 503),
    (LogVersionError, 503),
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


def status_of(error: TawnyError) -> int:
    """The HTTP status of an error of ours."""
    return next(status for known, status in STATUS if isinstance(error, known))


def problem_response(
    request: Request[Any, Any, Any],
    status: int,
    detail: Text | str,
    errors: Sequence[Fault] | UnsetType = UNSET,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """An error answer, in the language the caller prefers."""
    language = language_of(request)
    return Response(
        problem(request, status, detail, errors),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={
            "Content-Language": language, "Vary": "Accept-Language", **(headers or {}),
        },
    )  # fmt: skip


def problem(
    request: Request[Any, Any, Any],
    status: int,
    detail: Text | str,
    errors: Sequence[Fault] | UnsetType = UNSET,
) -> Problem:
    """The one place that says what went wrong, in the language the caller prefers."""
    language = language_of(request)
    return Problem(
        title=translated(Text(HTTPStatus(status).phrase), language),
        status=status,
        detail=translated(detail, language),
        request_id=request_id(request),
        errors=errors,
    )


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language of a program's answer: of `Accept-Language`, English by default."""
    return accepted(request.headers.get("accept-language", ""))


async def provide_language(request: Request[Any, Any, Any]) -> str:
    """The same for handlers that name a parameter `language`."""
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
    if isinstance(error, UnsupportedEncodingError):
        headers["Accept-Encoding"] = ", ".join([*error.allowed, "identity"])
    if status >= 500:
        _log.error("request failed: %s", error, extra={"request_id": request_id(request)})
    errors: list[Fault] | UnsetType = UNSET
    if isinstance(error, WrongValueError):
        message = translated(error.message, language_of(request))
        errors = [Fault(field=error.field, message=message)]
    return problem_response(request, status, text_for_caller(request, error), errors, headers)


def text_for_caller(request: Request[Any, Any, Any], error: TawnyError) -> Text:
    """What the caller of a request is told of an error: where files lie only administrators."""
    caller = request.scope["state"].get("caller")
    if caller is not None and caller.administrator:
        return error.text
    return without_places(error.text, request.app.state.services.home)


def faults(refusals: Sequence[Refusal], language: str) -> list[Fault]:
    """Refused events as an answer names them: an entry for each mistake."""
    return [
        Fault(
            field=mistake.field,
            message=translated(
                Text("found {found}; allowed {allowed}",
                     found=mistake.found, allowed=mistake.allowed), language,
            ),
            number=refusal.number,
        )
        for refusal in refusals
        for mistake in refusal.mistakes
    ]  # fmt: skip


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses: unknown addresses, methods, parameters that are not of their
    type. Its words are not ours: only the status, and which parameters, are taken from it."""
    if error.status_code >= 500:
        return answer_unforeseen(request, error)
    wrong = _wrong_parameters(request, error.extra if isinstance(error.extra, list) else [])
    if wrong:
        language = language_of(request)
        faults = [
            Fault(field=one.field, message=translated(one.message, language)) for one in wrong
        ]
        detail = joined("; ", [one.text for one in wrong])
        return problem_response(request, error.status_code, detail, faults)
    headers = {"Allow": ", ".join(_methods_at(request))} if error.status_code == 405 else {}
    detail = _DETAILS.get(error.status_code, _UNREADABLE)
    return problem_response(request, error.status_code, detail, headers=headers)


def _wrong_parameters(
    request: Request[Any, Any, Any], found: Sequence[object]
) -> list[WrongValueError]:
    """The parameters of which the framework says that they are wrong."""
    wrong: dict[str, WrongValueError] = {}
    # An address that is not there has none.
    handler = request.scope.get("route_handler")
    kinds = getattr(handler, "signature_model", None)
    for one in found:
        key = str(one.get("key", "")).partition(".")[0] if isinstance(one, dict) else ""
        kind = None if kinds is None else kinds.__annotations__.get(key)
        if kind is None:
            continue
        if key == "data":
            wrong[key] = wrong_parameter("body", None, kind)
            continue
        declared = handler.parsed_fn_signature.parameters[key].kwarg_definition
        name = getattr(declared, "name", None) or key
        value = (
            request.query_params.get(name) or request.headers.get(name)
            or request.path_params.get(name)
        )  # fmt: skip
        wrong[key] = wrong_parameter(name, value, kind)
    return list(wrong.values())


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
}
_UNREADABLE = Text("the request cannot be read; /api/v1/docs says what this address takes")


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
