"""People and their rights, and API tokens. For administrators."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import ConflictError, RequestError
from tawny.model.zones import current_ms
from tawny.people.callers import Role, Scope
from tawny.people.passwords import SHORTEST_PASSWORD
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import labels as names
from tawny.server.pages.paging import paged
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.run_search import folded
from tawny.server.pages.submitted import Submitted, SubmittedForm
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
_DAY_MS = 86_400_000
PAGE_SIZE = 25
ENDS = {"30": N_("30 days"), "90": N_("90 days"), "365": N_("1 year"), "": N_("never")}
"""Days until a token ends."""
DONE = {
    "created": N_("The person can sign in now. Pass the password on safely."),
    "changed": N_("Saved."),
    "deleted": N_("The person is deleted."),
    "unlocked": N_("The person can try to sign in again."),
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
    text = request.query_params.get("q", "").strip()[:200]
    page = Submitted(request.query_params.multi_items()).number("page", 1)
    everybody = services.accounts.users(caller)
    wanted = folded(text).split()
    fitting = [
        user
        for user in everybody
        if all(word in folded(f"{user.name} {user.display_name}") for word in wanted)
    ]
    users = paged(fitting, page, PAGE_SIZE)
    edited = str(more.get("opened") or request.query_params.get("edit", ""))
    if edited.isdigit() and edited not in [str(user.id) for user in users.items]:
        users = paged([user for user in everybody if str(user.id) == edited], 1, PAGE_SIZE)

    def url(page: int) -> str:
        fields = {"q": text, "page": str(page) if page > 1 else ""}
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/people?{query}" if query else "/people"

    context: dict[str, Any] = {
        "done": DONE.get(request.query_params.get("done", ""), ""),
        "problem": None,
        "filled": Submitted([]),
        "secret": None,
        "invitation": None,
        **more,
        "opened": edited,
    }
    return render(
        request, caller, "people.html", status=status,
        users=users,
        activity=services.accounts.activity(caller),
        words=text,
        url=url,
        tokens=services.tokens.list(caller),
        channels=services.channels(caller),
        groups=services.accounts.groups.list(caller),
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
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """A new person with a first password."""
    password = form.secret("password")
    invited = not password
    if invited:
        password = secrets.token_urlsafe(32)  # nobody knows it: the person chooses another
    if len(password) < SHORTEST_PASSWORD:
        reader = reader_of(request, caller)
        text = reader.translate(N_("The password is too short: at least %(num)s characters."))
        problem = {"text": text % {"num": SHORTEST_PASSWORD}}
        return _page(
            request, caller, services, status=400, problem=problem, filled=form, opened="new"
        )
    try:
        created = services.accounts.create_user(
            caller,
            form.one("name"),
            password,
            Role(form.chosen("role", names.ROLES, "supervisor")),
            form.all("channel"),
            groups=form.all("group"),
            display_name=form.one("display_name"),
            email=form.one("email"),
            presence="presence" in form,
        )
    except RequestError as error:
        problem = {"text": reader_of(request, caller).say(error.text)}
        return _page(
            request, caller, services, status=400, problem=problem, filled=form, opened="new"
        )
    if invited:
        return _invitation(request, caller, services, created.id)
    return Redirect("/people?done=created", status_code=303)


def _invitation(
    request: AnyRequest, caller: Caller, services: Services, user_id: int
) -> Response[Any]:
    """The page with a link that lets a person choose a password; it is shown this once."""
    try:
        secret, ends_ms = services.links.invite(caller, user_id)
    except ConflictError as error:
        return _page(
            request, caller, services, status=409, opened=str(user_id),
            problem={"text": reader_of(request, caller).say(error.text)},
        )  # fmt: skip
    link = f"{request.url.scheme}://{request.url.netloc}/reset/{secret}"
    return _page(request, caller, services, invitation=(link, ends_ms))


@post("/people/{user_id:int}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def change_person(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    user_id: FromPath[int],
) -> Response[Any]:
    """Another name, role, channels, password; or in and out."""
    changes: dict[str, Any] = {
        "display_name": form.one("display_name"),
        "email": form.one("email"),
        "role": form.chosen("role", names.ROLES, "supervisor"),
        "channels": form.all("channel"),
        "groups": form.all("group"),
        "presence": "presence" in form,
        "disabled": "disabled" in form,
    }
    if "invite" in form:
        return _invitation(request, caller, services, user_id)
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


@post("/people/{user_id:int}/delete", opt=_ADMIN, sync_to_thread=True, status_code=200)
def delete_person(
    request: AnyRequest, caller: Caller, services: Services, user_id: FromPath[int]
) -> Response[Any]:
    """Delete a person."""
    try:
        services.delete_user(caller, user_id)
    except ConflictError as error:
        return _page(
            request, caller, services, status=409, opened=str(user_id),
            problem={"text": reader_of(request, caller).say(error.text)},
        )  # fmt: skip
    return Redirect("/people?done=deleted", status_code=303)


@post("/people/{user_id:int}/unlock", opt=_ADMIN, sync_to_thread=True)
def unlock_person(caller: Caller, services: Services, user_id: FromPath[int]) -> Redirect:
    """End the wait after wrong passwords."""
    services.accounts.let_try_again(caller, user_id)
    return Redirect("/people?done=unlocked", status_code=303)


@post("/people/tokens", opt=_ADMIN, sync_to_thread=True, status_code=200)
def create_token(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """A new token; its secret is on this page and nowhere else."""
    days = form.chosen("days", ENDS, "90")
    expires_ms = current_ms() + int(days) * _DAY_MS if days else None
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
def revoke_token(caller: Caller, services: Services, token_id: FromPath[int]) -> Redirect:
    """End a token at once."""
    services.tokens.revoke(caller, token_id)
    return Redirect("/people?done=revoked", status_code=303)


ROUTES = [
    people_page, create_person, change_person, delete_person, unlock_person, create_token,
    revoke_token,
]  # fmt: skip
