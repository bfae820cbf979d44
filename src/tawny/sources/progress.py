"""How far a sync is, for whoever looks while it goes on, from whatever process.

It lies in a file beside the lock of the source, and means nothing while nobody holds that lock.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tawny.model.zones import current_ms
from tawny.sources.store import Source

TOLD_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is."""

    records: int
    events: int
    share: float | None
    """Of everything, from 0 to 1; None where that is not known."""
    waiting_s: float = 0.0
    """So long it waits now for the limits of the desk."""


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the sync of a source is that goes on now."""

    records: int
    events: int
    share: float | None
    elapsed_s: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / max(0.001, self.elapsed_s)

    @property
    def left_s(self) -> float | None:
        """How long it will take yet, where that can be said."""
        return None if not self.share else self.elapsed_s * (1 - self.share) / self.share


class ProgressFile:
    """Tells how far a sync is, at most twice a second."""

    def __init__(self, home: Path, source: Source) -> None:
        self._path = _path(home, source)
        self._begun_ms = current_ms()
        self._told_s = 0.0
        self.tell(Progress(0, 0, None))

    def tell(self, progress: Progress) -> None:
        """Write it down for others."""
        now_s = time.monotonic()
        if now_s - self._told_s < TOLD_EVERY_S:
            return
        self._told_s = now_s
        whole = self._path.with_suffix(".next")
        # Nobody needs it but to look at; a full disk is told by what is kept.
        with contextlib.suppress(OSError):
            text = json.dumps({"begun_ms": self._begun_ms, **asdict(progress)})
            whole.write_text(text, encoding="utf-8")
            whole.replace(self._path)

    def end(self) -> None:
        """Nothing goes on any more."""
        self._path.unlink(missing_ok=True)


def progress_of(home: Path, source: Source) -> SyncProgress | None:
    """How far the sync of a source is, as it was told last."""
    try:
        found = json.loads(_path(home, source).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    elapsed_s = (current_ms() - found["begun_ms"]) / 1000
    return SyncProgress(found["records"], found["events"], found["share"], max(0.0, elapsed_s))


def _path(home: Path, source: Source) -> Path:
    return home / f"source-{source.id}.progress"
