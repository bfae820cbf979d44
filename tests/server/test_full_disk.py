"""A disk that is full under a running server: it says so, loses nothing, and goes on."""

from __future__ import annotations

import csv
import io
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from effort import SOAK
from figures import Tally
from processes import fill, logged_events, small_disk
from server.running import RANGE, Server, event, running, send, token_of, until, wait_for
from server.worst import memory_bytes
from server_process import LONGEST_WAIT_S
from tawny.intake.inbox import flush
from tawny.server.problems import MEDIA_TYPE
from tawny.settings import Settings

ROUNDS = 10 * SOAK or 1
BATCH = 20


@dataclass
class Sender:
    """Sends batch after batch, each until it is taken; knows what was acknowledged."""

    server: Server
    client: httpx.Client
    acknowledged: set[str] = field(default_factory=set)
    refusals: list[httpx.Response] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stop` is set and the last batch is taken."""
        number = 0
        while not self.stop.is_set() and not self.unexpected:
            number += 1
            self._take([f"full-{number}-{index}" for index in range(BATCH)])

    def _take(self, names: list[str]) -> None:
        events = [
            event("message.created", name, "2026-06-08T10:00:00Z", message_id=name,
                  conversation_id="c", direction="inbound", content="x" * 500)
            for name in names
        ]  # fmt: skip
        while not self.unexpected:
            answer = send(self.client, events)
            if answer.status_code == 200:
                found = answer.json()
                if found["accepted"] + found["duplicates"] != BATCH:
                    self.unexpected.append(answer.text)
                self.acknowledged |= set(names)
                time.sleep(0.02)
                return
            if answer.status_code != 503:
                self.unexpected.append(answer.text)
            self.refusals.append(answer)
            time.sleep(0.1)


def test_a_disk_that_is_full_under_a_running_server(tmp_path: Path, tally: Tally) -> None:
    rng = random.Random(SOAK)
    with small_disk(tmp_path / "disk", "160m") as disk:
        home = disk / "home"
        home.mkdir()
        # What the server prints goes elsewhere, as it does where a service runs it.
        (home / "server.log").symlink_to(tmp_path / "server.log")
        with running(home, inbox_move_ms="300") as server:
            assert server.process is not None
            root = server.set_up()
            start = [
                event("channel.saved", "c", "2026-06-01T00:00:00Z", channel_id="ch",
                      medium="email", name="C"),
                event("conversation.created", "c", "2026-06-01T00:00:00Z", conversation_id="c",
                      channel_id="ch", contact_id="p"),
            ]  # fmt: skip
            assert send(root, start).json()["accepted"] == 2
            secret = token_of(root, "events:write", "exports:read", "exports:write")
            sender = Sender(server, tally.follow(server.client(secret)))
            thread = threading.Thread(target=sender.run)
            thread.start()
            try:
                for _ in range(ROUNDS):
                    time.sleep(rng.uniform(0.2, 1.0))
                    _one_full_disk(disk, server, sender)
            finally:
                sender.stop.set()
                (disk / "filler").unlink(missing_ok=True)
                thread.join(60)
            assert not sender.unexpected, sender.unexpected
            assert not thread.is_alive()
            assert _exported(root) == sender.acknowledged
            assert "Traceback" not in server.log(), server.log()[-3000:]
            tally.peak_bytes = memory_bytes(server.process.pid, "VmHWM")
        flush(home, Settings({}))
        logged = {name.removeprefix("message.created-") for _, name in logged_events(home)}
        assert sender.acknowledged <= logged
        tally.done = {"times full": ROUNDS, "events acknowledged": len(sender.acknowledged)}


def _one_full_disk(disk: Path, server: Server, sender: Sender) -> None:
    """Fill it, look at what is said, make room again."""
    seen = len(sender.refusals)
    fill(disk)
    until(lambda: len(sender.refusals) > seen + 3 or bool(sender.unexpected) or None)
    for answer in sender.refusals[seen:]:
        assert answer.headers["content-type"].startswith(MEDIA_TYPE)
        assert "disk is full" in answer.text or "No space left" in answer.text, answer.text
    assert httpx.get(f"{server.url}/health", timeout=LONGEST_WAIT_S).status_code == 200
    ready = httpx.get(f"{server.url}/ready", timeout=LONGEST_WAIT_S)
    assert (ready.status_code, ready.json()["detail"]) == (
        503, "the data folder: less than 64 MB are free",
    )  # fmt: skip
    with server.client(sender.client.headers["Authorization"].removeprefix("Bearer ")) as client:
        assert client.get("/exports").status_code == 200
        asked = client.post("/exports", json={"export": "messages", **RANGE})
        assert asked.status_code in (202, 503), asked.text
    (disk / "filler").unlink()
    taken = len(sender.acknowledged)
    until(lambda: len(sender.acknowledged) > taken or bool(sender.unexpected) or None)


def _exported(root: httpx.Client) -> set[str]:
    """The messages in an export that is asked for now."""
    asked = root.post("/exports", json={"export": "messages", **RANGE})
    assert asked.status_code == 202, asked.text
    run = wait_for(root, asked.json()["id"])
    assert run["state"] == "ready", run
    text = root.get(f"/exports/{run['id']}/file").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text[:200] else ","))
    [column] = [name for name in rows[0] if "full-" in rows[0][name]]
    return {row[column] for row in rows}
