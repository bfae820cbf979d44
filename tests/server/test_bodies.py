"""What a body may be: how large, in which encoding, and what is said of one that is wrong."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, post

from server.conftest import World
from server.running import RANGE, Server, token_of, until
from server_process import LONGEST_WAIT_S
from tawny.server.api.source_webhooks import MOST_BYTES
from tawny.server.app import create_app
from tawny.server.bodies import FORM_BYTES, JSON_BYTES
from tawny.settings import Settings

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NBSP = "\N{NO-BREAK SPACE}"


def page(server: Server, path: str, **more: Any) -> httpx.Response:
    """A form sent by nobody."""
    return httpx.post(f"{server.url}{path}", timeout=LONGEST_WAIT_S, **more)


def test_every_route_takes_the_body_it_needs_and_no_more(tmp_path: Path) -> None:
    """Of each route that takes one, by the application itself."""
    app = create_app(tmp_path, Settings({"TAWNY_REQUEST_MB": "7"}))
    app.state.services.acknowledger.close()
    app.state.services.database.close()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not {"POST", "PUT", "PATCH", "DELETE"} & set(handler.http_methods):
                continue
            path = route.path_format
            expected = JSON_BYTES if path.startswith("/api/v1/") else FORM_BYTES
            if path == "/api/v1/events":
                expected = 7 << 20
            if re.fullmatch(r"/api/v1/sources/{source}/webhook(/{token})?", path):
                expected = MOST_BYTES  # the desk decides what it says with a change
            assert handler.resolve_request_max_body_size() == expected, path


def test_a_new_route_takes_little(tmp_path: Path) -> None:
    """Whoever adds a route and thinks of nothing gets the smallest limit."""

    @post("/new")
    async def new() -> None: ...

    app: Litestar = create_app(tmp_path, Settings({}))
    app.state.services.acknowledger.close()
    app.state.services.database.close()
    app.register(new)
    [handler] = [
        handler
        for route in app.routes
        if route.path == "/new"
        for handler in getattr(route, "route_handlers", ())
        if "POST" in handler.http_methods
    ]
    assert handler.resolve_request_max_body_size() == FORM_BYTES


@pytest.mark.parametrize("body", [b"a" * (FORM_BYTES + 1), b"a&" * 15_000_000, b"a=b&" * 5_000])
def test_a_form_that_is_too_large(world: World, body: bytes) -> None:
    assert page(world.server, "/sign-in", content=body, headers=FORM).status_code == 413


def test_a_form_that_is_too_large_and_does_not_say_so(world: World) -> None:
    pieces = (b"a=b&" * 1_000 for _ in range(30))
    assert page(world.server, "/sign-in", content=pieces, headers=FORM).status_code == 413


def test_the_largest_form(world: World) -> None:
    filled = b"name=who&password=wrong&next=/" + b"x" * (FORM_BYTES - 30)
    assert len(filled) == FORM_BYTES
    assert page(world.server, "/sign-in", content=filled, headers=FORM).status_code == 401


def test_json_that_is_too_large(world: World) -> None:
    answer = world.server.client().post("/session", content=b" " * (JSON_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["detail"] == (
        "body: found more than 1,048,576 bytes; allowed 1,048,576 at this address, send less at a "
        "time"
    )


@pytest.mark.parametrize("start", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize(
    "path", ["/session", "/set-up", "/exports", "/estimate", "/users", "/users/1", "/tokens"]
)
def test_json_nested_too_deeply(world: World, path: str, start: str) -> None:
    method = "PATCH" if path == "/users/1" else "POST"
    for depth in (1_500, 100_000):
        answer = world.root.request(method, path, content=start * depth)
        assert answer.status_code == 400
        assert answer.json()["detail"] == (
            "body: found JSON nested too deeply; allowed a JSON object"
        )


SURROGATE = urlsafe_b64encode(json.dumps(["-created", 1, "\ud800"]).encode()).decode().rstrip("=")
NUL = urlsafe_b64encode(json.dumps(["-created", 1, "a\0"]).encode()).decode().rstrip("=")
OF_OWNER = urlsafe_b64encode(json.dumps(["owner", "\udfff", "a"]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query", [f"cursor={SURROGATE}", f"cursor={NUL}", f"sort=owner&cursor={OF_OWNER}"]
)
def test_a_cursor_that_no_database_takes(world: World, query: str) -> None:
    answer = world.root.get(f"/exports?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "cursor: found one that is not of this list; allowed the next_cursor of the page before"
    )


@pytest.mark.parametrize(
    "part",
    [
        b'name="a"\r\n\r\n\xff\xfe',
        b'name="\xff"\r\n\r\nx',
        b'name="a"\r\nContent-Type: text/plain; charset=nope\r\n\r\nx',
        b'name="a"; filename="b"\r\n\r\nx',
    ],
)
def test_forms_in_parts_are_not_read(world: World, part: bytes) -> None:
    body = b"--b\r\nContent-Disposition: form-data; " + part + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = page(world.server, "/sign-in", content=body, headers=headers)
    assert answer.status_code == 415
    assert "allowed application/x-www-form-urlencoded" in answer.text


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip", "nonsense"])
def test_nothing_but_events_may_be_compressed(world: World, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    answer = world.root.post("/tokens", content=b"x", headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["detail"] == (f"Content-Encoding: found {encoding!r}; allowed identity")
    assert page(world.server, "/sign-in", content=b"x", headers=headers).status_code == 415
    identity = {"Content-Encoding": "identity"}
    body = {"name": f"who {encoding}", "password": "wrong"}
    assert world.server.client().post("/session", json=body, headers=identity).status_code == 401


WRONG = [
    ("/tokens", {"name": "x", "scopes": ["admin"], "days": 3},
     "days: found a field that is not known; allowed name, scopes, expires_at"),
    ("/tokens", {"name": "x", "scopes": ["admin"], "expire_at": None},
     "expire_at: found a field that is not known; allowed expires_at"),
    ("/tokens", {"scopes": ["admin"]},
     "name: found nothing; allowed a text of 1 to 128 characters that is not blank"),
    ("/tokens", {"name": "x", "scopes": ["admin", "all"]},
     'scopes.1: found "all"; allowed admin, events:write, exports:read, exports:write, '
     "metrics:read, schedules:write"),
    ("/tokens", {"name": "x" * 200, "scopes": ["admin"]},
     "name: found 200 characters; allowed a text of 1 to 128 characters that is not blank"),
    ("/tokens", [1, 2], "body: found a list of 2; allowed a JSON object"),
    ("/users", {"name": "x", "password": "short", "role": "supervisor"},
     'password: found "short"; allowed a text of 12 to 1024 characters'),
    ("/exports", {"export": "messages", "channels": "red"},
     'channels: found "red"; allowed a list of at most 1000, each of them a text of 1 to 256 '
     "characters"),
    ("/exports", {"export": "messages", "from": 7},
     "from: found 7; allowed a text of at most 64 characters or null"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "detail"), WRONG)
def test_a_wrong_value_is_named_in_our_words(
    world: World, path: str, body: object, detail: str
) -> None:
    answer = world.root.post(path, json=body)
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)
    [fault] = answer.json()["errors"]
    assert f"{fault['field']}: {fault['message']}" == detail


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "body: found nothing; allowed a JSON object"),
        (b'{"name":', "body: found JSON that ends in the middle; allowed a JSON object"),
        (b'{"name" 3}',
         "body: found text that is not JSON at byte 9; allowed a JSON object"),
        (b'{"name": "\xff"}', "body: found bytes that are not UTF-8; allowed a JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_json(world: World, content: bytes, detail: str) -> None:
    answer = world.root.post("/tokens", content=content)
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/exports?limit=many", 'limit: found "many"; allowed a whole number from 1 to 500'),
        ("/exports?limit=0", 'limit: found "0"; allowed a whole number from 1 to 500'),
        ("/exports?state=done",
         'state: found "done"; allowed cancelled, expired, failed, queued, ready, running'),
        (f"/exports?cursor={'x' * 600}",
         "cursor: found 600 characters; allowed a text of at most 512 characters"),
        ("/audit?cursor=0",
         'cursor: found "0"; allowed a whole number from 1 to 9007199254740992'),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_in_our_words(world: World, path: str, detail: str) -> None:
    answer = world.root.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


def test_a_wrong_header_is_named_in_our_words(world: World) -> None:
    answer = world.root.post(
        "/exports", json={"export": "messages", **RANGE}, headers={"Idempotency-Key": "a b"}
    )
    assert answer.json()["detail"] == (
        'Idempotency-Key: found "a b"; allowed a text of 1 to 255 characters without blanks'
    )


def test_wrong_values_in_french(world: World) -> None:
    answer = world.root.post(
        "/tokens", json={"name": 7, "scopes": ["admin"]}, headers={"Accept-Language": "fr"}
    )
    assert answer.json()["detail"].replace(NBSP, " ") == (
        "name : 7 ; attendu : un texte de 1 à 128 caractères qui n’est pas vide"
    )


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/sign-in", "application/x-www-form-urlencoded"), ("/api/v1/session", "application/json"),
     ("/api/v1/events", "application/x-ndjson")],
)  # fmt: skip
def test_who_hangs_up_is_no_error_of_ours(world: World, path: str, kind: str) -> None:
    """In the middle of a body, announced or in pieces."""
    token = token_of(world.root, "events:write")
    for framing in ("Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc"):
        name = f"hung-up-{len(world.server.log())}"
        with contextlib.closing(socket.create_connection(("127.0.0.1", world.server.port))) as one:
            one.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nX-Request-ID: {name}"
                f"\r\nAuthorization: Bearer {token}\r\n{framing}".encode()
            )
        pattern = rf'.*"{name}".*"status": (\d+)'
        assert until(lambda: re.findall(pattern, world.server.log()) or None)[0] == "400"  # noqa: B023
    assert "Traceback" not in world.server.log()
    assert 'status="500"' not in world.root.get(f"{world.server.url}/metrics").text


def test_a_token_that_may_ask_and_no_more(world: World) -> None:
    """It asks, sees its person's own runs, cancels them; and sees nothing else."""
    with world.server.client(token_of(world.root, "exports:write")) as asker:
        theirs = world.red.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        before = {run["id"] for run in asker.get("/exports").json()["items"]}
        answer = asker.post("/exports", json={"export": "messages", **RANGE})
        assert answer.status_code == 202
        own = answer.json()["id"]
        assert asker.get(f"/exports/{own}").json()["owner"] == "root"
        listed = asker.get("/exports", params={"limit": 500}).json()
        assert {run["id"] for run in listed["items"]} >= before | {own}
        assert {run["owner"] for run in listed["items"]} == {"root"}
        assert listed["total"] == len(listed["items"])
        assert asker.get(f"/exports/{theirs}").status_code == 404
        assert asker.post(f"/exports/{theirs}/cancel").status_code == 404
        assert asker.post(f"/exports/{theirs}/again").status_code == 404
        assert asker.post(f"/exports/{own}/cancel").status_code in (200, 409)
        assert asker.post(f"/exports/{own}/again").status_code == 202
        for path in ("file", "receipt", "preview", "charts"):
            assert asker.get(f"/exports/{own}/{path}").status_code == 403, path
