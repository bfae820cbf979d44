"""News of runs, from the threads that make them to the readers that wait for them."""

from __future__ import annotations

import asyncio
import contextlib

from tawny.state.run_rows import ExportRun


class Watcher:
    """Hands changes from any thread to one reader; only the newest of each run waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[str, ExportRun] = {}
        self._some = asyncio.Event()

    def put(self, run: ExportRun) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the reader with it
            self._loop.call_soon_threadsafe(self._take, run)

    def _take(self, run: ExportRun) -> None:
        known = self._waiting.get(run.id)
        if known is None or known.version <= run.version:
            self._waiting[run.id] = run
        self._some.set()

    async def next(self) -> ExportRun:
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.pop(next(iter(self._waiting)))
