"""Who makes the files of schedules and looks at the log for them: a server or a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tawny.completeness.rule import Completeness
from tawny.exports.request import ExportRequest
from tawny.people.callers import Caller
from tawny.schedules.follower import LookedAt


class ExportMaker(Protocol):
    """Who computes the files of slots."""

    def start(self, caller: Caller, request: ExportRequest, key: str) -> str:
        """Have an export made; returns the id of its run, the same for the same key. Raises
        `TawnyError`."""

    def carry_on(self, run_id: str) -> None:
        """Go on with a run that has not ended, if nobody does."""

    def typed_rows(self, receipt: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
        """Write the rows of a file that was made, with types, as `TYPE.parquet` into a folder;
        returns the receipt of each by its type. Raises `TawnyError`."""

    def completeness(self, up_to_ms: int) -> Sequence[Completeness] | None:
        """That of every channel now, asked for up to an instant; None when it is not known yet.
        Raises `TawnyError`."""

    def look(self, files: Sequence[Mapping[str, Any]], only_erasures: bool) -> LookedAt:
        """See `follower.Look`."""


KnownCompleteness = Callable[[int], Sequence[Completeness] | None]
"""See `ExportMaker.completeness`."""
