"""Sources over the API, for administrators."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import delete, get, patch, post
from litestar.params import FromQuery, JSONBody, PathParameter

from tawny.errors import NotFoundError
from tawny.people.callers import Scope
from tawny.server.api.source_shapes import (
    AccessAnswer,
    AddedAnswer,
    KindAnswer,
    RemovedAnswer,
    SourceAnswer,
    SourceBody,
    SourceChangeBody,
    SyncBody,
    WebhookAddressAnswer,
    report_answer,
)
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses
from tawny.sources.kinds import KINDS

_ADMIN = {"scope": Scope.ADMIN}
_TAGS = ["sources"]
SourceName = Annotated[str, PathParameter(max_length=64, description="Name of a source")]


@get(
    "/source-kinds",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(401, 403),
    summary="Kinds of sources",
)
def list_source_kinds(language: Language) -> list[KindAnswer]:
    """Every kind, and what can be set of it."""
    return [KindAnswer.of(kind, language) for kind in KINDS.values()]


@get(
    "/sources",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(401, 403, 503),
    summary="List sources",
)
def list_sources(services: Services, caller: Caller, language: Language) -> list[SourceAnswer]:
    """All of them, by name, and how each stands."""
    return [SourceAnswer.of(one, language) for one in services.sources.list(caller)]


@post(
    "/sources",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 409, 413, 415, 500, 503),
    summary="Set up a source",
)
def add_source(
    services: Services, caller: Caller, language: Language, data: JSONBody[SourceBody]
) -> AddedAnswer:
    """Tests the access first and stores nothing when the desk cannot be read. The first sync begins
    at once, unless its option `every` is `off`."""
    made = services.sources.add(
        caller, data.kind, data.name, data.given(), data.id_prefix, shows_address=True
    )
    return AddedAnswer.of(made, language)


@post(
    "/source-tests",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 409, 413, 415, 500, 503),
    summary="Test the access to a desk",
)
def test_source(
    services: Services, caller: Caller, language: Language, data: JSONBody[SourceBody]
) -> AccessAnswer:
    """What is in it, what will stay unmeasured and why; stores nothing."""
    found = services.sources.test(caller, data.kind, data.name, data.given(), data.id_prefix)
    return AccessAnswer.of(found, language)


@get(
    "/sources/{source:str}",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="A source",
)
def get_source(
    services: Services, caller: Caller, language: Language, source: SourceName
) -> SourceAnswer:
    """One source, how it stands, and how far a sync of it is."""
    return SourceAnswer.of(services.sources.get(caller, source), language)


@patch(
    "/sources/{source:str}",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 413, 415, 500, 503),
    summary="Change a source",
)
def change_source(
    services: Services,
    caller: Caller,
    language: Language,
    source: SourceName,
    data: JSONBody[SourceChangeBody],
) -> SourceAnswer:
    """Everything but its address and prefix. With another secret or file the access is tested
    first. What changes what is sent counts for records that are first sent afterwards."""
    return SourceAnswer.of(services.sources.change(caller, source, data.given()), language)


@delete(
    "/sources/{source:str}",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Remove a source",
)
def remove_source(services: Services, caller: Caller, source: SourceName) -> RemovedAnswer:
    """Forgets settings, secrets and position; address and prefix are kept, so that the same desk
    may be added again. Events stay."""
    return RemovedAnswer(services.sources.remove(caller, source))


@post(
    "/sources/{source:str}/check",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 500, 503),
    summary="Look at the desk of a source",
)
def check_source(
    services: Services,
    caller: Caller,
    language: Language,
    source: SourceName,
    counts: FromQuery[bool] = False,
) -> AddedAnswer:
    """Reads only. With `counts` the desk's own counts by kind and month stand beside those of the
    log, and in the last gap report from then on."""
    return AddedAnswer.of(services.sources.check(caller, source, counts=counts), language)


@post(
    "/sources/{source:str}/sync",
    opt=_ADMIN,
    status_code=202,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503),
    summary="Sync a source",
)
def sync_source(
    services: Services,
    caller: Caller,
    language: Language,
    source: SourceName,
    data: JSONBody[SyncBody],
) -> SourceAnswer:
    """Begins at once, from where the last sync stopped or as the body says; `GET` says how far it
    is. One at a time: 409 while there is another. It outlives a stop of the server."""
    return SourceAnswer.of(services.sources.sync(caller, source, data.request()), language)


@post(
    "/sources/{source:str}/dry-run",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 500, 503),
    summary="Read a source and send nothing",
)
def dry_run_source(
    services: Services,
    caller: Caller,
    language: Language,
    source: SourceName,
    data: JSONBody[SyncBody],
) -> dict[str, Any]:
    """Reads and maps what a sync would send, from where the last one stopped or as the body says,
    and returns the gap report that it would have; nothing is sent or kept. 409 while there is a
    sync, 500 where it takes longer than two minutes and a half: then `until` and `since` make it
    shorter, or `tawny sources sync --dry-run` takes its time."""
    report = services.sources.dry_sync(caller, source, data.request())
    return report_answer(report, language)


@get(
    "/sources/{source:str}/report",
    opt=_ADMIN,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="The gap report of a source",
)
def source_report(
    services: Services, caller: Caller, language: Language, source: SourceName
) -> dict[str, Any]:
    """Of its last sync: what was read, what became of it, what is missing and why."""
    report = services.sources.get(caller, source).source.report
    if report is None:
        raise NotFoundError("{name} was never synced", name=source)
    return report_answer(report, language)


@post(
    "/sources/{source:str}/pause",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="Pause a source",
)
def pause_source(
    services: Services, caller: Caller, language: Language, source: SourceName
) -> SourceAnswer:
    """Its schedule leaves it alone; a sync that goes on ends, and one may be asked for."""
    return SourceAnswer.of(services.sources.set_paused(caller, source, True), language)


@post(
    "/sources/{source:str}/resume",
    opt=_ADMIN,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="End the pause of a source",
)
def resume_source(
    services: Services, caller: Caller, language: Language, source: SourceName
) -> SourceAnswer:
    """Its schedule reads it again."""
    return SourceAnswer.of(services.sources.set_paused(caller, source, False), language)


@post(
    "/sources/{source:str}/webhook-address",
    opt=_ADMIN,
    status_code=201,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 503),
    summary="Make a secret address for webhooks",
)
def make_webhook_address(
    services: Services, caller: Caller, source: SourceName
) -> WebhookAddressAnswer:
    """For a desk that cannot sign what it announces: weaker than a signature. The one before is
    worth nothing more. 409 for a source whose desk signs."""
    return WebhookAddressAnswer(services.sources.new_webhook_path(caller, source))


HANDLERS = (
    list_source_kinds, list_sources, add_source, test_source, get_source, change_source,
    remove_source, check_source, sync_source, dry_run_source, source_report,
    pause_source, resume_source, make_webhook_address,
)  # fmt: skip
