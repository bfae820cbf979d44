"""What was read of the log a moment ago, so that a page never waits for a busy log."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

FRESH_S = 2.0
"""So young, and nobody looks again."""
PATIENCE_S = 0.1
"""So long a reader waits for something newer, if the reading before took no longer. Otherwise the
reader gets what was read before, and the next one gets the newer."""
LONG_PATIENCE_S = 10.0
"""The same where what was read before says nothing: somebody has sent the first events."""


class Remembered:
    """The last result of a reading; the first reader waits for it, however long it takes.

    `state` is quick, and different whenever the result may be: while it stays the same, nothing is
    read again. `says_nothing` tells of a result that it is the one of an empty log.
    """

    def __init__(
        self,
        read: Callable[[], dict[str, Any]],
        state: Callable[[], Hashable],
        fresh_s: float = FRESH_S,
        says_nothing: Callable[[dict[str, Any]], bool] = lambda _found: False,
    ) -> None:
        self._read = read
        self._state = state
        self._fresh_s = fresh_s
        self._says_nothing = says_nothing
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._took_s = 0.0
        self._of_state: Hashable = None
        self._found: dict[str, Any] | None = None
        self._reading: concurrent.futures.Future[dict[str, Any]] | None = None

    def get(self) -> dict[str, Any]:
        """The result, as new as can be had quickly."""
        found = self._young_enough()
        if found is not None:
            return found
        state = self._state()
        with self._lock:
            found = self._found
            if found is not None and state == self._of_state:
                return found
            if self._reading is None:
                self._reading = concurrent.futures.Future()
                threading.Thread(
                    target=self._run, args=(self._reading, state), name="read", daemon=True
                ).start()
            reading, took_s = self._reading, self._took_s
        if found is None:
            return reading.result()
        patience_s = PATIENCE_S if took_s <= PATIENCE_S else 0.0
        if self._says_nothing(found):
            patience_s = LONG_PATIENCE_S
        try:
            return reading.result(patience_s)
        except TimeoutError:
            return found

    def _young_enough(self) -> dict[str, Any] | None:
        with self._lock:
            found = self._found
            if found is None or self._says_nothing(found):
                return None
            return found if time.monotonic() - self._at < self._fresh_s else None

    def _run(self, reading: concurrent.futures.Future[dict[str, Any]], state: Hashable) -> None:
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
            self._found, self._at, self._of_state = found, began, state
            self._took_s = time.monotonic() - began
            self._reading = None
        reading.set_result(found)
