"""Export runs of the server: asked for, waited for, computed once, kept for a while.

The row of a run says what is true; a durable workflow of DBOS with the run's id carries it there.
A workflow that a crash interrupted is taken up again when the server starts, and a run that has
ended is never computed again. A file belongs to a run from the moment its row names it, so half a
file can never be downloaded.

At most `runs_at_once` runs compute at a time. A person's tenth waiting run stands behind everybody
else's first: the priority of a run is the number of unfinished ones its owner has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error
from msgspec import structs

from tawny.background.checking import checked_request, in_worker
from tawny.background.computing import compute, record_request
from tawny.background.pool import Ticket, Workers, WorkerStoppedError
from tawny.errors import ConflictError, NotAllowedError, NotFoundError, StorageError, TawnyError
from tawny.exports.request import ExportRequest
from tawny.people.audit import Audit
from tawny.people.callers import LOOKING_AT_RUNS, Caller, Scope
from tawny.people.mailings import Mailings
from tawny.runs.expiry import clean_up
from tawny.runs.hidden_paths import seen_by
from tawny.runs.naming import KILLED, why_no_file
from tawny.runs.news import Watcher
from tawny.runs.outcomes import Outcomes
from tawny.runs.remaking import request_of_next_period, request_to_remake
from tawny.runs.store import RunStore, may_see, request_of_run
from tawny.settings import Settings
from tawny.state.database import Database, queue_address
from tawny.state.run_rows import ExportRun, RunFilter, RunPage, RunState

_log = logging.getLogger("tawny.runs")

_QUEUE = "exports"
_POLL_S = 0.2
_CLEAN_EVERY_S = 600
_ATTEMPTS = 3
_LARGEST_PRIORITY = 1_000_000

_active: RunQueue | None = None
"""The runs of this process, for the workflow that DBOS calls by name."""


class _WithoutCancels(logging.Filter):
    """A run that somebody cancelled is no error for who reads the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError)


logging.getLogger("dbos").addFilter(_WithoutCancels())


class RunQueue:
    """The runs of one installation; `open` starts them, `close` stops them."""

    def __init__(
        self, home: Path, settings: Settings, database: Database, audit: Audit, readers: Workers
    ) -> None:
        self._home = home
        self._settings = settings
        self._database = database
        self._audit = audit
        self._readers = readers
        at_once = settings.number("runs_at_once")
        self._workers = Workers(home, at_once, niceness=10)
        self.outcomes = Outcomes()
        self._store = RunStore(database, self.outcomes)
        self._mailings = Mailings(database, settings)
        self._lock = threading.Lock()
        self._progress: dict[str, tuple[str, int]] = {}
        self._tickets: dict[str, Ticket] = {}
        self._watchers: set[Watcher] = set()
        self._closing = threading.Event()

    def open(self) -> None:
        """Start the queue; what a crash interrupted goes on."""
        global _active
        _active = self
        config: DBOSConfig = {
            "name": "tawny",
            "system_database_url": queue_address(self._home, self._settings),
            # A newer Tawny goes on with the runs of the one before.
            "application_version": "exports-1",
            "executor_id": "server",
            "log_level": "WARNING",
            "scheduler_polling_interval_sec": 3600.0,
            # Nobody waits for its notifications, but an ending server for the thread that looks for
            # them and sleeps so long each time.
            "notification_listener_polling_interval_sec": 0.1,
        }
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._settings.number("runs_at_once"),
            polling_interval_sec=_POLL_S,
            on_conflict="always_update",
        )
        # A crash between the row and its workflow leaves a run nobody carries. An id that is
        # known already is not taken twice.
        for run_id in self._store.unfinished():
            self._carry_on(run_id)
        self._workers.warm(1)
        threading.Thread(target=self._clean_regularly, name="clean", daemon=True).start()

    def close(self) -> None:
        """Stop; runs that are at work are taken up again at the next start."""
        global _active
        self._closing.set()
        self._workers.close()
        DBOS.destroy()
        _active = None

    def start(
        self,
        caller: Caller,
        request: ExportRequest,
        idempotency_key: str | None = None,
        *,
        mail: bool = False,
    ) -> ExportRun:
        """Queue a run and return it; with `mail` the caller is told when it has ended. Raises
        `RequestError` for a request that cannot be run, and for who cannot be told."""
        request = self.check(caller, request)
        with self._database.write() as connection:
            waiting = self._store.unfinished_of(connection, caller.user_id)
            run_id, new = self._store.add(connection, caller, request, idempotency_key)
            if new:
                record_request(self._audit, connection, caller, run_id, request)
                if mail:
                    self._mailings.add_export(connection, caller, run_id)
        if new:
            self._enqueue(run_id, min(waiting + 1, _LARGEST_PRIORITY))
            self.tell(run_id)
        return self.get(caller, run_id)

    def check(self, caller: Caller, request: ExportRequest) -> ExportRequest:
        """The request as the caller may make it. Raises `RequestError` or `NotAllowedError`."""
        return checked_request(in_worker(self._readers), caller, request)

    def get(self, caller: Caller, run_id: str) -> ExportRun:
        """A run the caller may see."""
        caller.need(*LOOKING_AT_RUNS)
        return self._with_progress(seen_by(caller, self._store.get(caller, run_id), self._home))

    def list(
        self,
        caller: Caller,
        filters: RunFilter | None = None,
        sort: str = "-created",
        cursor: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> RunPage:
        """A page of the runs the caller may see. `sort` is one of `run_rows.SORTS`, with `-` from
        the largest; `cursor` the `next_cursor` of the page before, `offset` how many of the list
        to leave out."""
        caller.need(*LOOKING_AT_RUNS)
        page = self._store.list(caller, filters or RunFilter(), sort, cursor, limit, offset)
        seen = [seen_by(caller, run, self._home) for run in page.items]
        return replace(page, items=[self._with_progress(run) for run in seen])

    def count(self, caller: Caller, filters: RunFilter, most: int) -> int:
        """How many of the runs the caller may see fit, counted up to `most`."""
        caller.need(*LOOKING_AT_RUNS)
        return self._store.count(caller, filters, most)

    def cancel(self, caller: Caller, run_id: str) -> ExportRun:
        """Stop a run that waits or is at work; its owner or an administrator may."""
        caller.need(Scope.EXPORTS_WRITE)
        run = self.get(caller, run_id)
        if run.owner_id != caller.user_id and not caller.administrator:
            raise NotAllowedError("this export is {owner}'s; ask that person", owner=run.owner)
        with self._database.write() as connection:
            ended = self._store.cancel(connection, run_id)
            if ended:
                self._audit.add(connection, caller, "export_cancelled", run_id)
        if not ended:
            raise ConflictError("this export has ended and cannot be cancelled any more")
        with self._lock:
            ticket = self._tickets.get(run_id)
        if ticket is not None:
            ticket.stop()  # its workflow then ends by itself
        else:
            with contextlib.suppress(dbos_error.DBOSException):
                DBOS.cancel_workflow(run_id)
        self.tell(run_id)
        return self.get(caller, run_id)

    def again(self, caller: Caller, run_id: str) -> ExportRun:
        """Ask for the same once more, on today's data, as a new run of the caller."""
        request = request_of_run(self.get(caller, run_id))
        return self.start(
            caller, structs.replace(request, kind="on-demand", remakes=None, corrects=None)
        )

    def next_period(self, caller: Caller, run_id: str) -> ExportRun:
        """Ask for the same of the period that follows, as a new run of the caller."""
        return self.start(caller, request_of_next_period(self.get(caller, run_id)))

    def remake(self, caller: Caller, run_id: str) -> ExportRun:
        """Make the file of a run again from its receipt, as a new run of the caller."""
        run = self.get(caller, run_id)
        return self.start(caller, request_to_remake(run, self._settings))

    def ready_file(self, caller: Caller, run_id: str) -> tuple[ExportRun, Path]:
        """A run that is ready, and its file."""
        caller.need(Scope.EXPORTS_READ)
        run = self.get(caller, run_id)
        if run.state is not RunState.READY:
            raise ConflictError(why_no_file(run))
        relative = self._store.file_path(run_id)
        path = self._home / relative if relative else None
        if path is None or not path.is_file():
            raise NotFoundError("the file of this export is gone; run it again")
        return run, path

    def typed_rows(self, receipt: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
        """The rows of a file that was made, see the job; they wait for a place as runs do."""
        arguments = {"receipt": receipt, "folder": str(folder)}
        receipts: Mapping[str, Any] = self._workers.run("typed_rows", arguments)["receipts"]
        return receipts

    async def subscribe(self, caller: Caller) -> AsyncGenerator[ExportRun, None]:
        """Every change of a run the caller may see, from now on, as it happens."""
        caller.need(*LOOKING_AT_RUNS)
        watcher = Watcher(asyncio.get_running_loop())
        with self._lock:
            self._watchers.add(watcher)
        try:
            while True:
                run = await watcher.next()
                if may_see(caller, run):
                    yield seen_by(caller, run, self._home)
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def states(self) -> dict[str, int]:
        """How many runs there are in each state."""
        return self._store.states()

    def execute(self, run_id: str) -> None:
        """Compute a run to its end. Raises only what another attempt may mend."""
        run = self._store.begin(run_id)
        if run is None:
            return
        ticket = Ticket()
        with self._lock:
            self._tickets[run_id] = ticket
            self._progress[run_id] = ("starting", 0)
        self.tell(run_id)
        try:
            self._compute(run, ticket)
        except TawnyError as error:
            if not isinstance(error, (StorageError, WorkerStoppedError)) or not error.retry:
                self._store.fail(run_id, error)
            elif (ended := self._store.find(run_id)) is not None and not ended.state.ended:
                raise
        finally:
            with self._lock:
                self._tickets.pop(run_id, None)
                self._progress.pop(run_id, None)
            self.tell(run_id)

    def give_up(self, run_id: str, error: BaseException) -> None:
        """End a run that every attempt failed."""
        if self._closing.is_set():
            return
        self._store.fail(run_id, error, KILLED if isinstance(error, WorkerStoppedError) else None)
        self.tell(run_id)

    def _compute(self, run: ExportRun, ticket: Ticket) -> None:
        def tell(phase: str, percent: int) -> None:
            with self._lock:
                if run.id in self._progress:
                    self._progress[run.id] = (phase, percent)
            self.tell(run.id)

        compute(
            self._home, self._settings, self._store, run,
            lambda arguments: self._workers.run("export", arguments, tell, ticket),
        )  # fmt: skip

    def _carry_on(self, run_id: str) -> None:
        """Have a run that has not ended carried by a workflow that has not ended."""
        status = DBOS.get_workflow_status(run_id)
        if status is None:
            self._enqueue(run_id, 1)
        elif status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            stopped = WorkerStoppedError("the server stopped again and again while it was computed")
            self._store.fail(run_id, stopped)
        elif status.status not in ("ENQUEUED", "PENDING", "DELAYED"):
            # It ended while the server was stopping and the run was not done.
            self._enqueue(run_id, 1, f"{run_id}-{secrets.token_hex(4)}")

    def _enqueue(self, run_id: str, priority: int, workflow_id: str = "") -> None:
        with SetWorkflowID(workflow_id or run_id), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(_QUEUE, _export, run_id)

    def _with_progress(self, run: ExportRun) -> ExportRun:
        with self._lock:
            known = self._progress.get(run.id)
        if known is None or run.state is not RunState.RUNNING:
            return run
        phase, percent = known
        return replace(
            run, phase=phase, progress_percent=percent, version=run.version + percent + 1
        )

    def tell(self, run_id: str) -> None:
        """Tell everybody who watches how a run is now."""
        with self._lock:
            watchers = list(self._watchers)
        if not watchers:
            return
        run = self._store.find(run_id)
        if run is not None:
            run = self._with_progress(run)
            for watcher in watchers:
                watcher.put(run)

    def _clean_regularly(self) -> None:
        while True:
            try:
                self.clean()
            except TawnyError:
                _log.exception("cleaning up old exports failed")
            if self._closing.wait(_CLEAN_EVERY_S):
                return

    def clean(self) -> None:
        """Delete files and values whose time is over, and what crashed attempts left behind."""
        for run_id in clean_up(self._home, self._settings, self._database):
            self.tell(run_id)


@DBOS.step(
    name="compute",
    retries_allowed=True,
    max_attempts=_ATTEMPTS,
    interval_seconds=1.0,
    backoff_rate=3.0,
)
def _compute(run_id: str) -> None:
    if _active is not None:
        _active.execute(run_id)


@DBOS.workflow(name="export")
def _export(run_id: str) -> None:
    try:
        _compute(run_id)
    except dbos_error.DBOSMaxStepRetriesExceeded as error:
        if _active is not None:
            _active.give_up(run_id, error.errors[-1] if error.errors else error)
