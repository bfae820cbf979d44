"""Making and changing a schedule on the pages."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import RequestError, TawnyError
from tawny.languages import translated
from tawny.model.zones import current_ms
from tawny.people.callers import Scope
from tawny.runs.store import request_of_run
from tawny.schedules.planner import next_range
from tawny.schedules.rows import ExportSchedule
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages.exports import columns_context
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.request_form import FieldError, check_zone, dialects
from tawny.server.pages.run_name import run_name
from tawny.server.pages.schedule_form import (
    ScheduleForm,
    of_request,
    of_saved,
    of_schedule,
    schedule_form,
)
from tawny.server.pages.schedule_words import (
    correction_options,
    delay_options,
    missing_texts,
    range_of_slot,
    wait_options,
)
from tawny.server.pages.submitted import SubmittedForm, of_query
from tawny.text import Text

_WRITE = {"scope": Scope.SCHEDULES_WRITE}
_FIELDS = ("name", "delay", "wait", "corrections", "changes", "notify", "destinations", "time_zone")
"""Those that an error may be said at."""


@get("/schedules/new", opt=_WRITE, sync_to_thread=True)
def new_schedule(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The form; filled in from a saved export (`saved`) or from a run (`run`)."""
    fields, reader = of_query(request), reader_of(request, caller)
    filled = schedule_form(fields, reader)
    saved, run_id = fields.one("saved"), fields.one("run")
    if saved.isascii() and saved.isdigit():
        filled = of_saved(services.saved.get(caller, int(saved)), reader)
    elif run_id:
        asked = request_of_run(services.runs.get(caller, run_id))
        filled = of_request(asked, run_name(asked, reader.language), reader)
    return _page(request, caller, services, filled, None)


@get("/schedules/{schedule_id:int}/edit", opt=_WRITE, sync_to_thread=True)
def edit_schedule(
    request: AnyRequest, caller: Caller, services: Services, schedule_id: FromPath[int]
) -> Response[str]:
    """The form with what it is."""
    schedule = services.schedules.get(caller, schedule_id).schedule
    filled = of_schedule(schedule, reader_of(request, caller))
    return _page(request, caller, services, filled, schedule)


@post("/schedules/meaning", opt=_WRITE, sync_to_thread=True, status_code=200)
def meaning_part(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[str]:
    """What the form means as it stands: the first range, and what its file will not hold."""
    reader = reader_of(request, caller)
    context = _meaning(services, schedule_form(form, reader), reader)
    return render(request, caller, "parts/schedule_meaning.html", **context)


@post("/schedules", opt=_WRITE, sync_to_thread=True, status_code=200)
def add_schedule(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """Make one."""
    filled = schedule_form(form, reader_of(request, caller))
    try:
        made = services.schedules.add(
            caller, filled.choice(), active=filled.active, owner=filled.owner
        )
    except (FieldError, RequestError) as error:
        return _page(request, caller, services, filled, None, error)
    return Redirect(f"/schedules/{made.schedule.id}?done=added", status_code=303)


@post("/schedules/{schedule_id:int}", opt=_WRITE, sync_to_thread=True, status_code=200)
def change_schedule(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    schedule_id: FromPath[int],
) -> Response[Any]:
    """Set it otherwise."""
    schedule = services.schedules.get(caller, schedule_id).schedule
    filled = schedule_form(form, reader_of(request, caller))
    try:
        services.schedules.change(
            caller, schedule_id, filled.choice(), active=schedule.active, owner=filled.owner
        )
    except (FieldError, RequestError) as error:
        return _page(request, caller, services, filled, schedule, error)
    return Redirect(f"/schedules/{schedule_id}?done=changed", status_code=303)


def _page(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    filled: ScheduleForm,
    schedule: ExportSchedule | None,
    error: FieldError | TawnyError | None = None,
) -> Response[str]:
    reader = reader_of(request, caller)
    problem = None
    if error is not None:
        field = error.field if isinstance(error, FieldError) else _field_of(error.text)
        problem = {"field": field, "text": reader.say(error.text)}
    people = services.accounts.users(caller) if caller.administrator else []
    return render(
        request, caller, "schedule_edit.html", status=200 if error is None else 400,
        filled=filled,
        form=filled.request,
        schedule=schedule,
        problem=problem,
        range_problem=None,
        types=services.types(caller),
        channels=services.channels(caller),
        destinations=services.destinations.list(caller),
        owners=[one for one in people if not one.disabled],
        dialects=dialects(reader.language),
        delays=delay_options(filled.delay, reader),
        waits=wait_options(filled.wait, reader),
        corrections=correction_options(filled.corrections, reader),
        **columns_context(filled.request),
        **_meaning(services, filled, reader),
    )  # fmt: skip


def _field_of(text: Text) -> str:
    """The field that an error of ours is about, by the name before its colon."""
    name = translated(text, "en").partition(":")[0]
    return name if name in _FIELDS else ""


def _meaning(services: Services, filled: ScheduleForm, reader: Reader) -> dict[str, Any]:
    context: dict[str, Any] = {"first_range": "", "first_run": "", "warning": ""}
    try:
        check_zone(filled.request)
        choice = filled.draft()
        timing = choice.timing(current_ms(), ())
    except (FieldError, RequestError, ValueError):
        return context  # it is said when it is sent
    following = next_range(timing, None)
    return {
        "first_range": range_of_slot(
            choice.frequency, choice.request.time_zone, following, reader
        ),
        "first_run": words.long_moment(
            following.to_ms + timing.delay_ms, timing.zone, reader.locale
        ),
        "warning": missing_texts(choice, services.settings.content_media("scheduled"), reader),
    }  # fmt: skip


ROUTES = [new_schedule, edit_schedule, meaning_part, add_schedule, change_schedule]
