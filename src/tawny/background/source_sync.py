"""Sources are synced when it is their time or somebody asks, each in a worker process."""

from __future__ import annotations

import logging
import threading

from tawny.background.pool import Ticket, Workers, WorkerStoppedError
from tawny.background.source_webhooks import SourceWebhooks
from tawny.errors import TawnyError
from tawny.model.durations import milliseconds
from tawny.model.zones import current_ms
from tawny.sources.hints import HintStore
from tawny.sources.store import Source, SourceStore

_log = logging.getLogger("tawny.sources")

LOOK_EVERY_S = 1.0
PAUSE_AFTER_FAILURE_MS = 60_000
"""A source that failed is not asked again at once."""
SETTLE_MS = 1_000
"""So much longer than its lag an announced record is left alone: desks cut times to seconds."""
LEAST_BETWEEN_MS = 5_000
"""Between two syncs that webhooks wake."""


class SourceSync:
    """One thread that looks which source is due; what lasts long does not keep others waiting as
    long as there is a free worker."""

    def __init__(
        self, store: SourceStore, hints: HintStore, webhooks: SourceWebhooks, workers: Workers
    ) -> None:
        self._store = store
        self._hints = hints
        self._webhooks = webhooks
        self._workers = workers
        self._stop = threading.Event()
        self._look = threading.Event()
        self._running: dict[int, Ticket] = {}
        self._not_before_ms: dict[int, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="source-sync", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a sync that is going on ends with its worker and goes on at its checkpoint."""
        self._stop.set()
        self._look.set()

    def look(self) -> None:
        """Look at once: something has changed, and what failed may work now."""
        with self._lock:
            self._not_before_ms.clear()
        self._look.set()

    def end(self, source: Source) -> None:
        """Stop the sync of a source, if this server does one."""
        with self._lock:
            ticket = self._running.get(source.id)
        if ticket is not None:
            ticket.stop()

    def is_running(self, source: Source) -> bool:
        """Whether this server syncs a source, or is about to."""
        with self._lock:
            return source.id in self._running

    def _run(self) -> None:
        while True:
            self._look.wait(LOOK_EVERY_S)
            self._look.clear()
            if self._stop.is_set():
                return
            try:
                self._webhooks.keep_counts()
                heard_ms = self._hints.oldest()
                for source in self._store.all():
                    if self._is_due(source, heard_ms.get(source.id)):
                        self._begin(source)
            except TawnyError as error:
                _log.error("the sources cannot be looked up: %s", error)

    def _is_due(self, source: Source, heard_ms: int | None) -> bool:
        """Whether to read a source now; `heard_ms` is when its oldest hint was heard."""
        now_ms = current_ms()
        with self._lock:
            if source.id in self._running or now_ms < self._not_before_ms.get(source.id, 0):
                return False
        if source.asked is not None:
            return True
        if source.paused:
            return False
        every_ms = milliseconds(str(source.options["every"]))
        if source.ended_ms is None:
            return bool(every_ms)
        if heard_ms is not None:
            lag_ms = milliseconds(str(source.options["lag"]))
            if now_ms >= max(heard_ms + lag_ms + SETTLE_MS, source.ended_ms + LEAST_BETWEEN_MS):
                return True
        return bool(every_ms) and now_ms >= source.ended_ms + every_ms

    def _begin(self, source: Source) -> None:
        ticket = Ticket()
        with self._lock:
            self._running[source.id] = ticket
        threading.Thread(
            target=self._sync, args=(source, ticket), name=f"sync {source.name}", daemon=True
        ).start()

    def _sync(self, source: Source, ticket: Ticket) -> None:
        try:
            arguments = {"source": source.name, "asked": source.asked or {}}
            self._workers.run("sync", arguments, ticket=ticket)
            self._store.answered(source)
        except TawnyError as error:
            if not self._stop.is_set() and not ticket.stopped:
                _log.error("source %s: %s", source.name, error)
                # Why it failed is there to be read; only who was stopped goes on by itself.
                if not isinstance(error, WorkerStoppedError):
                    self._store.answered(source)
            with self._lock:
                later_ms = current_ms() + PAUSE_AFTER_FAILURE_MS
                self._not_before_ms[source.id] = later_ms
        finally:
            with self._lock:
                self._running.pop(source.id, None)
