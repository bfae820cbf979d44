"""What the pages and the API can do, behind one object: `app.state.services`.

Every method that answers somebody takes the caller first and checks that caller's rights itself,
so that a page and an API route cannot differ in what they let through. Methods block; handlers call
them from a thread (`sync_to_thread=True`). They raise `TawnyError`s only, which
`tawny.server.problems` turns into answers. All instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.background.carrying import Carrying
from tawny.background.comparison import compared_by_worker
from tawny.background.erasures import Erasures
from tawny.background.mail_to_people import MailToPeople
from tawny.background.mover import Mover
from tawny.background.pool import Workers, WorkerStoppedError
from tawny.background.run_queue import RunQueue
from tawny.background.served_sources import ServedSources
from tawny.background.verifications import Verifications
from tawny.completeness.rule import ChannelFacts, completeness
from tawny.deliveries.store import Destinations
from tawny.errors import ConflictError, TawnyError
from tawny.exports.formats.registry import file_format
from tawny.exports.request import ExportRequest, chosen_columns, request_json, resolve
from tawny.intake.acknowledge import Acknowledger
from tawny.intake.known_keys import KnownKeys
from tawny.intake.precedence import Precedence
from tawny.model.zones import current_ms
from tawny.people.accounts import Accounts
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.people.links import Links
from tawny.people.tokens import Tokens
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.reading.charts import CHARTS, Chart, Series, Span
from tawny.runs.deletion import delete_file, delete_run
from tawny.runs.parts import RunPart, part_of_run
from tawny.runs.store import RunStore
from tawny.runs.store_saved import SavedExports
from tawny.schedules.applying import Applier
from tawny.schedules.linked_files import LinkedFiles
from tawny.schedules.schedules import Schedules
from tawny.server.arrival_news import ArrivalNews
from tawny.server.cached_reading import PATIENCE_S, CachedReading
from tawny.server.day_figures import DayFiguresReader
from tawny.server.freshness import FreshnessReader
from tawny.server.log_numbers import LogFigures, LogNumbers, TypeCount
from tawny.server.result_tables import ResultTables
from tawny.server.run_artifacts import RunArtifacts
from tawny.server.sample_data import SampleData
from tawny.server.shown_exports import EstimatedExport, ExportTypeAccess, Preview
from tawny.server.visible_channels import VisibleChannel
from tawny.settings import Settings
from tawny.state.database import check_queue, open_database
from tawny.state.event_log import event_log
from tawny.state.inbox import Inbox
from tawny.state.refusals import KeptRefusal, RefusalStore
from tawny.state.run_rows import ExportRun
from tawny.upkeep.erase import PURGED

__all__ = [
    "Chart", "EstimatedExport", "ExportTypeAccess", "LogNumbers", "Preview",
    "Series", "Services", "Span", "TypeCount", "VisibleChannel",
]  # fmt: skip

_log = logging.getLogger("tawny.server")

_READERS = 2
_DRAWERS = 2
_ESTIMATE_S = 10.0
"""How long counting rows may take before a person is told that nobody knows."""
_READING_S = 300.0


class Services:
    """Everything behind the pages and the API.

    The parts with a module of their own: `accounts`, `tokens`, `audit`, `runs`, `tables`.
    """

    def __init__(self, home: Path, settings: Settings) -> None:
        self.home = home
        self.settings = settings
        self.database = open_database(home, settings)
        self.audit = Audit(self.database)
        self.accounts = Accounts(self.database, self.audit, settings)
        self.links = Links(self.database, self.audit, self.accounts)
        self.tokens = Tokens(self.database, self.audit)
        self.inbox = Inbox(self.database)
        self.refused = RefusalStore(home, settings, self.database)
        # Short looks at the log, for which pages wait, never stand behind long ones.
        self.readers = Workers(home, _READERS, niceness=2)
        self._drawers = Workers(home, _DRAWERS, niceness=7)
        self._movers = Workers(home, 1, niceness=5)
        self.runs = RunQueue(home, settings, self.database, self.audit, self.readers)
        self.saved = SavedExports(self.database, self.audit)
        self.destinations = Destinations(home, settings, self.database, self.audit)
        self.schedules = Schedules(self.database, self.audit, self.destinations, self.runs.check)
        self.applier = Applier(
            self.database, self.audit, self.destinations, self.saved, self.runs.check
        )
        self.mover = Mover(settings, self.inbox, self._movers)
        self.sources = ServedSources(home, settings, self.database, self.audit)
        self.erasures = Erasures(home, self.audit, self.readers)
        self.verifications = Verifications(home, self.audit, self.readers)
        self.arrivals = ArrivalNews()
        self.acknowledger = Acknowledger(
            self.inbox,
            Precedence(home),
            lambda: KnownKeys(home, self.inbox),
            functools.partial(compared_by_worker, home, self.readers),
            self.arrivals.tell,
        )
        self._log = event_log(home, settings)
        self._figures: tuple[int | None, LogFigures] | None = None
        self._is_open = False
        self.artifacts = RunArtifacts()
        self.tables = ResultTables(self)
        self._channels = CachedReading(
            lambda: self._read("channels"),
            self._log_state,
            says_nothing=lambda found: not found["channels"],
        )
        self.sample_data = SampleData(self, self._movers)
        self.day_figures = DayFiguresReader(
            lambda arguments: self.draw("figures", arguments), self._log_state
        )
        self.freshness = FreshnessReader(lambda: self._read("completeness"), self._log_state)
        self._carrying = Carrying(
            home, settings, self.database, self.destinations, self.audit, self.runs,
            self.freshness.known, self._drawers,
        )  # fmt: skip
        self.links_of_mails = LinkedFiles(home, settings, self.database, self.destinations)
        self._mail = MailToPeople(home, settings, self.database)
        self._status = CachedReading(
            lambda: self._read("status"),
            self._log_state,
            says_nothing=lambda found: not found["types"],
        )

    def open(self) -> None:
        """Start what works in the background, once. Raises `StorageError`."""
        if self._is_open:
            return
        check_queue(self.home, self.settings)
        self._is_open = True
        self.readers.warm(1)
        self._drawers.warm(1)
        self.runs.open()
        self.mover.start()
        self.sources.start()
        self.erasures.start()
        self.verifications.start()
        self._carrying.start()
        self._mail.start()
        # So that the first page does not wait for the first look at the log.
        threading.Thread(target=self._look_ahead, name="look ahead", daemon=True).start()

    def close(self) -> None:
        """Stop it; nothing acknowledged is lost, nothing half done stays."""
        self.acknowledger.close()
        self._carrying.stop()
        self.erasures.stop()
        self.verifications.stop()
        self._mail.stop()
        self.sources.stop()
        self.mover.stop()
        self._movers.close()
        self.runs.close()
        self._drawers.close()
        self.readers.close()
        self.database.close()

    def delete_user(self, caller: Caller, user_id: int) -> None:
        """Delete a person; what that person's exports still compute is stopped."""
        self.accounts.delete_user(caller, user_id)
        for run_id in RunStore(self.database).unfinished(user_id):
            with contextlib.suppress(ConflictError):  # it ended just now
                self.runs.cancel(caller, run_id)

    def delete_run(self, caller: Caller, run_id: str) -> None:
        """Delete a run that has ended with its file and receipt; its owner or an administrator."""
        delete_run(self.home, self.database, self.audit, caller, run_id)

    def delete_file(self, caller: Caller, run_id: str) -> ExportRun:
        """Delete the file of a run; the run and its receipt stay."""
        delete_file(self.home, self.database, self.audit, caller, run_id)
        self.runs.tell(run_id)
        return self.runs.get(caller, run_id)

    def types(self, caller: Caller) -> Sequence[ExportTypeAccess]:
        """The twelve types and their columns."""
        caller.need(Scope.EXPORTS_READ)
        return [
            ExportTypeAccess(
                name=name,
                description=export.description,
                takes_range=export.head.takes_range,
                allowed=caller.has(export.head.right),
                columns=export.columns,
            )
            for name, export in ((name, query(name)) for name in EXPORT_TYPES)
        ]

    def channels(
        self, caller: Caller, newer_within_s: float = PATIENCE_S
    ) -> Sequence[VisibleChannel]:
        """The channels the caller may see, by medium and name."""
        caller.need(Scope.EXPORTS_READ)
        found = self._channels.get(newer_within_s).found["channels"]
        return [VisibleChannel(**row) for row in found if caller.sees_channel(row["id"])]

    def log_status(self, caller: Caller, newer_within_s: float = PATIENCE_S) -> LogNumbers:
        """What came in: events by type, up to when each channel is complete."""
        caller.need(Scope.EXPORTS_READ)
        reading = self._status.get(newer_within_s)
        found = reading.found
        channels = [
            completeness(ChannelFacts(**row), reading.as_of_ms)
            for row in found["channels"]
            if caller.sees_channel(row["channel_id"])
        ]
        if caller.channels is not None:
            return LogNumbers(
                reading.as_of_ms, reading.is_current, None, None, None, None, None, None, (),
                channels,
            )  # fmt: skip
        return LogNumbers(
            as_of_ms=reading.as_of_ms,
            is_current=reading.is_current,
            version=found["version"],
            events=found["events"],
            size_bytes=found["size_bytes"],
            files=found["files"],
            refused=self.refused.count(),
            waiting=found["waiting"],
            types=[TypeCount(*row) for row in found["types"]],
            channels=channels,
        )

    def log_begins_ms(self) -> int | None:
        """When the first conversation or message of the log was, in milliseconds since 1970 UTC;
        None where there is none, or where the log was not looked at yet."""
        reading = self._status.known()
        types = () if reading is None else reading.found["types"]
        return min(
            (first for name, _events, first, _last in types
             if name.startswith(("conversation.", "message."))),
            default=None,
        )  # fmt: skip

    def log_figures(self) -> LogFigures:
        """How large the log is now; for metrics, whose route asks for the right. Raises
        `TawnyError` for a log that cannot be read."""
        changed_ns = self._log.changed_ns()
        if self._figures is None or self._figures[0] != changed_ns:
            found = self._log.snapshot()
            self._figures = (
                changed_ns,
                LogFigures(found.version, found.rows, found.size_bytes, len(found.files)),
            )
        return self._figures[1]

    def is_empty(self) -> bool:
        """Whether no event has come in yet."""
        return not self.log_figures().events and not self.inbox.waiting().last_id

    def last_purge_s(self) -> float | None:
        """When a purge of erased contacts last ended, in Unix seconds; None before the first."""
        try:
            return (self.home / PURGED).stat().st_mtime
        except OSError:
            return None

    def estimate(self, caller: Caller, request: ExportRequest) -> EstimatedExport:
        """How many rows a request would give now."""
        request = self.runs.check(caller, request)
        now_ms = current_ms()
        bounds = resolve(request, now_ms)
        arguments = {
            "request": request_json(request), "now_ms": now_ms, "given_channels": True,
        }  # fmt: skip
        rows: int | None
        try:
            rows = self._drawers.run("estimate", arguments, timeout_s=_ESTIMATE_S)["rows"]
        except WorkerStoppedError:
            rows = None
        return EstimatedExport(rows, bounds.from_ms, bounds.to_ms, bounds.as_of_ms)

    def preview(
        self,
        caller: Caller,
        run_id: str,
        rows: int = 100,
        patience_s: float | None = None,
        export_type: str | None = None,
    ) -> Preview | None:
        """The first rows of a run that is ready, at most a hundred, of a bundle those of an export
        in it; None when computing them takes longer than `patience_s` (it goes on)."""
        run, path = self.runs.ready_file(caller, run_id)
        part = part_of_run(run, export_type)
        columns = chosen_columns(part.request)
        first_rows = file_format(run.format, run.dialect).first_rows
        if first_rows is not None and not run.is_bundle:
            kept: dict[str, Any] | None = {"rows": first_rows(path, rows)}
        else:
            kept = self.of_part("preview", path, part, patience_s, rows=100)
        if kept is None:
            return None
        self.audit.record(caller, "preview_read", run_id)
        return Preview(columns, kept["rows"][:rows])

    def charts(
        self,
        caller: Caller,
        run_id: str,
        patience_s: float | None = None,
        export_type: str | None = None,
    ) -> Sequence[Chart] | None:
        """The charts of a run that is ready, of a bundle those of an export in it; none for types
        that are better read. None when computing them takes longer than `patience_s` (it goes
        on)."""
        run, path = self.runs.ready_file(caller, run_id)
        part = part_of_run(run, export_type)
        if part.request.export_type not in CHARTS:
            return ()
        kept = self.of_part("charts", path, part, patience_s)
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
            self.freshness.look()
            self._status.get()
        except TawnyError as error:
            _log.warning("the log cannot be read yet: %s", error)

    def draw(self, job: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a job makes that may take a while, beside the runs."""
        return self._drawers.run(job, arguments, timeout_s=_READING_S)

    def _read(self, job: str) -> dict[str, Any]:
        return self.readers.run(job, {}, timeout_s=_READING_S)

    def of_part(
        self, job: str, path: Path, part: RunPart, patience_s: float | None, **more: object
    ) -> dict[str, Any] | None:
        """What a job makes of a part of a run; None when it takes longer than `patience_s`."""
        arguments = {"request": request_json(part.request), "receipt": part.receipt, **more}
        return self.artifacts.get(
            path,
            part.file_beside(job),
            lambda: self.draw(job, arguments),
            patience_s,
        )
