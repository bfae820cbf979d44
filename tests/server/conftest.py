"""One server for the tests that only read or add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server.running import PASSWORD, RANGE, Server, running, send, small_log, token_of, wait_for


@dataclass
class World:
    """A server with everybody there is, and a run of everything that is ready."""

    server: Server
    root: httpx.Client
    red: httpx.Client
    """Supervisor of the channel red."""
    blue: httpx.Client
    """Supervisor of the channel blue."""
    ingest: httpx.Client
    """A token that may send events and nothing else."""
    run_id: str
    red_run_id: str


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server, for the whole session."""
    home: Path = tmp_path_factory.mktemp("home")
    with running(home, inbox_move_ms="500") as server:
        root = server.set_up()
        assert send(root, small_log()).json()["refused"] == 0
        for channel in ("red", "blue"):
            answer = root.post(
                "/users",
                json={
                    "name": channel, "password": PASSWORD, "role": "supervisor",
                    "channels": [channel],
                },
            )  # fmt: skip
            assert answer.status_code == 201, answer.text
        run_id = _export(root, {"export": "messages", **RANGE})
        red_run_id = _export(root, {"export": "messages", "channels": ["red"], **RANGE})
        yield World(
            server=server,
            root=root,
            red=server.signed_in("red"),
            blue=server.signed_in("blue"),
            ingest=server.client(token_of(root, "events:write")),
            run_id=run_id,
            red_run_id=red_run_id,
        )


def _export(client: httpx.Client, request: dict[str, object]) -> str:
    answer = client.post("/exports", json=request)
    assert answer.status_code == 202, answer.text
    run = wait_for(client, answer.json()["id"])
    assert run["state"] == "ready", run
    return str(run["id"])
