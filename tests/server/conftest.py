"""One server for the tests that only read or add."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from server.running import PASSWORD, RANGE, Server, running, send, small_log, token_of, wait_for

TEAMS = """
[input]
path = "teams.csv"

[[event]]
type = "team.saved"
id = "team/{id}"
time = "at"
[event.data]
team_id = "id"
name = "name"
"""


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

    def spare_run(self) -> str:
        """A run like the one of red, for who deletes it."""
        run_id: str = self.root.post(f"/exports/{self.red_run_id}/again").json()["id"]
        assert wait_for(self.root, run_id)["state"] == "ready"
        return run_id

    def saved_id(self, name: str) -> int:
        """The number of a saved export of root that is nobody else's, made if there is none."""
        there = self.root.get("/saved-exports").json()
        found = [one["id"] for one in there if one["name"] == name]
        body = {"name": name, "export": "messages", "period": "last-week"}
        return int(found[0] if found else self.root.post("/saved-exports", json=body).json()["id"])

    def destination_id(self, name: str) -> int:
        """The number of a destination, made if there is none of that name."""
        path = self.server.environment["TAWNY_DELIVERY_FOLDERS"]
        body = {"name": name, "kind": "folder", "path": path, "template": "{uuid}.{ext}"}
        self.root.post("/destinations", json=body)
        return next(
            int(one["id"]) for one in self.root.get("/destinations").json() if one["name"] == name
        )

    def schedule_id(self, name: str) -> int:
        """The number of a schedule of root with a range of the past, made if there is none of that
        name."""
        self.destination_id("of schedules")
        body = {"name": name, "exports": ["messages"], "frequency": "daily",
                "destinations": ["of schedules"]}  # fmt: skip
        made = self.root.post("/schedules", json=body)
        if made.status_code == 201:
            made_id = made.json()["id"]
            self.root.post(f"/schedules/{made_id}/backfill", json=RANGE).raise_for_status()
            return int(made.json()["id"])
        found = self.root.get("/schedules").json()
        return next(int(one["id"]) for one in found if one["name"] == name)

    def group_id(self, name: str) -> int:
        """The number of a group of channels that nobody has, made if there is none of that name."""
        self.root.post("/channel-groups", json={"name": name})
        found = self.root.get("/channel-groups").json()
        return next(int(one["id"]) for one in found if one["name"] == name)

    def table_source(self, name: str) -> dict[str, object]:
        """What sets up a source of rows that nobody reads before he is asked to."""
        folder = Path(self.server.environment["TAWNY_SOURCE_FOLDERS"])
        (folder / "teams.csv").write_text("id,name,at\n7,Seven,2026-06-01T08:00:00Z\n")
        (folder / "teams.toml").write_text(TEAMS)
        options = {"mapping": str(folder / "teams.toml"), "every": "off"}
        return {"kind": "table", "name": name, "options": options}

    def source_name(self, name: str) -> str:
        """The name of a source of root, set up if there is none of that name."""
        self.root.post("/sources", json=self.table_source(name))
        return name

    def delivery_id(self) -> int:
        """The number of a delivery of a schedule of root."""
        wanted = {"schedule_id": self.schedule_id("with deliveries")}
        return int(self.root.get("/deliveries", params=wanted).json()["items"][0]["id"])

    def user_id(self, name: str) -> int:
        """The number of a person, who is made if there is none of that name."""
        self.root.post("/users", json={"name": name, "password": PASSWORD, "role": "supervisor"})
        return next(int(u["id"]) for u in self.root.get("/users").json() if u["name"] == name)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server, for the whole session."""
    with world_at(tmp_path_factory.mktemp("home")) as made:
        yield made


@contextlib.contextmanager
def world_at(home: Path) -> Iterator[World]:
    """The same in a folder, for tests after which it is no longer what it was."""
    delivered, read = (home.parent / f"{home.name}-{what}" for what in ("delivered", "read"))
    delivered.mkdir()
    read.mkdir()
    with running(
        home, inbox_move_ms="500", delivery_folders=str(delivered), source_folders=str(read)
    ) as server:
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
