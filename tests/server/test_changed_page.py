"""The page of a run says what has changed since, and why."""

from __future__ import annotations

import contextlib
import re

import httpx

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
