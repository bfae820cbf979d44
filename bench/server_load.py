"""How a server bears events and exports at once, on one machine with its own load.

    python bench/server_load.py --seconds 30 --rate 6000

Posts batches of 100 events at a rate from several connections, reads pages, and keeps exports
running; prints events a second that were acknowledged as durable, and how long answers took.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from server.running import Server, running, token_of

BATCH = 100


def body(sender: int, number: int) -> bytes:
    """A batch of messages of one conversation, as a sender writes it."""
    base = sender * 10_000_000 + number * BATCH
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    return b"\n".join(
        b'{"specversion":"1.0","source":"/load","id":"m%d","type":"message.created",'
        b'"time":"%s.%03dZ","data":{"message_id":"m%d","conversation_id":"load-%d","direction":'
        b'"inbound","message_type":"text","content":"Hello, where is my order? It should have '
        b'come yesterday and nobody answers the phone."}}'
        % (base + index, at.encode(), index, base + index, sender)
        for index in range(BATCH)
    )


class Load:
    """What is sent, and what it took."""

    def __init__(self, server: Server, token: str, seconds: float) -> None:
        self._port = server.port
        self._headers = {"Authorization": f"Bearer {token}"}
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self.posts: list[float] = []
        self.pages: list[float] = []
        self.exports: list[str] = []
        self.errors: list[str] = []

    def post(self, sender: int, pause_s: float) -> None:
        """Post batches, one every `pause_s`."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {**self._headers, "Content-Type": "application/x-ndjson"}
        due = time.monotonic()
        number = 0
        while (now := time.monotonic()) < self._end:
            if now < due:
                time.sleep(due - now)
            data = body(sender, number)
            began = time.monotonic()
            connection.request("POST", "/api/v1/events", data, headers)
            answer = connection.getresponse()
            text = answer.read()
            self.posts.append(time.monotonic() - began)
            if answer.status != 200:
                self.errors.append(f"{answer.status} {text[:200]!r}")
            number += 1
            due += pause_s

    def read(self, paths: list[str]) -> None:
        """Read what a person's browser reads, twice a second."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        number = 0
        while time.monotonic() < self._end:
            began = time.monotonic()
            connection.request("GET", paths[number % len(paths)], headers=self._headers)
            answer = connection.getresponse()
            answer.read()
            self.pages.append(time.monotonic() - began)
            if answer.status != 200:
                self.errors.append(f"GET {paths[number % len(paths)]} {answer.status}")
            number += 1
            time.sleep(0.5)

    def export(self, kinds: list[str]) -> None:
        """Have three exports unfinished at any time."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {**self._headers, "Content-Type": "application/json"}
        waiting: list[str] = []
        number = 0
        while time.monotonic() < self._end:
            while len(waiting) < 3:
                request = {"export": kinds[number % len(kinds)], "from": "2026-01-01",
                           "to": "2027-01-01"}  # fmt: skip
                connection.request("POST", "/api/v1/exports", json.dumps(request), headers)
                waiting.append(json.loads(connection.getresponse().read())["id"])
                number += 1
            for run_id in list(waiting):
                connection.request("GET", f"/api/v1/exports/{run_id}", headers=self._headers)
                run = json.loads(connection.getresponse().read())
                if run["state"] not in ("queued", "running"):
                    waiting.remove(run_id)
                    self.exports.append(run["state"])
                    if run["state"] != "ready":
                        self.errors.append(str(run["error"]))
            time.sleep(0.5)


def memory_mb(pid: int) -> float:
    """Memory of a process that no other has."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty"):
            return int(line.split()[1]) / 1024
    return 0.0


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=int, default=6000, help="events a second")
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--conversations", type=int, default=30_000)
    parser.add_argument("--no-exports", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        sample = Path(folder) / "sample.ndjson.zst"
        tawny = [sys.executable, "-m", "tawny", "--home", str(home)]
        size = ["--conversations", str(asked.conversations)]
        span = ["--from", "2026-01-01", "--to", "2026-07-01"]
        subprocess.run([*tawny, "sample", *size, *span, "-o", str(sample)], check=True)
        subprocess.run([*tawny, "ingest", str(sample)], check=True)
        with running(home) as server:
            client = server.set_up()
            token = token_of(client, "admin", "events:write", "exports:read", "exports:write")
            load = Load(server, token, asked.seconds)
            assert server.process is not None
            before = memory_mb(server.process.pid)
            pause_s = BATCH * asked.senders / asked.rate
            threads = [
                threading.Thread(target=load.post, args=(sender, pause_s))
                for sender in range(asked.senders)
            ]
            threads.append(threading.Thread(
                target=load.read,
                args=(["/api/v1/exports", "/api/v1/types/messages/columns", "/api/v1/channels"],),
            ))  # fmt: skip
            if not asked.no_exports:
                threads.append(threading.Thread(
                    target=load.export, args=(["messages", "resolved-conversations", "teams"],)
                ))  # fmt: skip
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            events = len(load.posts) * BATCH
            print(f"events/s acknowledged durable  {events / asked.seconds:,.0f}")
            print(f"posts ms   p50 {percentile(load.posts, 0.5):.0f}  "
                  f"p99 {percentile(load.posts, 0.99):.0f}  max {1000 * max(load.posts):.0f}  "
                  f"mean {1000 * statistics.mean(load.posts):.0f}")  # fmt: skip
            print(f"reads ms   p50 {percentile(load.pages, 0.5):.0f}  "
                  f"p99 {percentile(load.pages, 0.99):.0f}")  # fmt: skip
            print(f"exports done  {len(load.exports)}")
            print(f"server memory MB  {before:.0f} -> {memory_mb(server.process.pid):.0f}")
            print(f"errors  {len(load.errors)} {load.errors[:3]}")
            client.get("/log")
            print(f"waiting after  {client.get('/log').json()['waiting']}")


if __name__ == "__main__":
    main()
