"""The first minutes of a server without events: sample data, a file, or the first event by the API.
For administrators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread
from litestar import Response, get, post
from litestar.response import Redirect, ServerSentEvent, ServerSentEventMessage

from tawny.errors import ConflictError
from tawny.model.zones import current_ms
from tawny.people.callers import Scope
from tawny.server.auth import find_caller
from tawny.server.dependencies import Caller, Services
from tawny.server.pages.rendering import AnyRequest, reader_of, render
from tawny.text import N_

_ADMIN = {"scope": Scope.ADMIN}
_HEARTBEAT_S = 15.0
_TOKEN_DAYS = 90
_DAY_MS = 86_400_000


def start_page(
    request: AnyRequest, caller: Caller, services: Services, *, status: int = 200, **more: Any
) -> Response[Any]:
    """The three ways in; also what the home page of an empty server is."""
    return render(
        request, caller, "start.html", status=status,
        **{
            "is_empty": services.is_empty(),
            "sample_loaded": services.sample_data.is_loaded(),
            "curl": None,
            "token_days": _TOKEN_DAYS,
            "problem": "",
            "most_bytes": services.settings.number("request_mb") << 20,
            **more,
        },
    )  # fmt: skip


@get("/start", opt=_ADMIN, sync_to_thread=True)
def start(request: AnyRequest, caller: Caller, services: Services) -> Response[Any]:
    """The ways in, also when there are events."""
    return start_page(request, caller, services)


@post("/start/sample", opt=_ADMIN, sync_to_thread=True, status_code=200)
def load_sample(request: AnyRequest, caller: Caller, services: Services) -> Response[Any]:
    """Load sample data into an empty server."""
    try:
        services.sample_data.load(caller)
    except ConflictError as error:
        problem = reader_of(request, caller).say(error.text)
        return start_page(request, caller, services, status=409, problem=problem)
    services.arrivals.tell()
    return Redirect("/", status_code=303)


@post("/start/sample/remove", opt=_ADMIN, sync_to_thread=True)
def remove_sample(caller: Caller, services: Services) -> Redirect:
    """Take the sample data out again."""
    services.sample_data.remove(caller)
    return Redirect("/", status_code=303)


@post("/start/token", opt=_ADMIN, sync_to_thread=True, status_code=200)
def first_token(request: AnyRequest, caller: Caller, services: Services) -> Response[Any]:
    """A token to send events with, and a command that sends the first ones; both are on this page
    and nowhere else."""
    _token, secret = services.tokens.create(
        caller, reader_of(request, caller).translate(N_("First events")), [Scope.EVENTS_WRITE],
        current_ms() + _TOKEN_DAYS * _DAY_MS,
    )  # fmt: skip
    origin = f"{request.url.scheme}://{request.url.netloc}"
    lines = services.sample_data.first_events(caller)
    curl = (
        f'curl -H "Authorization: Bearer {secret}" \\\n'
        '  -H "Content-Type: application/x-ndjson" \\\n'
        f"  {origin}/api/v1/events --data-binary '{lines}\n'"
    )
    return start_page(request, caller, services, curl=curl)


@get("/start/live", opt=_ADMIN)
async def first_arrival(request: AnyRequest, caller: Caller, services: Services) -> ServerSentEvent:
    """Tells once, as soon as there is an event, or with `next` in the address another one."""
    some_more = "next" in request.query_params

    def may_go_on() -> bool:
        now = find_caller(request)
        return now is not None and now.may(Scope.ADMIN)

    async def messages() -> AsyncIterator[ServerSentEventMessage]:
        yield ServerSentEventMessage(data=None, comment="open", retry=2000)
        with services.arrivals.watched() as some:
            while some_more or await to_thread.run_sync(services.is_empty):
                try:
                    await asyncio.wait_for(some.wait(), _HEARTBEAT_S)
                    break
                except TimeoutError:
                    # Also what another process has taken in is seen now.
                    if not await to_thread.run_sync(may_go_on):
                        return
                    yield ServerSentEventMessage(data=None, comment="here")
        yield ServerSentEventMessage(event="arrived", data="1")

    del caller  # `admit` has checked the right
    return ServerSentEvent(messages(), headers={"X-Accel-Buffering": "no"})


ROUTES = [start, load_sample, remove_sample, first_token, first_arrival]
