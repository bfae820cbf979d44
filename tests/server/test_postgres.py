"""The state database on a real Postgres: the whole story, crashes of both, and the schema."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

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
