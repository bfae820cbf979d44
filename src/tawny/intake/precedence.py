"""Which of two events with one key came first: decided by one process at a time.

A server decides when it acknowledges, before the events are in the log; an ingest decides when it
writes them into the log. Whoever decides holds a lock on a file of the data folder. The file counts
the ingests that wrote to the log, so a server knows when it has to look there again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tawny.disk import held_lock, translated_os_errors

_NUMBER_BYTES = 8


class Precedence:
    """The right to decide, for one thread of a process."""

    def __init__(self, home: Path) -> None:
        self._path = home / "intake.lock"

    @contextlib.contextmanager
    def deciding(self) -> Iterator[int]:
        """Decide about events on their way into the inbox; gives the number of direct ingests that
        there were. Raises `StorageError`."""
        with self._held() as lock:
            assert lock is not None
            yield _number(lock)

    @contextlib.contextmanager
    def writing_directly(self) -> Iterator[None]:
        """Decide about events that go into the log without the inbox, and write them. Raises
        `StorageError`."""
        with self._held() as lock:
            assert lock is not None
            # Before anything is written: killed in the middle, it has been counted.
            with translated_os_errors(str(self._path)):
                os.pwrite(lock, (_number(lock) + 1).to_bytes(_NUMBER_BYTES, "little"), 0)
            yield

    def _held(self) -> contextlib.AbstractContextManager[int | None]:
        return held_lock(self._path, f"the data folder {self._path.parent}")


def _number(lock: int) -> int:
    return int.from_bytes(os.pread(lock, _NUMBER_BYTES, 0), "little")
