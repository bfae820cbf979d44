"""A progress bar on a terminal; nothing at all when piped."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from tawny.cli.app import say
from tawny.text import Text

if TYPE_CHECKING:
    from rich.progress import Progress, Task


class IngestProgress:
    """Bytes read of a known total, events and events per second, time that remains."""

    def __init__(self, total_bytes: int | None) -> None:
        self._progress: Progress | None = None
        if sys.stderr.isatty():
            self._progress = _bar()
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


def _bar() -> Progress:
    # A library that a call without a terminal does not wait for.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn
    from rich.table import Column

    class InWords(ProgressColumn):
        """Events, how fast they come in, and how long it still takes; always on one line."""

        def __init__(self) -> None:
            super().__init__(table_column=Column(no_wrap=True))

        def render(self, task: Task) -> str:
            return say(_in_words(task))

    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=None),
        InWords(),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def _in_words(task: Task) -> Text:
    events = int(task.fields.get("events", 0))
    speed = events / task.elapsed if task.elapsed else 0
    text = Text("{events:,} events, {speed:,.0f}/s", events=events, speed=speed)
    if task.time_remaining is not None:
        minutes, seconds = divmod(int(task.time_remaining), 60)
        left = f"{minutes}:{seconds:02d}"
        text = Text("{progress}, {left} remaining", progress=text, left=left)
    return text
