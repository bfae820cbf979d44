"""Worked cases on disk: a log, requests, and the files they must give.

A case is a folder with `events.ndjson` (the log, in order), `requests.json` and the CSV files that
`expect` names.
"""

import random
from collections.abc import Callable
from pathlib import Path

from commands import export, ingest, requests_of


def whole(log: bytes) -> list[bytes]:
    """The log as it is, in one call."""
    return [log]


def mixed(log: bytes) -> list[bytes]:
    """Every event twice, in any order, over three calls: the last ones repeat what came before."""
    lines = [line + b"\n" for line in log.split(b"\n") if line]
    rng = random.Random(log)
    shuffled = lines + lines
    rng.shuffle(shuffled)
    third = len(shuffled) // 3 + 1
    return [b"".join(shuffled[start : start + third]) for start in range(0, len(shuffled), third)]


DELIVERIES: dict[str, Callable[[bytes], list[bytes]]] = {"whole": whole, "mixed": mixed}
"""Ways in which the same log comes in."""


def folders(root: Path) -> list[Path]:
    """The cases below a folder, by name."""
    return sorted(folder for folder in root.iterdir() if (folder / "requests.json").is_file())


def check(case: Path, delivery: str, scratch: Path) -> None:
    """Every request of a case gives its file, byte for byte, through the command line."""
    home = scratch / "home"
    ingest(home, *DELIVERIES[delivery]((case / "events.ndjson").read_bytes()))
    for request in requests_of(case):
        made = export(home, request).decode()
        expected = (case / request["expect"]).read_bytes().decode()
        assert made == expected, f"{case.name}/{request['expect']}: {request.get('why', '')}"
