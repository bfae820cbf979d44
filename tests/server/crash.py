"""Kill a server again and again while events and exports come in, then look for lies.

What is acknowledged is in the log once; every run has ended in a state that its file agrees with;
a download is whole or fails. Of the kills some hit the server alone, some it and its workers, some
the workers alone. The test runs a few rounds, `python -m server.crash 30` (from `tests`) many.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import itertools
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyarrow.parquet as pq

from server.running import RANGE, Server, event, running, send, token_of, until, wait_for
from tawny.intake.inbox import flush
from tawny.settings import Settings
from tawny.state.event_log import event_log

BATCH = 50
MANY = 40_000
"""Messages that are there at the start: a file of some megabytes, whose download takes a while."""
SERVER, EVERYBODY, WORKERS = "the server", "the server and its workers", "the workers"
ENDED = ("ready", "failed", "cancelled")


@dataclass
class Load:
    """Senders and somebody who asks for exports; what they were told."""

    server: Server
    token: str
    acknowledged: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    unexpected: list[str] = field(default_factory=list)
    whole: int = 0
    broken: int = 0
    """Downloads that came to an end, and that failed where they had begun."""

    def post(self, sender: int) -> None:
        """Send batch after batch; one without an answer is sent again, as a sender does."""
        with self.server.client(self.token) as client:
            for number in itertools.count():
                if self.stop.is_set():
                    return
                ids = [f"{sender}-{number}-{index}" for index in range(BATCH)]
                events = [_message(name) for name in ids]
                names = {f"message.created-{name}" for name in ids}
                self.sent |= names
                while not self.stop.is_set():
                    try:
                        answer = send(client, events)
                    except httpx.TransportError:
                        time.sleep(0.05)
                        continue
                    found = answer.json() if answer.status_code == 200 else {}
                    if found and found["accepted"] + found["duplicates"] == BATCH:
                        self.acknowledged |= names
                        break
                    if answer.status_code not in (429, 503):
                        self.unexpected.append(answer.text)
                        return
                    time.sleep(0.1)

    def export(self) -> None:
        """Ask for exports; one without an answer is asked for again with the same key."""
        with self.server.client(self.token) as client:
            for number in itertools.count():
                request = {"export": ("messages", "topics")[number % 2], **RANGE}
                while not self.stop.is_set():
                    try:
                        answer = client.post(
                            "/exports", json=request, headers={"Idempotency-Key": f"key-{number}"}
                        )
                    except httpx.TransportError:
                        time.sleep(0.05)
                        continue
                    if answer.status_code == 202:
                        self.runs.add(answer.json()["id"])
                        break
                    if answer.status_code != 503:
                        self.unexpected.append(answer.text)
                        return
                if self.stop.wait(0.7):
                    return

    def download(self, run_id: str) -> None:
        """Fetch the same large file again and again, slowly, so that kills come between."""
        with self.server.client(self.token) as client:
            told = client.get(f"/exports/{run_id}").json()["file"]
            while not self.stop.is_set():
                digest, size = hashlib.sha256(), 0
                try:
                    with client.stream("GET", f"/exports/{run_id}/file") as answer:
                        if answer.status_code != 200:
                            self.unexpected.append(f"download: {answer.status_code}")
                            return
                        for chunk in answer.iter_bytes(65_536):
                            digest.update(chunk)
                            size += len(chunk)
                            time.sleep(0.01)
                except httpx.TransportError:
                    # What a client sees as an error may be of any length.
                    self.broken += size > 0
                    time.sleep(0.05)
                    continue
                if (size, digest.hexdigest()) != (told["bytes"], told["sha256"]):
                    self.unexpected.append(f"half a download passed as whole: {size} bytes")
                    return
                self.whole += 1


def children(pid: int) -> list[int]:
    """The processes a process has started."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(child) for child in (task / "children").read_text().split()}
    return sorted(found)


def alive(pid: int) -> bool:
    """Whether a process is there and runs a worker of ours."""
    with contextlib.suppress(OSError):
        return b"tawny.background.process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def kill(server: Server, whom: str) -> None:
    """End processes at once. Workers that are left alone must end by themselves."""
    assert server.process is not None
    workers = children(server.process.pid)
    if whom != WORKERS:
        server.process.kill()
    if whom != SERVER:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    if whom != WORKERS:
        server.process.wait()
        server.start()
        until(lambda: not any(alive(worker) for worker in workers) or None)


def crash(home: Path, rounds: int, seed: int, state_url: str = "", many: int = MANY) -> str:
    """Kill `rounds` times; raises `AssertionError` when the server lied."""
    chance = random.Random(seed)
    with running(home, inbox_move_ms="300", state_url=state_url) as server:
        root = server.set_up()
        start = [
            event("channel.saved", "c", "2026-06-01T00:00:00Z", channel_id="ch", medium="email",
                  name="C"),
            event("conversation.created", "c", "2026-06-01T00:00:00Z", conversation_id="c",
                  channel_id="ch", contact_id="p"),
        ]  # fmt: skip
        assert send(root, start).status_code == 200
        load = Load(server, token_of(root, "events:write", "exports:read", "exports:write"))
        for first in range(0, many, 5_000):
            names = [f"many-{number}" for number in range(first, first + 5_000)]
            assert send(root, [_message(name) for name in names]).status_code == 200
            load.acknowledged |= {f"message.created-{name}" for name in names}
        load.sent |= load.acknowledged
        large = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
        assert wait_for(root, large)["state"] == "ready"
        load.runs.add(large)
        threads = [threading.Thread(target=load.post, args=(sender,)) for sender in range(2)]
        threads.append(threading.Thread(target=load.export))
        threads.append(threading.Thread(target=load.download, args=(large,)))
        killed: collections.Counter[str] = collections.Counter()
        kinds = (SERVER, EVERYBODY, WORKERS)
        for thread in threads:
            thread.start()
        try:
            for number in range(rounds):
                time.sleep(chance.uniform(0.2, 4.0))
                whom = kinds[number] if number < 3 else chance.choice(kinds)
                kill(server, whom)
                killed[whom] += 1
            time.sleep(1.0)
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()
        assert not load.unexpected, load.unexpected
        _check_runs(load, unlucky=killed[WORKERS] >= 3)
    _check_events(home, load, state_url)
    return (
        f"{rounds} kills, {len(load.acknowledged)} events, {len(load.runs)} runs, "
        f"{load.whole} downloads whole, {load.broken} broken off"
    )


def _message(name: str) -> dict[str, object]:
    return event(
        "message.created", name, "2026-06-08T10:00:00Z", message_id=name, conversation_id="c",
        direction="inbound", content="hello",
    )  # fmt: skip


def _check_runs(load: Load, unlucky: bool) -> None:
    with load.server.client(load.token) as client:

        def all_ended() -> bool | None:
            runs = [client.get(f"/exports/{run_id}").json() for run_id in load.runs]
            return all(run["state"] in ENDED for run in runs) or None

        # On a busy machine many wait their turn when the kills are over.
        until(all_ended, 180 + 5 * len(load.runs))
        listed = set()
        cursor: str | None = None
        while True:
            parameters = {"limit": "500"} | ({} if cursor is None else {"cursor": cursor})
            page = client.get("/exports", params=parameters).json()
            listed |= {run["id"] for run in page["items"]}
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert load.runs <= listed
        # A run whose answer was lost in the last crash may be there too; none is there twice.
        assert len(listed) <= len(load.runs) + 1
        for run_id in load.runs:
            run = client.get(f"/exports/{run_id}").json()
            if run["state"] == "failed" and unlucky:
                # Its worker was killed again and again; it says so and has no file, not even half.
                assert run["error"].startswith("its process was stopped three times"), run
                assert client.get(f"/exports/{run_id}/file").status_code == 409
                assert not list((load.server.home / "exports").glob(f"{run_id}/*"))
                continue
            assert run["state"] == "ready", run
            file = client.get(f"/exports/{run_id}/file")
            assert len(file.content) == run["file"]["bytes"]
            assert hashlib.sha256(file.content).hexdigest() == run["file"]["sha256"]
            receipt = client.get(f"/exports/{run_id}/receipt").json()
            assert receipt["sha256"] == run["file"]["sha256"]
            assert file.content.count(b"\n") == receipt["rows"] + 1


def _check_events(home: Path, load: Load, state_url: str) -> None:
    flush(home, Settings({"TAWNY_STATE_URL": state_url}))
    snapshot = event_log(home, Settings({"TAWNY_STATE_URL": state_url})).snapshot()
    counts: collections.Counter[str] = collections.Counter()
    for path in snapshot.paths("message"):
        counts.update(str(name) for name in pq.ParquetFile(path).read(["id"])["id"].to_pylist())
    twice = [name for name, count in counts.items() if count > 1]
    assert not twice, twice[:5]
    assert not load.acknowledged - set(counts), "an acknowledged event is missing"
    assert set(counts) <= load.sent


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as folder:
        print(crash(Path(folder), many, seed=int(time.time())))
