"""Every route, asked by everybody, against a written table.

A route that is not in the table fails the test, so that none is added without a decision. The
columns: nobody, an ingest token, the supervisor of another channel, the supervisor of the run's
channel, an administrator.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from server.conftest import World
from server.running import PASSWORD, RANGE, token_of
from tawny.server.app import create_app
from tawny.settings import Settings

# The run is one of the channel red; the body of each request is legal, so that what is answered
# depends on the caller alone.
TABLE = """
method path                              nobody ingest blue red  root
GET    /api/v1/audit                     401    403    403  403  200
GET    /api/v1/audit/file                401    403    403  403  200
GET    /api/v1/changes                   401    403    200  200  200
GET    /api/v1/channel-groups            401    403    403  403  200
POST   /api/v1/channel-groups            401    403    403  403  201
PATCH  /api/v1/channel-groups/GROUP      401    403    403  403  200
DELETE /api/v1/channel-groups/GROUP      401    403    403  403  204
GET    /api/v1/channels                  401    403    200  200  200
GET    /api/v1/deliveries                401    403    200  200  200
GET    /api/v1/deliveries/DELIVERY       401    403    404  404  200
POST   /api/v1/deliveries/DELIVERY/retry 401    403    404  404  202
GET    /api/v1/destinations              401    403    200  200  200
POST   /api/v1/destinations              401    403    403  403  201
GET    /api/v1/destinations/PLACE        401    403    200  200  200
PUT    /api/v1/destinations/PLACE        401    403    403  403  200
DELETE /api/v1/destinations/PLACE        401    403    403  403  204
POST   /api/v1/destinations/PLACE/test   401    403    403  403  200
GET    /api/v1/docs                      200    200    200  200  200
POST   /api/v1/differences               401    403    404  200  200
GET    /api/v1/erasures                  401    403    403  403  200
POST   /api/v1/erasures                  401    403    403  403  400
GET    /api/v1/erasures/ERASURE          401    403    403  403  404
GET    /api/v1/verifications             401    403    403  403  200
POST   /api/v1/verifications             401    403    403  403  202
GET    /api/v1/verifications/VERIFICATION 401   403    403  403  404
GET    /api/v1/docs.css                  200    200    200  200  200
POST   /api/v1/estimate                  401    403    403  200  200
GET    /api/v1/events/schema             200    200    200  200  200
POST   /api/v1/events                    401    200    403  403  200
GET    /api/v1/explanations?MESSAGE      401    403    404  200  200
GET    /api/v1/timelines/never-sent      401    403    404  404  404
GET    /api/v1/exports                   401    403    200  200  200
POST   /api/v1/exports                   401    403    403  202  202
GET    /api/v1/exports/RUN               401    403    404  200  200
DELETE /api/v1/exports/RUN               401    403    404  403  204
DELETE /api/v1/exports/RUN/file          401    403    404  403  200
POST   /api/v1/exports/RUN/again         401    403    404  202  202
POST   /api/v1/exports/RUN/remake        401    403    404  202  202
POST   /api/v1/exports/RUN/cancel        401    403    404  403  409
GET    /api/v1/exports/RUN/charts        401    403    404  200  200
GET    /api/v1/exports/RUN/file          401    403    404  200  200
HEAD   /api/v1/exports/RUN/file          401    403    404  200  200
GET    /api/v1/exports/RUN/files/messages 401  403    404  404  404
POST   /api/v1/exports/RUN/next          401    403    404  202  202
POST   /api/v1/exports/RUN/send          401    403    404  202  202
GET    /api/v1/exports/RUN/preview       401    403    404  200  200
GET    /api/v1/exports/RUN/receipt       401    403    404  200  200
GET    /api/v1/feeds/messages            401    403    200  200  200
GET    /api/v1/log                       401    403    200  200  200
GET    /api/v1/openapi.json              200    200    200  200  200
GET    /api/v1/refusals                  401    403    403  403  200
GET    /api/v1/saved-exports             401    403    200  200  200
POST   /api/v1/saved-exports             401    403    201  201  201
GET    /api/v1/saved-exports/SAVED       401    403    404  404  200
PUT    /api/v1/saved-exports/SAVED       401    403    404  404  200
DELETE /api/v1/saved-exports/SAVED       401    403    404  404  204
POST   /api/v1/saved-exports/SAVED/run   401    403    404  404  202
GET    /api/v1/schedules                 401    403    200  200  200
POST   /api/v1/schedules                 401    403    201  201  201
POST   /api/v1/schedules/apply           401    403    200  200  200
GET    /api/v1/schedules/SCHEDULE        401    403    404  404  200
PUT    /api/v1/schedules/SCHEDULE        401    403    404  404  200
DELETE /api/v1/schedules/SCHEDULE        401    403    404  404  204
POST   /api/v1/schedules/SCHEDULE/pause  401    403    404  404  200
POST   /api/v1/schedules/SCHEDULE/resume 401    403    404  404  200
POST   /api/v1/schedules/SCHEDULE/run    401    403    404  404  202
POST   /api/v1/schedules/SCHEDULE/backfill 401  403    404  404  202
GET    /api/v1/session                   401    200    200  200  200
POST   /api/v1/session                   201    201    201  201  201
DELETE /api/v1/session                   401    204    204  204  204
POST   /api/v1/set-up                    404    404    404  404  404
GET    /api/v1/source-kinds              401    403    403  403  200
GET    /api/v1/sources                   401    403    403  403  200
POST   /api/v1/sources                   401    403    403  403  201
POST   /api/v1/source-tests              401    403    403  403  200
GET    /api/v1/sources/SOURCE            401    403    403  403  200
PATCH  /api/v1/sources/SOURCE            401    403    403  403  200
DELETE /api/v1/sources/SOURCE            401    403    403  403  200
POST   /api/v1/sources/SOURCE/check      401    403    403  403  200
POST   /api/v1/sources/SOURCE/dry-run    401    403    403  403  200
POST   /api/v1/sources/SOURCE/sync       401    403    403  403  202
GET    /api/v1/sources/SOURCE/report     401    403    403  403  404
POST   /api/v1/sources/SOURCE/pause      401    403    403  403  200
POST   /api/v1/sources/SOURCE/resume     401    403    403  403  200
POST   /api/v1/sources/SOURCE/webhook    401    401    401  401  401
HEAD   /api/v1/sources/SOURCE/webhook    200    200    200  200  200
POST   /api/v1/sources/SOURCE/webhook/SECRET 401 401   401  401  401
POST   /api/v1/sources/SOURCE/webhook-address 401 403  403  403  409
GET    /api/v1/tokens                    401    403    200  200  200
POST   /api/v1/tokens                    401    403    201  201  201
DELETE /api/v1/tokens/TOKEN              401    403    404  404  200
GET    /api/v1/types                     401    403    200  200  200
GET    /api/v1/types/messages/columns    401    403    200  200  200
GET    /api/v1/users                     401    403    403  403  200
POST   /api/v1/users                     401    403    403  403  201
PATCH  /api/v1/users/USER                401    403    403  403  200
DELETE /api/v1/users/USER                401    403    403  403  204
POST   /api/v1/users/USER/unlock         401    403    403  403  200
GET    /health                           200    200    200  200  200
GET    /metrics                          401    403    403  403  200
GET    /ready                            200    200    200  200  200
"""

ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CALLERS = ("nobody", "ingest", "blue", "red", "root")


def _known() -> set[tuple[str, str]]:
    known = set()
    for method, path, *_ in ROWS:
        shape = path.partition("?")[0]
        for name, parameter in (
            ("RUN", "{run_id:str}"), ("TOKEN", "{token_id:int}"), ("USER", "{user_id:int}"),
            ("types/messages", "types/{name:str}"),
            ("feeds/messages", "feeds/{export_type:str}"), ("SAVED", "{saved_id:int}"),
            ("files/messages", "files/{export:str}"), ("SCHEDULE", "{schedule_id:int}"),
            ("PLACE", "{destination_id:int}"), ("DELIVERY", "{delivery_id:int}"),
            ("GROUP", "{group_id:int}"), ("SOURCE", "{source:str}"), ("SECRET", "{token:str}"),
            ("ERASURE", "{erasure_id:str}"), ("VERIFICATION", "{verification_id:str}"),
            ("timelines/never-sent", "timelines/{conversation:path}"),
        ):  # fmt: skip
            shape = shape.replace(name, parameter)
        known.add((method, shape))
    return known


def test_every_route_of_the_api_is_in_the_table(tmp_path: Path) -> None:
    app = create_app(tmp_path, Settings({}))
    app.state.services.acknowledger.close()
    app.state.services.database.close()
    found = {
        (str(method), route.path)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if route.path.startswith(("/api/v1/", "/health", "/ready", "/metrics"))
        and str(method) != "OPTIONS"
    }
    assert found == _known()


def test_only_what_the_table_says_is_public(tmp_path: Path) -> None:
    app = create_app(tmp_path, Settings({}))
    public = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.opt.get("public") and route.path.startswith(("/api", "/m", "/h", "/r")):
                public.add(route.path_format.replace("{", "").replace("}", ""))
    app.state.services.acknowledger.close()
    app.state.services.database.close()
    assert {path for path in public if path.startswith("/api")} == {
        "/api/v1", "/api/v1/docs", "/api/v1/docs.css", "/api/v1/events/schema",
        "/api/v1/openapi.json", "/api/v1/session", "/api/v1/set-up",
        "/api/v1/sources/source/webhook", "/api/v1/sources/source/webhook/token",
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path", "answers"), [(r[0], r[1], r[2:]) for r in ROWS])
def test_rights(world: World, method: str, path: str, answers: list[str]) -> None:
    found = []
    for name in CALLERS:
        client = _client(world, name)
        with contextlib.closing(client):
            found.append(_ask(world, client, name, method, path))
    assert dict(zip(CALLERS, found, strict=True)) == dict(
        zip(CALLERS, (int(answer) for answer in answers), strict=True)
    )


def _client(world: World, name: str) -> httpx.Client:
    if name == "nobody":
        return world.server.client()
    if name == "ingest":
        return world.server.client(world.ingest.headers["Authorization"].removeprefix("Bearer "))
    return world.server.signed_in(name)


def _ask(world: World, client: httpx.Client, name: str, method: str, path: str) -> int:
    deletes = method == "DELETE" and name == "root"  # what nobody else needs
    if "RUN" in path:
        path = path.replace("RUN", world.spare_run() if deletes else world.red_run_id)
    url = path
    of_red = {"export": "messages", "row": "in-red-1", "column": "direction", **RANGE}
    url = url.replace("?MESSAGE", f"?{urlencode(of_red)}")
    if "TOKEN" in url:
        token_of(world.root, "exports:read")
        newest = world.root.get("/tokens").json()[0]
        assert newest["owner"] == "root"
        url = url.replace("TOKEN", str(newest["id"]))
    if "SAVED" in url:
        url = url.replace("SAVED", str(world.saved_id(f"{method} {name}")))
    if "SCHEDULE" in url:
        url = url.replace("SCHEDULE", str(world.schedule_id(f"{method} {name}")))
    if "PLACE" in url:
        url = url.replace("PLACE", str(world.destination_id(f"{method} {name}")))
    if "GROUP" in url:
        url = url.replace("GROUP", str(world.group_id(f"{method} {name}")))
    if "SOURCE" in url:
        url = url.replace("SOURCE", world.source_name(f"{method}-{name}-{path.split('/')[-1]}"))
    if "DELIVERY" in url:
        url = url.replace("DELIVERY", str(world.delivery_id()))
    if "USER" in url:
        url = url.replace("USER", str(world.user_id("gone" if method == "DELETE" else "blue")))
    body = {
        "/api/v1/exports": {"export": "messages", "channels": ["red"], **RANGE},
        "/api/v1/estimate": {"export": "messages", "channels": ["red"], **RANGE},
        "/api/v1/saved-exports": {
            "name": f"by {name}",
            "export": "messages",
            "period": "last-week",
        },
        "/api/v1/saved-exports/SAVED": {
            "name": f"changed by {name}",
            "export": "messages",
            "period": "last-week",
        },
        "/api/v1/session": {"name": "red", "password": PASSWORD},
        "/api/v1/set-up": {"link": "x", "name": "second", "password": PASSWORD},
        "/api/v1/tokens": {"name": "matrix", "scopes": ["exports:read"]},
        "/api/v1/users": {"name": f"by-{name}", "password": PASSWORD, "role": "supervisor"},
    }.get(path)
    place = {"kind": "folder", "path": world.server.environment["TAWNY_DELIVERY_FOLDERS"]}
    schedule = {"exports": ["messages"], "frequency": "daily", "destinations": ["of schedules"]}
    if path.endswith(("/schedules", "/send")):
        world.destination_id("of schedules")
    body = {
        "/api/v1/channel-groups": {"name": f"by {name}", "channels": ["red"]},
        "/api/v1/channel-groups/GROUP": {"channels": ["red"]},
        "/api/v1/erasures": {"contact_id": "nobody"},
        "/api/v1/verifications": RANGE,
        "/api/v1/destinations": {"name": f"by {name}", **place},
        "/api/v1/differences": {"a": world.red_run_id, "b": "now"},
        "/api/v1/destinations/PLACE": {"name": f"changed by {name}", **place},
        "/api/v1/sources": world.table_source(f"by-{name}"),
        "/api/v1/source-tests": world.table_source(f"test-{name}"),
        "/api/v1/sources/SOURCE": {"options": {"every": "off"}},
        "/api/v1/sources/SOURCE/sync": {},
        "/api/v1/sources/SOURCE/dry-run": {},
        "/api/v1/schedules": {"name": f"by {name}", **schedule},
        "/api/v1/schedules/apply": {"schedules": [], "dry_run": True},
        "/api/v1/schedules/SCHEDULE": {"name": f"changed by {name}", **schedule},
        "/api/v1/schedules/SCHEDULE/backfill": RANGE,
        f"/api/v1/exports/{world.red_run_id}/send": {"destination": "of schedules"},
    }.get(path, body)
    if path.endswith("USER"):
        body = {"display_name": "Blue"}
    address = f"{world.server.url}{url}"
    if path == "/api/v1/events":
        line = (
            '{"specversion":"1.0","source":"/rights","id":"1","type":"team.saved",'
            '"time":"2026-06-01T00:00:00Z","data":{"team_id":"r","name":"R"}}'
        )
        kind = {"Content-Type": "application/x-ndjson"}
        return client.post(address, content=line, headers=kind).status_code
    if path == "/api/v1/changes":
        with client.stream(method, address) as stream:
            return stream.status_code
    if body is not None and method in ("POST", "PUT", "PATCH"):
        return client.request(method, address, json=body).status_code
    return client.request(method, address).status_code


def test_a_supervisor_sees_nothing_of_other_channels(world: World) -> None:
    blue = world.blue
    assert [channel["id"] for channel in blue.get("/channels").json()] == ["blue"]
    log = blue.get("/log").json()
    assert [channel["channel_id"] for channel in log["channels"]] == ["blue"]
    assert log["events"] is None
    assert log["types"] == []
    answer = blue.post("/exports", json={"export": "messages", "channels": ["red"], **RANGE})
    assert (answer.status_code, "red" in answer.json()["detail"].replace("'red'", "")) == (
        403, False,
    )  # fmt: skip
    own = blue.post("/exports", json={"export": "messages", **RANGE}).json()
    assert own["request"]["channels"] == ["blue"]
    seen = {tuple(run["request"]["channels"]) for run in blue.get("/exports").json()["items"]}
    assert seen == {("blue",)}


def test_presence_is_a_right_of_its_own(world: World) -> None:
    for export in ("user-presence", "users"):
        answer = world.red.post("/exports", json={"export": export, **RANGE})
        assert answer.status_code == 403, export
    allowed = {found["name"]: found["allowed"] for found in world.red.get("/types").json()}
    assert [name for name, may in allowed.items() if not may] == ["user-presence", "users"]


def test_an_unsafe_request_of_a_session_needs_its_token(world: World) -> None:
    client = world.server.signed_in("red")
    del client.headers["X-CSRF-Token"]
    request = {"export": "messages", **RANGE}
    assert client.post("/exports", json=request).status_code == 403
    wrong = {"X-CSRF-Token": "wrong"}
    assert client.post("/exports", json=request, headers=wrong).status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    body = {"name": "red", "password": PASSWORD}
    assert world.server.client().post("/session", json=body, headers=elsewhere).status_code == 403


def test_a_revoked_token_ends_at_once(world: World) -> None:
    secret = token_of(world.root, "exports:read")
    client = world.server.client(secret)
    assert client.get("/exports").status_code == 200
    newest = world.root.get("/tokens").json()[0]
    assert newest["ending"] == secret[-4:]
    world.root.delete(f"/tokens/{newest['id']}")
    assert client.get("/exports").status_code == 401


def test_what_was_done_is_written_down(world: World) -> None:
    world.red.get(f"/exports/{world.red_run_id}/file", headers={"X-Request-ID": "audit-me-1234"})
    entries: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = world.root.get("/audit", params={"limit": 1000, **cursor}).json()
        entries += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    download = next(entry for entry in entries if entry["request_id"] == "audit-me-1234")
    assert (download["actor"], download["action"], download["subject"], download["address"]) == (
        "red", "file_downloaded", world.red_run_id, "127.0.0.1",
    )  # fmt: skip
    actions = {entry["action"] for entry in entries}
    assert {"set_up", "sign_in", "user_created", "token_created", "export_requested"} <= actions
    lines = world.root.get("/audit/file").text.splitlines()
    assert lines[0].startswith("id,at,actor")
    assert len(lines) > len(entries) / 2


def test_the_last_administrator_stays(world: World) -> None:
    users = world.root.get("/users").json()
    root = next(user["id"] for user in users if user["name"] == "root")
    answer = world.root.patch(f"/users/{root}", json={"role": "supervisor"})
    assert answer.status_code == 409
    assert world.root.get("/users").status_code == 200
