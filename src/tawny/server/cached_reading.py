"""What was read of the log, and as of when that is true, so that a page need not wait for a busy
log and says nothing that is not so."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from tawny.errors import TawnyError
from tawny.model.zones import current_ms

PATIENCE_S = 0.1
"""So long a page waits for something newer; then it says what was read before, and since when, and
asks for the newer once it is there."""
PROGRAM_PATIENCE_S = 0.5
"""So long a program waits, which looks once."""
PART_PATIENCE_S = 8.0
"""So long a part of a page waits that is there to bring the newer."""
LONGEST_PAUSE_S = 5.0
"""Between two readings; the first one of a process may take long."""
_PAUSES = 4
"""So many times as long as a reading took is the pause after it: several things are read, all by
the processors that take in events."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read; all of it was so at `as_of_ms`, in milliseconds since 1970 UTC."""

    found: dict[str, Any]
    as_of_ms: int
    is_current: bool
    """Whether nothing has changed since, as far as is known."""


class CachedReading:
    """The last result of a reading; the first reader waits for it, however long it takes, and so
    does who would be told that there is nothing.

    `state` is quick, and different whenever the result may be: while it is the same as just before
    the last reading, what was read is so now. Readings take at most a fifth of the time: there is
    one at a time, and a pause after it. Nobody waits for one that cannot be there in time.
    """

    def __init__(
        self,
        read: Callable[[], dict[str, Any]],
        state: Callable[[], Hashable],
        says_nothing: Callable[[dict[str, Any]], bool] = lambda _found: False,
    ) -> None:
        self._read = read
        self._state = state
        self._says_nothing = says_nothing
        self._lock = threading.Lock()
        self._last: Reading | None = None
        self._of_state: Hashable = None
        self._not_before_s = 0.0
        self._took_s = 0.0
        self._running: concurrent.futures.Future[Reading] | None = None

    def get(self, newer_within_s: float = PATIENCE_S) -> Reading:
        """What can be said now, or so long from now where something is being read."""
        reading = self.get_within(None, newer_within_s)
        assert reading is not None
        return reading

    def known(self) -> Reading | None:
        """What was read last, for who waits for nothing; None before the first reading."""
        return self._last

    def get_within(
        self, patience_s: float | None, newer_within_s: float = PATIENCE_S
    ) -> Reading | None:
        """The same; None when the first reading takes longer than `patience_s` (it goes on)."""
        asked_ms, asked_s = current_ms(), time.monotonic()
        state = self._state()
        while True:
            with self._lock:
                last = self._last
                if last is not None and state == self._of_state:
                    return Reading(last.found, asked_ms, is_current=True)
                if self._running is None:
                    self._running = concurrent.futures.Future()
                    threading.Thread(
                        target=self._run, args=(self._running,), name="read", daemon=True
                    ).start()
                running = self._running
            older = None
            left_s = None if patience_s is None else asked_s + patience_s - time.monotonic()
            if last is not None and not self._says_nothing(last.found):
                older = replace(last, is_current=False)
                left_s = asked_s + newer_within_s - time.monotonic()
                if self._not_before_s + self._took_s - time.monotonic() > left_s:
                    return older
            try:
                reading = running.result(left_s)
            except TimeoutError:
                if running.done() and older is None:
                    raise  # what was read took too long, not the reading of it
                return older
            # One that was at work already may not have what came in since it began.
            if reading.as_of_ms >= asked_ms:
                return reading
            if older is None and not self._says_nothing(reading.found):
                return replace(reading, is_current=False)

    def _run(self, running: concurrent.futures.Future[Reading]) -> None:
        time.sleep(max(0.0, self._not_before_s - time.monotonic()))
        began_s, as_of_ms = time.monotonic(), current_ms()
        try:
            state = self._state()
            reading = Reading(self._read(), as_of_ms, is_current=True)
        except BaseException as error:
            with self._lock:
                self._running = None
                if isinstance(error, TawnyError) and not error.retry:
                    # A log that is damaged is not what it was.
                    self._last = None
            running.set_exception(error)
            return
        with self._lock:
            ended_s = time.monotonic()
            self._took_s = ended_s - began_s
            self._not_before_s = ended_s + min(_PAUSES * self._took_s, LONGEST_PAUSE_S)
            self._last, self._of_state, self._running = reading, state, None
        running.set_result(reading)
