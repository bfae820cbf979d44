"""Destinations on the pages, for administrators: any kind, by what its kind says can be set."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.deliveries.folder import allowed_folders
from tawny.deliveries.kinds import DESTINATION_KINDS, destination_kind
from tawny.deliveries.names import READY
from tawny.deliveries.own_secrets import END, NEW
from tawny.deliveries.store import Destination, DestinationChoice
from tawny.errors import TawnyError
from tawny.people.callers import Scope
from tawny.server.api.destination_shapes import DestinationBody
from tawny.server.dependencies import Caller, Services
from tawny.server.json_values import value
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.submitted import Submitted, SubmittedForm, of_query
from tawny.server.problems import status_of
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
DONE = {
    "added": N_("The destination is set up. Test it before a schedule uses it."),
    "changed": N_("Saved."),
    "works": N_("It works: a small file was written, read back and removed."),
    "ready": N_("It works: the login may do all that is needed there."),
    "accepted": N_("It works: a message marked as a test was sent and accepted."),
    "removed": N_("The destination is removed. What was delivered there stays."),
}

_WORKED = {"files": "works", "rows": "ready", "message": "accepted"}
"""What is said after a test that went well, by what a kind takes."""


@get("/destinations", opt=_ADMIN, sync_to_thread=True)
def destinations_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Where files are delivered to, and whether it worked the last time."""
    return _list(request, caller, services)


def _list(
    request: AnyRequest, caller: Caller, services: Services, *, status: int = 200, problem: str = ""
) -> Response[str]:
    used: dict[str, list[Any]] = {}
    for one in services.schedules.list(caller):
        for name in one.schedule.choice.destinations:
            used.setdefault(name, []).append(one.schedule)
    return render(
        request, caller, "destinations.html", status=status,
        destinations=services.destinations.list(caller),
        used=used,
        kinds=list(DESTINATION_KINDS),
        no_folders=not allowed_folders(services.settings),
        done=DONE.get(of_query(request).one("done"), ""),
        problem=problem,
    )  # fmt: skip


@get("/destinations/new", opt=_ADMIN, sync_to_thread=True)
def new_destination(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The form for one of a kind."""
    fields = of_query(request)
    kind = fields.chosen("kind", DESTINATION_KINDS, next(iter(DESTINATION_KINDS)))
    return _form(request, caller, services, kind, None, Submitted([]))


@get("/destinations/{destination_id:int}", opt=_ADMIN, sync_to_thread=True)
def destination_page(
    request: AnyRequest, caller: Caller, services: Services, destination_id: FromPath[int]
) -> Response[str]:
    """The form with what it is."""
    found = services.destinations.get(caller, destination_id)
    return _form(request, caller, services, found.choice.kind, found, _filled(found.choice))


def _filled(choice: DestinationChoice) -> Submitted:
    return Submitted([("name", choice.name), *choice.options.items()])


def _form(
    request: AnyRequest, caller: Caller, services: Services, kind_name: str,
    destination: Destination | None, filled: Submitted, error: TawnyError | None = None,
    done: str = "",
) -> Response[str]:  # fmt: skip
    kind = destination_kind(kind_name)
    reader = reader_of(request, caller)
    return render(
        request, caller, "destination.html", status=200 if error is None else status_of(error),
        kind=kind,
        options=kind.all_options,
        ready=list(READY),
        destination=destination,
        filled=filled,
        allowed=[str(one) for one in allowed_folders(services.settings)],
        has_link=bool(services.settings.text("public_url")),
        done=DONE.get(done or of_query(request).one("done"), ""),
        problem="" if error is None else reader.say(error.text),
    )  # fmt: skip


def _choice(services: Services, kind_name: str, form: Submitted) -> DestinationChoice:
    """What the form says, read as the API reads it. Raises `RequestError`."""
    kind = destination_kind(kind_name)
    given = {name: form.one(name) for name in kind.all_options}
    given |= {name: form.secret(name).replace("\r\n", "\n") for name in kind.secrets}
    if kind.own_secret is not None and (word := form.chosen("renewal", (NEW, END), "")):
        given[kind.own_secret.name] = word
    body = {name: text for name, text in given.items() if text}
    whole = {**body, "name": form.one("name"), "kind": kind.name}
    read: DestinationBody = value(msgspec.json.encode(whole), DestinationBody)
    return read.choice(services.home)


@post("/destinations", opt=_ADMIN, sync_to_thread=True, status_code=200)
def add_destination(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """Set one up."""
    kind = form.chosen("kind", DESTINATION_KINDS, next(iter(DESTINATION_KINDS)))
    try:
        made = services.destinations.add(caller, _choice(services, kind, form))
    except TawnyError as error:
        return _form(request, caller, services, kind, None, form, error)
    return _saved(request, caller, services, made, "added")


@post("/destinations/{destination_id:int}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def change_destination(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    destination_id: FromPath[int],
) -> Response[Any]:
    """Set it otherwise; secrets that are left empty stay."""
    found = services.destinations.get(caller, destination_id)
    kind = found.choice.kind
    try:
        choice = _choice(services, kind, form)
        changed = services.schedules.change_destination(caller, destination_id, choice)
    except TawnyError as error:
        return _form(request, caller, services, kind, found, form, error)
    return _saved(request, caller, services, changed, "changed")


def _saved(
    request: AnyRequest, caller: Caller, services: Services, saved: Destination, done: str
) -> Response[Any]:
    """What follows; a secret that was made just now is on this page and nowhere else."""
    if not saved.made_secret:
        return Redirect(f"/destinations/{saved.id}?done={done}", status_code=303)
    return _form(
        request, caller, services, saved.choice.kind, saved, _filled(saved.choice), done=done
    )


@post("/destinations/{destination_id:int}/test", opt=_ADMIN, sync_to_thread=True, status_code=200)
def test_destination(
    request: AnyRequest, caller: Caller, services: Services, destination_id: FromPath[int]
) -> Response[Any]:
    """Try it out and say what failed."""
    found = services.destinations.get(caller, destination_id)
    problem, done = "", _WORKED[destination_kind(found.choice.kind).takes]
    try:
        services.destinations.test(caller, destination_id)
    except TawnyError as error:
        problem = reader_of(request, caller).say(error.text)
    if is_part(request):
        return render(
            request, caller, "parts/destination_test.html",
            answer=problem, works=not problem, name=found.choice.name, done=DONE[done],
        )  # fmt: skip
    if problem:
        return _list(request, caller, services, problem=f"{found.choice.name}: {problem}")
    return Redirect(f"/destinations?done={done}", status_code=303)


@post("/destinations/{destination_id:int}/delete", opt=_ADMIN, sync_to_thread=True, status_code=200)
def delete_destination(
    request: AnyRequest, caller: Caller, services: Services, destination_id: FromPath[int]
) -> Response[Any]:
    """Forget one to which no schedule delivers."""
    try:
        services.destinations.remove(caller, destination_id)
    except TawnyError as error:
        return _list(
            request, caller, services, status=status_of(error),
            problem=reader_of(request, caller).say(error.text),
        )  # fmt: skip
    return Redirect("/destinations?done=removed", status_code=303)


ROUTES = [
    destinations_page, new_destination, destination_page, add_destination, change_destination,
    test_destination, delete_destination,
]  # fmt: skip
