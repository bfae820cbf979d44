"""Those who use a server under load: senders of events, and people who look at pages.

    python load_players.py senders|people  < what they need, as JSON  > what they saw, as JSON

Each group is a process of its own, so that neither waits for the other in one interpreter. They
share the processors with the server, so they do as little as they can: bodies are lines of a file
as they are, answers are read and not parsed. What a request waits for the processor before it is
even sent is not counted; what its answer waits is.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

BATCH = 100
_VIEW_EVERY_S = 0.5


class Seen:
    """What a group saw: milliseconds of each answer by kind, and what was wrong."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.ms: dict[str, list[float]] = {}
        self.wrong: list[str] = []

    def answer(self, kind: str, began: float, status: int, wanted: int, text: bytes) -> None:
        """One answer, whole."""
        ms = (time.perf_counter() - began) * 1000
        with self._lock:
            self.ms.setdefault(kind, []).append(round(ms, 2))
            if status != wanted:
                self.wrong.append(f"{kind}: {status} {text[:200].decode(errors='replace')}")

    def broken(self, kind: str, error: Exception) -> None:
        """An answer that never came."""
        with self._lock:
            self.wrong.append(f"{kind}: {type(error).__name__} {error}")


class Lines:
    """Batches of a file of events, handed to whoever asks next."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def batch(self) -> bytes:
        """The next batch; the file must be long enough for the whole measure."""
        with self._lock:
            lines = list(itertools.islice(self._stream, BATCH))
        if len(lines) < BATCH:
            raise SystemExit("the file of events is too short for this rate and time")
        return b"".join(lines)


def send(asked: dict[str, Any], seen: Seen) -> None:
    """Post batches at the rate, from several connections; one that is late catches up."""
    end = time.perf_counter() + asked["seconds"]
    every_s = BATCH * asked["senders"] / asked["rate"]
    headers = {**asked["token"], "Content-Type": "application/x-ndjson"}

    def sender(number: int, lines: Lines) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=60)
        due = time.perf_counter() + every_s * number / asked["senders"]
        while due < end:
            time.sleep(max(0.0, due - time.perf_counter()))
            body = lines.batch()
            began = time.perf_counter()
            try:
                connection.request("POST", "/api/v1/events", body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                seen.broken("post", error)
                return
            accepted = text.startswith(b'{"accepted":%d,' % BATCH)
            status = answer.status if accepted else -answer.status
            seen.answer("post", began, status, 200, text)
            due += every_s

    with Path(asked["events"]).open("rb") as stream:
        lines = Lines(stream)
        _together([
            threading.Thread(target=sender, args=(number, lines))
            for number in range(asked["senders"])
        ])  # fmt: skip


def look(asked: dict[str, Any], seen: Seen) -> None:
    """Walk through pages as a browser asks for them, parts included, with the news kept open; and
    read the API as a program does."""
    end = time.perf_counter() + asked["seconds"]

    def walker(number: int, walk: list[list[str]], headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=120)
        due = time.perf_counter() + _VIEW_EVERY_S * number / 3
        for kind, path in itertools.cycle(walk[number:] + walk[:number]):
            if due >= end:
                return
            time.sleep(max(0.0, due - time.perf_counter()))
            began = time.perf_counter()
            try:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                seen.broken(kind, error)
                return
            seen.answer(kind, began, answer.status, 200, text)
            # A person who waited looks on from there, and does not catch up.
            due = max(due + _VIEW_EVERY_S, time.perf_counter())

    def listener() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=60)
        connection.request("GET", "/live", headers=asked["session"])
        answer = connection.getresponse()
        while time.perf_counter() < end and answer.readline():
            pass
        if time.perf_counter() < end:
            seen.broken("live", EOFError("the news ended"))

    for _ in range(asked["listeners"]):
        threading.Thread(target=listener, daemon=True).start()
    people = [
        threading.Thread(target=walker, args=(number, asked["pages"], asked["session"]))
        for number in range(asked["people"])
    ]
    program = threading.Thread(target=walker, args=(0, asked["reads"], asked["token"]))
    _together([*people, program])


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Play one group."""
    seen = Seen()
    play = {"senders": send, "people": look}[sys.argv[1]]
    play(json.load(sys.stdin), seen)
    json.dump({"ms": seen.ms, "wrong": seen.wrong}, sys.stdout)


if __name__ == "__main__":
    main()
