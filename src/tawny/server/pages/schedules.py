"""Schedules on the pages: the list, everything about one of them, and what is done with it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import TawnyError
from tawny.people.callers import Scope
from tawny.schedules.rows import DeliveryState
from tawny.schedules.schedules import ScheduleNews
from tawny.schedules.store_deliveries import DeliveryFilter
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages.paging import paged
from tawny.server.pages.received import channels_by_id
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.schedule_words import (
    changes_words,
    duration_words,
    lacking_words,
    range_of_delivery,
    range_of_slot,
)
from tawny.server.pages.submitted import Submitted, SubmittedForm, of_query
from tawny.text import N_

_WRITE = {"scope": Scope.SCHEDULES_WRITE}
PAGE_SIZE = 50
_SHOWN_DELIVERIES = 30
_MOVING = (DeliveryState.WAITING, DeliveryState.RUNNING)
_WRONG = (DeliveryState.FAILED, DeliveryState.GIVEN_UP)

DONE = {
    "added": N_("The schedule is made."),
    "changed": N_("Saved. It counts for ranges that have not run."),
    "paused": N_("It is paused: ranges that end meanwhile are left out."),
    "resumed": N_("It goes on."),
    "run": N_("The last range is being made."),
    "made": N_("The last range was made already."),
    "backfill": N_("The ranges are being made."),
    "nothing": N_("All ranges in it were made already."),
    "retried": N_("It is tried now."),
    "sent": N_("The export is being sent; below is how far it is."),
    "removed": N_("The schedule is deleted. What was delivered stays."),
}


def delivery_words(reader: Reader) -> dict[str, Any]:
    """How a template says what a delivery is."""
    return {
        "slot_words": lambda one: range_of_delivery(one, reader),
        "lacking_words": lambda one: lacking_words(one.incomplete, reader),
        "changes_words": lambda one: changes_words(one.changes, reader),
    }


@get("/schedules", opt=_WRITE, sync_to_thread=True)
def schedules_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """All that the caller may see: what, how often, when next, what came last, what fails."""
    fields, reader = of_query(request), reader_of(request, caller)
    found = services.schedules.list(caller)
    return render(
        request, caller, "schedules.html",
        schedules=paged(found, fields.number("page", 1), PAGE_SIZE),
        failing=sum(one.summary.failing > 0 or one.schedule.stopped is not None for one in found),
        url=lambda page: f"/schedules?page={page}" if page > 1 else "/schedules",
        people=services.accounts.shown_names(),
        done=DONE.get(fields.one("done"), ""),
        **delivery_words(reader),
    )  # fmt: skip


@get("/schedules/{schedule_id:int}", opt=_WRITE, sync_to_thread=True)
def schedule_page(
    request: AnyRequest, caller: Caller, services: Services, schedule_id: FromPath[int]
) -> Response[str]:
    """Everything about one."""
    return _page(request, caller, services, schedule_id)


@get("/schedules/{schedule_id:int}/news", opt=_WRITE, sync_to_thread=True)
def schedule_news(
    request: AnyRequest, caller: Caller, services: Services, schedule_id: FromPath[int]
) -> Response[str]:
    """How it goes, for a page that looks on."""
    news = services.schedules.get(caller, schedule_id)
    context = _news_context(services, caller, reader_of(request, caller), news)
    return render(request, caller, "parts/schedule_news.html", **context)


def _news_context(
    services: Services, caller: Caller, reader: Reader, news: ScheduleNews
) -> dict[str, Any]:
    schedule = news.schedule
    of_it = DeliveryFilter(schedule_id=schedule.id)
    page = services.schedules.deliveries(caller, of_it, None, _SHOWN_DELIVERIES)
    next_range = news.next_range
    choice = schedule.choice

    def in_its_zone(instant_ms: int) -> str:
        return words.long_moment(instant_ms, schedule.timing.zone, reader.locale)

    return {
        "news": news,
        "schedule": schedule,
        "next_words": next_range and range_of_slot(
            choice.frequency, choice.request.time_zone, next_range, reader
        ),
        "deliveries": page.items,
        "more": page.next_cursor is not None,
        "wrong": [one for one in page.items if one.state in _WRONG],
        "moving": any(one.state in _MOVING for one in page.items),
        "in_its_zone": in_its_zone,
        **delivery_words(reader),
    }  # fmt: skip


def _page(
    request: AnyRequest, caller: Caller, services: Services, schedule_id: int,
    *, status: int = 200, problem: str = "", filled: Submitted | None = None,
) -> Response[str]:  # fmt: skip
    reader = reader_of(request, caller)
    news = services.schedules.get(caller, schedule_id)
    return render(
        request, caller, "schedule.html", status=status,
        done=DONE.get(of_query(request).one("done"), ""),
        problem=problem,
        filled=filled or Submitted([]),
        known=channels_by_id(services, caller),
        people=services.accounts.shown_names(),
        duration=lambda text: duration_words(text, reader),
        **_news_context(services, caller, reader, news),
    )  # fmt: skip


@post("/schedules/{schedule_id:int}/pause", opt=_WRITE, sync_to_thread=True)
def pause(caller: Caller, services: Services, schedule_id: FromPath[int]) -> Redirect:
    """Have it wait."""
    services.schedules.set_active(caller, schedule_id, False)
    return _back(schedule_id, "paused")


@post("/schedules/{schedule_id:int}/resume", opt=_WRITE, sync_to_thread=True)
def resume(caller: Caller, services: Services, schedule_id: FromPath[int]) -> Redirect:
    """Have it go on."""
    services.schedules.set_active(caller, schedule_id, True)
    return _back(schedule_id, "resumed")


@post("/schedules/{schedule_id:int}/run", opt=_WRITE, sync_to_thread=True)
def run_now(caller: Caller, services: Services, schedule_id: FromPath[int]) -> Redirect:
    """Make its last whole range without waiting."""
    made = services.schedules.run(caller, schedule_id)
    return _back(schedule_id, "run" if made else "made")


@post("/schedules/{schedule_id:int}/backfill", opt=_WRITE, sync_to_thread=True, status_code=200)
def backfill(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    form: SubmittedForm,
    schedule_id: FromPath[int],
) -> Response[Any]:
    """Make ranges of the past, from one day to another, which is not included."""
    try:
        made = services.schedules.backfill(
            caller, schedule_id, form.one("from"), form.one("to"), again="again" in form
        )
    except TawnyError as error:
        services.schedules.get(caller, schedule_id)  # not one that the caller may not see
        text = reader_of(request, caller).say(error.text)
        return _page(request, caller, services, schedule_id, status=400, problem=text, filled=form)
    return _back(schedule_id, "backfill" if made else "nothing")


@post("/schedules/{schedule_id:int}/delete", opt=_WRITE, sync_to_thread=True)
def delete(caller: Caller, services: Services, schedule_id: FromPath[int]) -> Redirect:
    """Take it away; what was delivered stays."""
    services.schedules.remove(caller, schedule_id)
    return Redirect("/schedules?done=removed", status_code=303)


def _back(schedule_id: int, done: str) -> Redirect:
    return Redirect(f"/schedules/{schedule_id}?done={done}", status_code=303)


ROUTES = [
    schedules_page, schedule_page, schedule_news, pause, resume, run_now, backfill, delete,
]  # fmt: skip
