"""The typed client and the command line against a real server."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import gc
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from commands import without_completeness
from server.conftest import World
from server.running import RANGE, event, running, send, small_log, token_of
from tawny.client import AsyncClient, Client, Request, Sent, ServerError
from tawny.client.chunks import CHUNK_BYTES, MOST_ERRORS
from tawny.client.downloads import Download
from tawny.client.steps import LONGEST_PAUSE_S, pause_s
from tawny.errors import FailureError, NotFoundError, RequestError, StorageError, TawnyError


@pytest.fixture(scope="module")
def secret(world: World) -> str:
    return token_of(world.root, "events:write", "exports:read", "exports:write")


def test_the_whole_way(world: World, secret: str, tmp_path: Path) -> None:
    with Client(world.server.url, secret) as client:
        sent = client.send(
            [event("team.saved", "client", "2026-06-01T00:00:00Z", team_id="c", name="C"), b"{}"]
        )
        assert (sent.accepted, sent.refused, sent.errors[0].number) == (1, 1, 2)
        assert client.send([b"{}"]).refused == 1
        request = Request("messages", start=RANGE["from"], end=RANGE["to"], channels=["red"])
        started = client.start(request, "client-key")
        assert client.start(request, "client-key").id == started.id
        run = client.wait(started.id)
        assert run.file is not None
        client.download(run, tmp_path / "m.csv")
        assert (tmp_path / "m.csv").stat().st_size == run.file.bytes
        assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]
        assert run.id in {found.id for found in client.runs(export="messages")}
        assert {channel.id for channel in client.channels()} == {"red", "blue"}
        assert len(client.types()) == 12
        with pytest.raises(NotFoundError, match="there is no export"):
            client.run("none")
        with pytest.raises(RequestError, match="did you mean 'red'"):
            client.start(Request("messages", start="2026-06-08", end="2026-06-09",
                                 channels=["rde"]))  # fmt: skip


def test_asynchronously(world: World, secret: str, tmp_path: Path) -> None:
    async def whole_way() -> int:
        async with AsyncClient(world.server.url, secret) as client:
            run = await client.start(Request("topics", start=RANGE["from"], end=RANGE["to"]))
            run = await client.wait(run.id)
            await client.download(run, tmp_path / "t.csv")
            return len([found async for found in client.runs(export="topics")])

    assert asyncio.run(whole_way()) >= 1
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").startswith("Topic ID,")


def test_a_broken_download_goes_on(world: World, secret: str, tmp_path: Path) -> None:
    with Client(world.server.url, secret) as client:
        run = client.run(world.run_id)
        assert run.file is not None
        whole = world.root.get(f"/exports/{run.id}/file").content
        with Download(run.file, tmp_path / "b.csv") as download:
            download.add(whole[:100])
            assert download.headers()["Range"] == "bytes=100-"
            answer = world.root.get(f"/exports/{run.id}/file", headers=download.headers())
            download.begin(answer)
            download.add(answer.content)
            download.finish()
        assert (tmp_path / "b.csv").read_bytes() == whole
        with (
            pytest.raises(StorageError, match="SHA-256"),
            Download(run.file, tmp_path / "c.csv") as download,
        ):
            download.add(b"something else")
            download.finish()
        assert not (tmp_path / "c.csv").exists()


def test_a_wrong_token_and_no_server(world: World) -> None:
    with Client(world.server.url, "wrong") as client, pytest.raises(RequestError, match="sign in"):
        client.types()
    with Client("http://127.0.0.1:9", "x") as client, pytest.raises(ServerError) as caught:
        client.types()
    assert caught.value.retry


def test_the_command_line_has_a_server_do_it(world: World, secret: str, tmp_path: Path) -> None:
    target = tmp_path / "remote.csv"
    done = subprocess.run(
        [sys.executable, "-m", "tawny", "export", "messages", "--from", RANGE["from"], "--to",
         RANGE["to"], "--channel", "red", "--columns", "content,message_id",
         "--server", world.server.url, "-o", str(target)],
        env={**os.environ, "TAWNY_TOKEN": secret, "TAWNY_HOME": str(tmp_path / "unused")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert target.read_text(encoding="utf-8").startswith("Message ID,Content\n")
    assert not (tmp_path / "unused").exists()
    refused = subprocess.run(
        [sys.executable, "-m", "tawny", "export", "messages", "--from", "2026-06-09", "--to",
         "2026-06-08", "--server", world.server.url, "-o", str(target)],
        env={**os.environ, "TAWNY_TOKEN": secret}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "which is not before to" in refused.stderr


def test_the_command_line_says_what_is_later_on_a_server(tmp_path: Path) -> None:
    """As it does of an export of its own."""
    later = event("team.saved", "later", "2999-01-01T00:00:00Z", team_id="t", name="T")
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, [*small_log(), later])
        token = token_of(root, "exports:read", "exports:write")
        for options in ((), ("--as-of", "2998-01-01T00:00:00Z")):
            done = subprocess.run(
                [sys.executable, "-m", "tawny", "export", "teams", "--from", RANGE["from"], "--to",
                 RANGE["to"], "--server", server.url, *options, "-o", str(tmp_path / "x.csv")],
                env={**os.environ, "TAWNY_TOKEN": token}, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            said = r"tawny: 1 events are dated after \S+Z and do not count; is a clock wrong\?\n"
            assert re.fullmatch("" if options else said, without_completeness(done.stderr))


MAY = Request("messages", start=RANGE["from"], end=RANGE["to"])


def test_an_export_in_one_call(world: World, secret: str, tmp_path: Path) -> None:
    """To a file, and as a table with the types of the columns."""
    changes: list[str] = []
    with Client(world.server.url, secret) as client:
        run = client.export(
            MAY, tmp_path / "m.csv", on_change=lambda run: changes.append(run.state)
        )
        table = client.export(MAY)
    assert changes[-1] == run.state == "ready"
    assert run.file is not None
    assert (tmp_path / "m.csv").stat().st_size == run.file.bytes
    assert isinstance(table, pa.Table)
    assert table.num_rows == run.file.rows > 0
    assert table.schema.field("Created at").type == pa.timestamp("ms", "UTC")
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_an_export_in_one_call_asynchronously(world: World, secret: str, tmp_path: Path) -> None:
    async def both() -> tuple[int, int]:
        async with AsyncClient(world.server.url, secret) as client:
            run = await client.export(MAY, tmp_path / "m.csv")
            table = await client.export(MAY)
            assert run.file is not None
            return run.file.rows, table.num_rows

    of_file, of_table = asyncio.run(both())
    assert of_file == of_table > 0


def test_an_export_without_a_file(world: World, secret: str, tmp_path: Path) -> None:
    """A run that ends without one is a failure with the reason; no file is left."""
    with (
        Client(world.server.url, secret) as client,
        pytest.raises(FailureError, match=r"the run \w+ is cancelled: somebody stopped it"),
    ):
        client.export(MAY, tmp_path / "m.csv", on_change=lambda run: _cancel(client, run.id))
    assert list(tmp_path.iterdir()) == []


def _cancel(client: Client, run_id: str) -> None:
    for _ in range(100):
        try:
            client.cancel(run_id)
        except RequestError:
            return


def test_what_can_be_asked(world: World, secret: str) -> None:
    with Client(world.server.url, secret) as client:
        receipt = client.receipt(world.run_id)
        run = client.run(world.run_id)
        assert run.file is not None
        assert (receipt["sha256"], receipt["rows"]) == (run.file.sha256, run.file.rows)
        assert client.columns("messages")[0].headers["en"] == "Message ID"
        log = client.log()
        assert log.events is not None and log.events > 0
        assert {newest.channel_id for newest in log.channels} == {"red", "blue"}
        again = client.wait(client.again(world.run_id).id)
        assert again.file is not None
        assert client.estimate(MAY).rows == again.file.rows


# What a server or a proxy may answer


@contextmanager
def answering(
    *answers: tuple[int, dict[str, str], Any], keep: bool = True
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn, the last one again and again; its address, and
    the bodies it was sent."""
    waiting = itertools.chain(answers, itertools.repeat(answers[-1]))
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(body if keep else b"")
            self.do_GET()

        def do_GET(self) -> None:
            status, headers, content = next(waiting)
            if callable(content):
                content = content(bodies[-1])
            body = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        server.shutdown()


def at(seconds: float) -> str:
    """A moment from now, as HTTP writes it."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("when", ["Wed, 21 Oct 2015 07:28:00 GMT", "0", "soon", "-5", "1e9", ""])
def test_any_retry_after(when: str) -> None:
    """A date, as proxies send it, seconds, and what is neither."""
    with answering((503, {"Retry-After": when}, {}), (200, {}, [])) as (url, _):
        began = time.monotonic()
        with Client(url, "x") as client:
            assert client.types() == []

        async def ask() -> list[Any]:
            async with AsyncClient(url, "x") as client:
                return list(await client.types())

        assert asyncio.run(ask()) == []
        assert time.monotonic() - began < LONGEST_PAUSE_S + 20


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        (at(3600), LONGEST_PAUSE_S, LONGEST_PAUSE_S),
        ("7", 7, 7),
        ("99999999999999999999", LONGEST_PAUSE_S, LONGEST_PAUSE_S),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0, 0),
        ("٣", 0.5, 0.5),
    ],
    ids=["in an hour", "seconds", "for ever", "past", "no digits of ours"],
)
def test_how_long_retry_after_means(header: str, least: float, most: float) -> None:
    headers = [(b"Retry-After", header.encode())]
    assert least <= pause_s(httpx.Response(503, headers=headers)) <= most


def test_a_server_that_never_has_time() -> None:
    with answering((503, {"Retry-After": "0"}, {})) as (url, _), Client(url, "x") as client:
        with pytest.raises(ServerError) as caught:
            client.types()
        assert caught.value.retry
        assert isinstance(caught.value, TawnyError)


def counted(body: bytes) -> dict[str, Any]:
    """The answer to lines of which each third is refused and the first is there already."""
    lines = [number for number, line in enumerate(body.split(b"\n"), 1) if line]
    refused = lines[2::3]
    return {
        "accepted": len(lines) - len(refused) - 1, "refused": len(refused), "duplicates": 1,
        "events": [], "errors": [{"field": "id", "message": "no", "number": n} for n in refused],
    }  # fmt: skip


def test_events_of_an_iterator_are_sent_in_chunks() -> None:
    """In memory that does not grow with them; the answers are added up."""
    text = "x" * 2000
    count = 20_000
    with answering((200, {}, counted)) as (url, bodies), Client(url, "x") as client:
        sent = client.send({"number": number, "text": text} for number in range(count))
    assert len(bodies) > 30
    assert max(map(len, bodies)) <= CHUNK_BYTES
    assert sum(body.count(b"\n") + 1 for body in bodies) == count
    assert (sent.duplicates, sent.accepted + sent.refused) == (len(bodies), count - len(bodies))
    assert len(sent.errors) == MOST_ERRORS < sent.refused
    # The second request's third line is the third after those of the first.
    first = bodies[0].count(b"\n") + 1
    assert sent.errors[len(range(2, first, 3))].number == first + 3


def test_memory_of_a_long_iterator() -> None:
    def texts(count: int) -> Iterator[bytes]:
        for number in range(count):
            if number % 2_000 == 0:
                gc.collect()  # answers are in circles, which go when the collector finds them
            yield b'{"text": "%s"}' % (b"x" * 2000)

    def peak(count: int) -> int:
        with Client(url, "x") as client:
            client.send([b"{}"])
            tracemalloc.start()
            client.send(texts(count))
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

    nothing = {"accepted": 1, "refused": 0, "events": [], "errors": []}
    with answering((200, {}, nothing), keep=False) as (url, _):
        small, large = peak(10_000), peak(30_000)
    assert large < small * 1.3, (small, large)
    assert small < 24 * CHUNK_BYTES, small


def test_nothing_to_send(world: World, secret: str) -> None:
    nothing = Sent(accepted=0, refused=0, errors=())
    with Client(world.server.url, secret) as client:
        assert client.send([]) == nothing
        assert client.send([b"", b"\n"]) == nothing


def test_lines_as_files_have_them(world: World, secret: str, tmp_path: Path) -> None:
    """With their line ends, blank ones between them, and JSON over several lines."""
    good = event("team.saved", "file-lines", "2026-06-01T00:00:00Z", team_id="c", name="C")
    one = json.dumps(good).encode()
    many = json.dumps({**good, "id": "file-lines-2"}, indent=2).encode()
    (tmp_path / "lines").write_bytes(one + b"\r\n\n{}\n")
    with Client(world.server.url, secret) as client, (tmp_path / "lines").open("rb") as lines:
        sent = client.send(itertools.chain(lines, [many]))
    assert (sent.accepted + sent.duplicates, sent.refused, sent.errors[0].number) == (2, 1, 3)


def test_events_that_come_asynchronously(world: World, secret: str) -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        for number in range(3):
            yield event("team.saved", f"async-{number}", "2026-06-01T00:00:00Z", team_id="c",
                        name="C")  # fmt: skip

    async def send() -> list[Sent]:
        async with AsyncClient(world.server.url, secret) as client:
            return [await client.send(events()), await client.send([b"{}"])]

    three, none = asyncio.run(send())
    assert (three.accepted, three.refused) == (3, 0)
    assert (none.accepted, none.refused, none.errors[0].number) == (0, 1, 1)


def test_both_clients_have_the_same_calls() -> None:
    def calls(client: type) -> set[str]:
        return {name for name in vars(client) if not name.startswith("_")}

    assert calls(Client) == calls(AsyncClient)
