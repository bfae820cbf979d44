"""The connections on which two states of a log are compared, one for each."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from tawny.engine.duck import Duck
from tawny.engine.engines import open_embedded
from tawny.scratch import scratch_folder
from tawny.settings import Settings

State = Literal["before", "now"]


class StateEngines(ExitStack):
    """Opens them when they are first asked for; the two share the memory for engines. A context
    manager, which closes them."""

    def __init__(self, home: Path, settings: Settings) -> None:
        super().__init__()
        self._home = home
        self._settings = settings
        self._ducks: dict[State, Duck] = {}

    def of(self, state: State) -> Duck:
        """The connection of a state. Raises `StorageError`."""
        if state not in self._ducks:
            self._ducks[state] = self.enter_context(
                open_embedded(
                    scratch_folder(self._home),
                    max(1, self._settings.number("engine_memory_mb") // 2),
                    self._settings.engine_threads(),
                )
            )
        return self._ducks[state]
