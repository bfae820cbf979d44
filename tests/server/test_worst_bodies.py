"""Nobody holds up the server: every route is fed the worst bodies and heads there are, while
somebody else asks `/health`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from effort import SOAK
from server.routes import changing_routes
from server.running import Server, running, send, small_log, token_of
from server.worst import NDJSON, SMALLEST_BYTES, Watch, compressed, raw, shapes
from server_process import LONGEST_WAIT_S

LARGEST_BYTES = (32 << 20) - 64
MOST_LOOP_S = 0.5
MOST_HEALTH_S = 5.0
"""Much longer than it takes, and much shorter than before: the machine of the tests is busy."""

VALUES = {
    "run_id": "none", "saved_id": "none", "user_id": "1", "token_id": "1", "link": "x" * 32,
    "session_id": "1", "schedule_id": "1", "destination_id": "1", "delivery_id": "1",
    "group_id": "1", "source": "none", "kind": "none", "token": "none",
}  # fmt: skip


def routes(home: Path) -> list[tuple[str, str]]:
    """Every route that may take a body."""
    return [(route.method, route.path.format(**VALUES)) for route in changing_routes(home)]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server of its own, whose memory and events are nobody else's, and a token for everything
    a token may."""
    home: Path = tmp_path_factory.mktemp("worst")
    with running(home, inbox_move_ms="3600000") as server:
        root = server.set_up()
        # The first events load what every server has loaded soon; that is no growth of a request.
        send(root, small_log())
        yield (
            server,
            token_of(
                root, "events:write", "exports:read", "exports:write", "schedules:write", "admin"
            ),
        )


def _feed(
    server: Server, secret: str, method: str, path: str, size: int, names: frozenset[str] | None
) -> None:
    """Bodies of the shapes with these names, or of all."""
    for name, kind, body in shapes(size):
        if names is not None and name not in names:
            continue
        watch = Watch(server)
        with server.client(secret) as client:
            answer = watch.send(client, method, path, kind, body)
        what = f"{method} {path}, {name}, {size} bytes: {watch}"
        assert answer.status_code < 500, what
        assert watch.loop_s <= MOST_LOOP_S, what
        assert watch.health_s <= MOST_HEALTH_S, what
        assert watch.grown_bytes <= 4 * len(body) + (32 << 20), what


def test_events_of_the_worst_shapes(watched: tuple[Server, str]) -> None:
    """Small ones of every shape, larger ones of those that were worst; in a soak all of them."""
    server, secret = watched
    few = (
        None
        if SOAK
        else frozenset(["short lines", "batch of numbers", "good lines", "contradictions"])
    )
    _feed(server, secret, "POST", "/api/v1/events", SMALLEST_BYTES, None)
    for size in (2 << 20, *([LARGEST_BYTES] if SOAK else [])):
        _feed(server, secret, "POST", "/api/v1/events", size, few)
    assert "Traceback" not in server.log()


def test_every_route_of_the_worst_shapes(watched: tuple[Server, str], tmp_path: Path) -> None:
    """Small ones everywhere, which are read; large ones are refused before they are."""
    server, secret = watched
    found = routes(tmp_path)
    assert len(found) > 20
    few = None if SOAK else frozenset(["empty fields", "parts", "deep", "lists"])
    for method, path in found:
        if path != "/api/v1/events":
            for size in (SMALLEST_BYTES - 16, *([LARGEST_BYTES] if SOAK else [])):
                _feed(server, secret, method, path, size, few)
    assert "Traceback" not in server.log()


def test_a_form_of_the_first_attack(watched: tuple[Server, str]) -> None:
    """Thirty megabytes of `a&` froze the server, without signing in."""
    server, _ = watched
    for unit in (b"a&", b"a=b&", b"a"):
        watch = Watch(server)
        body = unit * ((30 << 20) // len(unit))
        with server.client() as client:
            answer = watch.send(
                client, "POST", "/sign-in", "application/x-www-form-urlencoded", body
            )
        assert answer.status_code == 413
        assert watch.loop_s <= MOST_LOOP_S
        assert watch.grown_bytes <= 4 << 20


def test_compressed_events_of_the_worst_shapes(watched: tuple[Server, str]) -> None:
    server, secret = watched
    for name, kind, body in shapes(256 << 10):
        if kind == NDJSON:
            watch = Watch(server)
            with server.client(secret) as client:
                packed = compressed(body)
                answer = watch.send(
                    client, "POST", "/api/v1/events", kind, packed, **{"Content-Encoding": "gzip"}
                )
            assert answer.status_code < 500, name
            assert watch.loop_s <= MOST_LOOP_S, name
            assert watch.grown_bytes <= 4 * len(body) + (32 << 20), name


MB = 1 << 20
HOST = b" HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /sign-in" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "unit", "end", "status"),
    [
        (b"GET /", b"a", HOST + b"\r\n", 414),
        (b"GET /health?", b"a&", HOST + b"\r\n", 414),
        (b"GET /health" + HOST + b"X-A: ", b"a", b"\r\n\r\n", 431),
        (b"GET /health" + HOST, b"a", b": b\r\n\r\n", 431),
        (b"GET /health" + HOST, b"a:b\r\n", b"\r\n", 431),
        (b"GET /health" + HOST, b"Cookie: a=b\r\n", b"\r\n", 431),
        (CHUNKED + b"1\r\na\r\n0\r\n", b"a:b\r\n", b"\r\n", None),
        (CHUNKED + b"1\r\na\r\n0\r\nX-A: ", b"a", b"\r\n\r\n", None),
        (CHUNKED + b"1;", b"a", b"\r\na\r\n0\r\n\r\n", None),
    ],
)
def test_heads_of_many_megabytes(
    watched: tuple[Server, str], begin: bytes, unit: bytes, end: bytes, status: int | None
) -> None:
    """Refused while they come in; also what comes where a body ends, which has no answer."""
    server, _ = watched
    watch = Watch(server)
    with watch.looking():
        answer = raw(server, [begin, *[unit * (MB // len(unit))] * 30, end])
    if status is not None:
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"the address of a request has at most 16,384 bytes" in answer
    assert b"HTTP/1.1 500" not in answer
    assert watch.loop_s <= MOST_LOOP_S, watch
    assert watch.health_s <= MOST_HEALTH_S, watch
    assert watch.grown_bytes <= 8 * MB, watch


def test_the_largest_heads_there_may_be(watched: tuple[Server, str]) -> None:
    """What is just not refused costs little, wherever it is taken apart."""
    server, secret = watched
    token = f"Authorization: Bearer {secret}\r\n".encode()
    long = 60_000
    heads = {
        name: b"%s: %s\r\n" % (name.encode(), unit * (long // len(unit)))
        for name, unit in {
            "Cookie": b"a=b;", "Accept-Language": b"fr;q=0.1,", "Accept": b"text/html,",
            "Accept-Encoding": b"gzip,", "Content-Type": b"text/a;b=c;", "Range": b"1-2,",
            "If-None-Match": b'"a",', "X-Request-ID": b"a", "X-Forwarded-For": b"1.1.1.1,",
            "Authorization": b"Bearer ", "X-CSRF-Token": b"a", "HX-Current-URL": b"/a?b&",
            "Idempotency-Key": b"a", "Origin": b"http://a", "Content-Encoding": b"gzip,",
        }.items()
    }  # fmt: skip
    heads["many"] = b"a:b\r\n" * (long // 8)
    for path in (b"/health", b"/sign-in", b"/api/v1/exports", b"/", b"/api/v1/events"):
        for name, head in heads.items():
            for method in (b"GET", b"POST"):
                # The token first: of two headers one counts, whichever.
                given = b"" if name == "Authorization" else token
                length = b"Content-Length: 0\r\n" if method == b"POST" else b""
                watch = Watch(server)
                with watch.looking():
                    request = [method, b" ", path, HOST, given, length, head, b"\r\n"]
                    answer = raw(server, [b"".join(request)])
                what = f"{method!r} {path!r} {name}: {watch} {answer[:200]!r}"
                assert 200 <= int(answer[9:12]) < 500, what
                assert watch.loop_s <= MOST_LOOP_S, what
        for query in (b"a&", b"channel=a&", b"%25", b"a=%41&", b"limit=1&"):
            watch = Watch(server)
            with watch.looking():
                whole = b"GET " + path + b"?" + query * (16_000 // len(query)) + HOST + token
                answer = raw(server, [whole + b"\r\n"])
            assert 200 <= int(answer[9:12]) < 500, (path, query, answer[:200])
            assert watch.loop_s <= MOST_LOOP_S, (path, query, watch)
    assert "Traceback" not in server.log()


def test_a_request_after_the_largest_head(watched: tuple[Server, str]) -> None:
    """Sizes are of one request, however many a connection brings, and in whatever pieces."""
    server, _ = watched
    one = b"GET /health" + HOST + b"X-A: " + b"a" * 60_000 + b"\r\n\r\n"
    pieces = [one[at : at + 1000] for at in range(0, len(one), 1000)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=LONGEST_WAIT_S) as connection:

        def answered(count: int) -> bool:
            answers = b""
            while answers.count(b'{"status":"alive"}') < count and b"HTTP/1.1 4" not in answers:
                answers += connection.recv(1 << 20)
            return answers.count(b"HTTP/1.1 200 ") == count

        for _ in range(5):
            for piece in pieces:
                connection.sendall(piece)
            assert answered(1)
        connection.sendall((b"GET /health" + HOST + b"\r\n") * 5_000)
        assert answered(5_000)
