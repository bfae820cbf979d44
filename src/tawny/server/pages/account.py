"""What a person decides about the own account: language, theme, password."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from tawny.errors import RequestError
from tawny.languages import LANGUAGES
from tawny.people.mailings import mail_is_set
from tawny.people.passwords import SHORTEST_PASSWORD
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    AnyRequest,
    reader_of,
    render,
)
from tawny.server.pages.sign_in import local_path
from tawny.server.pages.submitted import Submitted, SubmittedForm
from tawny.server.problems import status_of
from tawny.text import N_

_YEAR_S = 31_536_000


@get("/account", sync_to_thread=True)
def account_page(request: AnyRequest, caller: Caller, services: Services) -> Response[Any]:
    """Language, theme, password, open sessions."""
    return _page(request, caller, services, done=request.query_params.get("done", ""))


def _page(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    *,
    status: int = 200,
    done: str = "",
    problem: dict[str, Any] | None = None,
    mail_problem: str = "",
    email: str | None = None,
) -> Response[Any]:
    return render(
        request, caller, "account.html", status=status, done=done, problem=problem,
        shortest=SHORTEST_PASSWORD, mail_is_set=mail_is_set(services.settings),
        has_link=bool(services.settings.text("public_url")), mail_problem=mail_problem,
        email=caller.email if email is None else email,
        sessions=services.accounts.open_sessions.list(caller)[1],
    )  # fmt: skip


@post("/account/language", sync_to_thread=True)
def choose_language(caller: Caller, services: Services, form: SubmittedForm) -> Response[Any]:
    """Keep the language with the person and in this browser."""
    language = form.chosen("language", LANGUAGES, "en")
    services.accounts.set_preferences(
        caller,
        "fr" if language == "fr" else "en",
        caller.theme if caller.theme in ("light", "dark") else None,  # type: ignore[arg-type]
    )
    return _kept(form, LANGUAGE_COOKIE, language)


@post("/account/theme", sync_to_thread=True)
def choose_theme(caller: Caller, services: Services, form: SubmittedForm) -> Response[Any]:
    """Keep the theme with the person and in this browser."""
    theme = form.chosen("theme", ("light", "dark"), "system")
    services.accounts.set_preferences(
        caller,
        caller.language if caller.language in ("en", "fr") else None,  # type: ignore[arg-type]
        None if theme == "system" else theme,  # type: ignore[arg-type]
    )
    return _kept(form, THEME_COOKIE, theme)


def _kept(form: Submitted, name: str, value: str) -> Response[Any]:
    response: Response[Any] = Redirect(local_path(form.one("back")), status_code=303)
    response.set_cookie(Cookie(key=name, value=value, path="/", max_age=_YEAR_S, samesite="lax"))
    return response


@post("/account/email", sync_to_thread=True, status_code=200)
def choose_email(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """Where mail reaches the person; nothing = nowhere."""
    email = form.one("email")
    try:
        services.accounts.set_email(caller, email)
    except RequestError as error:
        said = reader_of(request, caller).say(error.text)
        return _page(request, caller, services, status=400, mail_problem=said, email=email)
    return Redirect("/account?done=email", status_code=303)


@post("/account/password", sync_to_thread=True, status_code=200)
def change_password(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """A new password; other sessions of the person end."""
    reader = reader_of(request, caller)
    new = form.secret("password")
    if new != form.secret("again"):
        problem = {"text": reader.translate(N_("The two passwords differ."))}
        return _page(request, caller, services, status=400, problem=problem)
    if len(new) < SHORTEST_PASSWORD:
        text = reader.translate(N_("The password is too short: at least %(num)s characters."))
        problem = {"text": text % {"num": SHORTEST_PASSWORD}}
        return _page(request, caller, services, status=400, problem=problem)
    try:
        services.accounts.change_password(caller, form.secret("old"), new)
    except RequestError as error:
        problem = {"text": reader.say(error.text)}
        return _page(request, caller, services, status=status_of(error), problem=problem)
    return Redirect("/account?done=password", status_code=303)


ROUTES = [account_page, choose_language, choose_theme, choose_email, change_password]
