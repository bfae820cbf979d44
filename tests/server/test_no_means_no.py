"""Whoever is answered no has changed nothing: every call that changes something, made by everybody
who may not, with the state looked at before and after."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.conftest import World, world_at
from server.routes import changing_routes
from server.running import PASSWORD, RANGE, token_of, until
from tawny.people.callers import Scope

JSON_BODIES: dict[str, dict[str, object]] = {
    "/api/v1/exports": {"export": "messages", "channels": ["red"], **RANGE},
    "/api/v1/estimate": {"export": "messages", "channels": ["red"], **RANGE},
    "/api/v1/set-up": {"link": "x", "name": "second", "password": PASSWORD},
    "/api/v1/tokens": {"name": "never", "scopes": ["exports:read"]},
    "/api/v1/users": {"name": "never", "password": PASSWORD, "role": "supervisor"},
    "/api/v1/saved-exports": {"name": "never", "exports": ["messages"], "period": "yesterday"},
    "/api/v1/schedules": {
        "name": "never",
        "exports": ["messages"],
        "frequency": "daily",
        "destinations": ["of schedules"],
        "active": False,
    },
    "/api/v1/schedules/apply": {
        "destinations": [{"name": "never", "kind": "folder", "path": "/never"}],
        "saved_exports": [{"name": "never", "exports": ["messages"], "period": "yesterday"}],
        "schedules": [
            {
                "name": "never",
                "exports": ["messages"],
                "frequency": "daily",
                "destinations": ["of schedules"],
            }
        ],
    },
    "/api/v1/schedules/{schedule_id}": {
        "name": "Never",
        "exports": ["contacts"],
        "frequency": "daily",
        "destinations": ["of schedules"],
        "active": False,
    },
    "/api/v1/schedules/{schedule_id}/backfill": {**RANGE},
    "/api/v1/exports/{run_id}/send": {"destination": "of schedules"},
    "/api/v1/saved-exports/{saved_id}": {
        "name": "Never",
        "exports": ["contacts"],
        "period": "yesterday",
    },
    "/api/v1/sources": {"kind": "table", "name": "never", "options": {"mapping": "/never"}},
    "/api/v1/source-tests": {"kind": "table", "name": "never", "options": {"mapping": "/never"}},
    "/api/v1/sources/{source}": {"options": {"every": "1h"}},
    "/api/v1/sources/{source}/sync": {"full": True},
    "/api/v1/sources/{source}/dry-run": {"full": True},
    "/api/v1/channel-groups": {"name": "never", "channels": ["red"]},
    "/api/v1/channel-groups/{group_id}": {"name": "Never", "channels": ["red"]},
    "/api/v1/users/{user_id}": {"display_name": "Never", "password": PASSWORD, "disabled": True},
}
EVENT = (
    '{"specversion":"1.0","source":"/no","id":"1","type":"team.saved",'
    '"time":"2026-06-01T00:00:00Z","data":{"team_id":"no","name":"No"}}'
)
FORMS: dict[str, dict[str, object]] = {
    "/exports": {"type": "topics", "preset": "yesterday", "zone": "UTC", "channel": "red",
                 "which_channels": "some", "format": "csv", "headers": "en"},
    "/source-kinds/{kind}": {"name": "never", "mapping": "/never"},
    "/source-kinds/{kind}/test": {"name": "never", "mapping": "/never"},
    "/sources/{source}": {"every": "1h"},
    "/exports/{run_id}/send": {"destination": "of schedules"},
    "/people": {"name": "never", "password": PASSWORD, "role": "supervisor"},
    "/people/{user_id}": {"role": "administrator", "password": PASSWORD, "disabled": "on"},
    "/people/groups": {"name": "never", "channel": "red"},
    "/people/groups/{group_id}": {"name": "Never", "channel": "red"},
    "/people/tokens": {"name": "never", "scope": "exports:read", "days": "30"},
    "/account/language": {"language": "fr"},
    "/account/theme": {"theme": "dark"},
    "/account/password": {"old": PASSWORD, "password": "x" * 20, "again": "x" * 20},
}  # fmt: skip
PASSING = frozenset(
    [
        "acknowledged_log",
        "audit",
        "sessions",
        "sign_in_failures",
        "inbox",
        "source_webhooks",
        "alembic_version",
        "sqlite_sequence",
    ]
)
"""Tables that change by themselves, or because somebody was refused."""
BY_NAME = {
    "schedules": "id, name, owner, request, frequency, delay, active, removed_ms IS NULL, wait",
    "slots": "id",
    "deliveries": "id",
}
"""Of tables whose rows go on by themselves what does not."""
MOVING = frozenset(["used_ms", "seen_ms"])
"""Columns that say when somebody was here."""


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: some of the callers may do what they ask."""
    with world_at(tmp_path_factory.mktemp("no")) as made:
        yield made


def state(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the state that is there to stay."""
    with contextlib.closing(sqlite3.connect(home / "state.db")) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {
            name: [
                tuple(row[column] for column in row.keys() if column not in MOVING)  # noqa: SIM118
                for row in database.execute(f"SELECT * FROM {name} ORDER BY 1")
            ]
            for (name,) in names
            if name not in PASSING
        }
        # Those that somebody was allowed to ask for go on by themselves.
        for table, columns in BY_NAME.items():
            rows[table] = list(database.execute(f"SELECT {columns} FROM {table} ORDER BY id"))
        rows["runs"] = list(
            database.execute("SELECT id, owner, state = 'cancelled' FROM runs ORDER BY id")
        )
        return rows


def at_rest(world: World) -> bool:
    """Whether no source is being read, or about to be, because somebody was allowed to ask."""
    found = world.root.get("/sources").json()
    return not any(one["waits"] or one["state"] == "syncing" for one in found)


def callers(world: World) -> Iterator[tuple[str, httpx.Client]]:
    """Everybody there is, each with one right alone, or none."""
    yield "nobody", world.server.client()
    yield "a token that is none", world.server.client("no-such-token")
    for scope in Scope:
        yield f"root's token for {scope}", world.server.client(token_of(world.root, scope.value))
    for scope in (Scope.EXPORTS_READ, Scope.EXPORTS_WRITE):
        yield f"blue's token for {scope}", world.server.client(token_of(world.blue, scope.value))
    yield "blue", world.server.signed_in("blue")
    without = world.server.signed_in("root")
    del without.headers["X-CSRF-Token"]
    yield "root without the session's token", without
    elsewhere = world.server.signed_in("root")
    elsewhere.headers["Sec-Fetch-Site"] = "cross-site"
    yield "root from another site", elsewhere


class Ids(dict[str, object]):
    """Ids of what is there, looked up only for a route that names them: making them costs."""

    def __init__(self, world: World) -> None:
        super().__init__(
            run_id=world.red_run_id, export="messages", link="x" * 32, session_id=1, schedule_id=1,
            destination_id=1, delivery_id=1,
        )  # fmt: skip
        self._world = world

    def __missing__(self, name: str) -> object:
        world = self._world
        if name == "saved_id":
            return world.saved_id("kept")
        if name == "user_id":
            return world.user_id("somebody")
        if name == "group_id":
            return world.group_id("kept")
        if name == "kind":
            return "table"
        if name == "source":
            return world.source_name("kept")
        if name == "token":
            return "x" * 32
        if name == "token_id":
            return world.root.get("/tokens").json()[-1]["id"]
        raise KeyError(name)


def address(world: World, path: str) -> str:
    """The address of a route, with ids of what is there."""
    return world.server.url + path.format_map(Ids(world))


def ask(client: httpx.Client, method: str, path: str, url: str) -> int:
    """Make a call with a body that is right."""
    if path == "/api/v1/events":
        headers = {"Content-Type": "application/x-ndjson"}
        return client.request(method, url, content=EVENT, headers=headers).status_code
    if path in JSON_BODIES:
        return client.request(method, url, json=JSON_BODIES[path]).status_code
    return client.request(method, url, data=FORMS.get(path)).status_code


def test_who_is_answered_no_has_changed_nothing(own_world: World, tmp_path: Path) -> None:
    world = own_world
    said_no = 0
    routes = [
        (route.method, route.path)
        for route in changing_routes(tmp_path)
        # Signing in is for everybody, signing out changes one's own session alone.
        if route.path not in ("/sign-in", "/sign-out", "/api/v1/session")
    ]
    assert len(routes) > 15
    for name, client in callers(world):
        with contextlib.closing(client):
            for method, path in routes:
                url = address(world, path)
                until(lambda: at_rest(world))
                before = state(world.server.home)
                status = ask(client, method, path, url)
                if status < 400 and status != 303:
                    continue
                said_no += 1
                after = state(world.server.home)
                changed = [table for table in after if after[table] != before.get(table)]
                if status == 303 and changed:
                    continue  # done, and the page says so
                assert changed == [], f"{name}: {method} {path} was answered {status}"
    assert said_no > 100


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/api/v1/saved-exports", Scope.SCHEDULES_WRITE),
        ("/api/v1/schedules", Scope.SCHEDULES_WRITE),
        ("/api/v1/users", Scope.ADMIN),
        ("/api/v1/channel-groups", Scope.ADMIN),
        ("/api/v1/exports", Scope.EXPORTS_WRITE),
    ],
)
def test_one_scope_makes_what_the_others_do_not(own_world: World, path: str, scope: Scope) -> None:
    """A token for saving alone was told no, and the export was saved."""
    world = own_world
    world.destination_id("of schedules")
    body = JSON_BODIES[path]
    if "name" in body:
        body = {**body, "name": "scoped"}  # one that nobody had made
    statuses = {}
    for other in Scope:
        until(lambda: at_rest(world))
        before = state(world.server.home)
        with world.server.client(token_of(world.root, other.value)) as client:
            statuses[other] = client.post(world.server.url + path, json=body).status_code
        after = {**state(world.server.home), "tokens": before["tokens"]}
        assert (after == before) == (other != scope), other
    assert statuses.pop(scope) in (201, 202)
    assert set(statuses.values()) == {403}


@pytest.mark.parametrize("path", ["/api/v1/exports", "/api/v1/exports/{run_id}/again"])
def test_a_token_without_the_right_queues_no_run(own_world: World, path: str) -> None:
    """The one that was found: the answer was no, and the run was made."""
    world = own_world
    before = world.root.get("/exports").json()["total"]
    for scope in ("exports:read", "events:write", "metrics:read", "admin"):
        with world.server.client(token_of(world.root, scope)) as client:
            assert ask(client, "POST", path, address(world, path)) == 403
    assert world.root.get("/exports").json()["total"] == before
