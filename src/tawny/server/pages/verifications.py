"""Verifications: whether the exports agree with each other, and files are as they were written.
For administrators."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.people.callers import Scope
from tawny.reading.verification import new_verification
from tawny.reading.verify_words import holds_of, numbers_of
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render

_ADMIN = {"scope": Scope.ADMIN}


@get("/verifications", opt=_ADMIN, sync_to_thread=True)
def verifications_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """What came of each, newest first, and a button for another one."""
    return render(
        request, caller, "verifications.html",
        verifications=services.verifications.list(caller),
        people=services.accounts.shown_names(),
    )  # fmt: skip


@post("/verifications", opt=_ADMIN, sync_to_thread=True)
def verify_by_form(caller: Caller, services: Services) -> Redirect:
    """Verify the whole log."""
    asked = services.verifications.request(caller, new_verification(caller.name))
    return Redirect(f"/verifications/{asked.request.id}", status_code=303)


@get("/verifications/{verification_id:str}", opt=_ADMIN, sync_to_thread=True)
def verification_page(
    request: AnyRequest, caller: Caller, services: Services, verification_id: FromPath[str]
) -> Response[str]:
    """Each check with its numbers, those that failed first; a part that asks again while it is
    being carried out."""
    asked = services.verifications.get(caller, verification_id)
    reader = reader_of(request, caller)
    checks = [] if asked.result is None else sorted(asked.result.checks, key=lambda one: one.met)
    return render(
        request,
        caller,
        "parts/verification.html" if is_part(request) else "verification.html",
        asked=asked,
        checks=[
            (one, reader.say(holds_of(one.name)),
             numbers_of(one.name, one.left, one.right, one.broken, reader.language))
            for one in checks
        ],
    )  # fmt: skip


ROUTES = [verifications_page, verify_by_form, verification_page]
