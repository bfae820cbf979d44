"""What is in the log, for the operator and the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.engine.duck import Duck
from tawny.engine.snapshot import View, events_by_type, newest_per_channel
from tawny.log.table import EventLog
from tawny.model.zones import LATEST_MS, instant_text
from tawny.runs.leftovers import scratch_folder
from tawny.settings import Settings


@dataclass(frozen=True, slots=True)
class TypeStatus:
    """Events of one type; times in milliseconds since 1970 UTC."""

    type: str
    events: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The whole log at one version."""

    version: int
    events: int
    size_bytes: int
    files: int
    types: Sequence[TypeStatus]
    newest: Sequence[tuple[str, str | None, int]]
    """Per channel: id, name, time of the newest event."""

    def to_dict(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "version": self.version,
            "events": self.events,
            "bytes": self.size_bytes,
            "files": self.files,
            "types": [
                {
                    "type": row.type,
                    "events": row.events,
                    "first": instant_text(row.first_ms),
                    "last": instant_text(row.last_ms),
                }
                for row in self.types
            ],
            "channels": [
                {"channel_id": channel, "name": name, "newest_event": instant_text(newest_ms)}
                for channel, name, newest_ms in self.newest
            ],
        }


def log_status(home: Path, settings: Settings) -> LogStatus:
    """Read the whole log once. Events dated after now are counted too."""
    snapshot = EventLog(home).snapshot()
    if not snapshot.files:
        return LogStatus(snapshot.version, 0, 0, 0, (), ())
    with Duck(
        scratch_folder(home), settings.number("engine_memory_mb"), settings.engine_threads()
    ) as duck:
        types = tuple(TypeStatus(*row) for row in events_by_type(duck, snapshot))
        newest = tuple(newest_per_channel(duck, snapshot, View(as_of_ms=LATEST_MS)))
    return LogStatus(
        version=snapshot.version,
        events=snapshot.rows,
        size_bytes=snapshot.size_bytes,
        files=len(snapshot.files),
        types=types,
        newest=newest,
    )
