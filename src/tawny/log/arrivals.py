"""When the versions of the log were written: until then their events had arrived."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tawny.log.repair import Commit


def arrivals_ms(log_folder: Path, versions: Iterable[int]) -> dict[int, int]:
    """The instant of each version's commit, in milliseconds since 1970 UTC; a version whose commit
    cannot be read any more has none."""
    arrived = {version: _arrival_ms(log_folder, version) for version in set(versions)}
    return {version: at_ms for version, at_ms in arrived.items() if at_ms is not None}


def _arrival_ms(log_folder: Path, version: int) -> int | None:
    commit = Commit(version, log_folder / "_delta_log" / f"{version:020d}.json")
    for action in commit.actions() or ():
        timestamp = action.get("commitInfo", {}).get("timestamp")
        if isinstance(timestamp, int):
            return timestamp
    return None
