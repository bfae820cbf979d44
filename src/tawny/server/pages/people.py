"""People and their rights, and API tokens. For administrators."""

from __future__ import annotations

import time
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from tawny.errors import RequestError
from tawny.server.pages import names
from tawny.server.pages.names import N_
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.submitted import Submitted
from tawny.server.services import Services
from tawny.state.accounts import SHORTEST_PASSWORD
from tawny.state.callers import Caller, Role, Scope

_ADMIN = {"scope": Scope.ADMIN}
_DAY_MS = 86_400_000
ENDS = {"30": N_("30 days"), "90": N_("90 days"), "365": N_("1 year"), "": N_("never")}
"""Days until a token ends."""
DONE = {
    "created": N_("The person can sign in now. Pass the password on safely."),
    "changed": N_("Saved."),
    "revoked": N_("The token works no longer."),
}


def _page(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    *,
    status: int = 200,
    **more: Any,
) -> Response[Any]:
    context: dict[str, Any] = {
        "done": DONE.get(request.query_params.get("done", ""), ""),
        "problem": None,
        "filled": Submitted([]),
        "opened": "",
        "secret": None,
        **more,
    }
    return render(
        request, caller, "people.html", status=status,
        users=services.accounts.users(caller),
        tokens=services.tokens.list(caller),
        channels=services.channels(caller),
        roles=list(Role),
        scopes=[scope for scope in Scope if caller.may(scope)],
        ends=ENDS,
        shortest=SHORTEST_PASSWORD,
        **context,
    )  # fmt: skip


@get("/people", opt=_ADMIN, sync_to_thread=True)
def people_page(request: AnyRequest, caller: Caller, services: Services) -> Response[Any]:
    """Users, their roles and channels, and tokens."""
    return _page(request, caller, services)


@post("/people", opt=_ADMIN, sync_to_thread=True, status_code=200)
def create_person(
    request: AnyRequest, caller: Caller, services: Services, form: Submitted
) -> Response[Any]:
    """A new person with a first password."""
    password = form.secret("password")
    if len(password) < SHORTEST_PASSWORD:
        reader = reader_of(request, caller)
        text = reader.translate(N_("The password is too short: at least %(num)s characters."))
        problem = {"text": text % {"num": SHORTEST_PASSWORD}}
        return _page(
            request, caller, services, status=400, problem=problem, filled=form, opened="new"
        )
    try:
        services.accounts.create_user(
            caller,
            form.one("name"),
            password,
            Role(form.chosen("role", names.ROLES, "supervisor")),
            form.all("channel"),
            display_name=form.one("display_name"),
            presence="presence" in form,
        )
    except RequestError as error:
        problem = {"text": reader_of(request, caller).say(error.text)}
        return _page(
            request, caller, services, status=400, problem=problem, filled=form, opened="new"
        )
    return Redirect("/people?done=created", status_code=303)


@post("/people/{user_id:int}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def change_person(
    request: AnyRequest, caller: Caller, services: Services, form: Submitted, user_id: int
) -> Response[Any]:
    """Another name, role, channels, password; or in and out."""
    changes: dict[str, Any] = {
        "display_name": form.one("display_name"),
        "role": form.chosen("role", names.ROLES, "supervisor"),
        "channels": form.all("channel"),
        "presence": "presence" in form,
        "disabled": "disabled" in form,
    }
    if form.secret("password"):
        changes["password"] = form.secret("password")
    try:
        services.accounts.change_user(caller, user_id, changes)
    except RequestError as error:
        return _page(
            request, caller, services, status=400, opened=str(user_id),
            problem={"text": reader_of(request, caller).say(error.text)},
        )  # fmt: skip
    return Redirect("/people?done=changed", status_code=303)


@post("/people/tokens", opt=_ADMIN, sync_to_thread=True, status_code=200)
def create_token(
    request: AnyRequest, caller: Caller, services: Services, form: Submitted
) -> Response[Any]:
    """A new token; its secret is on this page and nowhere else."""
    days = form.chosen("days", ENDS, "90")
    expires_ms = time.time_ns() // 1_000_000 + int(days) * _DAY_MS if days else None
    scopes = [Scope(scope) for scope in form.all("scope") if scope in names.SCOPES]
    try:
        _token, secret = services.tokens.create(caller, form.one("name"), scopes, expires_ms)
    except RequestError as error:
        return _page(
            request, caller, services, status=400, opened="token",
            problem={"text": reader_of(request, caller).say(error.text)},
        )  # fmt: skip
    return _page(request, caller, services, secret=secret)


@post("/people/tokens/{token_id:int}/revoke", opt=_ADMIN, sync_to_thread=True)
def revoke_token(caller: Caller, services: Services, token_id: int) -> Redirect:
    """End a token at once."""
    services.tokens.revoke(caller, token_id)
    return Redirect("/people?done=revoked", status_code=303)


ROUTES = [people_page, create_person, change_person, create_token, revoke_token]
