"""A few kills on every run of the tests; many by hand."""

from __future__ import annotations

from pathlib import Path

from server.crash import crash


def test_a_killed_server_tells_no_lies(tmp_path: Path) -> None:
    assert crash(tmp_path / "home", rounds=3, seed=20260608).startswith("3 kills")
