"""News of events that came in, from the threads that acknowledge them to the pages that wait."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class ArrivalNews:
    """Tells every waiting reader that something came in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def tell(self) -> None:
        """Something came in; from any thread."""
        with self._lock:
            waiting = list(self._waiting)
        for loop, some in waiting:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and the reader with it
                loop.call_soon_threadsafe(some.set)

    @contextlib.contextmanager
    def watched(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set by what comes in from now on."""
        one = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._waiting.add(one)
        try:
            yield one[1]
        finally:
            with self._lock:
                self._waiting.discard(one)
