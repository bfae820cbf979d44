"""The commits and checkpoints of the table as files: which are whole, and setting aside those that
are not.

Delta writes them without flushing them, so a power cut may leave a name without its content. A
commit that was not yet acknowledged is set aside; a checkpoint only repeats what the commits say,
and is set aside when all of them are there. Anything else is damage, and left as it is.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

BROKEN = ".broken"

ACTIONS = "tawny.actions"
"""In the description of each commit of ours: how many files it adds and removes."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The file of one version."""

    version: int
    path: Path

    def actions(self) -> list[dict[str, Any]] | None:
        """What it does, an object a line; None when it is not whole. Nothing of one that may not
        be read or is not there: a checkpoint speaks for it."""
        try:
            lines = [json.loads(line) for line in self.path.read_bytes().splitlines()]
        except OSError:
            return []
        except ValueError:
            return None
        if not lines or not all(isinstance(line, dict) for line in lines):
            return None
        infos = [line["commitInfo"] for line in lines if "commitInfo" in line]
        expected = infos[0].get(ACTIONS) if infos and isinstance(infos[0], dict) else None
        found = sum("add" in line or "remove" in line for line in lines)
        return lines if expected is None or expected == str(found) else None

    def added(self) -> set[str]:
        """Paths of the files it adds, relative to the log's folder."""
        return {str(line["add"]["path"]) for line in self.actions() or () if "add" in line}


def commits(delta_log: Path) -> list[Commit]:
    """Every commit that is there, oldest first."""
    found = (path for path in delta_log.glob("*.json") if re.fullmatch(r"\d{20}", path.stem))
    return sorted((Commit(int(path.stem), path) for path in found), key=lambda one: one.version)


def mend(delta_log: Path, acknowledged: int) -> list[Path]:
    """Set aside what a power cut has left broken and nobody was told of; returns where it lies now.

    The caller holds the writers' lock. `acknowledged` is the newest version that somebody was told
    of.
    """
    there = commits(delta_log)
    newest = there[-1] if there else None
    aside = []
    if newest is not None and newest.version > acknowledged and newest.actions() is None:
        aside.append(set_aside(newest.path))
        there.pop()
    if [commit.version for commit in there] == list(range(len(there))):
        aside += _broken_checkpoints(delta_log)
    return aside


def _broken_checkpoints(delta_log: Path) -> list[Path]:
    broken = [
        path for path in sorted(delta_log.glob("*.checkpoint*.parquet")) if not is_parquet(path)
    ]
    pointer = delta_log / "_last_checkpoint"
    if pointer.exists() and (broken or not _is_json(pointer)):
        broken.append(pointer)
    return [set_aside(path) for path in broken]


def first_damaged(there: Sequence[Commit]) -> Path | None:
    """The oldest commit that is not whole, or missing between others."""
    for before, commit in itertools.pairwise([None, *there]):
        assert commit is not None
        if before is not None and commit.version != before.version + 1:
            return commit.path.with_name(f"{before.version + 1:020d}.json")
        if commit.actions() is None:
            return commit.path
    return None


def is_parquet(path: Path) -> bool:
    """Whether a file is there and ends as a Parquet file does."""
    # Only a log with a checkpoint, or a damaged one, waits for this.
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return False
    return True


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def set_aside(path: Path) -> Path:
    """Give a file or folder a name under which nobody looks for it."""
    aside = path.with_name(path.name + BROKEN)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}{BROKEN}-{number}")
    return path.rename(aside)
