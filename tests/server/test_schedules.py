"""Schedules of a running server: by themselves, with rights, over the API and the command line."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from commands import tawny
from server.running import (
    PASSWORD,
    RANGE,
    Server,
    running,
    send,
    small_log,
    token_of,
    until,
)
from ssh_server import ssh_server

BACKFILL = ("schedules", "backfill", "by hand", "--from", "2026-06-08", "--to", "2026-06-09")
DAILY = {"frequency": "daily", "time_zone": "Europe/Paris", "destinations": ["warehouse"]}


@dataclass
class Place:
    """A server that may deliver to a folder, its administrator and a supervisor of one channel."""

    server: Server
    out: Path
    root: httpx.Client
    red: httpx.Client

    def deliveries(self, name: str) -> list[dict[str, Any]]:
        """Those of a schedule, newest first."""
        items = self.root.get("/deliveries", params={"limit": 500}).json()["items"]
        return [one for one in items if one["schedule"] == name]

    def delivered(self, name: str, count: int) -> list[dict[str, Any]]:
        """The same once so many are delivered."""

        def look() -> list[dict[str, Any]] | None:
            found = [one for one in self.deliveries(name) if one["state"] == "delivered"]
            return found if len(found) == count else None

        return until(look)

    def wait(self, name: str, state: str) -> dict[str, Any]:
        """The newest delivery of a schedule once it is in a state."""
        return until(
            lambda: next((one for one in self.deliveries(name)[:1] if one["state"] == state), None),
            120,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    base = tmp_path_factory.mktemp("schedules")
    out = base / "out"
    out.mkdir()
    with running(base / "home", delivery_folders=str(out), outgoing_private="127.0.0.1") as server:
        root = server.set_up()
        assert send(root, small_log()).json()["refused"] == 0
        root.post("/users", json={"name": "red", "password": PASSWORD, "role": "supervisor",
                                  "channels": ["red"]}).raise_for_status()  # fmt: skip
        made = root.post(
            "/destinations", json={"name": "warehouse", "kind": "folder", "path": str(out),
                                   "template": "{schedule}/{type}_{from}_r{revision}.{ext}"},
        )  # fmt: skip
        assert made.status_code == 201, made.text
        assert root.post(f"/destinations/{made.json()['id']}/test").status_code == 200
        yield Place(server, out, root, server.signed_in("red"))


def made(client: httpx.Client, **fields: Any) -> int:
    answer = client.post("/schedules", json={**DAILY, "exports": ["messages"], **fields})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_what_is_due_is_made_without_anybody_asking(place: Place) -> None:
    number = made(place.root, name="due", frequency="monthly")
    with sqlite3.connect(place.server.home / "state.db", timeout=30) as state:
        state.execute(
            "UPDATE schedules SET created_ms = created_ms - 40 * 86400000, next_due_ms = 0 "
            "WHERE id = ?", (number,),
        )  # fmt: skip
    found = place.delivered("due", 1)[0]
    file = place.out / found["files"][0]["name"]
    receipt = json.loads(file.with_name(f"{file.name}.receipt.json").read_text())
    assert receipt["sha256"] == found["files"][0]["sha256"]
    run = place.root.get(f"/exports/{found['export']}").json()
    assert (run["state"], run["owner"]) == ("ready", "root")
    shown = place.root.get(f"/schedules/{number}").json()
    assert shown["last_delivered_at"] == found["delivered_at"]
    assert (shown["failing"], shown["next_run_at"] > found["delivered_at"]) == (0, True)


def test_a_supervisor_delivers_own_channels_to_what_an_administrator_made(place: Place) -> None:
    number = made(place.red, name="of red")
    assert [one["name"] for one in place.red.get("/schedules").json()] == ["of red"]
    assert {one["name"] for one in place.root.get("/schedules").json()} > {"of red"}
    place.red.post(f"/schedules/{number}/backfill", json=RANGE).raise_for_status()
    found = place.delivered("of red", 1)[0]
    receipt = place.root.get(f"/exports/{found['export']}/receipt").json()
    assert receipt["request"]["channels"] == ["red"]
    assert place.red.get("/deliveries").json()["items"][0]["id"] == found["id"]
    answer = place.red.post(
        "/schedules", json={**DAILY, "name": "x", "exports": ["messages"], "channels": ["blue"]}
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "channel: found 'blue'; allowed: red",
    )
    destination = {"name": "mine", "kind": "folder", "path": str(place.out)}
    assert place.red.post("/destinations", json=destination).status_code == 403
    listed = place.red.get("/destinations").json()
    assert [(one["name"], one["settings"]) for one in listed] == [("warehouse", {})]
    others = made(place.root, name="of root")
    assert place.red.get(f"/schedules/{others}").status_code == 404


def test_rights_that_no_longer_reach_stop_a_schedule_visibly(place: Place) -> None:
    root = place.root
    user = root.post("/users", json={"name": "green", "password": PASSWORD, "role": "supervisor",
                                     "channels": ["red", "blue"]}).json()["id"]  # fmt: skip
    number = made(place.server.signed_in("green"), name="of green", channels=["blue"])
    root.patch(f"/users/{user}", json={"channels": ["red"]}).raise_for_status()
    root.post(f"/schedules/{number}/backfill", json=RANGE).raise_for_status()

    def stopped() -> str | None:
        found: str | None = root.get(f"/schedules/{number}").json()["stopped"]
        return found

    assert until(stopped) == "channel: found 'blue'; allowed: red"
    assert place.wait("of green", "waiting")["reason"] == "channel: found 'blue'; allowed: red"
    # An administrator gives it to somebody who may see it.
    body = {**DAILY, "name": "of green", "exports": ["messages"], "channels": ["blue"]}
    changed = root.put(f"/schedules/{number}", json={**body, "owner": "root"}).json()
    assert (changed["owner"], changed["stopped"]) == ("root", None)
    root.post(f"/schedules/{number}/run").raise_for_status()
    root.post(f"/schedules/{number}/backfill", json=RANGE).raise_for_status()
    place.delivered("of green", 2)


def test_everything_is_in_the_audit_trail(place: Place) -> None:
    number = made(place.root, name="audited")
    for action in ("pause", "resume"):
        assert place.root.post(f"/schedules/{number}/{action}").status_code == 200
    place.root.delete(f"/schedules/{number}").raise_for_status()
    entries = place.root.get("/audit", params={"limit": 200}).json()["items"]
    assert [one["action"] for one in entries if one["subject"] == "audited"] == [
        "schedule_removed", "schedule_resumed", "schedule_paused", "schedule_added",
    ]  # fmt: skip


def test_the_command_line_of_a_server(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAWNY_TOKEN", token_of(place.root, "schedules:write", "admin"))
    home, server = place.server.home, ("--server", place.server.url)

    def said(*arguments: str) -> str:
        result = tawny(home, *arguments, *server)
        assert (result.status, result.err) == (0, ""), result
        return result.out

    said("schedules", "add", "by hand", "messages", "--frequency", "daily", "--tz", "Europe/Paris",
         "--destination", "warehouse")  # fmt: skip
    assert said(
        "schedules", "backfill", "by hand", "--from", "2026-06-08", "--to", "2026-06-09"
    ) == ("a server makes it (ranges: 1); tawny deliveries list shows what becomes of it\n")
    found = place.delivered("by hand", 1)[0]
    shown = json.loads(said("deliveries", "show", str(found["id"]), "--json"))
    assert shown == found
    assert "warehouse works: a small file" in said("destinations", "test", "warehouse")
    assert said("schedules", "set", "by hand", "--delay", "1h") == "by hand is changed\n"
    assert said("schedules", "remove", "by hand").startswith("by hand is removed")
    # On the folder itself nothing is carried out twice while the server runs.
    result = tawny(home, "schedules", "run", "--due", "--owner", "root")
    assert (result.status, result.err) == (0, "a server carries out what is due\n")


def test_a_body_that_is_wrong_is_answered_by_field(place: Place) -> None:
    for fields, detail in (
        ({"frequency": "yearly"}, 'frequency: found "yearly"; allowed daily, hourly, monthly, '
                                  "weekly"),
        ({"from": "2026-06-01"}, "from: found"),
        ({"nonsense": 1}, "nonsense: found"),
    ):  # fmt: skip
        body = {**DAILY, "name": "wrong", "exports": ["messages"], **fields}
        answer = place.root.post("/schedules", json=body)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(detail), answer.text


def test_a_server_that_cannot_be_reached_is_no_error_of_ours(place: Place) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    for url, why in (
        ("sftp://u@127.0.0.1:1/in", "127.0.0.1: port 1 is closed: nothing listens there"),
        ("sftp://u@nowhere.invalid/in", "nowhere.invalid: no host of this name was found"),
    ):
        body = {"name": "away", "kind": "sftp", "url": url, "private_key": key}
        answer = place.root.post("/destinations", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (400, why)


def test_an_sftp_server_over_the_api(place: Place, tmp_path: Path) -> None:
    root = place.root
    with ssh_server() as there:
        body = {"name": "sftp", "kind": "sftp", "url": there.url, "private_key": there.private_key}
        added = root.post("/destinations", json=body)
        assert added.status_code == 201, added.text
        shown = added.json()
        number = shown["id"]
        assert (shown["secrets"], shown["settings"]) == (
            ["private_key"],
            {"url": there.url, "host_key": there.host_key, "template": "tawny"},
        )
        assert root.post(f"/destinations/{number}/test").status_code == 200
        made(root, name="by sftp", destinations=["sftp"])
        schedule = next(one for one in root.get("/schedules").json() if one["name"] == "by sftp")
        root.post(f"/schedules/{schedule['id']}/backfill", json=RANGE).raise_for_status()
        (file,) = place.delivered("by sftp", 1)[0]["files"]
        data = (there.inbox / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        # What is not given stays: secrets, and the key that was seen.
        kept = {"name": "sftp", "kind": "sftp", "url": there.url}
        there.stop()
        before, after = there.host_key, there.new_host_key()
        there.start()
        assert (
            root.put(f"/destinations/{number}", json=kept).json()["settings"] == (shown["settings"])
        )
        answer = root.post(f"/destinations/{number}/test")
        assert answer.status_code == 500
        assert f"found {after}, expected {before}; " in answer.json()["detail"]
        taken = root.put(f"/destinations/{number}", json={**kept, "host_key": "new"}).json()
        assert taken["settings"]["host_key"] == after
        assert root.post(f"/destinations/{number}/test").status_code == 200
        answer = root.put(f"/destinations/{number}", json={**kept, "url": "sftp://u@elsewhere/in"})
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            f"private_key: found nothing; it was given for 127.0.0.1:{there.port}, so give it "
            "again for elsewhere",
        )
        answer = root.post("/destinations", json={**body, "name": "x", "password": 12345678})
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            "password: found something else; allowed a text of at most 4096 characters",
        )
        (tmp_path / "audit").write_text(root.get("/audit", params={"limit": 200}).text)
        lines = [one for one in there.private_key.splitlines() if len(one) > 60]
        for folder in (place.server.home, tmp_path):
            for path in folder.rglob("*"):
                if path.is_file():
                    found = path.read_bytes()
                    assert not any(one.encode() in found for one in (*lines, "12345678")), path
