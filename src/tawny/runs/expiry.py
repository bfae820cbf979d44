"""Files of runs that nobody needs any more: their time is over, or a crash left them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tawny.runs.store import RunStore


def delete_leftovers(home: Path, store: RunStore) -> Sequence[str]:
    """Delete them; returns the ids of the runs that have expired by it."""
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
