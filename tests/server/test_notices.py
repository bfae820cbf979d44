"""The bell of somebody whose files do not arrive: failed, given up, late, and arriving again."""

from __future__ import annotations

import html
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.running import PASSWORD, RANGE, Server, running, send, small_log, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    out = tmp_path / "out"
    out.mkdir()
    with running(tmp_path / "home", delivery_folders=str(out)) as made:
        yield made


def bell(client: httpx.Client, language: str = "en") -> list[str]:
    """What the bell lists, newest first; exports that are ready are left out."""
    page = client.get(client.base_url.join("/notifications"), headers={"Accept-Language": language})
    page.raise_for_status()
    lines = re.findall(r'<a class="break" href="/schedules/\d+">(.*?)</a>', page.text)
    return [html.unescape(one) for one in lines]


def change(server: Server, statement: str) -> None:
    with sqlite3.connect(server.home / "state.db", timeout=60) as state:
        state.execute(statement)


def test_an_owner_is_told_once_that_deliveries_fail_are_given_up_and_arrive_again(
    server: Server,
) -> None:
    root = server.set_up()
    root.post("/users", json={"name": "red", "password": PASSWORD, "role": "supervisor",
                              "channels": ["red"]}).raise_for_status()  # fmt: skip
    assert send(root, small_log()).json()["refused"] == 0
    out = server.home.parent / "out"
    for name in ("desk", "other"):
        (out / name).mkdir()
        body = {"name": name, "kind": "folder", "path": str(out / name),
                "template": "{schedule}/{type}_{from}_r{revision}.{ext}"}  # fmt: skip
        root.post("/destinations", json=body).raise_for_status()
    daily = {"frequency": "daily", "time_zone": "Europe/Paris", "exports": ["messages"]}
    for name in ("one", "two"):
        made = root.post("/schedules", json={**daily, "name": name, "destinations": ["desk"]})
        shutil.rmtree(out / "desk", ignore_errors=True)
        root.post(f"/schedules/{made.json()['id']}/backfill", json=RANGE).raise_for_status()
    why = f"{out / 'desk'}: there is no such folder; make it, or mount the disk it is on"
    failed = f"desk: one was not delivered and is tried again: {why}"
    until(lambda: bell(root) or None)
    until(lambda: all(one["state"] == "failed" for one in root.get("/deliveries").json()["items"]))
    assert bell(root) == [failed]
    assert bell(root, "fr")[0].startswith(
        "desk\N{NO-BREAK SPACE}: one n’a pas été livrée et sera retentée\N{NO-BREAK SPACE}: "
    )
    assert bell(server.signed_in("red")) == []

    change(server, "UPDATE deliveries SET first_try_ms = first_try_ms - 86400000, next_try_ms = 0 "
                   "WHERE id = 1")  # fmt: skip
    given_up = f"desk: one is given up after 24 hours: {why}"
    until(lambda: bell(root) == [given_up, failed])

    (out / "desk").mkdir()
    for one in root.get("/deliveries").json()["items"]:
        root.post(f"/deliveries/{one['id']}/retry").raise_for_status()
    again = "desk: deliveries arrive again"
    until(lambda: bell(root) == [again, given_up, failed])

    # Nothing decides what is due any more: it is missed all the same.
    made = root.post("/schedules", json={**daily, "name": "late", "destinations": ["other"]})
    change(server, "UPDATE schedules SET created_ms = created_ms - 5 * 86400000, "
                   f"next_due_ms = 9007199254740991 WHERE id = {made.json()['id']}")  # fmt: skip
    missed = "other: late has not arrived, 2 hours after its time"
    until(lambda: bell(root) == [missed, again, given_up, failed])
    change(server, "UPDATE schedules SET next_due_ms = 0")
    until(lambda: bell(root)[0] == "other: deliveries arrive again")
