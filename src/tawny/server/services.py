"""What the pages and the API can do, behind one object: `app.state.services`.

Every method takes the caller first and checks that caller's rights itself, so that a page and an
API route cannot differ in what they let through. Methods block; handlers call them from a thread
(`sync_to_thread=True`). They raise `TawnyError`s only, which `tawny.server.problems` turns into
answers. All instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tawny.errors import TawnyError
from tawny.exports.columns import Column
from tawny.exports.formats import file_format
from tawny.exports.queries import EXPORT_TYPES, query
from tawny.exports.request import SNAPSHOT_TYPES, ExportRequest, resolve
from tawny.log.table import EventLog
from tawny.runs.acknowledge import Acknowledger
from tawny.runs.charts import CHARTS, Chart, Series, Span
from tawny.runs.mover import Mover
from tawny.runs.naming import request_json
from tawny.runs.queue import Runs
from tawny.runs.store import request_of_run
from tawny.runs.workers import Workers, WorkerStoppedError
from tawny.server.beside import Beside
from tawny.server.remembered import Remembered
from tawny.settings import Settings
from tawny.state.accounts import Accounts
from tawny.state.audit import Audit
from tawny.state.callers import Caller, Scope
from tawny.state.database import open_database
from tawny.state.inbox import Inbox
from tawny.state.refusals import KeptRefusal, RefusalStore
from tawny.state.run_rows import Run
from tawny.state.tokens import Tokens

__all__ = [
    "Channel", "Chart", "Estimate", "ExportType", "LogStatus", "NewestEvent", "Preview", "Series",
    "Services", "Span", "TypeCount",
]  # fmt: skip

_log = logging.getLogger("tawny.server")

_READERS = 2
_DRAWERS = 2
_ESTIMATE_S = 10.0
"""How long counting rows may take before a person is told that nobody knows."""
_READING_S = 300.0


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel the caller may see."""

    id: str
    medium: str
    """Empty while the channel was never saved."""
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ExportType:
    """One of the twelve types, as the caller may use it."""

    name: str
    description: Mapping[str, str]
    """What a row is, in `en` and `fr`."""
    takes_range: bool
    allowed: bool
    """Whether the caller may run it (presence is a right of its own)."""
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Events of one type in the log."""

    type: str
    events: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class NewestEvent:
    """The newest event of a channel."""

    channel_id: str
    name: str | None
    newest_ms: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """What came in. Numbers over all channels are None, and `types` empty, for a caller who may
    not see all of them."""

    version: int | None
    events: int | None
    size_bytes: int | None
    files: int | None
    refused: int | None
    waiting: int | None
    """Acknowledged events that are not in the log yet."""
    types: Sequence[TypeCount]
    channels: Sequence[NewestEvent]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much an export would hold, and the exact bounds the request means."""

    rows: int | None
    """None when counting took longer than a person waits."""
    from_ms: int | None
    to_ms: int | None
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a run as they are in its CSV, with the columns to explain them."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | None]]


class Services:
    """Everything behind the pages and the API.

    The parts with a module of their own: `accounts` (people, sessions), `tokens`, `audit`, `runs`
    (start, get, list, cancel, again, file, subscribe); the rest reads the log.
    """

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self.database = open_database(home, settings)
        self.audit = Audit(self.database)
        self.accounts = Accounts(self.database, self.audit, settings)
        self.tokens = Tokens(self.database, self.audit)
        self.inbox = Inbox(self.database)
        self.refused = RefusalStore(home, settings, self.database)
        # Short looks at the log, for which pages wait, never stand behind long ones.
        self._readers = Workers(home, _READERS, niceness=2)
        self._drawers = Workers(home, _DRAWERS, niceness=7)
        self._movers = Workers(home, 1, niceness=5)
        self.runs = Runs(home, settings, self.database, self.audit, self._readers)
        self.mover = Mover(settings, self.inbox, self._movers)
        self.acknowledger = Acknowledger(self.inbox)
        self._log = EventLog(home)
        self._beside = Beside()
        self._channels = Remembered(
            lambda: self._read("channels"),
            self._log_state,
            says_nothing=lambda found: not found["channels"],
        )
        self._status = Remembered(
            lambda: self._read("status"),
            self._log_state,
            says_nothing=lambda found: not found["types"],
        )

    def open(self) -> None:
        """Start what works in the background."""
        self._readers.warm(1)
        self._drawers.warm(1)
        self.runs.open()
        self.mover.start()
        # So that the first page does not wait for the first look at the log.
        threading.Thread(target=self._look_ahead, name="look ahead", daemon=True).start()

    def close(self) -> None:
        """Stop it; nothing acknowledged is lost, nothing half done stays."""
        self.acknowledger.close()
        self.mover.stop()
        self._movers.close()
        self.runs.close()
        self._drawers.close()
        self._readers.close()
        self.database.close()

    def types(self, caller: Caller) -> Sequence[ExportType]:
        """The twelve types and their columns."""
        caller.need(Scope.EXPORTS_READ)
        return [
            ExportType(
                name=name,
                description=query(name).description,
                takes_range=name not in SNAPSHOT_TYPES,
                allowed=caller.sees_type(name),
                columns=query(name).columns,
            )
            for name in EXPORT_TYPES
        ]

    def channels(self, caller: Caller) -> Sequence[Channel]:
        """The channels the caller may see, by medium and name."""
        caller.need(Scope.EXPORTS_READ)
        found = self._channels.get()["channels"]
        return [Channel(**row) for row in found if caller.sees_channel(row["id"])]

    def log_status(self, caller: Caller) -> LogStatus:
        """What came in: events by type, newest event of each channel."""
        caller.need(Scope.EXPORTS_READ)
        found = self._status.get()
        channels = [NewestEvent(*row) for row in found["newest"] if caller.sees_channel(row[0])]
        if caller.channels is not None:
            return LogStatus(None, None, None, None, None, None, (), channels)
        return LogStatus(
            version=found["version"],
            events=found["events"],
            size_bytes=found["size_bytes"],
            files=found["files"],
            refused=self.refused.count(),
            waiting=self.inbox.waiting().events,
            types=[TypeCount(*row) for row in found["types"]],
            channels=channels,
        )

    def estimate(self, caller: Caller, request: ExportRequest) -> Estimate:
        """How many rows a request would give now."""
        request = self.runs.check(caller, request)
        now_ms = time.time_ns() // 1_000_000
        bounds = resolve(request, now_ms)
        arguments = {
            "request": request_json(request), "now_ms": now_ms, "given_channels": True,
        }  # fmt: skip
        rows: int | None
        try:
            rows = self._drawers.run("estimate", arguments, timeout_s=_ESTIMATE_S)["rows"]
        except WorkerStoppedError:
            rows = None
        return Estimate(rows, bounds.from_ms, bounds.to_ms, bounds.as_of_ms)

    def preview(
        self, caller: Caller, run_id: str, rows: int = 100, patience_s: float | None = None
    ) -> Preview | None:
        """The first rows of a run that is ready, at most a hundred; None when computing them
        takes longer than `patience_s` (it goes on)."""
        run, path = self.runs.ready_file(caller, run_id)
        columns = query(run.export_type).columns
        first_rows = file_format(run.format, run.dialect).first_rows
        if first_rows is not None:
            kept: dict[str, Any] | None = {"rows": first_rows(path, rows)}
        else:
            kept = self._beside.get(
                path, "preview", lambda: self._of_run("preview", run, rows=100), patience_s
            )
        if kept is None:
            return None
        self.audit.record(caller, "preview_read", run_id)
        return Preview(columns, kept["rows"][:rows])

    def charts(
        self, caller: Caller, run_id: str, patience_s: float | None = None
    ) -> Sequence[Chart] | None:
        """The charts of a run that is ready; none for types that are better read. None when
        computing them takes longer than `patience_s` (it goes on)."""
        run, path = self.runs.ready_file(caller, run_id)
        if run.export_type not in CHARTS:
            return ()
        kept = self._beside.get(path, "charts", lambda: self._of_run("charts", run), patience_s)
        if kept is None:
            return None
        self.audit.record(caller, "charts_read", run_id)
        return [
            Chart(
                **{
                    **chart,
                    "series": [Series(**one) for one in chart["series"]],
                    "spans": [Span(**one) for one in chart["spans"]],
                }
            )
            for chart in kept["charts"]
        ]

    def refusals(self, caller: Caller, limit: int = 100) -> Sequence[KeptRefusal]:
        """The newest refused events with reasons; administrators only."""
        caller.need(Scope.ADMIN)
        return self.refused.newest(limit)

    def _log_state(self) -> tuple[int | None, int]:
        return self._log.changed_ns(), self.inbox.waiting().last_id

    def _look_ahead(self) -> None:
        try:
            self._channels.get()
            self._status.get()
        except TawnyError as error:
            _log.warning("the log cannot be read yet: %s", error)

    def _read(self, job: str) -> dict[str, Any]:
        return self._readers.run(job, {}, timeout_s=_READING_S)

    def _of_run(self, job: str, run: Run, **more: object) -> dict[str, Any]:
        assert run.receipt is not None
        request = dataclasses.replace(
            request_of_run(run),
            as_of=run.receipt["as_of"],
            channels=tuple(run.receipt["request"]["channels"]),
        )
        arguments = {"request": request_json(request), "receipt": run.receipt, **more}
        return self._drawers.run(job, arguments, timeout_s=_READING_S)
