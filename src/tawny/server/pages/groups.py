"""Groups of channels, which are given to people together. For administrators."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import ConflictError, RequestError
from tawny.people.callers import Scope
from tawny.people.groups import LONGEST_NAME
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.submitted import Submitted, SubmittedForm
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
DONE = {
    "created": N_("The group is there; give it to people on the page People."),
    "changed": N_("Saved."),
    "deleted": N_("The group is deleted."),
}


def _page(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    *,
    opened: str = "",
    problem: RequestError | ConflictError | None = None,
    filled: Submitted | None = None,
) -> Response[str]:
    """The groups; of the opened one, and for a new one, the channels to choose from."""
    status = 200
    if problem is not None:
        status = 409 if isinstance(problem, ConflictError) else 400
    return render(
        request, caller, "groups.html", status=status,
        groups=services.accounts.groups.list(caller),
        channels=services.channels(caller),
        people=services.accounts.shown_names(),
        opened=opened or request.query_params.get("edit", ""),
        filled=filled or Submitted([]),
        problem="" if problem is None else reader_of(request, caller).say(problem.text),
        done=DONE.get(request.query_params.get("done", ""), ""),
        longest=LONGEST_NAME,
    )  # fmt: skip


@get("/people/groups", opt=_ADMIN, sync_to_thread=True)
def groups_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Every group, with its channels and who has it."""
    return _page(request, caller, services)


@post("/people/groups", opt=_ADMIN, sync_to_thread=True, status_code=200)
def create_group(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """A new group."""
    try:
        services.accounts.groups.create(caller, form.one("name"), form.all("channel"))
    except (RequestError, ConflictError) as error:
        return _page(request, caller, services, opened="new", problem=error, filled=form)
    return Redirect("/people/groups?done=created", status_code=303)


@post("/people/groups/{group_id:int}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def change_group(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    group_id: FromPath[int],
) -> Response[Any]:
    """Another name, other channels."""
    changes = {"name": form.one("name"), "channels": form.all("channel")}
    try:
        services.accounts.groups.change(caller, group_id, changes)
    except (RequestError, ConflictError) as error:
        return _page(request, caller, services, opened=str(group_id), problem=error, filled=form)
    return Redirect("/people/groups?done=changed", status_code=303)


@post("/people/groups/{group_id:int}/delete", opt=_ADMIN, sync_to_thread=True)
def delete_group(caller: Caller, services: Services, group_id: FromPath[int]) -> Redirect:
    """Take it from everybody who has it."""
    services.accounts.groups.delete(caller, group_id)
    return Redirect("/people/groups?done=deleted", status_code=303)


ROUTES = [groups_page, create_group, change_group, delete_group]
