"""Where files lie is told to administrators only; others are told what happened without it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tawny.people.callers import Caller
from tawny.state.run_rows import ExportRun
from tawny.text import Text


def without_places(text: Text, home: Path) -> Text:
    """A text with three dots for every path in the data folder."""
    place = re.compile(re.escape(str(home)) + r"[^\s:;,'\"]*")
    return text.with_values(lambda value: place.sub("\N{HORIZONTAL ELLIPSIS}", value))


def seen_by(caller: Caller, run: ExportRun, home: Path) -> ExportRun:
    """A run as a caller may see it."""
    if run.error is None or caller.administrator:
        return run
    return replace(run, error=without_places(run.error, home))
