"""What was acknowledged, known apart from the log itself, so that a log that lost something never
looks like a smaller one.

After each commit, once it is on the disk and before its writer is told, its version and the number
of events are written down: in a file beside the log and, where there is one, in the state database.
Killed in between, the log holds more than was written down, never less; the next to open it catches
up. Either of the two alone shows a loss. The file also keeps the SHA-256 of each file of the log.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from tawny.disk import flush, translated_os_errors


@dataclass(frozen=True, slots=True, order=True)
class Acknowledged:
    """A version of the log and how many events it holds; version -1 before the first commit."""

    version: int
    events: int


NOTHING = Acknowledged(-1, 0)


class Witness(Protocol):
    """Keeps what was acknowledged somewhere else than in the folder of the log."""

    def read(self) -> Acknowledged | None:
        """What it knows; None when nothing was ever written down there, or nobody can tell."""

    def write(self, acknowledged: Acknowledged) -> None:
        """Have it reach the disk, if it can be written. Raises `StorageError`."""

    def can_write(self) -> bool:
        """Whether it is there at all."""


@dataclass(frozen=True, slots=True)
class AcknowledgedRecord:
    """The content of the file beside the log."""

    version: int
    events: int
    sha256: dict[str, str] = field(default_factory=dict)
    """By path relative to the log's folder, in hexadecimal digits; of files that were written since
    there is a record."""

    @property
    def acknowledged(self) -> Acknowledged:
        """What it says was acknowledged."""
        return Acknowledged(self.version, self.events)


class RecordFile:
    """The file `log.record.json` beside the folder of the log."""

    def __init__(self, home: Path) -> None:
        self.path = home / "log.record.json"

    def read(self) -> AcknowledgedRecord | None:
        """What it says; None when there is none or it cannot be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=AcknowledgedRecord)
        except (OSError, msgspec.DecodeError):
            return None

    def is_damaged(self) -> bool:
        """Whether there is one that cannot be read."""
        return self.path.exists() and self.read() is None

    def write(self, record: AcknowledgedRecord) -> None:
        """Replace it; when this returns, it survives a power cut. Raises `StorageError`."""
        work = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        with translated_os_errors(str(self.path)):
            try:
                handle = os.open(work, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "wb") as stream:
                    stream.write(msgspec.json.encode(record))
                    stream.flush()
                    os.fsync(stream.fileno())
                work.replace(self.path)
            finally:
                work.unlink(missing_ok=True)
        flush(self.path.parent)
