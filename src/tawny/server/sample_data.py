"""Sample data of one server: loaded by a click and removed by a click."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from typing import TYPE_CHECKING

from tawny.background.pool import Workers
from tawny.errors import ConflictError, TawnyError
from tawny.model.zones import current_ms, from_ms, instant_text
from tawny.people.callers import Caller, Scope
from tawny.sample import SampleRequest
from tawny.state.run_rows import RunFilter

if TYPE_CHECKING:
    from tawny.server.services import Services

CONVERSATIONS = 900
DAYS = 45
"""What is loaded: about fifteen thousand events up to now."""

_DAY_MS = 86_400_000
_STORY_AGE_MS = 26 * 3_600_000
"""A day may have 25 hours, and the story takes some minutes: none of it is of today."""
_LOADED, _REMOVED = "sample_loaded", "sample_removed"


class SampleData:
    """Every event of it has the source `/sample` and an id that begins with a mark, written down in
    the audit trail before the first one comes in."""

    def __init__(self, services: Services, workers: Workers) -> None:
        self._services = services
        self._workers = workers
        self._lock = threading.Lock()

    def is_loaded(self) -> bool:
        """Whether some was loaded and not removed since."""
        return bool(self._loaded())

    def load(self, caller: Caller) -> int:
        """Take in a simulated care centre; returns how many events it has. Administrators only.
        Raises `ConflictError` when there are events already."""
        caller.need(Scope.ADMIN)
        with self._lock:
            if not self._services.is_empty():
                raise ConflictError(
                    "there are events already; sample data are for a server without any"
                )
            end_ms = current_ms()
            start_ms = end_ms - DAYS * _DAY_MS
            request = SampleRequest(CONVERSATIONS, from_ms(start_ms), from_ms(end_ms), seed=1)
            self._services.audit.record(caller, _LOADED, request.mark)
            done = self._workers.run(
                "load_sample",
                {
                    "conversations": CONVERSATIONS, "start_ms": start_ms, "end_ms": end_ms,
                    "seed": request.seed,
                },
            )  # fmt: skip
        return int(done["accepted"])

    def first_events(self, caller: Caller) -> str:
        """The lines of a few events to try the way in with: one conversation of a day ago, removed
        like any sample data. Administrators only."""
        caller.need(Scope.ADMIN)
        mark = f"{secrets.token_hex(4)}-"
        self._services.audit.record(caller, _LOADED, mark)
        return story_of(mark, current_ms())

    def remove(self, caller: Caller) -> int:
        """Take all of it out of the log; returns how many events that were. Where nothing else had
        come in, the exports made since are of sample data and go too. Administrators only."""
        caller.need(Scope.ADMIN)
        with self._lock:
            loaded = self._loaded()
            marks = sorted(self._services.audit.subjects(_LOADED))
            if not marks:
                return 0
            done = self._workers.run("unload_sample", {"marks": marks})
            if loaded and done["removed"] and not done["left"]:
                self._delete_runs(caller, min(loaded.values()))
            for mark in sorted(loaded):
                self._services.audit.record(caller, _REMOVED, mark)
        return int(done["removed"])

    def _loaded(self) -> dict[str, int]:
        """The marks of what is there, and when it was loaded."""
        audit = self._services.audit
        loaded, removed = audit.subjects(_LOADED), audit.subjects(_REMOVED)
        return {mark: at_ms for mark, at_ms in loaded.items() if mark not in removed}

    def _delete_runs(self, caller: Caller, since_ms: int) -> None:
        """Delete the exports that were asked for since an instant; those at work are cancelled."""
        cursor: str | None = None
        while True:
            page = self._services.runs.list(caller, RunFilter(), "-created", cursor, 100)
            for run in page.items:
                if run.created_ms < since_ms:
                    return
                # One that goes on just now ends as cancelled, and stays as such.
                with contextlib.suppress(TawnyError):
                    if run.ended_ms is None:
                        self._services.runs.cancel(caller, run.id)
                    self._services.delete_run(caller, run.id)
            cursor = page.next_cursor
            if cursor is None:
                return


def story_of(mark: str, now_ms: int) -> str:
    """One conversation of a day that is over in every zone, as lines: somebody writes, an agent
    answers and resolves it."""
    begin_ms = now_ms - _STORY_AGE_MS
    conversation = {"conversation_id": f"{mark}conversation"}
    channel = {"channel_id": f"{mark}channel"}
    events: list[tuple[str, int, dict[str, str]]] = [
        ("channel.saved", 0, {**channel, "medium": "email", "name": "First steps"}),
        ("agent.saved", 0, {"agent_id": f"{mark}agent", "name": "Ada"}),
        ("conversation.created", 1, {**conversation, **channel, "contact_id": f"{mark}contact"}),
        ("message.created", 1, {**conversation, "message_id": f"{mark}question",
                                "direction": "inbound", "content": "Does it work?"}),
        ("message.created", 4, {**conversation, "message_id": f"{mark}answer",
                                "direction": "outbound", "outbound_type": "agent",
                                "agent_id": f"{mark}agent", "content": "It does."}),
        ("conversation.status_changed", 5, {**conversation, "status": "resolved",
                                            "cause": "agent", "agent_id": f"{mark}agent"}),
    ]  # fmt: skip
    return "\n".join(
        json.dumps(
            {
                "specversion": "1.0",
                "source": "/sample",
                "id": f"{mark}{number}",
                "type": kind,
                "time": instant_text(begin_ms + minutes * 60_000),
                "data": data,
            },
            separators=(",", ":"),
        )
        for number, (kind, minutes, data) in enumerate(events, 1)
    )
