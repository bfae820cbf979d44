"""What is computed once for the file of a run, and lies beside it from then on.

Whoever asks while it is computed waits for the same work, and may stop waiting: the work goes on,
and the next who asks finds it. So no page holds a thread of the server for as long as a query of a
busy machine takes, and ten people who look at one run cost one query.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Made = dict[str, Any]


class RunArtifacts:
    """The work that goes on for the files of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._going: dict[Path, concurrent.futures.Future[Made]] = {}

    def get(
        self, file: Path, name: str, make: Callable[[], Made], patience_s: float | None
    ) -> Made | None:
        """What lies beside a file under a name, made if it is not there; None when that takes
        longer than `patience_s`. Raises what `make` raised, once to each who waited, or to the
        next who asks when nobody did."""
        path = file.with_name(f".{name}.json")
        with self._lock:
            going = self._going.get(path)
            if going is None:
                with contextlib.suppress(OSError, ValueError):
                    found: Made = json.loads(path.read_text(encoding="utf-8"))
                    return found
                going = self._going[path] = concurrent.futures.Future()
                threading.Thread(
                    target=self._make, args=(path, make, going), name="beside", daemon=True
                ).start()
        try:
            made = going.result(patience_s)
        except TimeoutError:
            # Also what a job raises that took too long; then the future is done.
            if not going.done():
                return None
            self._forget(path, going)
            raise
        except BaseException:
            self._forget(path, going)
            raise
        self._forget(path, going)
        return made

    def _make(
        self, path: Path, make: Callable[[], Made], going: concurrent.futures.Future[Made]
    ) -> None:
        try:
            made = make()
        except BaseException as error:
            going.set_exception(error)
            return
        work = path.with_name(f"{path.name}.new")
        # A full disk, or a file that was deleted meanwhile: it is computed again another time.
        with contextlib.suppress(OSError):
            work.write_text(json.dumps(made), encoding="utf-8")
            work.replace(path)
            self._forget(path, going)
        going.set_result(made)

    def _forget(self, path: Path, going: concurrent.futures.Future[Made]) -> None:
        with self._lock:
            if self._going.get(path) is going:
                del self._going[path]
