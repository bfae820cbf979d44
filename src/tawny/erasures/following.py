"""Waiting for what was delivered to follow an erasure: a server does it by itself."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from tawny.settings import Settings

PATIENCE_S = 120.0
"""So long is waited; the server goes on after that."""
_LOOK_EVERY_S = 0.5


def wait_for_server(home: Path, settings: Settings, erasure_version: int) -> None:
    """Wait until every delivery has followed the erasures up to a version of the log, or for
    `PATIENCE_S`."""
    from tawny.schedules.store_revisions import RevisionStore
    from tawny.state.database import open_database

    until_s = time.monotonic() + PATIENCE_S
    with contextlib.closing(open_database(home, settings)) as database:
        store = RevisionStore(database)
        while not store.are_followed(erasure_version) and time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
