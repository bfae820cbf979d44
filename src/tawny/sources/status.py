"""How a source stands: its state, how far it is, when it is read next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tawny.model.durations import milliseconds
from tawny.model.zones import current_ms
from tawny.sources.option_values import checked_instant
from tawny.sources.progress import SyncProgress, progress_of
from tawny.sources.store import Source
from tawny.sources.sync import is_syncing
from tawny.text import Text, from_json

STATES = ("never synced", "syncing", "up to date", "behind", "failing", "paused")


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source stands. Instants in milliseconds since 1970 UTC."""

    state: str
    """One of `STATES`."""
    until_ms: int | None
    """Everything before it is read."""
    lag_s: int | None
    """How long ago that is."""
    next_ms: int | None
    """When the schedule of the server reads it next."""
    open_gaps: int | None
    """What a person could act on, by the last report."""
    error: Text | None
    """Why the last sync failed."""
    progress: SyncProgress | None
    """Of the sync that goes on."""


def status_of(home: Path, source: Source) -> SourceStatus:
    """How a source stands now."""
    report = source.report or {}
    until = report.get("until")
    until_ms = None if until is None else checked_instant("until", until)
    is_going_on = is_syncing(home, source)
    return SourceStatus(
        state="syncing" if is_going_on else _state(source),
        until_ms=until_ms,
        lag_s=None if until_ms is None else max(0, (current_ms() - until_ms) // 1000),
        next_ms=_next_ms(source),
        open_gaps=report.get("open_gaps"),
        error=None if source.error is None else from_json(source.error),
        progress=progress_of(home, source) if is_going_on else None,
    )


def _state(source: Source) -> str:
    if source.paused:
        return "paused"
    if source.error is not None:
        return "failing"
    if source.report is None or source.ended_ms is None:
        return "never synced"
    every_ms = milliseconds(str(source.options["every"]))
    age_ms = current_ms() - source.ended_ms
    if every_ms and age_ms > 2 * every_ms + milliseconds(str(source.options["lag"])):
        return "behind"
    return "up to date"


def _next_ms(source: Source) -> int | None:
    every_ms = milliseconds(str(source.options["every"]))
    if not every_ms or source.paused:
        return None
    return source.created_ms if source.ended_ms is None else source.ended_ms + every_ms
