"""A log that is damaged or of another Tawny: everybody is told that it cannot be read, only
administrators where it lies, and nothing is written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from server.running import (
    PASSWORD,
    RANGE,
    Server,
    event,
    free_port,
    running,
    send,
    small_log,
    until,
    wait_for,
)
from server_process import LONGEST_WAIT_S

PATHS = ("/api/v1/log", "/api/v1/channels", "/log", "/exports")


def garbage(home: Path) -> None:
    _replace(max((home / "log" / "_delta_log").glob("*.json")), "garbage")


def newer(home: Path) -> None:
    first = home / "log" / "_delta_log" / f"{0:020d}.json"
    _replace(first, first.read_text().replace("format 2", "format 9"))


def _replace(path: Path, content: str) -> None:
    path.unlink()
    path.write_text(content)


def folder_gone(home: Path) -> None:
    (home / "log").rename(home / "elsewhere")


def said_by(client: httpx.Client, url: str) -> str:
    """What a page or a route says of it, once what it said before is over."""

    def refused() -> httpx.Response | None:
        answer = client.get(url)
        return None if answer.status_code == 200 else answer

    answer = until(refused)
    assert answer.status_code == 503, (url, answer.text)
    return answer.json()["detail"] if "/api/" in url else answer.text


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="600000") as server:
        root = server.set_up()
        send(root, small_log())
        channels = {"role": "supervisor", "channels": ["red"]}
        root.post("/users", json={"name": "red", "password": PASSWORD, **channels})
        red = server.signed_in("red")
        counted = root.get("/log").json()["events"]
        assert counted > 0
        for damage, advice in (
            (garbage, "take what is left with tawny log accept"),
            (folder_gone, "take what is left with tawny log accept"),
            (newer, "upgrade Tawny"),
        ):
            _told(server, root, red, damage, advice)
        # Meanwhile events were taken in all the same.
        until(lambda: root.get("/log").json()["events"] == counted + 3 or None)


def _told(
    server: Server,
    root: httpx.Client,
    red: httpx.Client,
    damage: Callable[[Path], None],
    advice: str,
) -> None:
    log = server.home / "log"
    kept = server.home / "kept"
    subprocess.run(["cp", "-r", str(log), str(kept)], check=True)
    damage(server.home)
    before = sorted(path.name for path in server.home.rglob("log/**/*"))
    for path in PATHS:
        url = f"{server.url}{path}"
        assert str(log) in said_by(root, url), url
        told = said_by(red, url)
        assert str(server.home) not in told
        assert advice in told
    run = wait_for(red, red.post("/exports", json={"export": "messages", **RANGE}).json()["id"])
    assert run["state"] == "failed"
    assert advice in run["error"]
    assert str(server.home) not in run["error"]
    assert str(log) in root.get(f"/exports/{run['id']}").json()["error"]
    saved = event("team.saved", damage.__name__, "2026-06-09T00:00:00Z", team_id="t", name="T")
    assert send(root, [saved]).json()["accepted"] == 1
    assert sorted(path.name for path in server.home.rglob("log/**/*")) == before
    for leftover in (log, server.home / "elsewhere"):
        subprocess.run(["rm", "-rf", str(leftover)], check=True)
    kept.rename(log)


def test_a_damaged_queue_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "home" / "dbos.db"
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    call = ("--home", str(path.parent), "serve", "--port", str(free_port()))
    done = subprocess.run(
        [sys.executable, "-m", "tawny", *call],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_WAIT_S,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tawny: {path}: file is not a database; it holds nothing but the queue of runs: move it "
        "away and start again, runs that wait are queued anew\n"
    )
