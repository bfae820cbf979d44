"""Saved exports over the API, and a run once more for the period that follows."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter

from tawny.model.zones import current_ms
from tawny.people.callers import Scope
from tawny.runs.store_saved import LOOKING_AT_SAVED
from tawny.server.api.exports import RunId
from tawny.server.api.saved_shapes import SavedAnswer, SavedBody
from tawny.server.api.shapes import RunAnswer
from tawny.server.dependencies import Caller, Language, Services
from tawny.server.problems import responses

_READ = {"scope": LOOKING_AT_SAVED}
_RUN = {"scope": Scope.EXPORTS_WRITE}
_SAVE = {"scope": Scope.SCHEDULES_WRITE}
SavedId = Annotated[int, PathParameter(ge=1, le=2**53, description="Id of a saved export")]


@get(
    "/saved-exports",
    opt=_READ,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(401, 403, 503),
    summary="List saved exports",
)
def list_saved(services: Services, caller: Caller) -> list[SavedAnswer]:
    """The caller's own and those that others share, by name."""
    return [SavedAnswer.of(saved) for saved in services.saved.list(caller)]


@post(
    "/saved-exports",
    opt=_SAVE,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(400, 401, 403, 409, 413, 415, 503),
    summary="Save an export",
)
def add_saved(services: Services, caller: Caller, data: JSONBody[SavedBody]) -> SavedAnswer:
    """Keeps a choice under a name of the caller."""
    return SavedAnswer.of(services.saved.add(caller, data.choice()))


@get(
    "/saved-exports/{saved_id:int}",
    opt=_READ,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="A saved export",
)
def get_saved(services: Services, caller: Caller, saved_id: SavedId) -> SavedAnswer:
    """One saved export."""
    return SavedAnswer.of(services.saved.get(caller, saved_id))


@put(
    "/saved-exports/{saved_id:int}",
    opt=_SAVE,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(400, 401, 403, 404, 409, 413, 415, 503),
    summary="Change a saved export",
)
def change_saved(
    services: Services, caller: Caller, saved_id: SavedId, data: JSONBody[SavedBody]
) -> SavedAnswer:
    """Keeps another choice in its place; its owner or an administrator may."""
    return SavedAnswer.of(services.saved.change(caller, saved_id, data.choice()))


@delete(
    "/saved-exports/{saved_id:int}",
    opt=_SAVE,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(400, 401, 403, 404, 503)
    | {204: ResponseSpec(None, description="Deleted", generate_examples=False)},
    summary="Delete a saved export",
)
def delete_saved(services: Services, caller: Caller, saved_id: SavedId) -> None:
    """Forgets it; its runs stay."""
    services.saved.delete(caller, saved_id)


@post(
    "/saved-exports/{saved_id:int}/run",
    opt=_RUN,
    status_code=202,
    sync_to_thread=True,
    tags=["saved exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="Run a saved export",
)
def run_saved(
    services: Services, caller: Caller, language: Language, saved_id: SavedId
) -> RunAnswer:
    """A run of the caller, of what the period means now."""
    saved = services.saved.get(caller, saved_id)
    asked = saved.choice.request_at(current_ms())
    return RunAnswer.of(services.runs.start(caller, asked), language)


@post(
    "/exports/{run_id:str}/next",
    opt=_RUN,
    status_code=202,
    sync_to_thread=True,
    tags=["exports"],
    responses=responses(400, 401, 403, 404, 503),
    summary="Run it for the next period",
)
def export_next(services: Services, caller: Caller, language: Language, run_id: RunId) -> RunAnswer:
    """The same request for the period that follows its range: a month after a month, seven days
    after seven days."""
    return RunAnswer.of(services.runs.next_period(caller, run_id), language)


HANDLERS = (
    list_saved, add_saved, get_saved, change_saved, delete_saved, run_saved, export_next,
)  # fmt: skip
