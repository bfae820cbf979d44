"""Sources on the pages, for administrators: any kind, by what its row says can be set of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.background.served_sources import ServedSource
from tawny.errors import ConflictError, NotFoundError, TawnyError
from tawny.people.callers import Scope
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import source_words as words
from tawny.server.pages.rendering import AnyRequest, is_part, reader_of, render
from tawny.server.pages.submitted import Submitted, SubmittedForm, of_query
from tawny.server.problems import status_of
from tawny.sources.kinds import KINDS, SourceKind
from tawny.sources.option_values import allowed_folders, checked_instant
from tawny.sources.reader import DeskAccess
from tawny.sources.report import count_line
from tawny.sources.setup import Given
from tawny.sources.sync import SyncRequest
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
DONE = {
    "added": N_("The source is set up. Its first reading begins."),
    "added_by_hand": N_("The source is set up. Read it with the button below."),
    "changed": N_("Saved."),
    "asked": N_("It is being read."),
    "paused": N_("The source is paused: it is read only when somebody asks for it."),
    "resumed": N_("The source is read again by itself."),
}


@get("/sources", opt=_ADMIN, sync_to_thread=True)
def sources_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Every source and how it stands, and the kinds there are."""
    removed = of_query(request).one("events")
    return render(
        request, caller, "sources.html",
        sources=services.sources.list(caller),
        kinds=list(KINDS.values()),
        removed=int(removed) if removed.isascii() and removed.isdigit() else None,
        words=words,
    )  # fmt: skip


# --- a new one ----------------------------------------------------------------------------------


@get("/source-kinds/{kind:str}", opt=_ADMIN, sync_to_thread=True)
def new_source(
    request: AnyRequest, caller: Caller, services: Services, kind: FromPath[str]
) -> Response[str]:
    """The form for a source of a kind."""
    found = _kind(kind)
    return _form(request, caller, services, found, words.filled(found, None))


def _kind(name: str) -> SourceKind:
    found = KINDS.get(name)
    if found is None:
        raise NotFoundError("there is no kind of source {name}", name=name[:80])
    return found


def _form(
    request: AnyRequest, caller: Caller, services: Services, kind: SourceKind, filled: Submitted,
    error: TawnyError | None = None, access: DeskAccess | None = None,
) -> Response[str]:  # fmt: skip
    reader = reader_of(request, caller)
    return render(
        request, caller, "source_new.html", status=200 if error is None else status_of(error),
        kind=kind,
        filled=filled,
        source=None,
        words=words,
        folders=[str(one) for one in allowed_folders(services.settings)],
        problem="" if error is None else words.problem(error, reader),
        access=access,
        not_measured=[] if access is None else words.not_measured_of_access(access, reader),
    )  # fmt: skip


def _given(kind: SourceKind, form: Submitted) -> Given:
    """What the form says of a new source. Raises `RequestError`."""
    found = words.given(kind, form, None)
    since = form.one("since")
    since_ms = checked_instant("--since", since) if since else None
    return Given({**found.options, "since_ms": since_ms}, found.secrets, is_from_afar=True)


@post("/source-kinds/{kind:str}/test", opt=_ADMIN, sync_to_thread=True, status_code=200)
def test_source(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    kind: FromPath[str],
) -> Response[str]:
    """Test the access, say what is there and what will stay empty; nothing is stored."""
    found = _kind(kind)
    reader = reader_of(request, caller)
    access, error = None, None
    try:
        access = services.sources.test(
            caller, kind, form.one("name"), _given(found, form), form.one("id_prefix") or None
        )
    except TawnyError as failure:
        error = failure
    if not is_part(request):
        return _form(request, caller, services, found, form, error, access)
    return render(
        request, caller, "parts/source_access.html",
        access=access,
        not_measured=[] if access is None else words.not_measured_of_access(access, reader),
        problem="" if error is None else words.problem(error, reader),
        words=words,
    )  # fmt: skip


@post("/source-kinds/{kind:str}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def add_source(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    kind: FromPath[str],
) -> Response[Any]:
    """Test the access once more and set the source up."""
    found = _kind(kind)
    name = form.one("name")
    try:
        made = services.sources.add(
            caller, kind, name, _given(found, form), form.one("id_prefix") or None,
            shows_address=False,
        )  # fmt: skip
    except TawnyError as error:
        return _form(request, caller, services, found, form, error)
    by_hand = made.served.source.options["every"] == "off"
    done = "added_by_hand" if by_hand else "added"
    return Redirect(f"/sources/{name}?done={done}", status_code=303)


# --- one that is there --------------------------------------------------------------------------


@get("/sources/{source:str}", opt=_ADMIN, sync_to_thread=True)
def source_page(
    request: AnyRequest, caller: Caller, services: Services, source: FromPath[str]
) -> Response[str]:
    """How it stands, its gap report, what can be done with it."""
    return _page(request, caller, services, services.sources.get(caller, source))


def _page(
    request: AnyRequest, caller: Caller, services: Services, served: ServedSource,
    form: Submitted | None = None, error: TawnyError | None = None, opened: str = "",
    secret_path: str = "",
) -> Response[str]:  # fmt: skip
    reader = reader_of(request, caller)
    kind = KINDS[served.source.kind]
    webhook = served.webhook
    here = services.settings.text("public_url") or f"{request.url.scheme}://{request.url.netloc}"
    return render(
        request, caller, "source.html", status=200 if error is None else status_of(error),
        **_state(request, caller, served),
        kind=kind,
        filled=form or words.filled(kind, served.source),
        again=form if opened == "again" and form is not None else Submitted([]),
        folders=[str(one) for one in allowed_folders(services.settings)],
        problem="" if error is None else words.problem(error, reader),
        opened=opened,
        webhook=webhook,
        webhook_address="" if webhook is None else here + webhook.path,
        secret_address=secret_path and here + secret_path,
        done=DONE.get(of_query(request).one("done"), ""),
    )  # fmt: skip


def _state(request: AnyRequest, caller: Caller, served: ServedSource) -> dict[str, Any]:
    """What the part of the page shows that goes on by itself."""
    reader = reader_of(request, caller)
    report = served.source.report
    return {
        "source": served.source,
        "standing": served.status,
        "goes_on": served.status.state == "syncing" or served.waits,
        "report": report,
        "times": None if report is None else words.moments(report),
        "gaps": [] if report is None else words.open_gaps(report, reader),
        "not_measured": [] if report is None else words.not_measured_of_report(report, reader),
        "words": words,
    }


@get("/sources/{source:str}/state", opt=_ADMIN, sync_to_thread=True)
def source_state(
    request: AnyRequest, caller: Caller, services: Services, source: FromPath[str]
) -> Response[str]:
    """How it stands now, and its last gap report."""
    served = services.sources.get(caller, source)
    return render(request, caller, "parts/source_state.html", **_state(request, caller, served))


@post("/sources/{source:str}", opt=_ADMIN, sync_to_thread=True, status_code=200)
def change_source(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    source: FromPath[str],
) -> Response[Any]:
    """Set it otherwise; secrets that are left empty stay."""
    served = services.sources.get(caller, source)
    try:
        given = words.given(KINDS[served.source.kind], form, served.source)
        if given.options or given.secrets:
            services.sources.change(caller, source, given)
    except TawnyError as error:
        return _page(request, caller, services, served, form, error, "settings")
    return Redirect(f"/sources/{source}?done=changed", status_code=303)


@post("/sources/{source:str}/sync", opt=_ADMIN, sync_to_thread=True, status_code=200)
def sync_source(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    source: FromPath[str],
) -> Response[Any]:
    """Read what is new, or again from a moment."""
    served = services.sources.get(caller, source)
    try:
        since = form.one("since")
        wanted = SyncRequest(
            since_ms=checked_instant("--since", since) if since else None,
            full=bool(form.one("full")),
            accept_deletions=bool(form.one("accept_deletions")),
        )
        services.sources.sync(caller, source, wanted)
    except TawnyError as error:
        return _page(request, caller, services, served, form, error, "again")
    return Redirect(f"/sources/{source}?done=asked", status_code=303)


@post("/sources/{source:str}/pause", opt=_ADMIN, sync_to_thread=True, status_code=200)
def pause_source(caller: Caller, services: Services, source: FromPath[str]) -> Response[Any]:
    """Read it only when somebody asks."""
    services.sources.set_paused(caller, source, True)
    return Redirect(f"/sources/{source}?done=paused", status_code=303)


@post("/sources/{source:str}/resume", opt=_ADMIN, sync_to_thread=True, status_code=200)
def resume_source(caller: Caller, services: Services, source: FromPath[str]) -> Response[Any]:
    """Read it by itself again."""
    services.sources.set_paused(caller, source, False)
    return Redirect(f"/sources/{source}?done=resumed", status_code=303)


@post("/sources/{source:str}/webhook-address", opt=_ADMIN, sync_to_thread=True, status_code=200)
def make_webhook_address(
    request: AnyRequest, caller: Caller, services: Services, source: FromPath[str]
) -> Response[str]:
    """Make a secret address for webhooks, and show it this once."""
    path = ""
    error: TawnyError | None = None
    try:
        path = services.sources.new_webhook_path(caller, source)
    except ConflictError as failure:
        error = failure
    served = services.sources.get(caller, source)
    return _page(request, caller, services, served, None, error, secret_path=path)


@post("/sources/{source:str}/check", opt=_ADMIN, sync_to_thread=True, status_code=200)
def check_source(
    request: AnyRequest, caller: Caller, services: Services, source: FromPath[str]
) -> Response[Any]:
    """Look at the desk, and compare its own counts with those of the log."""
    reader = reader_of(request, caller)
    access, problem = None, ""
    counts: Sequence[Mapping[str, Any]] = ()
    try:
        checked = services.sources.check(caller, source, counts=True)
        access, counts = checked.access, checked.counts or ()
    except TawnyError as error:
        problem = words.problem(error, reader)
    if not is_part(request):
        return Redirect(f"/sources/{source}", status_code=303)
    return render(
        request, caller, "parts/source_check.html",
        access=access, counts=counts, problem=problem, words=words,
        lines=[count_line(row) for row in counts if row["difference"]],
    )  # fmt: skip


@post("/sources/{source:str}/delete", opt=_ADMIN, sync_to_thread=True, status_code=200)
def remove_source(
    request: AnyRequest, caller: Caller, services: Services, source: FromPath[str]
) -> Response[Any]:
    """Forget it; its events stay."""
    served = services.sources.get(caller, source)
    try:
        events = services.sources.remove(caller, source)
    except TawnyError as error:
        return _page(request, caller, services, served, None, error)
    return Redirect(f"/sources?events={events}", status_code=303)


ROUTES = [
    sources_page, new_source, test_source, add_source, source_page, source_state, change_source,
    sync_source, pause_source, resume_source, check_source, remove_source,
    make_webhook_address,
]  # fmt: skip
