"""What is kept for some days only, and the files that a crash left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tawny.runs.store import RunStore
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.refusals import RefusalStore


def clean_up(home: Path, settings: Settings, database: Database) -> Sequence[str]:
    """Forget old values and delete files nobody needs; returns the ids of the runs that have
    expired by it."""
    drop_old_values(home, settings, database)
    return _delete_leftovers(home, RunStore(database))


def _delete_leftovers(home: Path, store: RunStore) -> Sequence[str]:
    """Delete the files of runs that nobody needs any more: their time is over, or a crash left
    them. Returns the ids of the runs that have expired by it."""
    expired = store.expire()
    parent = home / "exports"
    if not parent.is_dir():
        return expired
    for folder in parent.iterdir():
        run = store.find(folder.name)
        if run is not None and not run.state.ended:
            continue
        kept = store.file_path(folder.name)
        for attempt in folder.iterdir():
            if kept is None or (home / kept).parent != attempt:
                shutil.rmtree(attempt, ignore_errors=True)
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)
    return expired


def drop_old_values(home: Path, settings: Settings, database: Database) -> None:
    """Forget the values of refused events whose days are over."""
    if RefusalStore(home, settings, database).drop_values():
        database.forget_deleted()
