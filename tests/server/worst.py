"""The worst bodies somebody can send, and what a server did while it got them."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from server.running import Server
from server_process import LONGEST_WAIT_S

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
JSON = "application/json"
NDJSON = "application/x-ndjson"
BATCH = "application/cloudevents-batch+json"
ONE = "application/cloudevents+json"
SMALLEST_BYTES = 64 << 10

_GOOD = (
    b'{"specversion":"1.0","source":"/worst","id":"%d","type":"team.saved",'
    b'"time":"2026-06-01T00:00:00Z","data":{"team_id":"t","name":"T"}}'
)


def shapes(size: int) -> Iterator[tuple[str, str, bytes]]:
    """A name, a content type and a body of about that many bytes."""
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n'
    for name, kind, unit in (
        ("empty fields", FORM, b"a&"), ("fields", FORM, b"a=b&"), ("escapes", FORM, b"%41"),
        ("one field", FORM, b"a"), ("parts", PARTS, part), ("noise", PARTS, b"\r\n--b"),
        ("deep", JSON, b"["), ("deep objects", JSON, b'{"a":'), ("one text", JSON, b"x"),
        ("short lines", NDJSON, b"x\n"), ("objects", NDJSON, b"{}\n"), ("blank", NDJSON, b"\n"),
        ("deep lines", NDJSON, b"[" * 2_000 + b"\n"), ("one line", NDJSON, b"x"),
        ("nulls", NDJSON, b"\0"), ("bad time", NDJSON, _GOOD.replace(b"2026-06-01T", b"T") + b"\n"),
    ):  # fmt: skip
        yield name, kind, unit * (size // len(unit))
    for name, kind, unit in (
        ("numbers", JSON, b"0,"),
        ("lists", JSON, b"[],"),
        ("batch of numbers", BATCH, b"0,"),
        ("batch of objects", BATCH, b"{},"),
        ("batch of texts", BATCH, b'",]",'),
        ("batch of keys", BATCH, b'{"type":1},'),
    ):
        yield name, kind, b"[" + unit * (size // len(unit)) + b"0]"
    yield "keys", JSON, b"{" + b",".join(b'"%d":0' % n for n in range(size // 12)) + b"}"
    yield "large text", JSON, b'{"name":"' + b"\\u00e9" * (size // 6) + b'"}'
    yield "large and wrong", ONE, b'{"type":1,"a":[' + b"[]," * (size // 3) + b"0]}"
    yield "good lines", NDJSON, b"".join(_GOOD % n + b"\n" for n in range(size // 150))
    other = _GOOD.replace(b'"T"', b'"U"')
    yield "contradictions", NDJSON, b"".join(other % n + b"\n" for n in range(size // 150))
    yield "good batch", BATCH, (
        b"[" + b",".join(_GOOD % n for n in range(size // 150)) + b"]"
    )  # fmt: skip


def compressed(body: bytes) -> bytes:
    """The same for routes that decompress."""
    return gzip.compress(body, 1)


@dataclass
class Watch:
    """What a server did while it was asked: how long `/health` took at most, how much processor
    time its event loop used, how much memory it needed at its peak."""

    server: Server
    health_s: float = 0.0
    loop_s: float = 0.0
    grown_bytes: int = 0
    statuses: dict[int, int] = field(default_factory=dict)

    def send(self, client: httpx.Client, method: str, path: str, kind: str, body: bytes,
             **headers: str) -> httpx.Response:  # fmt: skip
        """Send a body and look on."""
        with self.looking():
            answer = client.request(
                method, f"{self.server.url}{path}", content=body,
                headers={"Content-Type": kind, **headers}, timeout=LONGEST_WAIT_S,
            )  # fmt: skip
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        return answer

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look on while the body does something to the server."""
        stop = threading.Event()
        slowest = [0.0]

        def look() -> None:
            # Answering is work of the event loop too: who waits long asks less often.
            pause_s = 0.1
            with httpx.Client(timeout=120) as other:
                while not stop.is_set():
                    began = time.perf_counter()
                    assert other.get(f"{self.server.url}/health").status_code == 200
                    slowest[0] = max(slowest[0], time.perf_counter() - began)
                    stop.wait(pause_s)
                    pause_s = min(1.0, pause_s * 1.1)

        looking = threading.Thread(target=look)
        looking.start()
        pid = self.server.process.pid if self.server.process else 0
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        before, cpu = memory_bytes(pid, "VmRSS"), loop_cpu_s(pid)
        try:
            yield
        finally:
            self.loop_s = loop_cpu_s(pid) - cpu
            self.grown_bytes = memory_bytes(pid, "VmHWM") - before
            stop.set()
            looking.join()
        self.health_s = slowest[0]


def raw(server: Server, pieces: Iterable[bytes]) -> bytes:
    """Send bytes as they are; the beginning of the answer, empty where there is none."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=LONGEST_WAIT_S) as connection:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        with contextlib.suppress(ConnectionError):
            return connection.recv(1 << 16)
    return b""


def memory_bytes(pid: int, name: str) -> int:
    """`VmRSS`, what a process has in memory; `VmHWM`, the most it had."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [found] = [line for line in lines if line.startswith(f"{name}:")]
    return int(found.split()[1]) << 10


def loop_cpu_s(pid: int) -> float:
    """Processor time of the thread that answers: the first one of the process."""
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
