"""The mover of a server: acknowledged events go into the log every few seconds, and now and then
the log is tidied: erased contacts are purged, small files merged. Both in a worker process."""

from __future__ import annotations

import logging
import threading
import time

from tawny.background.pool import Workers
from tawny.errors import TawnyError
from tawny.settings import Settings
from tawny.state.inbox import Inbox

_log = logging.getLogger("tawny.mover")

TIDY_EVERY_MOVES = 12
TIDY_AFTER_S = 600.0
"""What was moved last does not wait longer than this for the log to be tidied."""

_LONGEST_PAUSE_S = 60.0


class Mover:
    """One thread that sends a worker to move the inbox whenever there is something in it."""

    def __init__(self, settings: Settings, inbox: Inbox, workers: Workers) -> None:
        self._pause_s = settings.number("inbox_move_ms") / 1000
        self._inbox = inbox
        self._workers = workers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mover", daemon=True)
        self.moved_at: float | None = None
        """When the inbox was last found or made empty, by the monotonic clock."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was not moved waits in the inbox."""
        self._stop.set()

    def _run(self) -> None:
        moves = 1  # what another process or an earlier start has left is tidied too
        tidied_at = time.monotonic()
        pause_s = self._pause_s
        while not self._stop.wait(pause_s):
            try:
                if self._inbox.waiting().last_id:
                    self._workers.run("move", {})
                    moves += 1
                waits_s = time.monotonic() - tidied_at
                if moves >= TIDY_EVERY_MOVES or (moves and waits_s > TIDY_AFTER_S):
                    self._workers.run("tidy", {})
                    moves, tidied_at = 0, time.monotonic()
                self.moved_at = time.monotonic()
                pause_s = self._pause_s
            except TawnyError as error:
                if self._stop.is_set():
                    return
                _log.error("events wait in the inbox: %s", error)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
