"""Sources are synced when it is their time, each in a worker process."""

from __future__ import annotations

import logging
import threading

from tawny.background.pool import Workers
from tawny.errors import TawnyError
from tawny.model.durations import milliseconds
from tawny.model.zones import current_ms
from tawny.sources.store import Source, SourceStore

_log = logging.getLogger("tawny.sources")

LOOK_EVERY_S = 1.0
PAUSE_AFTER_FAILURE_MS = 60_000
"""A source that failed is not asked again at once."""


class SourceSync:
    """One thread that looks which source is due; what lasts long does not keep others waiting as
    long as there is a free worker."""

    def __init__(self, store: SourceStore, workers: Workers) -> None:
        self._store = store
        self._workers = workers
        self._stop = threading.Event()
        self._running: set[int] = set()
        self._not_before_ms: dict[int, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="source-sync", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a sync that is going on ends with its worker and goes on at its checkpoint."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                for source in self._store.all():
                    if self._is_due(source):
                        self._begin(source)
            except TawnyError as error:
                _log.error("the sources cannot be looked up: %s", error)

    def _is_due(self, source: Source) -> bool:
        every_ms = milliseconds(str(source.options["every"]))
        now_ms = current_ms()
        with self._lock:
            waits = source.id in self._running or now_ms < self._not_before_ms.get(source.id, 0)
        if source.paused or not every_ms or waits:
            return False
        return source.ended_ms is None or now_ms >= source.ended_ms + every_ms

    def _begin(self, source: Source) -> None:
        with self._lock:
            self._running.add(source.id)
        threading.Thread(
            target=self._sync, args=(source,), name=f"sync {source.name}", daemon=True
        ).start()

    def _sync(self, source: Source) -> None:
        try:
            self._workers.run("sync", {"source": source.name})
        except TawnyError as error:
            if not self._stop.is_set():
                _log.error("source %s: %s", source.name, error)
            with self._lock:
                later_ms = current_ms() + PAUSE_AFTER_FAILURE_MS
                self._not_before_ms[source.id] = later_ms
        finally:
            with self._lock:
                self._running.discard(source.id)
