"""The page for exports on demand: the form, what a range means, the estimate, the list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.response import Redirect

from tawny.errors import RequestError, TawnyError
from tawny.exports.periods import PERIODS, following, period, preceding
from tawny.exports.request import ExportRequest
from tawny.model.zones import current_ms
from tawny.people.mailings import mail_is_set
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages import labels as names
from tawny.server.pages.bounds import (
    ShownBounds,
    bounds_of_form,
    range_text,
    range_words,
    written_range,
)
from tawny.server.pages.filled_form import choice_cookie, last_choice
from tawny.server.pages.freshness import strip_of
from tawny.server.pages.paging import Paged, last_page_of
from tawny.server.pages.ranges import TYPED
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.request_form import (
    FieldError,
    RequestForm,
    check_zone,
    columns_of,
    dialects,
    offered_columns,
    request_form,
    shown_range,
)
from tawny.server.pages.run_search import run_words
from tawny.server.pages.saved import saved_context
from tawny.server.pages.submitted import Submitted, SubmittedForm, of_query
from tawny.settings import Settings
from tawny.state.run_rows import SORTS, RunFilter, RunPage, RunState

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Why the form cannot be used, in the reader's language; the field is empty where it is no
    single one's fault."""

    field: str
    text: str


def problem_of(error: FieldError | RequestError, reader: Reader) -> FormProblem:
    """What is wrong with a form."""
    field = error.field if isinstance(error, FieldError) else ""
    return FormProblem(field, reader.say(error.text))


@dataclass(frozen=True, slots=True)
class RunList:
    """What the list shows; all of it is in the address of the page."""

    q: str = ""
    state: str = ""
    of: str = ""
    mine: bool = False
    sort: str = "-created"
    page: int = 1

    @property
    def filtered(self) -> bool:
        """Whether something is left out."""
        return bool(self.q or self.state or self.of or self.mine)

    @property
    def live(self) -> bool:
        """Whether a new run belongs on top of it."""
        return self.page == 1 and self.sort == "-created" and not (self.q or self.state or self.of)

    def url(self, **changes: str) -> str:
        """The address of this list with something changed."""
        fields: dict[str, str] = {
            "q": self.q,
            "state": self.state,
            "of": self.of,
            "mine": "1" if self.mine else "",
            "sort": "" if self.sort == "-created" else self.sort,
            "page": str(self.page) if self.page > 1 else "",
            **changes,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/exports?{query}" if query else "/exports"

    def page_url(self, page: int) -> str:
        """The address of another page of it."""
        return self.url(page=str(page) if page > 1 else "")


def run_list(fields: Submitted) -> RunList:
    """The list an address asks for; what it does not know is left aside."""
    sort = fields.one("sort", "-created")
    return RunList(
        q=fields.one("q")[:200],
        state=fields.chosen("state", names.STATES, ""),
        of=fields.chosen("of", names.EXPORTS, ""),
        mine="mine" in fields,
        sort=sort if sort.removeprefix("-") in SORTS else "-created",
        page=fields.number("page", 1),
    )


def list_context(
    services: Services, caller: Caller, reader: Reader, listed: RunList
) -> dict[str, Any]:
    """The part of the list that is shown, and where in the whole it lies."""
    people = services.accounts.shown_names()
    filters = RunFilter(
        states=(RunState(listed.state),) if listed.state else (),
        export_types=(listed.of,) if listed.of else (),
        owner=caller.name if listed.mine else None,
        words=run_words(listed.q, services, caller, reader, people),
    )
    runs = _runs(services, caller, filters, listed)
    last_page = last_page_of(runs.total, PAGE_SIZE)
    if listed.page > last_page:
        listed = replace(listed, page=last_page)
        runs = _runs(services, caller, filters, listed)
    begin = (listed.page - 1) * PAGE_SIZE
    return {
        "list": listed,
        "runs": Paged(runs.items, listed.page, last_page, begin + 1, runs.total),
        "people": people,
        "range_words": lambda run: range_words(run, reader),
    }


def _runs(services: Services, caller: Caller, filters: RunFilter, listed: RunList) -> RunPage:
    offset = (listed.page - 1) * PAGE_SIZE
    return services.runs.list(caller, filters, listed.sort, None, PAGE_SIZE, offset)


def form_context(
    services: Services,
    caller: Caller,
    reader: Reader,
    form: RequestForm,
    now_ms: int,
    *,
    mail: bool = False,
) -> dict[str, Any]:
    """Everything the form's template needs; `mail` is whether who asks wants to be told by mail."""
    bounds, problem = bounds_or_problem(form, reader, now_ms)
    return {
        "form": form,
        "is_empty": services.is_empty(),
        "range_text": range_text(form, reader, now_ms),
        "range_options": _range_options(reader, now_ms),
        **columns_context(form),
        "types": services.types(caller),
        "channels": services.channels(caller),
        "dialects": dialects(reader.language),
        "bounds": bounds,
        "range_problem": problem,
        "problem": None,
        "started": None,
        "mail_choice": mail_choice(services.settings, chosen=mail),
    }


def mail_choice(settings: Settings, *, chosen: bool) -> dict[str, bool] | None:
    """What the choice to be told by mail needs; None where the server sends none."""
    if not mail_is_set(settings):
        return None
    return {"chosen": chosen, "has_link": bool(settings.text("public_url"))}


def columns_context(form: RequestForm) -> dict[str, Any]:
    """What the choice of columns needs."""
    return {"offered": offered_columns(form.named), "columns_of": columns_of(form.named)}


def _range_options(reader: Reader, now_ms: int) -> list[tuple[str, str]]:
    """The periods to choose from: their names, and the days they are now."""
    options = []
    for name in PERIODS:
        start, end = period(name, now_ms, reader.zone)
        days = words.days(start.isoformat(), end.isoformat(), reader.locale)
        options.append((reader.translate(names.PRESETS[name]), days))
    return options


def bounds_or_problem(
    form: RequestForm, reader: Reader, now_ms: int
) -> tuple[ShownBounds | None, FormProblem | None]:
    """What the range of a form means, or why it means nothing; neither for a snapshot whose zone
    exists."""
    try:
        check_zone(form)
        if not form.takes_range:
            return None, None
        return bounds_of_form(form, form.range_texts(now_ms), reader), None
    except (FieldError, RequestError) as error:
        return None, problem_of(error, reader)


def request_of_form(
    form: RequestForm, reader: Reader, now_ms: int, shown: tuple[str, str] | None = None
) -> ExportRequest:
    """The request of a form, each of its fields looked at. Raises `FieldError`, `RequestError`."""
    check_zone(form)
    asked = form.request(now_ms, shown)
    if asked.start is not None and asked.end is not None:
        bounds_of_form(form, (asked.start, asked.end), reader)
    return asked


@get("/exports", sync_to_thread=True)
def exports_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The form and the list; for the page's script the list alone."""
    fields = of_query(request)
    listed = run_list(fields)
    reader = reader_of(request, caller)
    shared = list_context(services, caller, reader, listed)
    if is_part(request):
        headers = {
            "HX-Replace-Url": shared["list"].url(),
            # To be looked up once more: news may have put another list in the place of the one that
            # was there when this was asked for, and the answer would be dropped.
            "HX-Retarget": "#run-list",
        }
        return render(request, caller, "parts/run_list.html", headers=headers, **shared)
    chosen = last_choice(request, caller, fields)
    form = request_form(chosen, reader.zone_name, reader.language)
    now_ms = current_ms()
    return render(
        request, caller, "exports.html",
        **shared, **saved_context(services, caller),
        strip=strip_of(services, caller, reader),
        **form_context(services, caller, reader, form, now_ms),
    )  # fmt: skip


@post("/exports/bounds", sync_to_thread=True, status_code=200)
def bounds_part(request: AnyRequest, caller: Caller, form: SubmittedForm) -> Response[str]:
    """What the chosen range means. The fields come as a body, never in the address: those of
    hundreds of channels are longer than an address may be, and addresses are written to logs."""
    reader = reader_of(request, caller)
    filled, now_ms = request_form(form, reader.zone_name, reader.language), current_ms()
    bounds, problem = bounds_or_problem(filled, reader, now_ms)
    if bounds is not None and (shift := form.one("shift")):
        try:
            moved = (preceding if shift == "-1" else following)(bounds.start, bounds.end)
            typed = written_range(moved, reader)
            filled = replace(filled, preset=TYPED, typed=typed)
            bounds, problem = bounds_or_problem(filled, reader, now_ms)
        except RequestError as error:
            problem = problem_of(error, reader)
    return render(
        request, caller, "parts/bounds.html", form=filled, bounds=bounds, range_problem=problem,
        range_text=range_text(filled, reader, now_ms),
    )  # fmt: skip


@post("/exports/channels", sync_to_thread=True, status_code=200)
def channels_part(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[str]:
    """The channels to choose from: hundreds of them are more than the rest of the page."""
    reader = reader_of(request, caller)
    filled = request_form(form, reader.zone_name, reader.language)
    return render(
        request, caller, "parts/channels_choice.html", form=filled,
        channels=services.channels(caller),
    )  # fmt: skip


@post("/exports/columns", sync_to_thread=True, status_code=200)
def columns_part(request: AnyRequest, caller: Caller, form: SubmittedForm) -> Response[str]:
    """The columns to choose from, for the exports the form names."""
    reader = reader_of(request, caller)
    filled = request_form(form, reader.zone_name, reader.language)
    return render(
        request, caller, "parts/columns_choice.html", form=filled, **columns_context(filled)
    )


@post("/exports/estimate", sync_to_thread=True, status_code=200)
def estimate_part(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[str]:
    """About how many rows the chosen export has, or why it cannot be made yet."""
    reader = reader_of(request, caller)
    filled = request_form(form, reader.zone_name, reader.language)
    rows, slow, problem = None, False, None
    try:
        asked = request_of_form(filled, reader, current_ms())
        rows = services.estimate(caller, asked).rows
        slow = rows is None
    except (FieldError, RequestError) as error:
        problem = problem_of(error, reader)
    except TawnyError:
        pass  # a log that cannot be read now is told when it is asked for
    return render(
        request, caller, "parts/estimate.html", rows=rows, slow=slow, estimate_problem=problem
    )


@post("/exports", sync_to_thread=True, status_code=200)
def generate(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[Any]:
    """Start an export; it is in the list at once."""
    reader = reader_of(request, caller)
    filled = request_form(form, reader.zone_name, reader.language)
    now_ms = current_ms()
    problem, started, remembered = None, None, None
    try:
        asked = request_of_form(filled, reader, now_ms, shown_range(filled, form))
        started = services.runs.start(caller, asked, mail="mail" in form)
        remembered = choice_cookie(caller, filled, asked)
    except (FieldError, RequestError) as error:
        problem = problem_of(error, reader)
    context = form_context(services, caller, reader, filled, now_ms, mail="mail" in form) | {
        "problem": problem,
        "started": started,
        **list_context(services, caller, reader, RunList()),
        **saved_context(services, caller),
    }
    answer: Response[Any]
    if is_part(request):
        answer = render(request, caller, "parts/request_form.html", **context)
    elif started is not None:
        answer = Redirect("/exports", status_code=303)
    else:
        context["strip"] = strip_of(services, caller, reader)
        answer = render(request, caller, "exports.html", status=400, **context)
    if remembered is not None:
        answer.set_cookie(remembered)
    return answer


ROUTES = [exports_page, bounds_part, channels_part, columns_part, estimate_part, generate]
