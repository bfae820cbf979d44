"""The schedules of exports in a running server: one thread decides what is due and follows runs,
and each destination has one that brings files there, so that none waits for another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.background.pool import Workers
from tawny.background.run_queue import RunQueue
from tawny.deliveries.store import Destinations
from tawny.errors import TawnyError
from tawny.exports.request import ExportRequest
from tawny.people.audit import Audit
from tawny.people.callers import Caller
from tawny.people.mailings import Mailings
from tawny.schedules.carrier import Carrier, alone
from tawny.schedules.export_maker import KnownCompleteness
from tawny.schedules.follower import LookedAt
from tawny.schedules.store_notices import Notices
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.event_log import event_log

_log = logging.getLogger("tawny.schedules")

LOOK_EVERY_S = 1.0
FOLLOW_EVERY_S = 2.0
"""How often is looked, where something has come, whether it changes what was delivered."""
_REST = 4
"""A look that takes long has so many times as long until the next."""
TELL_EVERY_S = 3.0
TIDY_EVERY_S = 3600.0
"""How often temporary names are looked for that a kill or a break left at destinations."""
_MOST_DESTINATIONS_AT_ONCE = 64


class ServerExportMaker:
    """Makes the exports of slots as runs of the server."""

    def __init__(self, runs: RunQueue, known: KnownCompleteness, readers: Workers) -> None:
        self._runs = runs
        self._readers = readers
        self.completeness = known

    def start(self, caller: Caller, request: ExportRequest, key: str) -> str:
        """See `ExportMaker`."""
        return self._runs.start(caller, request, key).id

    def carry_on(self, run_id: str) -> None:
        """The queue does."""

    def look(self, files: Sequence[Mapping[str, Any]], only_erasures: bool) -> LookedAt:
        """See `ExportMaker`."""
        arguments = {"files": files, "only_erasures": only_erasures}
        return LookedAt(**self._readers.run("made_files", arguments))

    def typed_rows(self, receipt: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
        """See `ExportMaker`."""
        return self._runs.typed_rows(receipt, folder)


class Carrying:
    """Carries schedules out as long as the server runs."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        database: Database,
        destinations: Destinations,
        audit: Audit,
        runs: RunQueue,
        known: KnownCompleteness,
        readers: Workers,
    ) -> None:
        """`known` is what is known of the completeness of channels; `readers` look at the log."""
        self._home = home
        self._log = event_log(home, settings)
        maker = ServerExportMaker(runs, known, readers)
        self._carrier = Carrier(home, settings, database, destinations, audit, maker)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._notices = Notices(database)
        self._mailings = Mailings(database, settings)
        # By itself: it tells of files that do not come also where the other thread stands still.
        self._telling = threading.Thread(target=self._tell, name="notices", daemon=True)
        self._tidied_s = -TIDY_EVERY_S
        self._looked_at: int | None = None
        self._look_again_s = self._follow_again_s = 0.0
        self._looking = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._telling.start()

    def stop(self) -> None:
        """End; what is being brought somewhere is brought again after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2 * LOOK_EVERY_S)

    def _tell(self) -> None:
        # What a server that was down has missed is made first.
        while not self._stop.wait(TELL_EVERY_S):
            try:
                self._notices.look(self._mailings)
            except TawnyError as error:
                _log.error("nobody can be told how deliveries go: %s", error)
            except Exception:
                _log.exception("nobody can be told how deliveries go")

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            # A command line that carries out just now has it until it ends.
            with alone(self._home) as first:
                if first:
                    self._carry_out()

    def _carry_out(self) -> None:
        recovered = False
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                if not recovered:
                    self._carrier.deliveries.recover()
                    recovered = True
                self._carrier.decide()
                self._carrier.make()
                for destination_id in self._carrier.deliveries.due():
                    self._bring_to(destination_id)
                self._look_at_log()
                self._tidy()
            except TawnyError as error:
                _log.error("schedules cannot be carried out: %s", error)
            except Exception:
                _log.exception("schedules cannot be carried out")

    def _look_at_log(self) -> None:
        """Look, beside the rest, whether what came into the log changes what was delivered."""
        if self._looking or time.monotonic() < self._look_again_s:
            return
        self._looking = True
        threading.Thread(target=self._follow, name="late events", daemon=True).start()

    def _follow(self) -> None:
        started_s = time.monotonic()
        try:
            self._carrier.take_back()
            changed = self._log.changed_ns()
            if started_s >= self._follow_again_s and (
                changed != self._looked_at or self._carrier.is_behind()
            ):
                self._carrier.follow()
                self._looked_at = changed
                self._follow_again_s = time.monotonic() + _REST * (time.monotonic() - started_s)
        except TawnyError as error:
            _log.error("late events cannot be followed: %s", error)
        except Exception:
            _log.exception("late events cannot be followed")
        finally:
            self._look_again_s = time.monotonic() + FOLLOW_EVERY_S
            self._looking = False

    def _tidy(self) -> None:
        if time.monotonic() < self._tidied_s + TIDY_EVERY_S:
            return
        self._tidied_s = time.monotonic()
        threading.Thread(target=self._take_away, name="unfinished deliveries", daemon=True).start()

    def _take_away(self) -> None:
        try:
            self._carrier.take_away_unfinished()
        except TawnyError as error:
            _log.error("temporary names cannot be taken away: %s", error)

    def _bring_to(self, destination_id: int) -> None:
        with self._lock:
            if destination_id in self._busy or len(self._busy) >= _MOST_DESTINATIONS_AT_ONCE:
                return
            self._busy.add(destination_id)
        threading.Thread(
            target=self._bring_all,
            args=(destination_id,),
            name=f"destination {destination_id}",
            daemon=True,
        ).start()

    def _bring_all(self, destination_id: int) -> None:
        try:
            while due := self._carrier.deliveries.due().get(destination_id):
                for delivery_id in due:
                    if self._stop.is_set():
                        return
                    self._carrier.deliver(delivery_id)
        except TawnyError as error:
            _log.error("a delivery cannot be made: %s", error)
        finally:
            with self._lock:
                self._busy.discard(destination_id)
