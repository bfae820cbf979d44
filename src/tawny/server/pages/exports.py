"""The page for exports on demand: the form, what a range means, the estimate, the list."""

from __future__ import annotations

import functools
import time
import zoneinfo
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.response import Redirect

from tawny.errors import RequestError, TawnyError
from tawny.exports.request import moment_ms
from tawny.model.zones import from_ms, offset_ms, requested_zone, zone
from tawny.server.pages import names, words
from tawny.server.pages.ranges import Meaning, meaning
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.request_form import (
    FieldError,
    RequestForm,
    check_zone,
    request_form,
    shown_range,
)
from tawny.server.pages.submitted import Submitted, of_query
from tawny.server.services import Services
from tawny.state.callers import Caller
from tawny.state.run_rows import SORTS, Run, RunFilter, RunPage, RunState

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the form was not accepted."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range as the page shows it."""

    start: str
    end: str
    from_local: str
    to_local: str
    from_utc: str
    to_utc: str
    length: str
    changes: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunList:
    """What the list shows; all of it is in the address of the page."""

    q: str = ""
    state: str = ""
    of: str = ""
    mine: bool = False
    sort: str = "-created"
    cursor: str = ""

    @property
    def filtered(self) -> bool:
        """Whether something is left out."""
        return bool(self.q or self.state or self.of or self.mine)

    @property
    def live(self) -> bool:
        """Whether a new run belongs on top of it."""
        return not self.cursor and self.sort == "-created" and not (self.q or self.state or self.of)

    def url(self, **changes: str) -> str:
        """The address of this list with something changed."""
        fields: dict[str, str] = {
            "q": self.q,
            "state": self.state,
            "of": self.of,
            "mine": "1" if self.mine else "",
            "sort": "" if self.sort == "-created" else self.sort,
            "cursor": self.cursor,
            **changes,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/exports?{query}" if query else "/exports"


def run_list(fields: Submitted) -> RunList:
    """The list an address asks for; what it does not know is left aside."""
    sort = fields.one("sort", "-created")
    return RunList(
        q=fields.one("q")[:200],
        state=fields.chosen("state", names.STATES, ""),
        of=fields.chosen("of", names.EXPORT_TYPES, ""),
        mine="mine" in fields,
        sort=sort if sort.removeprefix("-") in SORTS else "-created",
        cursor=fields.one("cursor"),
    )


def runs_of(services: Services, caller: Caller, listed: RunList) -> RunPage:
    """The part of the list that is shown."""
    filters = RunFilter(
        states=(RunState(listed.state),) if listed.state else (),
        export_types=(listed.of,) if listed.of else (),
        owner=caller.name if listed.mine else None,
        text=listed.q or None,
    )
    return services.runs.list(caller, filters, listed.sort, listed.cursor or None, PAGE_SIZE)


def describe(start: str, end: str, zone_name: str, reader: Reader) -> Bounds:
    """The exact meaning of a range. Raises `RequestError`."""
    tz = requested_zone(zone_name)
    start_ms, end_ms = moment_ms("from", start, tz), moment_ms("to", end, tz)
    if start_ms >= end_ms:
        raise FieldError("last_day", names.N_("The end must lie after the beginning."))
    return shown_bounds(start, end, meaning(start_ms, end_ms, tz), tz, reader)


def shown_bounds(
    start: str, end: str, means: Meaning, tz: zoneinfo.ZoneInfo, reader: Reader
) -> Bounds:
    """The same for instants that are known."""
    place = reader.locale
    return Bounds(
        start=start,
        end=end,
        from_local=words.long_moment(means.from_ms, tz, place),
        to_local=words.long_moment(means.to_ms, tz, place),
        from_utc=_utc(means.from_ms),
        to_utc=_utc(means.to_ms),
        length=_length(means, tz, reader),
        changes=tuple(
            {
                "day": words.day(change.date, place),
                "hours": words.hours(change.length_ms, place, reader.plural),
                "before": words.clock(change.before, place),
                "after": words.clock(change.after, place),
            }
            for change in means.changes[:4]
        ),
    )


def _utc(instant_ms: int) -> str:
    clock = "%Y-%m-%d %H:%M" if instant_ms % 60_000 == 0 else "%Y-%m-%d %H:%M:%S"
    return from_ms(instant_ms).strftime(clock)


def _length(means: Meaning, tz: zoneinfo.ZoneInfo, reader: Reader) -> str:
    hours = words.hours(means.length_ms, reader.locale, reader.plural)
    first, last = (from_ms(at).astimezone(tz) for at in (means.from_ms, means.to_ms))
    if first.time() != last.time() or first.date() == last.date():
        return hours
    count = (last.date() - first.date()).days
    days = reader.plural("%(num)s day", "%(num)s days", count) % {
        "num": words.number(count, reader.locale)
    }
    return f"{days} = {hours}"


@functools.lru_cache(maxsize=64)
def _zones(first: str, _hour: int) -> list[tuple[str, str]]:
    """Every zone with its offset this hour; the reader's own first, then UTC."""
    now_ms = time.time_ns() // 1_000_000
    listed = [
        name
        for name in sorted(zoneinfo.available_timezones())
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    ]
    ordered = dict.fromkeys([first, "UTC", *listed])
    return [(name, _offset(name, now_ms)) for name in ordered]


def _offset(name: str, now_ms: int) -> str:
    minutes = offset_ms(now_ms, zone(name)) // 60_000
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def range_words(run: Run, reader: Reader) -> str:
    """A run's range in few words: days where it is whole days, else as it was written."""
    if run.start is None or run.end is None:
        return ""
    if len(run.start) == len("2026-06-08") == len(run.end):
        return words.days(run.start, run.end, reader.locale)
    return f"{run.start.replace('T', ' ')} → {run.end.replace('T', ' ')}"


def form_context(
    services: Services, caller: Caller, reader: Reader, form: RequestForm, now_ms: int
) -> dict[str, Any]:
    """Everything the form's template needs."""
    bounds, problem = None, None
    if form.takes_range:
        try:
            check_zone(form)
            bounds = describe(*form.range_texts(now_ms), form.time_zone, reader)
        except FieldError as error:
            problem = Problem(error.field, reader.translate(error.message))
        except RequestError as error:
            problem = Problem("", reader.say(error.text))
    return {
        "form": form,
        "types": services.types(caller),
        "channels": services.channels(caller),
        "bounds": bounds,
        "range_problem": problem,
        "problem": None,
        "started": None,
    }


@get("/", sync_to_thread=False)
def front() -> Redirect:
    """The first page is the exports."""
    return Redirect("/exports", status_code=303)


@get("/exports", sync_to_thread=True)
def exports_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The form and the list; for the page's script the list alone."""
    fields = of_query(request)
    listed = run_list(fields)
    reader = reader_of(request, caller)
    shared: dict[str, Any] = {
        "list": listed,
        "runs": runs_of(services, caller, listed),
        "range_words": lambda run: range_words(run, reader),
    }
    if is_part(request):
        return render(
            request, caller, "parts/run_list.html",
            headers={"HX-Replace-Url": listed.url()}, **shared,
        )  # fmt: skip
    form = request_form(fields, reader.zone_name, reader.language)
    now_ms = time.time_ns() // 1_000_000
    return render(
        request, caller, "exports.html",
        **shared, **form_context(services, caller, reader, form, now_ms),
    )  # fmt: skip


@get("/exports/zones", sync_to_thread=True)
def zones(request: AnyRequest) -> Response[list[tuple[str, str]]]:
    """Time zones to choose from with their offsets now. They are asked for when somebody is about
    to choose, not part of the page: they would be a fifth of it."""
    reader = reader_of(request, None)
    now_ms = time.time_ns() // 1_000_000
    return Response(
        _zones(reader.zone_name, now_ms // 3_600_000),
        headers={"Cache-Control": "private, max-age=600", "Vary": "Cookie"},
    )


@get("/exports/bounds", sync_to_thread=True)
def bounds_part(request: AnyRequest, caller: Caller) -> Response[str]:
    """What the chosen range means."""
    reader = reader_of(request, caller)
    form = request_form(of_query(request), reader.zone_name, reader.language)
    bounds, problem = None, None
    try:
        check_zone(form)
        if form.takes_range:
            texts = form.range_texts(time.time_ns() // 1_000_000)
            bounds = describe(*texts, form.time_zone, reader)
    except FieldError as error:
        problem = Problem(error.field, reader.translate(error.message))
    except RequestError as error:
        problem = Problem("", reader.say(error.text))
    return render(
        request, caller, "parts/bounds.html", form=form, bounds=bounds, range_problem=problem
    )


@get("/exports/estimate", sync_to_thread=True)
def estimate_part(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """About how many rows the chosen export has; nothing while the choice is not complete."""
    reader = reader_of(request, caller)
    form = request_form(of_query(request), reader.zone_name, reader.language)
    rows, slow = None, False
    try:
        asked = form.request(time.time_ns() // 1_000_000)
        rows = services.estimate(caller, asked).rows
        slow = rows is None
    except (FieldError, TawnyError):
        pass  # the form says what is wrong when it is sent
    return render(request, caller, "parts/estimate.html", rows=rows, slow=slow)


@post("/exports", sync_to_thread=True, status_code=200)
def generate(
    request: AnyRequest, caller: Caller, services: Services, form: Submitted
) -> Response[Any]:
    """Start an export; it is in the list at once."""
    reader = reader_of(request, caller)
    filled = request_form(form, reader.zone_name, reader.language)
    now_ms = time.time_ns() // 1_000_000
    problem, started = None, None
    try:
        check_zone(filled)
        asked = filled.request(now_ms, shown_range(filled, form))
        if filled.takes_range:
            describe(str(asked.start), str(asked.end), filled.time_zone, reader)
        started = services.runs.start(caller, asked)
    except FieldError as error:
        problem = Problem(error.field, reader.translate(error.message))
    except RequestError as error:
        problem = Problem("", reader.say(error.text))
    if started is not None and not is_part(request):
        return Redirect("/exports", status_code=303)
    listed = RunList()
    context = form_context(services, caller, reader, filled, now_ms) | {
        "problem": problem,
        "started": started,
        "list": listed,
        "runs": runs_of(services, caller, listed),
        "range_words": lambda run: range_words(run, reader),
    }
    if is_part(request):
        return render(request, caller, "parts/request_form.html", **context)
    return render(request, caller, "exports.html", status=400, **context)


ROUTES = [front, exports_page, zones, bounds_part, estimate_part, generate]
