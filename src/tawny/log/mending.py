"""What a power cut may leave of the table, and putting it right.

Delta writes its commits and checkpoints without flushing them, so a name may survive whose content
did not. A last commit without its content was never acknowledged: it is set aside. A checkpoint
only repeats what the commits say: a broken one is set aside too.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BROKEN = ".broken"


def mend(delta_log: Path) -> list[Path]:
    """Set aside what is broken in a `_delta_log` folder; returns where it lies now.

    The caller holds the writers' lock. Only the newest commit can be the victim of a power cut, so
    only that one is looked at; damage elsewhere is not hidden.
    """
    aside = []
    for checkpoint in sorted(delta_log.glob("*.checkpoint*.parquet")):
        if not _is_parquet(checkpoint):
            aside.append(_set_aside(checkpoint))
            pointer = delta_log / "_last_checkpoint"
            if pointer.exists():
                aside.append(_set_aside(pointer))
    pointer = delta_log / "_last_checkpoint"
    if pointer.exists() and not _is_json(pointer):
        aside.append(_set_aside(pointer))
    commits = sorted(delta_log.glob("*.json"))
    if commits and not _is_json(commits[-1]):
        aside.append(_set_aside(commits[-1]))
    return aside


def _is_parquet(path: Path) -> bool:
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return False
    return True


def _is_json(path: Path) -> bool:
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            json.loads(line)
    except ValueError:
        return False
    return True


def _set_aside(path: Path) -> Path:
    return path.rename(path.with_name(path.name + BROKEN))
