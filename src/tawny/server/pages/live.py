"""What happens while somebody looks: changes of runs as they come, and the bell."""

from __future__ import annotations

import json
from dataclasses import dataclass

from litestar import MediaType, Response, get
from litestar.datastructures import Cookie
from litestar.response import ServerSentEvent

from tawny.languages import translated
from tawny.model.zones import current_ms
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages import labels as names
from tawny.server.pages.rendering import (
    SEEN_COOKIE,
    AnyRequest,
    Reader,
    news,
    reader_of,
    render,
    seen_of,
)
from tawny.server.pages.run_name import run_name
from tawny.server.server_sent_events import run_changes
from tawny.state.run_rows import ExportRun, RunFilter, RunState
from tawny.text import N_

_YEAR_S = 31_536_000
_MISSED_MS = 60_000


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the bell."""

    at_ms: int
    text: str
    url: str | None
    """None where the reader may open no page of it."""
    file: str | None = None
    """What can be downloaded."""


@get("/live")
async def live(request: AnyRequest, caller: Caller, services: Services) -> ServerSentEvent:
    """Every change of a run the caller may see, with the words to tell it with."""
    reader = reader_of(request, caller)
    return run_changes(request, services, caller, lambda run: change_text(run, caller, reader))


@get("/live/now", sync_to_thread=True)
def now(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """How things stand, for a page that was not connected when they changed: runs that go on, and
    the caller's that came to an end a moment ago."""
    reader = reader_of(request, caller)
    going = RunFilter(states=(RunState.QUEUED, RunState.RUNNING))
    since_ms = current_ms() - _MISSED_MS
    runs = [
        *services.runs.list(caller, going, "-created", None, 50).items,
        *services.runs.list(caller, RunFilter(), "-created", None, 50).items,
    ]
    texts = {
        run.id: change_text(run, caller, reader)
        for run in runs
        if run.ended_ms is None or run.ended_ms > since_ms
    }
    return Response(f"[{','.join(texts.values())}]", media_type=MediaType.JSON)


def change_text(run: ExportRun, caller: Caller, reader: Reader) -> str:
    """One change as the page's script takes it."""
    return json.dumps(
        {
            "id": run.id,
            "version": run.version,
            "state": run.state.value,
            "percent": run.progress_percent,
            "phase": reader.translate(names.PHASES.get(run.phase, run.phase)),
            "own": run.owner_id == caller.user_id and not run.is_scheduled,
            "text": ending_words(run, reader),
            "url": f"/exports/{run.id}",
            "file": f"/exports/{run.id}/file" if run.state is RunState.READY else None,
        },
        ensure_ascii=False,
    )


def ending_words(run: ExportRun, reader: Reader) -> str:
    """`Messages is ready: 1,234 rows.`, `Messages failed.`; empty while it goes on."""
    name = run_name(run, reader.language)
    if run.state is RunState.READY:
        rows = reader.plural("%(n)s row", "%(n)s rows", run.rows or 0) % {
            "n": words.number(run.rows or 0, reader.locale)
        }
        return reader.translate(N_("%(name)s: ready, %(rows)s")) % {
            "name": name, "rows": rows,
        }  # fmt: skip
    if run.state is RunState.FAILED:
        return reader.translate(N_("%(name)s: failed")) % {"name": name}
    return ""


@get("/notifications", sync_to_thread=True)
def notifications(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """What the bell lists. From now on it is seen."""
    reader = reader_of(request, caller)
    told = [
        Told(
            run.ended_ms or 0, ending_words(run, reader), f"/exports/{run.id}",
            f"/exports/{run.id}/file" if run.state is RunState.READY else None,
        )
        for run in news(services, caller)
    ]  # fmt: skip
    told += [
        # It begins with a name, which stays as it is.
        Told(one.at_ms, translated(one.text, reader.language), one.path)
        for one in services.schedules.notices(caller)
    ]
    response = render(
        request, caller, "parts/notifications.html",
        news=sorted(told, key=lambda one: -one.at_ms),
        seen_ms=seen_of(request),
    )  # fmt: skip
    response.set_cookie(
        Cookie(
            key=SEEN_COOKIE, value=str(current_ms()), path="/", max_age=_YEAR_S,
            httponly=True, samesite="lax",
        )
    )  # fmt: skip
    return response


ROUTES = [live, now, notifications]
