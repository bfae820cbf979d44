"""A few kills on every run of the tests, thirty with `make soak`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import figures
from effort import SOAK
from server.crash import MANY, crash


def test_a_killed_server_tells_no_lies(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rounds = 30 * SOAK or 2
    told = crash(tmp_path / "home", rounds, seed=SOAK + 20260608, many=MANY if SOAK else 5_000)
    assert told.startswith(f"{rounds} kills")
    record_property(figures.NAME, told)
