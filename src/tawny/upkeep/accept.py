"""Accepting a log that is less than what was acknowledged, with what hangs on it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.log.acceptance import Loss, accept
from tawny.log.acknowledged import Acknowledged
from tawny.log.table import EventLog
from tawny.people.audit import Audit
from tawny.settings import Settings
from tawny.state.database import open_database
from tawny.upkeep.erase import PURGED

ACTION = "log_accepted"
"""What the audit trail says."""


def accept_loss(home: Path, settings: Settings, log: EventLog, loss: Loss) -> Acknowledged:
    """Take the log as it is and write that down in the audit trail; returns what is acknowledged
    from now on. The caller holds the writers' lock."""
    with contextlib.closing(open_database(home, settings)) as database:
        with translated_os_errors(str(home)):
            # What was worked out for versions that may come again with other events.
            shutil.rmtree(home / "cache", ignore_errors=True)
            (home / PURGED).unlink(missing_ok=True)
        before = loss.acknowledged
        with database.write() as connection:
            Audit(database).add_own(
                connection, ACTION, "log",
                events_acknowledged=None if before is None else before.events,
                version_acknowledged=None if before is None else before.version,
                events_left=loss.events_left, version_left=loss.left.version,
                files_lost=[damaged.file.path for damaged in loss.files],
                set_aside=[str(path.relative_to(home)) for path in loss.set_aside],
            )  # fmt: skip
    return accept(log, loss)
