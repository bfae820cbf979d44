"""When reading the log fails, what is wrong with it, in place of the words of the engine."""

from __future__ import annotations

from pathlib import Path

from tawny.errors import (
    EngineError,
    LogDamagedError,
    LogReplacedError,
    StorageError,
    TawnyError,
)
from tawny.log.damage import changed_files, error_of_files
from tawny.settings import Settings
from tawny.state.event_log import event_log

_GONE = ("No files found that match", "No such file or directory")
"""How the engine and the system say of a file that it is not there."""


def explained(home: Path, settings: Settings, error: TawnyError) -> TawnyError:
    """The same error, or the one about a file of the log that is the reason of it. That one is
    looked for in all of the log only when the engine failed or names the log."""
    log = event_log(home, settings)
    names_log = str(log.folder) in str(error)
    if type(error) not in (EngineError, StorageError) or not (
        names_log or isinstance(error, EngineError)
    ):
        return error
    try:
        snapshot = log.snapshot()
        record, _ = log.known()
        damaged = changed_files(snapshot, {} if record is None else record.sha256)
    except LogDamagedError as found:
        return found
    except TawnyError:
        return error
    if damaged:
        return error_of_files(damaged)
    if names_log and any(sign in str(error) for sign in _GONE):
        return LogReplacedError(
            "files of the event log were replaced while they were read; try again"
        )
    return error
