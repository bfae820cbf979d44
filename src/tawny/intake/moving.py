"""What a server acknowledged and has not moved into the log yet comes first, whatever is done with
the log."""

from __future__ import annotations

from pathlib import Path

from tawny.settings import Settings


def move_inbox(home: Path, settings: Settings) -> None:
    """Have the log hold what a server acknowledged; a folder that never had one has nothing, and
    does not wait for the database's library."""
    if settings.has_state(home):
        from tawny.intake.inbox import flush

        flush(home, settings)
