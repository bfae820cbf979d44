"""A progress bar on a terminal; nothing at all when piped."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _EventsPerSecond(ProgressColumn):
    """How fast events come in."""

    def render(self, task: Task) -> Text:
        events = int(task.fields.get("events", 0))
        speed = events / task.elapsed if task.elapsed else 0
        return Text(f"{events:,} events, {speed:,.0f}/s")


class IngestProgress:
    """Bytes read of a known total, events and events per second, time that remains."""

    def __init__(self, total_bytes: int | None) -> None:
        self._progress: Progress | None = None
        if sys.stderr.isatty():
            self._progress = Progress(
                SpinnerColumn(),
                BarColumn(),
                _EventsPerSecond(),
                TimeElapsedColumn(),
                TextColumn("remaining"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._progress.add_task("ingest", total=total_bytes, events=0)

    def __enter__(self) -> IngestProgress:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def update(self, events: int, read_bytes: int) -> None:
        """Show how far it is."""
        if self._progress is not None:
            self._progress.update(self._task, completed=read_bytes, events=events)
