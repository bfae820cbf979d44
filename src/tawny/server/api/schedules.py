"""Schedules over the API."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter

from tawny.people.callers import Scope
from tawny.server.api.apply_shapes import ApplyAnswer, ApplyBody
from tawny.server.api.schedule_shapes import (
    BackfillBody,
    MadeAnswer,
    ScheduleAnswer,
    ScheduleBody,
)
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

_WRITE = {"scope": Scope.SCHEDULES_WRITE}
_TAGS = ["schedules"]
ScheduleId = Annotated[int, PathParameter(ge=1, le=2**53, description="Id of a schedule")]


@get(
    "/schedules",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(401, 403, 503),
    summary="List schedules",
)
def list_schedules(services: Services, caller: Caller, language: Language) -> list[ScheduleAnswer]:
    """The caller's own, for an administrator everybody's, by name."""
    return [ScheduleAnswer.of(one, language) for one in services.schedules.list(caller)]


@post(
    "/schedules",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 409, 413, 415, 503),
    summary="Make a schedule",
)
def add_schedule(
    services: Services, caller: Caller, language: Language, data: JSONBody[ScheduleBody]
) -> ScheduleAnswer:
    """From the next whole range on, its file is made and delivered by itself. An administrator may
    make it somebody else's with `owner`."""
    made = services.schedules.add(caller, data.choice(), active=data.active, owner=data.owner)
    return ScheduleAnswer.of(made, language)


@post(
    "/schedules/apply",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 409, 413, 415, 503),
    summary="Schedules as code",
)
def apply_schedules(services: Services, caller: Caller, data: JSONBody[ApplyBody]) -> ApplyAnswer:
    """Makes destinations, saved exports and schedules what the body says, each by its name: all of
    it, or after a mistake nothing. What the body does not name is left alone and listed, or with
    `prune` removed. Destinations are for administrators."""
    done = services.applier.apply(
        caller, data.wanted(services.home), prune=data.prune, dry_run=data.dry_run
    )
    return ApplyAnswer.of(done, dry_run=data.dry_run)


@get(
    "/schedules/{schedule_id:int}",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="A schedule",
)
def get_schedule(
    services: Services, caller: Caller, language: Language, schedule_id: ScheduleId
) -> ScheduleAnswer:
    """One schedule and how it goes."""
    return ScheduleAnswer.of(services.schedules.get(caller, schedule_id), language)


@put(
    "/schedules/{schedule_id:int}",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503),
    summary="Change a schedule",
)
def change_schedule(
    services: Services,
    caller: Caller,
    language: Language,
    schedule_id: ScheduleId,
    data: JSONBody[ScheduleBody],
) -> ScheduleAnswer:
    """For ranges that have not run; frequency and time zone stay."""
    changed = services.schedules.change(
        caller, schedule_id, data.choice(), active=data.active, owner=data.owner
    )
    return ScheduleAnswer.of(changed, language)


@delete(
    "/schedules/{schedule_id:int}",
    opt=_WRITE,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503)
    | {204: ResponseSpec(None, description="Removed", generate_examples=False)},
    summary="Remove a schedule",
)
def remove_schedule(services: Services, caller: Caller, schedule_id: ScheduleId) -> None:
    """What was delivered stays, and stays in the list of deliveries."""
    services.schedules.remove(caller, schedule_id)


@post(
    "/schedules/{schedule_id:int}/pause",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="Pause a schedule",
)
def pause_schedule(
    services: Services, caller: Caller, language: Language, schedule_id: ScheduleId
) -> ScheduleAnswer:
    """Ranges that end in the pause are skipped; a backfill makes them."""
    return ScheduleAnswer.of(services.schedules.set_active(caller, schedule_id, False), language)


@post(
    "/schedules/{schedule_id:int}/resume",
    opt=_WRITE,
    status_code=200,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="End the pause of a schedule",
)
def resume_schedule(
    services: Services, caller: Caller, language: Language, schedule_id: ScheduleId
) -> ScheduleAnswer:
    """From the next whole range on it runs again."""
    return ScheduleAnswer.of(services.schedules.set_active(caller, schedule_id, True), language)


@post(
    "/schedules/{schedule_id:int}/run",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 503),
    summary="Run a schedule now",
)
def run_schedule(services: Services, caller: Caller, schedule_id: ScheduleId) -> MadeAnswer:
    """Makes its last whole range without waiting for its delay, unless it was made."""
    return MadeAnswer(services.schedules.run(caller, schedule_id))


@post(
    "/schedules/{schedule_id:int}/backfill",
    opt=_WRITE,
    status_code=202,
    sync_to_thread=True,
    tags=_TAGS,
    responses=responses(400, 401, 403, 404, 413, 415, 503),
    summary="Make past ranges of a schedule",
)
def backfill_schedule(
    services: Services, caller: Caller, schedule_id: ScheduleId, data: JSONBody[BackfillBody]
) -> MadeAnswer:
    """As if they had been scheduled. Those that are there are left alone unless `again` is true."""
    return MadeAnswer(
        services.schedules.backfill(caller, schedule_id, data.start, data.end, again=data.again)
    )


HANDLERS = (
    list_schedules, add_schedule, apply_schedules, get_schedule, change_schedule, remove_schedule,
    pause_schedule, resume_schedule, run_schedule, backfill_schedule,
)  # fmt: skip
