"""Where a person is signed in: the own list on the page Account, that of others for
administrators."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, render
from tawny.server.pages.sign_in import local_path
from tawny.server.pages.submitted import SubmittedForm


@get("/people/{user_id:int}/sessions", opt={"scope": Scope.ADMIN}, sync_to_thread=True)
def sessions_page(
    request: AnyRequest, caller: Caller, services: Services, user_id: FromPath[int]
) -> Response[Any]:
    """The open sessions of a person."""
    name, found = services.accounts.open_sessions.list(caller, user_id)
    return render(request, caller, "sessions.html", name=name, sessions=found)


@post("/sessions/{session_id:int}/end", sync_to_thread=True)
def end_session(
    caller: Caller, services: Services, form: SubmittedForm, session_id: FromPath[int]
) -> Redirect:
    """End one of them."""
    services.accounts.open_sessions.end(caller, session_id)
    return Redirect(local_path(form.one("back")), status_code=303)


ROUTES = [sessions_page, end_session]
