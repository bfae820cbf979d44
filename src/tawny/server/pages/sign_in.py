"""The way in and out: the first administrator's link, sign-in, sign-out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import NotSignedInError, RequestError, TooManyError
from tawny.languages import LANGUAGES
from tawny.people.links import SetUp
from tawny.people.passwords import SHORTEST_PASSWORD
from tawny.server.auth import browser_of, client_address, with_session, without_session
from tawny.server.dependencies import Caller, MaybeCaller, Services
from tawny.server.pages.rendering import (
    LANGUAGE_COOKIE,
    AnyRequest,
    Reader,
    reader_of,
    render,
)
from tawny.server.pages.submitted import SubmittedForm
from tawny.server.problems import request_id
from tawny.text import N_

_YEAR_S = 31_536_000
_PUBLIC = {"public": True}


def local_path(text: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes the first page.

    >>> local_path("/log?x=1"), local_path("//evil.example"), local_path("https://evil.example")
    ('/log?x=1', '/', '/')
    """
    parts = urlsplit(text)
    if not text.startswith("/") or text.startswith(("//", "/\\")) or parts.netloc or parts.scheme:
        return "/"
    return text if text.isprintable() else "/"


def in_language(request: AnyRequest) -> Response[Any] | None:
    """The answer to a choice of language on a page for people who are not signed in."""
    language = request.query_params.get("language")
    if language not in LANGUAGES:
        return None
    response: Response[Any] = Redirect(request.url.path, status_code=303)
    response.set_cookie(
        Cookie(key=LANGUAGE_COOKIE, value=language, path="/", max_age=_YEAR_S, samesite="lax")
    )
    return response


@get("/sign-in", opt=_PUBLIC, sync_to_thread=True)
def sign_in_page(
    request: AnyRequest, services: Services, maybe_caller: MaybeCaller
) -> Response[Any]:
    """Name and password."""
    following = local_path(request.query_params.get("next", ""))
    if maybe_caller is not None:
        return Redirect(following, status_code=303)
    return in_language(request) or render(
        request, None, "sign_in.html", name="", problem=None, following=following,
        ended="ended" in request.query_params, empty=not services.links.anybody(),
    )  # fmt: skip


@post("/sign-in", opt=_PUBLIC, sync_to_thread=True, status_code=200)
def sign_in(request: AnyRequest, services: Services, form: SubmittedForm) -> Response[Any]:
    """Check them; the answer does not say which of the two was wrong."""
    following = local_path(form.one("next"))
    reader = reader_of(request, None)
    try:
        signed_in = services.accounts.sign_in(
            form.one("name"), form.secret("password"), client_address(request),
            request_id(request), browser_of(request),
        )  # fmt: skip
    except NotSignedInError:
        status, problem = 401, reader.translate(
            N_("Name and password do not fit together. Check both and try again.")
        )  # fmt: skip
    except TooManyError as error:
        status, minutes = 429, -(-error.retry_after_s // 60)
        problem = reader.plural(
            "Too many failed tries. Try again in %(num)s minute.",
            "Too many failed tries. Try again in %(num)s minutes.",
            minutes,
        ) % {"num": minutes}
    else:
        return with_session(request, Redirect(following, status_code=303), signed_in)
    return render(
        request, None, "sign_in.html", status=status, name=form.one("name"), problem=problem,
        following=following, ended=False, empty=not services.links.anybody(),
    )  # fmt: skip


@post("/sign-out", sync_to_thread=True)
def sign_out(caller: Caller, services: Services) -> Response[Any]:
    """End the session."""
    services.accounts.sign_out(caller)
    return without_session(Redirect("/sign-in", status_code=303))


@get("/set-up/{link:str}", opt=_PUBLIC, sync_to_thread=True)
def set_up_page(request: AnyRequest, services: Services, link: FromPath[str]) -> Response[Any]:
    """Where the one-time link leads: the first administrator is created here."""
    state = services.links.set_up_state(link)
    return in_language(request) or render(
        request, None, "set_up.html", status=200 if state is SetUp.OPEN else 404,
        state=state.value, name="", display_name="", problem=None, shortest=SHORTEST_PASSWORD,
    )  # fmt: skip


@post("/set-up/{link:str}", opt=_PUBLIC, sync_to_thread=True, status_code=200)
def set_up(
    request: AnyRequest, services: Services, form: SubmittedForm, link: FromPath[str]
) -> Response[Any]:
    """Create the first administrator and sign in."""
    reader = reader_of(request, None)
    password = form.secret("password")
    problem = new_password_problem(reader, password, form.secret("again"))
    if not problem and services.links.set_up_state(link) is SetUp.OPEN:
        try:
            signed_in = services.links.set_up(
                link, form.one("name"), password, form.one("display_name"),
                client_address(request), request_id(request),
            )  # fmt: skip
            return with_session(request, Redirect("/", status_code=303), signed_in)
        except RequestError as error:
            problem = reader.say(error.text)
    state = services.links.set_up_state(link)
    return render(
        request, None, "set_up.html", status=400 if state is SetUp.OPEN else 404,
        state=state.value, name=form.one("name"), display_name=form.one("display_name"),
        shortest=SHORTEST_PASSWORD, problem={"text": problem} if problem else None,
    )  # fmt: skip


@get("/reset/{link:str}", opt=_PUBLIC, sync_to_thread=True)
def reset_page(
    request: AnyRequest, services: Services, maybe_caller: MaybeCaller, link: FromPath[str]
) -> Response[Any]:
    """Where a link for a new password leads, also in a browser where somebody is signed in."""
    name = services.links.name_of_password_link(link)
    return in_language(request) or render(
        request, None, "reset.html", status=200 if name else 404, name=name, problem=None,
        shortest=SHORTEST_PASSWORD, token=_token(maybe_caller),
    )  # fmt: skip


@post("/reset/{link:str}", opt=_PUBLIC, sync_to_thread=True, status_code=200)
def reset(
    request: AnyRequest,
    services: Services,
    maybe_caller: MaybeCaller,
    form: SubmittedForm,
    link: FromPath[str],
) -> Response[Any]:
    """Set the new password and sign in."""
    reader = reader_of(request, None)
    password = form.secret("password")
    problem = new_password_problem(reader, password, form.secret("again"))
    if not problem:
        try:
            signed_in = services.links.set_password(
                link, password, client_address(request), request_id(request)
            )
            return with_session(request, Redirect("/", status_code=303), signed_in)
        except RequestError as error:
            problem = reader.say(error.text)
    name = services.links.name_of_password_link(link)
    return render(
        request, None, "reset.html", status=400 if name else 404, name=name,
        problem={"text": problem}, shortest=SHORTEST_PASSWORD, token=_token(maybe_caller),
    )  # fmt: skip


def _token(caller: Caller | None) -> str:
    """What a form must carry where somebody is signed in."""
    return (caller.csrf or "") if caller else ""


def new_password_problem(reader: Reader, password: str, again: str) -> str:
    """What is wrong with a new password that was typed twice; empty when nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        text = reader.translate(N_("The password is too short: at least %(num)s characters."))
        return text % {"num": SHORTEST_PASSWORD}
    if password != again:
        return reader.translate(N_("The two passwords differ."))
    return ""


ROUTES = [sign_in_page, sign_in, sign_out, set_up_page, set_up, reset_page, reset]
