"""How a look at the log has the inbox moved before it."""

from __future__ import annotations

from pathlib import Path

from tawny.intake.inbox import flush
from tawny.settings import Settings
from tawny.state.event_log import event_log


def move_if_free(home: Path, settings: Settings) -> None:
    """Move the inbox for a look at the log, which does not wait while another process moves;
    unless it would see nothing at all."""
    flush(home, settings, wait=event_log(home, settings).changed_ns() is None)
