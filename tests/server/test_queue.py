"""What happens to runs over time: turns, failures, expiry, a restart."""

from __future__ import annotations

import itertools
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.running import PASSWORD, RANGE, Server, running, send, small_log, wait_for
from tawny.log.table import EventLog


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Over a folder whose name means something in addresses, in patterns and in SQL."""
    with running(tmp_path / "home? 5%of#1 'é' [*]", runs_at_once="1") as one:
        yield one
    assert list(tmp_path.iterdir()) == [one.home], "everything lies in the data folder"


def test_turns_failures_and_expiry(server: Server) -> None:
    root = server.set_up()
    send(root, small_log())
    root.post(
        "/users",
        json={"name": "red", "password": PASSWORD, "role": "supervisor", "channels": ["red"]},
    )
    red = server.signed_in("red")

    # Somebody's one run does not wait for all of somebody else's.
    of_root = [
        root.post("/exports", json={"export": "messages", **RANGE}).json()["id"] for _ in range(5)
    ]
    of_red = red.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    began = wait_for(root, of_red)["started_at"]
    starts = [wait_for(root, run_id)["started_at"] for run_id in of_root]
    assert began < starts[3]
    spans = sorted(
        (run["started_at"], run["ended_at"])
        for run in (root.get(f"/exports/{run_id}").json() for run_id in [*of_root, of_red])
    )
    assert all(ended <= begun for (_, ended), (begun, _) in itertools.pairwise(spans))

    # A file of the log that cannot be read: tried again, then said in words, and mended by hand.
    log = EventLog(server.home)
    [path] = log.snapshot().paths("message")
    away = Path(path).with_suffix(".away")
    Path(path).rename(away)
    failed = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    run = wait_for(root, failed)
    assert run["state"] == "failed"
    assert run["error"].startswith("reading or writing failed: ")
    french = root.get(f"/exports/{failed}", headers={"Accept-Language": "fr"}).json()
    assert french["error"].startswith("la lecture ou l'écriture a échoué\N{NO-BREAK SPACE}: ")
    answer = root.get(f"/exports/{failed}/file")
    assert answer.status_code == 409
    assert "run it again" in answer.json()["detail"]
    away.rename(path)
    again = root.post(f"/exports/{failed}/again").json()["id"]
    assert wait_for(root, again)["state"] == "ready"
    assert not list((server.home / "exports").glob(f"{failed}/*"))

    # The time of a file is over: it goes, its run and receipt stay.
    with sqlite3.connect(server.home / "state.db") as state:
        state.execute("UPDATE runs SET expires_ms = 1 WHERE id = ?", (again,))
    waiting = root.post("/exports", json={"export": "teams", **RANGE}).json()["id"]
    assert server.stop() in (0, -signal.SIGTERM)
    server.start()
    root = server.signed_in("root")
    assert wait_for(root, waiting)["state"] == "ready"
    assert root.get(f"/exports/{again}").json()["state"] == "expired"
    assert root.get(f"/exports/{again}/receipt").json()["rows"] == 20
    assert root.get(f"/exports/{again}/file").status_code == 409
    assert not (server.home / "exports" / again).exists()
    assert root.get(f"/exports/{of_red}/file").status_code == 200
