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
import shutil
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from tawny.disk import translated_os_errors
from tawny.errors import ConflictError, NotAllowedError, NotFoundError, StorageError, TawnyError
from tawny.exports.formats import file_format
from tawny.exports.request import ExportRequest, resolve
from tawny.runs.changes import Watcher
from tawny.runs.expiry import delete_leftovers
from tawny.runs.naming import KILLED, file_name, request_json, why_no_file
from tawny.runs.store import RunStore, may_see, request_of_run
from tawny.runs.workers import Ticket, Workers, WorkerStoppedError
from tawny.settings import Settings
from tawny.state.audit import Audit
from tawny.state.callers import Caller, Scope
from tawny.state.database import Database, queue_address
from tawny.state.run_rows import Run, RunFilter, RunPage, RunState
from tawny.text import Text

_log = logging.getLogger("tawny.runs")

_QUEUE = "exports"
_POLL_S = 0.2
_CLEAN_EVERY_S = 600
_ATTEMPTS = 3
_LARGEST_PRIORITY = 1_000_000

_active: Runs | None = None
"""The runs of this process, for the workflow that DBOS calls by name."""


class Runs:
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
        self._store = RunStore(database)
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
            "notification_listener_polling_interval_sec": 5.0,
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

    # --- what people do -------------------------------------------------------------------------

    def start(
        self, caller: Caller, request: ExportRequest, idempotency_key: str | None = None
    ) -> Run:
        """Queue a run and return it. Raises `RequestError` for a request that cannot be run."""
        request = self.check(caller, request)
        with self._database.write() as connection:
            waiting = self._store.unfinished_of(connection, caller.user_id)
            run_id, new = self._store.add(connection, caller, request, idempotency_key)
            if new:
                self._audit.add(
                    connection, caller, "export_requested", run_id, export=request.export_type,
                    channels=list(request.channels), start=request.start, end=request.end,
                    time_zone=request.time_zone,
                )  # fmt: skip
        if new:
            self._enqueue(run_id, min(waiting + 1, _LARGEST_PRIORITY))
            self._tell(run_id)
        return self.get(caller, run_id)

    def check(self, caller: Caller, request: ExportRequest) -> ExportRequest:
        """The request as the caller may make it. Raises `RequestError` or `NotAllowedError`."""
        caller.need(Scope.EXPORTS_WRITE)
        # A wrong request is called wrong before anything is said of rights.
        now_ms = time.time_ns() // 1_000_000
        resolve(request, now_ms)
        file_format(request.format, request.dialect)
        if not caller.sees_type(request.export_type):
            raise NotAllowedError("{export_type}: presence belongs to no channel and was not given "
                                  "to you; ask an administrator",
                                  export_type=request.export_type)  # fmt: skip
        given = not request.channels and caller.channels is not None
        request = replace(request, channels=caller.allowed_channels(request.channels))
        if request.channels and not given:
            try:
                self._readers.run(
                    "check",
                    {
                        "request": request_json(request),
                        "now_ms": now_ms,
                        # Who may not see every channel is not told which others there are.
                        "given_channels": caller.channels is not None,
                    },
                    timeout_s=120,
                )
            except WorkerStoppedError as error:
                raise StorageError("the request cannot be checked now: {error}",
                                   error=error) from error  # fmt: skip
        return request

    def get(self, caller: Caller, run_id: str) -> Run:
        """A run the caller may see."""
        caller.need(Scope.EXPORTS_READ)
        return self._with_progress(self._store.get(caller, run_id))

    def list(
        self,
        caller: Caller,
        filters: RunFilter | None = None,
        sort: str = "-created",
        cursor: str | None = None,
        limit: int = 50,
    ) -> RunPage:
        """A page of the runs the caller may see. `sort` is one of `run_rows.SORTS`, with `-` from
        the largest; `cursor` the `next_cursor` of the page before."""
        caller.need(Scope.EXPORTS_READ)
        page = self._store.list(caller, filters or RunFilter(), sort, cursor, limit)
        return replace(page, items=[self._with_progress(run) for run in page.items])

    def cancel(self, caller: Caller, run_id: str) -> Run:
        """Stop a run that waits or is at work; its owner or an administrator may."""
        caller.need(Scope.EXPORTS_WRITE)
        run = self.get(caller, run_id)
        if run.owner_id != caller.user_id and not caller.administrator:
            raise NotAllowedError(
                "run: {id} is {owner}'s; ask that person", id=run.id, owner=run.owner
            )
        with self._database.write() as connection:
            ended = self._store.cancel(connection, run_id)
            if ended:
                self._audit.add(connection, caller, "export_cancelled", run_id)
        if not ended:
            run = self.get(caller, run_id)
            raise ConflictError("run: {run_id} is {state}; it can no longer be cancelled",
                                run_id=run_id, state=Text(run.state.value))  # fmt: skip
        with self._lock:
            ticket = self._tickets.get(run_id)
        if ticket is not None:
            ticket.stop()  # its workflow then ends by itself
        else:
            with contextlib.suppress(dbos_error.DBOSException):
                DBOS.cancel_workflow(run_id)
        self._tell(run_id)
        return self.get(caller, run_id)

    def again(self, caller: Caller, run_id: str) -> Run:
        """Ask for the same once more, as a new run of the caller."""
        run = self.get(caller, run_id)
        return self.start(caller, request_of_run(run))

    def ready_file(self, caller: Caller, run_id: str) -> tuple[Run, Path]:
        """A run that is ready, and its file."""
        run = self.get(caller, run_id)
        if run.state is not RunState.READY:
            raise ConflictError(why_no_file(run))
        relative = self._store.file_path(run_id)
        path = self._home / relative if relative else None
        if path is None or not path.is_file():
            raise NotFoundError("run: the file of {run_id} is gone; run it again", run_id=run_id)
        return run, path

    async def subscribe(self, caller: Caller) -> AsyncGenerator[Run, None]:
        """Every change of a run the caller may see, from now on, as it happens."""
        caller.need(Scope.EXPORTS_READ)
        watcher = Watcher(asyncio.get_running_loop())
        with self._lock:
            self._watchers.add(watcher)
        try:
            while True:
                run = await watcher.next()
                if may_see(caller, run):
                    yield run
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def states(self) -> dict[str, int]:
        """How many runs there are in each state."""
        return self._store.states()

    # --- what the queue does --------------------------------------------------------------------

    def execute(self, run_id: str) -> None:
        """Compute a run to its end. Raises only what another attempt may mend."""
        run = self._store.begin(run_id)
        if run is None:
            return
        ticket = Ticket()
        with self._lock:
            self._tickets[run_id] = ticket
            self._progress[run_id] = ("starting", 0)
        self._tell(run_id)
        try:
            self._compute(run, ticket)
        except (StorageError, WorkerStoppedError):
            ended = self._store.find(run_id)
            if ended is not None and not ended.state.ended:
                raise
        except TawnyError as error:
            self._store.fail(run_id, error.text)
        finally:
            with self._lock:
                self._tickets.pop(run_id, None)
                self._progress.pop(run_id, None)
            self._tell(run_id)

    def give_up(self, run_id: str, error: BaseException) -> None:
        """End a run that every attempt failed."""
        if self._closing.is_set():
            return
        text = error.text if isinstance(error, TawnyError) else Text(type(error).__name__)
        self._store.fail(run_id, KILLED if isinstance(error, WorkerStoppedError) else text)
        self._tell(run_id)

    def _compute(self, run: Run, ticket: Ticket) -> None:
        assert run.started_ms is not None
        request = request_of_run(run)
        chosen = file_format(request.format, request.dialect)
        # Each attempt has a folder of its own: one that a crash left behind cannot get between.
        folder = self._folder(run.id) / secrets.token_hex(4)
        with translated_os_errors(str(folder)):
            folder.mkdir(parents=True)
        name = file_name(run)
        target = folder / name

        def tell(phase: str, percent: int) -> None:
            with self._lock:
                if run.id in self._progress:
                    self._progress[run.id] = (phase, percent)
            self._tell(run.id)

        done = False
        try:
            result = self._workers.run(
                "export",
                {
                    "request": request_json(request),
                    "now_ms": run.started_ms,
                    "target": str(target),
                    "given_channels": True,
                },
                tell,
                ticket,
            )
            days = self._settings.number("keep_files_days")
            done = self._store.finish(
                run.id,
                file_name=name,
                file_path=str(target.relative_to(self._home)),
                media_type=chosen.media_type,
                rows=result["rows"],
                size_bytes=result["size_bytes"],
                sha256=result["sha256"],
                receipt=result["receipt"],
                expires_ms=time.time_ns() // 1_000_000 + days * 86_400_000,
            )
        finally:
            if not done:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, run_id: str) -> Path:
        return self._home / "exports" / run_id

    def _carry_on(self, run_id: str) -> None:
        """Have a run that has not ended carried by a workflow that has not ended."""
        status = DBOS.get_workflow_status(run_id)
        if status is None:
            self._enqueue(run_id, 1)
        elif status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            self._store.fail(
                run_id, Text("the server stopped again and again while it was computed")
            )
        elif status.status not in ("ENQUEUED", "PENDING", "DELAYED"):
            # It ended while the server was stopping and the run was not done.
            self._enqueue(run_id, 1, f"{run_id}-{secrets.token_hex(4)}")

    def _enqueue(self, run_id: str, priority: int, workflow_id: str = "") -> None:
        with SetWorkflowID(workflow_id or run_id), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(_QUEUE, _export, run_id)

    def _with_progress(self, run: Run) -> Run:
        with self._lock:
            known = self._progress.get(run.id)
        if known is None or run.state is not RunState.RUNNING:
            return run
        phase, percent = known
        return replace(
            run, phase=phase, progress_percent=percent, version=run.version + percent + 1
        )

    def _tell(self, run_id: str) -> None:
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
        """Delete files whose time is over, and what crashed attempts left behind."""
        for run_id in delete_leftovers(self._home, self._store):
            self._tell(run_id)


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
