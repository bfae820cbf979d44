"""A source is read by a running server, while people and programs go on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from chatwoot_desk import URL, ChatwootDesk, now_text
from commands import tawny
from postgres import cluster
from processes import told_events
from server.running import running, until


def source(home: Path) -> dict[str, Any]:
    """What `tawny sources list` says of the one source."""
    result = tawny(home, "sources", "list", "--json")
    assert (result.status, result.err) == (0, "")
    [found] = json.loads(result.out)
    return dict(found)


def events(home: Path) -> int:
    """How many events of the desk are in the log."""
    return len(told_events(home))


def test_a_change_in_the_desk_arrives_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the time between two syncs and the lag; a paused source waits; a desk that is away
    says so."""
    home = tmp_path / "home"
    with cluster() as postgres:
        desk = ChatwootDesk(postgres.new_database()).create()
        desk.example()
        address = tmp_path / "address"
        address.write_text(desk.address)
        added = tawny(
            home, "sources", "add", "chatwoot", "desk", "--url", URL, "--account", "1",
            "--database-url", f"file:{address}", "--every", "10s", "--lag", "1s",
        )  # fmt: skip
        assert added.status == 0, added
        with running(home):
            until(lambda: source(home)["state"] == "up to date" or None)
            before = events(home)
            assert before == 16
            desk.conversation(7, now_text())
            begun = time.monotonic()
            until(lambda: events(home) > before or None)
            assert time.monotonic() - begun < 60
            assert tawny(home, "sources", "pause", "desk").status == 0
            assert source(home)["next_run"] is None
            address.write_text("postgresql://x:hush@127.0.0.1:1/none")
            assert tawny(home, "sources", "resume", "desk").status == 0
            until(lambda: source(home)["state"] == "failing" or None)
        assert "hush" not in (home / "server.log").read_text()
