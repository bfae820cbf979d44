"""The state database on a real Postgres: the whole story, crashes of both, and the schema."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from postgres import Cluster, cluster
from server.crash import crash
from server.running import (
    PASSWORD,
    RANGE,
    running,
    send,
    small_log,
    token_of,
    until,
    wait_for,
)
from tawny.errors import RequestError
from tawny.settings import Settings
from tawny.state.database import open_database, state_address
from tawny.state.tables import metadata


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    """One cluster for the tests here."""
    with cluster() as made:
        yield made


def test_groups_of_channels(tmp_path: Path, postgres: Cluster) -> None:
    """What somebody sees by a group, its change and its end; a name once, a channel once."""
    with running(tmp_path, state_url=postgres.new_database(), inbox_move_ms="300") as server:
        root = server.set_up()
        assert send(root, small_log()).json()["refused"] == 0
        asked = {"name": "North", "channels": ["red", "red"]}
        made = root.post("/channel-groups", json=asked).json()
        assert (made["name"], made["channels"], made["users"]) == ("North", ["red"], [])
        assert root.post("/channel-groups", json=asked).status_code == 409
        person = {"name": "ada", "password": PASSWORD, "role": "supervisor", "groups": ["North"]}
        assert root.post("/users", json=person).status_code == 201
        with contextlib.closing(server.signed_in("ada")) as ada:

            def seen() -> list[str]:
                return sorted(one["id"] for one in ada.get("/channels").json())

            until(lambda: len(root.get("/channels").json()) == 2)
            assert seen() == ["red"]
            path = f"/channel-groups/{made['id']}"
            changed = root.patch(path, json={"name": "South", "channels": ["blue"]}).json()
            assert (changed["name"], changed["users"]) == ("South", ["ada"])
            assert seen() == ["blue"]
            assert root.delete(path).status_code == 204
            assert seen() == []
            assert root.get("/channel-groups").json() == []


def test_the_story_with_a_restart_of_both(tmp_path: Path, postgres: Cluster) -> None:
    url = postgres.new_database()
    with running(tmp_path, state_url=url, inbox_move_ms="300") as server:
        root = server.set_up()
        program = server.client(
            token_of(root, "events:write", "exports:read", "exports:write", "metrics:read")
        )
        assert send(program, small_log()).json()["refused"] == 0
        # Postgres keeps no NUL in a text; an event that holds one is refused like any other.
        assert send(program, [{"id": "a\0b"}]).status_code == 422
        assert program.get("/exports/a%00b").status_code == 404
        answer = program.post("/exports", json={"export": "messages", **RANGE},
                              headers={"Idempotency-Key": "once"})  # fmt: skip
        run = wait_for(program, answer.json()["id"])
        assert (run["state"], run["file"]["rows"]) == ("ready", 20)
        file = program.get(f"/exports/{run['id']}/file").content
        assert hashlib.sha256(file).hexdigest() == run["file"]["sha256"]

        server.kill()
        server.start()
        again = program.post("/exports", json={"export": "messages", **RANGE},
                             headers={"Idempotency-Key": "once"})  # fmt: skip
        assert again.json()["id"] == run["id"]
        assert program.get(f"/exports/{run['id']}/file").content == file
        assert root.get("/session").json()["name"] == "root"

        # The database goes away and comes back; the server says so, and goes on.
        postgres.stop()
        assert send(program, small_log()).status_code == 503
        assert server.client().get(f"{server.url}/ready").status_code == 503
        postgres.start()
        assert send(program, small_log()).status_code == 200
        later = program.post("/exports", json={"export": "topics", **RANGE}).json()["id"]
        assert wait_for(program, later)["state"] == "ready"
        until(lambda: program.get("/log").json()["channels"] or None)
        server.stop()
        # Nothing of ours is in the data folder but the log and the files of exports.
        assert not list(tmp_path.glob("*.db"))
        # Its password is in no log.
        assert postgres.password not in server.log()


def test_kills_on_postgres(tmp_path: Path, postgres: Cluster) -> None:
    told = crash(tmp_path / "home", rounds=2, seed=1, state_url=postgres.new_database(), many=5_000)
    assert told.startswith("2 kills")


def test_migrations_and_tables_agree(tmp_path: Path, postgres: Cluster) -> None:
    migrated = open_database(tmp_path, Settings({"TAWNY_STATE_URL": postgres.new_database()}))
    with migrated.engine.connect() as one:
        assert compare_metadata(MigrationContext.configure(one), metadata) == []
        assert sorted(sa.inspect(one).get_table_names()) == sorted(
            [*metadata.tables, "alembic_version"]
        )
    migrated.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_the_address_is_understood(scheme: str) -> None:
    address = state_address(f"{scheme}://me:secret@db/tawny")
    assert address.render_as_string(hide_password=False) == (
        "postgresql+psycopg://me:secret@db/tawny"
    )


@pytest.mark.parametrize("text", ["mysql://me:secret@db/tawny", "postgres://me:secret@db:port/x"])
def test_another_address_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        state_address(text)
    assert "allowed one such as postgresql://user@host/name" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_schedules_as_code_and_deliveries(tmp_path: Path, postgres: Cluster) -> None:
    url = postgres.new_database()
    out = tmp_path / "out"
    out.mkdir()
    with running(
        tmp_path / "home", state_url=url, inbox_move_ms="300", delivery_folders=str(out)
    ) as server:
        root = server.set_up()
        assert send(root, small_log()).json()["refused"] == 0
        wanted: dict[str, list[dict[str, Any]]] = {
            "destinations": [{"name": "warehouse", "kind": "folder", "path": str(out)}],
            "schedules": [
                {"name": "daily", "exports": ["messages"], "time_zone": "Europe/Paris",
                 "frequency": "daily", "destinations": ["warehouse"]},
            ],
            "saved_exports": [{"name": "week", "exports": ["teams"], "period": "last-week"}],
        }  # fmt: skip

        def apply(**more: object) -> list[tuple[str, str]]:
            answer = root.post("/schedules/apply", json={**wanted, **more})
            assert answer.status_code == 200, answer.text
            return [(one["name"], one["what"]) for one in answer.json()["items"]]

        added = [("warehouse", "added"), ("week", "added"), ("daily", "added")]
        assert sorted(apply(dry_run=True)) == sorted(added)
        assert root.get("/destinations").json() == root.get("/schedules").json() == []
        # All or nothing: the schedule at the end names a place there is not.
        wrong = {**wanted["schedules"][0], "name": "wrong", "destinations": ["nowhere"]}
        answer = root.post(
            "/schedules/apply", json={**wanted, "schedules": [*wanted["schedules"], wrong]}
        )
        assert answer.status_code == 409, answer.text
        assert root.get("/destinations").json() == root.get("/schedules").json() == []
        assert sorted(apply()) == sorted(added)
        assert sorted(apply()) == sorted((name, "same") for name, _ in added)

        [schedule] = root.get("/schedules").json()
        backfill = f"/schedules/{schedule['id']}/backfill"
        root.post(backfill, json=RANGE).raise_for_status()

        def delivered() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = root.get("/deliveries").json()["items"]
            return found if found and found[0]["state"] == "delivered" else None

        [delivery] = until(delivered)
        [file] = delivery["files"]
        data = (out / file["name"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), file["rows"]) == (file["sha256"], 20)

        # What fails there rings the bell, and what is mended does too.
        out.rename(tmp_path / "away")
        root.post(backfill, json={**RANGE, "again": True}).raise_for_status()
        bell = root.base_url.join("/notifications")
        until(lambda: "is tried again" in root.get(bell).text or None)
        (tmp_path / "away").rename(out)
        newest = root.get("/deliveries").json()["items"][0]["id"]
        root.post(f"/deliveries/{newest}/retry").raise_for_status()
        until(lambda: "deliveries arrive again" in root.get(bell).text or None)
