"""The file of a run whose time is over: why it is gone, the same bytes again from the receipt, and
today's data, which are others."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from server.running import (
    PASSWORD,
    RANGE,
    Server,
    conversation,
    event,
    running,
    send,
    small_log,
    wait_for,
)
from server_process import LONGEST_WAIT_S

DAY_MS = 86_400_000


def test_a_deleted_file_is_made_again_or_asked_for_on_todays_data(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        run = _made(root, root.post("/exports", json={"export": "messages", **RANGE}))
        file = root.get(f"/exports/{run['id']}/file").content
        receipt = root.get(f"/exports/{run['id']}/receipt").json()

        send(root, conversation(7, "red"))
        _let_time_pass(server, run["id"])
        root = server.signed_in("root")
        assert root.get(f"/exports/{run['id']}").json()["state"] == "expired"

        same = _made(root, root.post(f"/exports/{run['id']}/remake"))
        assert root.get(f"/exports/{same['id']}/file").content == file
        assert same["file"]["name"] == run["file"]["name"]
        again = root.get(f"/exports/{same['id']}/receipt").json()
        for key in ("as_of", "log_version", "sha256", "rows", "request"):
            assert again[key] == receipt[key], key

        today = _made(root, root.post(f"/exports/{run['id']}/again"))
        assert today["file"]["rows"] == run["file"]["rows"] + 2

        text = _page(server, f"/exports/{run['id']}")
        assert "The file was deleted" in text
        assert re.search(r"On \d+ \w+ \d{4}, \d\d:\d\d: files are kept for 30 days\. Its receipt "
                         r"stays\.", text)  # fmt: skip
        assert "Make this file again The same bytes as before: what was known on" in text
        assert (
            "Run on today's data The same request on all that is known now: numbers may differ."
        ) in text
        assert f"/exports/{run['id']}/receipt" in _html(server, f"/exports/{run['id']}")
        assert "Made again from its receipt: the earlier export" in _page(
            server, f"/exports/{same['id']}"
        )


def test_who_was_erased_stays_erased(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        run = _made(root, root.post("/exports", json={"export": "contacts", **RANGE}))
        send(root, [event("contact.erased", 1, "2026-06-09T10:00:00Z", contact_id="contact-1")])
        _made(root, root.post("/exports", json={"export": "topics", **RANGE}))  # it is in the log
        server.stop()
        subprocess.run(
            [sys.executable, "-m", "tawny", "--home", str(server.home), "log", "compact"],
            check=True, capture_output=True, timeout=LONGEST_WAIT_S,
        )  # fmt: skip
        server.start()
        root = server.signed_in("root")
        assert root.get(f"/exports/{run['id']}").json()["state"] == "expired"

        answer = root.post(f"/exports/{run['id']}/remake")
        assert answer.status_code == 202
        failed = wait_for(root, answer.json()["id"])
        assert (failed["state"], failed["file"]) == ("failed", None)
        assert failed["error"] == (
            "the file cannot be made again byte for byte: a contact may have been erased since, or "
            "the receipt was changed; no file was written"
        )
        text = _page(server, f"/exports/{run['id']}")
        assert "because a person in it was erased: it cannot be made again as it was." in text
        assert "Make this file again" not in text
        assert "Run on today's data" in text


def test_rights_are_those_of_now(tmp_path: Path) -> None:
    """Of the person who asks, and what contents may be exported at all."""
    home = tmp_path / "home"
    with running(home, inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, small_log())
        person = root.post("/users", json={"name": "red", "password": PASSWORD,
                                           "role": "supervisor", "channels": ["red"]})  # fmt: skip
        red = server.signed_in("red")
        run = _made(red, red.post("/exports", json={"export": "messages", **RANGE}))
        change = {"channels": ["blue"], "role": "supervisor"}
        assert root.patch(f"/users/{person.json()['id']}", json=change).status_code == 200
        assert red.post(f"/exports/{run['id']}/remake").status_code == 404
        assert red.get("/exports").json()["total"] == 0
    with running(home, inbox_move_ms="200", content_on_demand="twitter") as server:
        root = server.signed_in("root")
        answer = root.post(f"/exports/{run['id']}/remake")
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "The file showed contents of messages that may no longer be exported. Run it on "
            "today's data.",
        )
        assert root.get("/exports").json()["total"] == 1


def _made(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    run = wait_for(client, answer.json()["id"])
    assert run["state"] == "ready", run
    return run


def _let_time_pass(server: Server, run_id: str) -> None:
    """As if the file had been made 31 days ago: the next start deletes it."""
    server.stop()
    with contextlib.closing(sqlite3.connect(server.home / "state.db")) as database, database:
        database.execute(
            "UPDATE runs SET ended_ms = ended_ms - ?1, expires_ms = expires_ms - ?1 WHERE id = ?2",
            (31 * DAY_MS, run_id),
        )
    server.start()


def _html(server: Server, path: str) -> str:
    with httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S) as client:
        form = {"name": "root", "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 303
        return client.get(path).raise_for_status().text


def _page(server: Server, path: str) -> str:
    """The words of a page."""
    text = re.sub(r"<[^>]+>", " ", _html(server, path))
    return re.sub(r"\s+([.,:])", r"\1", " ".join(text.replace("&#39;", "'").split()))
