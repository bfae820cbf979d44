"""Mutated events, and odd calls of every route by everybody: never a mistake of the server's, every
answer of the documented shape, and what was acknowledged is in the log. Some on every run of the
tests, ten thousand events and as many calls with `make soak`."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa
import pytest

from effort import SOAK
from figures import Tally
from generators import random_log
from processes import log_json, logged_events
from server.conftest import World, world_at
from server.mutated import ODD, mutated_json, mutated_object, mutated_text
from server.routes import Route, every_route
from server.running import RANGE, Server, token_of, wait_for
from server.test_no_means_no import EVENT, FORMS, JSON_BODIES, callers
from server.worst import BATCH, NDJSON, ONE, memory_bytes
from server.worst import JSON as PLAIN_JSON
from server_process import LONGEST_WAIT_S
from tawny.intake.inbox import flush
from tawny.server.problems import MEDIA_TYPE
from tawny.settings import Settings

MUTATED = 10_000 * SOAK or 150
ROUNDS = 4 * SOAK
"""How often everybody calls every route; 0: each route is called by two of them, once."""
OWN = ("/sign-out", "/api/v1/session", "/account/password")
"""Who signs out, or changes the own password, is nobody from then on."""
SEED = SOAK + 20260608
Identity = tuple[str, str]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: nobody knows what is left of it."""
    with world_at(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


def _alive(server: Server) -> None:
    assert httpx.get(f"{server.url}/health", timeout=LONGEST_WAIT_S).status_code == 200
    assert "Traceback" not in server.log(), server.log()[-3000:]


def _peak_bytes(server: Server) -> int:
    assert server.process is not None
    return memory_bytes(server.process.pid, "VmHWM")


# Events


def legal_events(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Legal events without end, each with an id of its own."""
    for number in itertools.count():
        for event in random_log(rng, 40, strange=True):
            # What an erasure takes away must not depend on chance.
            if event["type"] != "contact.erased":
                yield event | {"id": f"{number}-{event['id']}"}


def lines_of(rng: random.Random, events: Iterator[dict[str, Any]]) -> tuple[list[bytes], int]:
    """A few events, most of them mutated, and how many are."""
    lines, mutated = [], 0
    for event in itertools.islice(events, rng.randint(1, 8)):
        if rng.random() < 0.75:
            lines.append(mutated_json(rng, event))
            mutated += 1
        else:
            lines.append(json.dumps(event).encode())
    return lines, mutated


def request_of(rng: random.Random, lines: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """A body and headers; now and then they do not fit together."""
    kind = rng.choice([NDJSON, NDJSON, NDJSON, BATCH, ONE, PLAIN_JSON])
    body = {
        NDJSON: rng.choice([b"\n", b"\r\n", b"\n\n", b"\n \t\n"]).join(lines),
        BATCH: b"[" + b",".join(lines) + b"]",
        ONE: lines[0],
        PLAIN_JSON: b" [" + b" , ".join(lines) + b"] ",
    }[kind]
    headers = {"Content-Type": kind}
    roll = rng.random()
    if roll < 0.05:
        body = mutated_text(rng, body)
    elif roll < 0.15:
        headers["Content-Encoding"] = rng.choice(["gzip", "zstd"])
        packed = {"gzip": gzip.compress, "zstd": _zstd}[headers["Content-Encoding"]](body)
        body = mutated_text(rng, packed) if rng.random() < 0.3 else packed
    elif roll < 0.18:
        headers["Content-Encoding"] = rng.choice(["gzip", "br", "x" * 300, "gzip, gzip", "\xff"])
    elif roll < 0.22:
        headers["Content-Type"] = rng.choice(
            ["", "text/plain", f"{kind}; charset=utf-16", kind.upper(), "x" * 3_000, "/", "\xe9"]
        )
    elif roll < 0.26:
        headers = {"Content-Type": PLAIN_JSON} | {
            f"ce-{name}": quote(str(rng.choice([value, value, value, "", "\0", "x" * 300])))
            for name, value in json.loads(EVENT).items()
            if name != "data"
        }
    return body, headers


def _zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def numbers_of(body: bytes, headers: dict[str, str]) -> list[int] | None:
    """How the events of a body are numbered; `None` where that is not plain."""
    if "Content-Encoding" in headers:
        return None
    if headers["Content-Type"] == NDJSON:
        body = body.removeprefix(b"\xef\xbb\xbf")
        return [n for n, line in enumerate(body.split(b"\n"), 1) if line.strip(b" \t\r")]
    if headers["Content-Type"] == ONE:
        return [0]
    return None


def accepted_events(
    answer: dict[str, Any], body: bytes, headers: dict[str, str]
) -> list[Identity] | None:
    """Source and id of what was accepted; `None` where the body does not say it plainly."""
    accepted = [one["number"] for one in answer["events"] if one["answer"] == "accepted"]
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    elif headers.get("Content-Encoding") == "zstd":
        body = pa.CompressedInputStream(pa.BufferReader(body), "zstd").read()
    if "ce-id" in headers:
        return None
    if headers["Content-Type"].lower().partition(";")[0] == NDJSON:
        body = body.removeprefix(b"\xef\xbb\xbf")
        events = [json.loads(body.split(b"\n")[number - 1]) for number in accepted]
    else:
        # Bytes that are not UTF-8 may be in an event that was refused.
        found = json.loads(body.decode("utf-8", "replace"))
        values = found if isinstance(found, list) else [found]
        events = [values[number] for number in accepted]
    return [(event["source"], event["id"]) for event in events]


def _check_answer(answer: httpx.Response, body: bytes, headers: dict[str, str]) -> None:
    what = f"{headers} {body[:2_000]!r}: {answer.status_code} {answer.text[:2_000]}"
    assert answer.status_code in (200, 400, 413, 415, 422), what
    found = answer.json()
    if answer.status_code != 200:
        assert answer.headers["content-type"].startswith(MEDIA_TYPE), what
        assert found["status"] == answer.status_code and found["detail"], what
    if answer.status_code not in (200, 422):
        return
    numbers = [one["number"] for one in found["events"]]
    answers = [one["answer"] for one in found["events"]]
    wanted = numbers_of(body, headers)
    assert wanted is None or numbers == wanted, what
    assert numbers == sorted(set(numbers)), what
    counted = (answers.count("accepted"), answers.count("duplicate"), answers.count("refused"))
    assert counted == (found["accepted"], found["duplicates"], found["refused"]), what
    assert {one["number"] for one in found["errors"]} == {
        n for n, one in zip(numbers, answers, strict=True) if one == "refused"
    }, what


def test_mutated_events(attacked: World, tally: Tally) -> None:
    """What is accepted is in the log, once, and nothing else is."""
    rng = random.Random(SEED)
    events = legal_events(rng)
    accepted: set[Identity] = set()
    unnamed, mutated = 0, 0
    server = attacked.server
    before = _logged(server.home)
    with tally.follow(server.client(token_of(attacked.root, "events:write"))) as client:
        while mutated < MUTATED:
            lines, some = lines_of(rng, events)
            mutated += some
            body, headers = request_of(rng, lines)
            raw = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
            answer = client.post("/events", content=body, headers=raw)
            _check_answer(answer, body, headers)
            if answer.status_code == 200:
                named = accepted_events(answer.json(), body, headers)
                unnamed += 0 if named is not None else answer.json()["accepted"]
                assert not accepted & set(named or ()), "accepted twice"
                accepted |= set(named or ())
    run = attacked.root.post("/exports", json={"export": "messages", **RANGE}).json()
    assert wait_for(attacked.root, run["id"])["state"] == "ready"
    _alive(server)
    logged = _logged(server.home)
    assert accepted <= logged
    assert len(logged) - len(before) == len(accepted) + unnamed
    assert log_json(server.home)["events"] == len(logged)
    assert len(accepted) > MUTATED // 10
    tally.peak_bytes = _peak_bytes(server)
    tally.done = {"mutated events": mutated, "events accepted": len(accepted) + unnamed}


def _logged(home: Path) -> set[Identity]:
    """What is in the log, once what waits is there too."""
    flush(home, Settings({}))
    return set(logged_events(home))


# Routes


def address_of(rng: random.Random, world: World, route: Route) -> str:
    """An address of a route, mostly with ids of what is there, and parameters that are odd."""
    ids: dict[str, object] = {
        "run_id": world.red_run_id, "user_id": 2, "token_id": 1, "link": "x" * 32,
    }  # fmt: skip
    names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    values = {
        name: quote(_text(rng), safe="") or "0"
        if rng.random() < 0.4 or name not in ids
        else str(ids[name])
        for name in names
    }
    path = route.path.format(**values)
    if rng.random() < 0.05:
        path += rng.choice(["/", "//", "/..%2f..", "%00", "?", "/" + "x" * 3_000, ";a=b", "%ff"])
    some = rng.sample(route.parameters, min(len(route.parameters), rng.randint(0, 4)))
    query = "&".join(f"{quote(name)}={quote(_text(rng), safe='')}" for name in some)
    return f"{world.server.url}{path}?{query}" if query else world.server.url + path


def _text(rng: random.Random) -> str:
    value = rng.choice([*ODD, "red", "messages", "ready", "csv", "2026-06-08", "UTC"])
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def call_of(rng: random.Random, route: Route) -> tuple[bytes, dict[str, str]]:
    """A body that is nearly right, or not at all, and headers."""
    headers: dict[str, str] = {}
    if rng.random() < 0.3:
        name = rng.choice(["Accept-Language", "Accept", "Range", "If-None-Match", "Cookie",
                           "HX-Request", "HX-Current-URL", "Idempotency-Key", "Authorization",
                           "X-Forwarded-For", "Origin", "Sec-Fetch-Site", "Last-Event-ID",
                           "Accept-Encoding", "If-Range", "If-Modified-Since"])  # fmt: skip
        headers[name] = rng.choice(["", "x", "true", "*", "é", "fr;q=9,,;", "bytes=9-1,-0", '"',
                                    "Bearer", "Basic \xff", "session=%00", "x" * 3_000,
                                    "http://[", "-1", "Thu, 99 Xyz"])  # fmt: skip
    if route.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return b"", headers
    if route.path == "/api/v1/events":
        headers["Content-Type"] = rng.choice([NDJSON, BATCH, ONE])
        return mutated_json(rng, json.loads(EVENT)), headers
    if route.path in JSON_BODIES or (route.path not in FORMS and rng.random() < 0.3):
        headers["Content-Type"] = rng.choice([PLAIN_JSON] * 5 + ["text/plain", "", "\xff"])
        return mutated_json(rng, JSON_BODIES.get(route.path, {"a": "b"})), headers
    form = mutated_object(rng, FORMS.get(route.path, {"name": "x", "password": "y"}))
    body = "&".join(f"{quote(n)}={quote(str(v), errors='replace')}" for n, v in form.items())
    headers["Content-Type"] = rng.choice(
        ["application/x-www-form-urlencoded"] * 5 + ["multipart/form-data", PLAIN_JSON]
    )
    return mutated_text(rng, body.encode()) if rng.random() < 0.3 else body.encode(), headers


def test_odd_calls_of_every_route(attacked: World, tmp_path: Path, tally: Tally) -> None:
    world = attacked
    rng = random.Random(SEED)
    routes = [
        route
        for route in every_route(tmp_path)
        if (route.path not in OWN or route.method == "GET")
        and (ROUNDS or route.method != "OPTIONS")
    ]
    assert len(routes) > 50
    with contextlib.ExitStack() as stack:
        everybody = [*callers(world), ("root", world.server.signed_in("root"))]
        for _, client in everybody:
            stack.callback(tally.follow(client).close)
        for _ in range(ROUNDS or 1):
            for route in routes:
                for name, client in everybody if ROUNDS else rng.sample(everybody, 2):
                    _call(rng, world, route, name, client)
            _alive(world.server)
    tally.peak_bytes = _peak_bytes(world.server)
    tally.done = {"routes": len(routes), "callers": len(everybody)}


def _call(rng: random.Random, world: World, route: Route, name: str, client: httpx.Client) -> None:
    url = address_of(rng, world, route)
    body, headers = call_of(rng, route)
    raw = [(key.encode(), value.encode("utf-8")) for key, value in headers.items()]
    what = f"{name}: {route.method} {url[:500]} {headers} {body[:1_000]!r}"
    with client.stream(route.method, url, content=body, headers=raw) as answer:
        assert answer.status_code < 500, what
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return  # has no end
        content = answer.read()
    if answer.status_code >= 400 and route.path.startswith("/api/") and route.method != "HEAD":
        assert answer.headers["content-type"].startswith(MEDIA_TYPE), what
        assert json.loads(content)["status"] == answer.status_code, what
