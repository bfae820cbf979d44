"""The page of a run says what has changed since, and why."""

from __future__ import annotations

import contextlib
import re

import httpx

from commands import tawny
from server.conftest import World
from server.running import RANGE, conversation, send, wait_for
from server.test_explanation_pages import page_text
from server.test_page_rights import page_client


def what_changed(client: httpx.Client, run_id: str, language: str = "en") -> str:
    """What the part of the run's page says."""
    headers = {"HX-Request": "true", "Accept-Language": language}
    answer = client.get(f"/exports/{run_id}/changed", headers=headers)
    return page_text(answer.raise_for_status())


def test_what_came_late_is_named_with_the_time_of_its_arrival(world: World) -> None:
    asked = {"export": "messages", "channels": ["red"], **RANGE}
    run_id = world.root.post("/exports", json=asked).json()["id"]
    assert wait_for(world.root, run_id)["state"] == "ready"
    with contextlib.closing(page_client(world, "red")) as red:
        assert what_changed(red, run_id) == (
            "Nothing: made now, the file would have the same rows. Times are of UTC."
        ), "before"
        assert send(world.root, conversation(31, "red")).json()["accepted"] == 3
        told = what_changed(red, run_id)
        arrived = re.findall(r"arrived on (\d{4}-\d\d-\d\d \d\d:\d\d)", told)
        expected = (
            "Made now, 2 rows would be different: 2 added, 0 removed, 0 changed. added in-red-31 "
            "the contact writes message in-red-31 in conversation red-31: of 2026-06-08 10:31, "
            f"arrived on {arrived[0]} added out-red-31 ann replies with message out-red-31 in "
            f"red-31: of 2026-06-08 11:31, arrived on {arrived[1]} Times are of UTC."
        )
        assert told == expected
        french = what_changed(red, run_id, "fr")
        assert "Fait maintenant, 2 lignes seraient différentes : 2 ajoutées" in french.replace(
            "\N{NO-BREAK SPACE}", " "
        )
        assert told in page_text(red.get(f"/exports/{run_id}/changed"))


def compared(client: httpx.Client, *run_ids: str) -> httpx.Response:
    """The page of the runs that are ticked."""
    return client.get("/exports/compared", params={"run": run_ids})


def test_two_ticked_exports_are_compared(world: World) -> None:
    """By page, API and command; the one of the earlier state first, whichever was ticked first."""
    asked = {"export": "messages", "channels": ["red"], **RANGE}
    before = world.root.post("/exports", json=asked).json()["id"]
    assert wait_for(world.root, before)["state"] == "ready"
    assert send(world.root, conversation(32, "red")).json()["accepted"] == 3
    now = world.root.post("/exports", json=asked).json()["id"]
    assert wait_for(world.root, now)["state"] == "ready"
    with contextlib.closing(page_client(world, "red")) as red:
        listed = red.get("/exports").text
        assert f"name=run value={now} form=pair" in listed
        told = page_text(compared(red, now, before).raise_for_status())
        assert "2 rows differ: 2 added, 0 removed, 0 changed. added in-red-32 the contact" in told
        assert told == page_text(compared(red, before, now))
        one = compared(red, now, now)
        assert one.status_code == 400
        assert "Tick two exports to compare; these are 1" in one.text
        other = compared(red, now, world.run_id)
        assert other.status_code == 404, "a run of all channels is not theirs"
    with contextlib.closing(page_client(world, "root")) as root:
        other = compared(root, now, world.run_id)
        assert other.status_code == 400
        assert (
            "These are not of the same: 'all' and 'red'. Compared are files of the same export, "
            "range, time zone and channels"
        ) in page_text(other)
    with contextlib.closing(page_client(world, "blue")) as blue:
        assert compared(blue, before, now).status_code == 404
    body = {"a": before, "b": now}
    found = world.red.post("/differences", json=body).raise_for_status().json()
    assert [row["row"] for row in found["rows"]] == ["in-red-32", "out-red-32"]
    assert world.blue.post("/differences", json=body).status_code == 404
    command = tawny(world.server.home, "diff", before, now)
    assert command.status == 5
    assert "rows added: 2, removed: 0, changed: 0" in command.out.splitlines()
