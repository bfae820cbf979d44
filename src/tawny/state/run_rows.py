"""Runs as people see them: what was asked, by whom, how far it is, what came of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tawny.text import Text


class RunState(enum.StrEnum):
    """Where a run is. The last four never change again, but `ready`, which becomes `expired`."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be computed for it."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


SORTS = ("created", "type", "state", "owner", "rows")
"""What a list of runs can be sorted by; a `-` before it turns the order round."""


@dataclass(frozen=True, slots=True)
class ExportRun:
    """One export run. All times are milliseconds since 1970 UTC."""

    id: str
    owner_id: int
    owner: str
    """The name the person signs in with, as it was."""
    export_type: str
    """Empty where there are several."""
    export_types: Sequence[str]
    """What is made: one export, or those of a bundle."""
    time_zone: str
    start: str | None
    """Begin and end of the range as they were written."""
    end: str | None
    channels: Sequence[str]
    """Channel ids; none = all."""
    as_of: str | None
    headers: str
    format: str
    dialect: str
    request: dict[str, Any]
    """All that was asked, as JSON: what stands above, and what no list shows or looks for."""
    state: RunState
    phase: str
    """What a running one does: `starting`, `collecting`, `querying`, `finishing`; else empty."""
    progress_percent: int
    error: Text | None
    """Why it failed, in words for the person who asked."""
    created_ms: int
    started_ms: int | None
    ended_ms: int | None
    expires_ms: int | None
    """When the file is deleted; the run and its receipt stay."""
    file_name: str | None
    """What the file is called when it is downloaded."""
    media_type: str | None
    rows: int | None
    size_bytes: int | None
    sha256: str | None
    receipt: dict[str, Any] | None
    """The receipt as the command line writes it beside a file."""
    version: int
    """Grows with every change; a reader that saw a higher one has newer news."""

    @property
    def is_bundle(self) -> bool:
        """Whether it makes several exports into one file."""
        return not self.export_type

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule asked for it."""
        return bool(self.request.get("kind") == "scheduled")


@dataclass(frozen=True, slots=True)
class RunWord:
    """A word of a search, and what it may mean; a run fits that fits any of them."""

    text: str
    """Part of the type, the owner's name, a channel id or the file's name."""
    export_types: Sequence[str] = ()
    states: Sequence[RunState] = ()
    formats: Sequence[str] = ()
    channels: Sequence[str] = ()
    owners: Sequence[str] = ()
    months: Sequence[str] = ()
    """Months in which the range begins, as two digits."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list shows; empty = all the caller may see."""

    states: Sequence[RunState] = ()
    export_types: Sequence[str] = ()
    owner: str | None = None
    channel: str | None = None
    created_from_ms: int | None = None
    created_to_ms: int | None = None
    ended_after_ms: int | None = None
    kind: str | None = None
    """One of `tawny.exports.request.RUN_KINDS`."""
    text: str | None = None
    """Part of the type, the owner's name, a channel id or the file's name."""
    words: Sequence[RunWord] = ()
    """Every one of them must fit."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """A part of a list and where the next part begins; `total` counts the whole list."""

    items: Sequence[ExportRun] = field(default=())
    next_cursor: str | None = None
    total: int = 0
