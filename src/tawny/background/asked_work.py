"""Long work that is asked of a running server: acknowledged once it lies on the disk, and carried
out one after the other by a worker process, also after a start."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Generic

import msgspec

from tawny.asked_files import Asked, AskedFiles, Done
from tawny.background.pool import Workers
from tawny.errors import RequestError, TawnyError

_log = logging.getLogger("tawny.asked")

_TRY_AGAIN_S = 30.0


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
