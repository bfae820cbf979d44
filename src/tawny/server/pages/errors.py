"""Errors as pages: what happened, in words, and where to go from here."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import NotFoundError, NotSignedInError, TawnyError
from tawny.server import problems
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.problems import request_id, status_of
from tawny.text import N_, Text

HEADINGS = {
    400: N_("This request cannot be carried out"),
    401: N_("Sign in first"),
    403: N_("You do not have access"),
    404: N_("There is nothing here"),
    405: N_("This cannot be done here"),
    409: N_("This cannot be done now"),
    413: N_("This is too large"),
    415: N_("This cannot be read here"),
    429: N_("Too often"),
    503: N_("The server cannot do this now"),
    500: N_("Something went wrong on our side"),
}


def error_page(request: AnyRequest, status: int, detail: str) -> Response[Any]:
    """A page that says what went wrong; for a page's script only the message."""
    caller = request.scope["state"].get("caller")
    return render(
        request,
        caller,
        "parts/error.html" if is_part(request) else "error.html",
        status=status,
        heading=HEADINGS.get(status, HEADINGS[500 if status >= 500 else 400]),
        detail=detail,
        code=status,
        request_id=request_id(request),
    )


def to_sign_in(request: AnyRequest) -> Response[Any]:
    """The way to the sign-in page and back here afterwards."""
    if is_part(request):
        page = request.headers.get("hx-current-url", "")
        _, _, path = page.partition("//")
        _, _, path = path.partition("/")
        target = f"/sign-in?ended=1&next={quote('/' + path)}"
        return Response("", status_code=401, headers={"HX-Redirect": target})
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET":
        here = "/"
    ended = "&ended=1" if "tawny_session" in request.cookies else ""
    return Redirect(f"/sign-in?next={quote(here)}{ended}", status_code=303)


def answer_tawny_error(request: AnyRequest, error: TawnyError) -> Response[Any]:
    """An error of our tree on a page."""
    if isinstance(error, NotSignedInError):
        return to_sign_in(request)
    reader = reader_of(request, request.scope["state"].get("caller"))
    return error_page(request, status_of(error), reader.say(for_people(request, error)))


def for_people(request: AnyRequest, error: TawnyError) -> Text:
    """An error in the words of somebody who looks at a page and knows no ids."""
    if isinstance(error, NotFoundError):
        return Text("It does not exist, or it was not given to you.")
    return problems.text_for_caller(request, error)


def answer_unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    """A mistake of ours on a page: the reader gets a number to ask with, the log gets the rest."""
    problems.answer_unforeseen(request, error)
    return error_page(request, 500, "")


def answer_http_exception(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """What the framework refuses on a page."""
    if error.status_code == 401:
        return to_sign_in(request)
    return error_page(request, error.status_code, "")


@get("/{rest:path}", opt={"public": True}, sync_to_thread=False)
def nothing_here(rest: FromPath[str]) -> None:  # noqa: ARG001 - the address says it
    """Any other address is answered by a page too."""
    raise NotFoundException


ROUTES = [nothing_here]
