"""The event log of a data folder, with the state database, where there is one, as its second
witness."""

from __future__ import annotations

from pathlib import Path

from tawny.log.acknowledged import Acknowledged
from tawny.log.table import EventLog
from tawny.settings import Settings


class _State:
    """A folder without a state database does not wait for it, and gets none for this."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._home = home
        self._settings = settings

    def read(self) -> Acknowledged | None:
        if not self.can_write():
            return None
        from tawny.state.acknowledged import read_acknowledged

        found = read_acknowledged(self._home, self._settings)
        return None if found is None else Acknowledged(*found)

    def write(self, acknowledged: Acknowledged) -> None:
        if not self.can_write():
            return
        from tawny.state.acknowledged import write_acknowledged

        write_acknowledged(self._home, self._settings, acknowledged.version, acknowledged.events)

    def can_write(self) -> bool:
        return self._settings.has_state(self._home)


def event_log(home: Path, settings: Settings) -> EventLog:
    """The log. Nothing is opened or created yet."""
    return EventLog(home, _State(home, settings))
