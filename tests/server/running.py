"""A real server in its own process on loopback, with people, tokens and a small log."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from server.served import ServerProcess
from server_process import LONGEST_WAIT_S

PASSWORD = "correct horse battery"
T = TypeVar("T")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server process; `start` again after `kill` serves the same folder and port."""

    home: Path
    port: int
    environment: Mapping[str, str]
    python: Path = Path(sys.executable)
    """What it runs in."""
    process: subprocess.Popen[bytes] | ServerProcess | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        arguments = ["--home", str(self.home), "serve", "--port", str(self.port)]
        environment = {**os.environ, **self.environment}
        if self.python == Path(sys.executable):
            self.process = ServerProcess(arguments, environment, self.home / "server.log")
        else:
            with (self.home / "server.log").open("ab") as log:
                self.process = subprocess.Popen(
                    [self.python, "-m", "tawny", *arguments],
                    stdout=log, stderr=log, env=environment, umask=0o022,
                )  # fmt: skip
        end = time.monotonic() + LONGEST_WAIT_S
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"the server did not start\n{self.log()[-3000:]}")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONGEST_WAIT_S)

    def log(self) -> str:
        """What it printed."""
        return (self.home / "server.log").read_text(encoding="utf-8", errors="replace")

    def set_up_secret(self) -> str:
        """The secret of the one-time link it printed last."""
        return str(re.findall(r"once: \S+/set-up/(\S+)", self.log())[-1])

    def client(self, token: str | None = None) -> httpx.Client:
        """A client of the API, as nobody or with a token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=LONGEST_WAIT_S)

    def signed_in(self, name: str, password: str = PASSWORD) -> httpx.Client:
        """A client with a session that sends its CSRF token."""
        client = self.client()
        answer = client.post("/session", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def set_up(self, name: str = "root") -> httpx.Client:
        """Create the first administrator; returns a signed-in client."""
        client = self.client()
        answer = client.post(
            "/set-up", json={"link": self.set_up_secret(), "name": name, "password": PASSWORD}
        )
        assert answer.status_code == 201, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client


def token_of(client: httpx.Client, *scopes: str) -> str:
    """A new token of a signed-in person."""
    answer = client.post("/tokens", json={"name": "test", "scopes": list(scopes)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


@contextlib.contextmanager
def running(home: Path, python: Path = Path(sys.executable), **settings: str) -> Iterator[Server]:
    """A server over a folder, ended when the body is."""
    home.mkdir(parents=True, exist_ok=True)
    variables = {f"TAWNY_{k.upper()}": v for k, v in settings.items()}
    server = Server(home, free_port(), variables, python)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def event(kind: str, number: int | str, time_text: str, **data: Any) -> dict[str, Any]:
    """One legal event."""
    return {
        "specversion": "1.0",
        "source": "/test",
        "id": f"{kind}-{number}",
        "type": kind,
        "time": time_text,
        "data": data,
    }


def conversation(number: int, channel: str) -> list[dict[str, Any]]:
    """A conversation with one message in and one out, on 8 June 2026."""
    at = f"2026-06-08T10:{number % 60:02d}:00Z"
    later = f"2026-06-08T11:{number % 60:02d}:00Z"
    name = f"{channel}-{number}"
    return [
        event("conversation.created", name, at, conversation_id=name, channel_id=channel,
              contact_id=f"contact-{number}"),
        event("message.created", f"in-{name}", at, message_id=f"in-{name}", conversation_id=name,
              direction="inbound", content="hello"),
        event("message.created", f"out-{name}", later, message_id=f"out-{name}",
              conversation_id=name, direction="outbound", outbound_type="agent", agent_id="ann",
              team_id="team", content="hi"),
    ]  # fmt: skip


def small_log() -> list[dict[str, Any]]:
    """Two channels with five conversations each, one agent with presence."""
    at = "2026-06-01T00:00:00Z"
    events = [
        event("channel.saved", "red", at, channel_id="red", medium="email", name="Red"),
        event("channel.saved", "blue", at, channel_id="blue", medium="twitter", name="Blue"),
        event("agent.saved", "ann", at, agent_id="ann", name="Ann"),
        event("team.saved", "team", at, team_id="team", name="Team"),
        event("presence.changed", "1", "2026-06-08T09:00:00Z", agent_id="ann",
              presence="available"),
        event("presence.changed", "2", "2026-06-08T17:00:00Z", agent_id="ann",
              presence="offline"),
    ]  # fmt: skip
    for channel in ("red", "blue"):
        for number in range(5):
            events += conversation(number, channel)
    return events


def send(client: httpx.Client, events: list[dict[str, Any]]) -> httpx.Response:
    """Send events as one batch."""
    return client.post(
        "/events",
        content=json.dumps(events),
        headers={"Content-Type": "application/cloudevents-batch+json"},
    )


RANGE = {"from": "2026-06-08", "to": "2026-06-09"}


def wait_for(client: httpx.Client, run_id: str, seconds: float = LONGEST_WAIT_S) -> dict[str, Any]:
    """A run once it has ended."""

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = client.get(f"/exports/{run_id}").raise_for_status().json()
        return run if run["state"] not in ("queued", "running") else None

    return until(ended, seconds)


def until(look: Callable[[], T | None], seconds: float = LONGEST_WAIT_S) -> T:
    """What `look` gives once that is neither nothing nor a no."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None and found is not False:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def moved(client: httpx.Client) -> None:
    """Wait until all that was acknowledged is in the log; an answer may be of a moment ago."""
    began = datetime.datetime.now(datetime.UTC)

    def looked() -> bool:
        found = client.get("/log").json()
        return found["waiting"] == 0 and datetime.datetime.fromisoformat(found["as_of"]) >= began

    until(looked)
