"""Changes of runs as server-sent events, for pages and programs that do not want to ask again and
again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.response import ServerSentEvent, ServerSentEventMessage

from tawny.people.callers import Caller
from tawny.server.auth import find_caller
from tawny.server.services import Services
from tawny.state.run_rows import ExportRun

_HEARTBEAT_S = 15.0
_TRUST_S = 1.0
"""So long what was found of the caller counts as true."""


def run_changes(
    request: Request[Any, Any, Any],
    services: Services,
    caller: Caller,
    data: Callable[[ExportRun], str],
    event: str = "run",
) -> ServerSentEvent:
    """A stream of what `data` makes of each change. It ends when the caller's session does, or
    when what the caller may see has changed; the reader then asks again."""

    async def messages() -> AsyncIterator[ServerSentEventMessage]:
        # So that a reader knows at once that it is connected.
        yield ServerSentEventMessage(data=None, comment="open", retry=2000)
        checked_at = time.monotonic()
        changes = services.runs.subscribe(caller)
        following: asyncio.Future[ExportRun] = asyncio.ensure_future(anext(changes))
        try:
            while True:
                done, _ = await asyncio.wait([following], timeout=_HEARTBEAT_S)
                # Also where one change follows the other, or who has signed out would be told as
                # long as there is something to tell.
                if not done or time.monotonic() - checked_at > _TRUST_S:
                    now = await to_thread.run_sync(find_caller, request)
                    if now is None or (now.role, now.channels, now.presence, now.scopes) != (
                        caller.role, caller.channels, caller.presence, caller.scopes,
                    ):  # fmt: skip
                        return
                    checked_at = time.monotonic()
                if done:
                    run = following.result()
                    yield ServerSentEventMessage(event=event, id=run.version, data=data(run))
                    following = asyncio.ensure_future(anext(changes))
                else:
                    yield ServerSentEventMessage(data=None, comment="here")
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await following
            await changes.aclose()

    return ServerSentEvent(messages(), headers={"X-Accel-Buffering": "no"})
