"""What was read of the log a moment ago, so that a page never waits for a busy log."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable
from typing import Any

FRESH_S = 2.0
"""So young, and nobody looks again."""
PATIENCE_S = 0.25
"""So long a reader waits for something newer; on a server at ease that is enough. After it, the
reader gets what was read before, and the next one gets the newer."""


class Remembered:
    """The last result of a reading; the first reader waits for it, however long it takes."""

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._found: dict[str, Any] | None = None
        self._reading: concurrent.futures.Future[dict[str, Any]] | None = None

    def get(self) -> dict[str, Any]:
        """The result, as new as can be had quickly."""
        with self._lock:
            found = self._found
            if found is not None and time.monotonic() - self._at < FRESH_S:
                return found
            if self._reading is None:
                self._reading = concurrent.futures.Future()
                threading.Thread(
                    target=self._run, args=(self._reading,), name="read", daemon=True
                ).start()
            reading = self._reading
        try:
            return reading.result(None if found is None else PATIENCE_S)
        except TimeoutError:
            assert found is not None
            return found

    def _run(self, reading: concurrent.futures.Future[dict[str, Any]]) -> None:
        # What was acknowledged after the reading began may be missing in it.
        began = time.monotonic()
        try:
            found = self._read()
        except BaseException as error:
            with self._lock:
                self._reading = None
            reading.set_exception(error)
            return
        with self._lock:
            self._found, self._at, self._reading = found, began, None
        reading.set_result(found)
