"""Long work that is asked of a running server: acknowledged once it lies on the disk, and carried
out one after the other by a worker process, also after a start."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import msgspec

from tawny.asked_files import Asked, AskedFiles, Done
from tawny.background.pool import Workers
from tawny.errors import RequestError, TawnyError

_log = logging.getLogger("tawny.asked")

_TRY_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class AskedItem(Generic[Asked, Done]):
    """What somebody asked for, and what came of it."""

    request: Asked
    result: Done | None
    """None while it is being carried out."""


class AskedWork(Generic[Asked, Done]):
    """One kind of work. `job` is given a request, and puts its result among the files."""

    def __init__(self, home: Path, files: AskedFiles[Asked, Done], job: str) -> None:
        self.files = files
        self._job = job
        self._workers = Workers(home, 1, niceness=6)
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=job, daemon=True)

    def start(self) -> None:
        """Begin; what was asked for before a stop or a crash is carried out."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not done is carried out after the next start."""
        self._stopped.set()
        self._wanted.set()
        self._workers.close()

    def ask(self, request: Asked) -> None:
        """Have it carried out. Raises `StorageError`."""
        self.files.ask(request)
        self._wanted.set()

    def items(self) -> Sequence[AskedItem[Asked, Done]]:
        """All of them: those that are being carried out, then the newest. Raises `StorageError`."""
        waiting, done = self.files.waiting(), self.files.results()
        waiting.sort(key=lambda one: (one.requested_at, one.id), reverse=True)
        done.sort(key=lambda one: (one.ended_at, one.id), reverse=True)
        items: list[AskedItem[Asked, Done]] = [AskedItem(one, None) for one in waiting]
        return [*items, *(AskedItem(one.request, one) for one in done)]

    def item(self, request_id: str) -> AskedItem[Asked, Done] | None:
        """One of them; None where there is none of that id. Raises `StorageError`."""
        # Before the results: it may be finished meanwhile.
        waiting = [one for one in self.files.waiting() if one.id == request_id]
        result = self.files.result(request_id)
        if result is not None:
            return AskedItem(result.request, result)
        return AskedItem(waiting[0], None) if waiting else None

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.clear()
            for request in self.files.waiting():
                self._carry_out(request)
            self._wanted.wait()

    def _carry_out(self, request: Asked) -> None:
        while not self._stopped.is_set():
            try:
                self._workers.run(self._job, {"request": msgspec.to_builtins(request)})
            except RequestError as error:
                # It was right when it was asked for; the log is another one since.
                _log.error("%s cannot be carried out: %s", self._job, error)
                self.files.drop(request.id)
            except TawnyError as error:
                if self._stopped.is_set():
                    return
                _log.error("%s is tried again in %s s: %s", self._job, _TRY_AGAIN_S, error)
                self._stopped.wait(_TRY_AGAIN_S)
                continue
            return
