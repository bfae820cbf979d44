"""What happens to runs over time: turns, failures, expiry, a restart."""

from __future__ import annotations

import itertools
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from commands import ndjson, tawny
from server.running import (
    PASSWORD,
    RANGE,
    Server,
    event,
    running,
    send,
    small_log,
    token_of,
    wait_for,
)
from tawny.background.jobs import JOBS
from tawny.settings import Settings
from tawny.state.event_log import event_log


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

    # A file of the log that is not there: said in words, and mended by hand.
    log = event_log(server.home, Settings({}))
    [path] = log.snapshot().paths("message")
    away = Path(path).with_suffix(".away")
    Path(path).rename(away)
    failed = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    run = wait_for(root, failed)
    assert run["state"] == "failed"
    assert run["error"].startswith(f"the event log is damaged: {path} with ")
    assert run["error"].endswith("take what is left with tawny log accept")
    french = root.get(f"/exports/{failed}", headers={"Accept-Language": "fr"}).json()
    assert french["error"].startswith(
        f"le journal d’événements est endommagé\N{NO-BREAK SPACE}: {path}, avec "
    )
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
    _is_over_everywhere(root, server, again)
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


def _is_over_everywhere(root: httpx.Client, server: Server, run_id: str) -> None:
    """No way to the file of a run is open, though nobody has cleaned up yet; its receipt stays."""
    assert list((server.home / "exports" / run_id).rglob("*.csv"))
    for base, rows in (("/exports", "preview"), (f"{server.url}/exports", "rows")):
        for part in ("file", rows, "charts"):
            answer = root.get(f"{base}/{run_id}/{part}")
            assert answer.status_code == 409, (base, part)
            assert "its time was over" in answer.text
        assert root.get(f"{base}/{run_id}/receipt").json()["rows"] == 20
    assert root.head(f"/exports/{run_id}/file").status_code == 409
    assert root.get(f"/exports/{run_id}").json()["state"] == "expired"
    for state, there in (("expired", True), ("ready", False)):
        for sort in ("created", "state"):
            page = root.get("/exports", params={"state": state, "sort": sort}).json()
            assert (run_id in [run["id"] for run in page["items"]]) is there
            assert {run["state"] for run in page["items"]} == {state}
    token = token_of(root, "metrics:read")
    metrics = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {token}"}).text
    assert 'tawny_runs{state="expired"} 1.0' in metrics


def test_files_that_hold_an_erased_contact_are_deleted(server: Server) -> None:
    """With all that lies beside them; who downloaded one is told to the administrator."""
    root = server.set_up()
    send(root, small_log())
    ids = {}
    for name in ("messages", "contacts", "teams"):
        ids[name] = root.post("/exports", json={"export": name, **RANGE}).json()["id"]
        assert wait_for(root, ids[name])["state"] == "ready"
    assert root.get(f"/exports/{ids['messages']}/file").status_code == 200
    assert "contact-1" in root.get(f"/exports/{ids['messages']}/preview").text
    root.get(f"/exports/{ids['messages']}/charts")
    [file] = [path.name for path in (server.home / "exports" / ids["messages"]).rglob("m*.csv")]
    beside = [path.name for path in (server.home / "exports" / ids["messages"]).rglob(".*.json")]
    assert ".charts.json" in beside

    erased = event("contact.erased", "1", "2026-06-09T00:00:00Z", contact_id="contact-1")
    send(root, [erased])
    later = root.post("/exports", json={"export": "messages", **RANGE}).json()["id"]
    assert wait_for(root, later)["state"] == "ready"
    result = tawny(server.home, "log", "compact")
    assert (result.status, result.err) == (0, "")
    name_and_run = f"{file} (run {ids['messages']})"
    assert (
        f"deleted, an erased contact was in it: {name_and_run}; downloaded by root\n" in result.out
    )

    for name, state in (("messages", "expired"), ("contacts", "expired"), ("teams", "ready")):
        run_id = ids[name]
        assert root.get(f"/exports/{run_id}").json()["state"] == state
        assert (server.home / "exports" / run_id).exists() is (state == "ready")
    assert root.get(f"/exports/{later}").json()["state"] == "ready"
    answer = root.get(f"/exports/{ids['messages']}/file")
    assert answer.status_code == 409
    assert "a contact in it was erased" in answer.json()["detail"]
    assert root.get(f"/exports/{ids['messages']}/preview").status_code == 409
    entries = [
        entry for entry in root.get("/audit").json()["items"]
        if entry["action"] == "erased_contact_found"
    ]  # fmt: skip
    assert {entry["subject"] for entry in entries} == {ids["messages"], ids["contacts"]}
    assert {"file": file, "what": "deleted", "downloaded_by": ["root"]} in [
        entry["detail"] for entry in entries
    ]
    # Named once.
    assert "erased contact" not in tawny(server.home, "log", "compact").out


def test_a_server_purges_by_itself(tmp_path: Path) -> None:
    """When it tidies the log; what costs little is done again and again."""
    home = tmp_path / "home"
    file = tmp_path / "events"
    file.write_bytes(ndjson(small_log()))
    assert tawny(home, "ingest", str(file)).status == 0
    settings = Settings({})

    def tidied() -> list[str | None]:
        JOBS["tidy"](home, settings, {}, lambda _phase, _percent: None)
        paths = event_log(home, Settings({})).snapshot().paths("message")
        rows = [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]
        return sorted(
            (row["content"] for row in rows if row["conversation_id"] == "red-1"), key=str
        )

    assert tidied() == ["hello", "hi"]
    erased = event("contact.erased", "1", "2026-06-09T00:00:00Z", contact_id="contact-1")
    late = event(
        "message.created", "late", "2026-06-09T00:00:00Z", message_id="late",
        conversation_id="red-1", direction="inbound", content="late",
    )  # fmt: skip
    for one, contents in ((erased, [None, None]), (late, [None, None, None])):
        file.write_bytes(ndjson([one]))
        assert tawny(home, "ingest", str(file)).status == 0
        assert tidied() == contents
        version = event_log(home, Settings({})).snapshot().version
        assert tidied() == contents
        assert event_log(home, Settings({})).snapshot().version == version
