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

from server.running import PASSWORD, RANGE, Server, running, send, small_log, until, wait_for


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
    lines = re.findall(
        r'<a class="break" href="/(?:schedules/\d+|deliveries\?[^"]*)">(.*?)</a>', page.text
    )
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
        "desk\N{NO-BREAK SPACE}: la livraison de one a échoué et sera retentée\N{NO-BREAK SPACE}: "
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


def test_who_sent_an_export_is_told_how_that_goes(server: Server) -> None:
    root = server.set_up()
    root.post("/users", json={"name": "red", "password": PASSWORD, "role": "supervisor",
                              "channels": ["red"]}).raise_for_status()  # fmt: skip
    assert send(root, small_log()).json()["refused"] == 0
    desk = server.home.parent / "out" / "desk"
    desk.mkdir()
    body = {"name": "desk & co", "kind": "folder", "path": str(desk)}
    root.post("/destinations", json=body).raise_for_status()
    red = server.signed_in("red")
    sent = []
    for _ in range(2):
        asked = {"export": "messages", "time_zone": "Europe/Paris", **RANGE}
        run_id = red.post("/exports", json=asked).raise_for_status().json()["id"]
        assert wait_for(red, run_id)["state"] == "ready"
        shutil.rmtree(desk, ignore_errors=True)
        made = red.post(f"/exports/{run_id}/send", json={"destination": "desk & co"})
        sent.append(made.raise_for_status().json()["id"])
    why = f"{desk}: there is no such folder; make it, or mount the disk it is on"
    stem = "messages_2026-06-08_Europe-Paris_red"
    failed = f"desk & co: {stem} was not delivered and is tried again: {why}"
    until(lambda: bell(red) or None)
    # Once, though both failed; nobody else is told.
    until(lambda: all(one["state"] == "failed" for one in red.get("/deliveries").json()["items"]))
    assert (bell(red), bell(root)) == ([failed], [])
    page = red.get(f"{server.url}/notifications").text
    assert 'href="/deliveries?destination=desk+%26+co"' in page
    change(server, "UPDATE deliveries SET first_try_ms = first_try_ms - 86400000, next_try_ms = 0 "
                   f"WHERE id = {sent[0]}")  # fmt: skip
    given_up = f"desk & co: {stem} is given up after 24 hours: {why}"
    until(lambda: bell(red) == [given_up, failed])
    desk.mkdir()
    for number in sent:
        red.post(f"/deliveries/{number}/retry").raise_for_status()
    until(lambda: bell(red) == ["desk & co: deliveries arrive again", given_up, failed])
