"""Whether the files of exports that a server keeps are those of their receipts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tawny.disk import sha256_of
from tawny.settings import Settings


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a run."""

    name: str
    """Its name and its run."""
    is_same: bool
    """Whether its bytes are those that its receipt names."""


def stored_files(home: Path, settings: Settings) -> Iterator[StoredFile]:
    """Every file that is kept, read whole. A folder without a server has none. Raises
    `StorageError` where the state cannot be read."""
    if not settings.has_state(home):
        return
    # A folder without a server does not wait for the database's library.
    from tawny.runs.store import RunStore
    from tawny.state.database import open_database

    with contextlib.closing(open_database(home, settings)) as database:
        store = RunStore(database)
        for run, path in store.with_file():
            assert run.receipt is not None
            is_same = _sha256(home / path) == run.receipt["sha256"]
            # One whose time is over meanwhile is deleted by the server.
            if is_same or store.file_path(run.id) is not None:
                yield StoredFile(f"{run.file_name} (run {run.id})", is_same)


def _sha256(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:
        return None
