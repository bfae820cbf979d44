"""Contacts who were erased, with their certificates. For administrators."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.erasures.telling import lines_of
from tawny.errors import RequestError
from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.paging import paged
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.submitted import SubmittedForm, of_query

_ADMIN = {"scope": Scope.ADMIN}
PAGE_SIZE = 50


def _url(page: int) -> str:
    return f"/erasures?page={page}" if page > 1 else "/erasures"


def _page(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    *,
    problem: RequestError | None = None,
    contact: str = "",
) -> Response[str]:
    page = of_query(request).number("page", 1)
    return render(
        request, caller, "erasures.html", status=200 if problem is None else 400,
        erasures=paged(services.erasures.list(caller), page, PAGE_SIZE),
        url=_url,
        people=services.accounts.shown_names(),
        contact=contact,
        problem="" if problem is None else reader_of(request, caller).say(problem.text),
    )  # fmt: skip


@get("/erasures", opt=_ADMIN, sync_to_thread=True)
def erasures_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The form, and who was erased."""
    return _page(request, caller, services)


@post("/erasures", opt=_ADMIN, sync_to_thread=True, status_code=200)
def erase_contact_by_form(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """Erase a contact."""
    contact = form.one("contact")
    try:
        if not contact or len(contact) > 255:
            raise RequestError(
                "contact: found {found}; give the contact_id as the events have it, of 1 to 255 "
                "characters",
                found=contact[:60],
            )
        asked = services.erasures.request(caller, contact)
    except RequestError as error:
        return _page(request, caller, services, problem=error, contact=contact[:255])
    return Redirect(f"/erasures/{asked.request.id}", status_code=303)


@get("/erasures/{erasure_id:str}", opt=_ADMIN, sync_to_thread=True)
def erasure_page(
    request: AnyRequest, caller: Caller, services: Services, erasure_id: FromPath[str]
) -> Response[str]:
    """The certificate of an erasure; a part that asks again while it is being carried out."""
    asked = services.erasures.get(caller, erasure_id)
    reader = reader_of(request, caller)
    lines = [] if asked.result is None else list(lines_of(asked.result))
    return render(
        request,
        caller,
        "parts/certificate.html" if is_part(request) else "erasure.html",
        asked=asked,
        lines=[reader.say(line) for line in lines],
        people=services.accounts.shown_names(),
    )


ROUTES = [erasures_page, erase_contact_by_form, erasure_page]
