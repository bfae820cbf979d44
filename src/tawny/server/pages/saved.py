"""Saved exports on the page: kept from the form, run with a click, filled in again."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from tawny.errors import RequestError, TawnyError
from tawny.exports.periods import PERIODS
from tawny.model.zones import current_ms
from tawny.runs.store_saved import SavedChoice
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.filled_form import form_query
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.server.pages.request_form import FieldError, request_form
from tawny.server.pages.submitted import SubmittedForm


def saved_context(services: Services, caller: Caller) -> dict[str, Any]:
    """What the part with the saved exports needs."""
    return {
        "saved": services.saved.list(caller),
        "saved_problem": None,
        "form_query": form_query,
    }


@post("/saved-exports", sync_to_thread=True, status_code=200)
def save(
    request: AnyRequest, caller: Caller, services: Services, form: SubmittedForm
) -> Response[str]:
    """Keep what the form says; under a name the caller has used, in the place of what was there."""
    reader = reader_of(request, caller)
    problem = None
    try:
        filled = request_form(form, reader.zone_name, reader.language)
        if filled.preset not in PERIODS:
            raise RequestError("Choose a period such as “Last month”: it moves on with the time.")
        asked = filled.choices()
        choice = SavedChoice(form.one("saved_name"), filled.preset, "shared" in form, asked)
        own = [one for one in services.saved.list(caller) if one.owner_id == caller.user_id]
        same = next((one for one in own if one.choice.name == choice.name), None)
        if same is None:
            services.saved.add(caller, choice)
        else:
            services.saved.change(caller, same.id, choice)
    except (FieldError, TawnyError) as error:
        problem = reader.say(error.text)
    context = saved_context(services, caller) | {"saved_problem": problem}
    return render(request, caller, "parts/saved_exports.html", **context)


@post("/saved-exports/{saved_id:int}/run", sync_to_thread=True)
def run(caller: Caller, services: Services, saved_id: FromPath[int]) -> Redirect:
    """Start what it means now; it is in the list at once."""
    saved = services.saved.get(caller, saved_id)
    services.runs.start(caller, saved.choice.request_at(current_ms()))
    return Redirect("/exports", status_code=303)


@post("/saved-exports/{saved_id:int}/delete", sync_to_thread=True)
def delete(caller: Caller, services: Services, saved_id: FromPath[int]) -> Redirect:
    """Forget it; its runs stay."""
    services.saved.delete(caller, saved_id)
    return Redirect("/exports", status_code=303)


@post("/exports/{run_id:str}/next", sync_to_thread=True)
def next_period(caller: Caller, services: Services, run_id: FromPath[str]) -> Redirect:
    """Ask for the same of the period that follows."""
    run = services.runs.next_period(caller, run_id)
    return Redirect(f"/exports/{run.id}", status_code=303)


ROUTES = [save, run, delete, next_period]
