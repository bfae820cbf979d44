"""Cells of a result explained on a page, of the state of the log that the result was made of."""

from __future__ import annotations

import contextlib
import html
import re

import httpx

from server.conftest import World
from server.running import RANGE, conversation, send, until, wait_for
from server.test_page_rights import page_client


def run_of(world: World, export: str) -> str:
    """A run of a day, of everybody's channels."""
    made: str = world.root.post("/exports", json={"export": export, **RANGE}).json()["id"]
    assert wait_for(world.root, made)["state"] == "ready"
    return made


def page_text(page: httpx.Response) -> str:
    """What is to be read, in one line."""
    text = html.unescape(re.sub(r"<[^>]*>", " ", page.text))
    return re.sub(r"[ \n]+", " ", text).strip()


def explained(client: httpx.Client, address: str, language: str = "en") -> str:
    """What the panel says."""
    headers = {"HX-Request": "true", "Accept-Language": language}
    return page_text(client.get(address, headers=headers).raise_for_status())


def links_of_rows(client: httpx.Client, run_id: str) -> list[str]:
    """Where the rows of the table lead to, once they are kept."""

    def found() -> list[str] | None:
        text = client.get(f"/exports/{run_id}/rows", headers={"HX-Request": "true"}).text
        return None if "Loading" in text else re.findall(r'class="explain" href="([^"]*)"', text)

    return [html.unescape(link) for link in until(found)]


def test_each_row_leads_to_its_explanation(world: World) -> None:
    """Also where the key names what is no cell of the file."""
    run_id = run_of(world, "user-presence")
    with contextlib.closing(page_client(world, "root")) as root:
        [link] = links_of_rows(root, run_id)
        assert link == (
            f"/exports/{run_id}/explanation?row=ann%2C2026-06-08T09%3A00%3A00.000Z%2C1"
            "&column=duration"
        )
        text = explained(root, link)
        assert text == (
            "Duration (s) Link to share User presence · ann,2026-06-08T09:00:00.000Z,1 Another "
            "column of this row User ID User Name User Email Type Away State From To Duration (s) "
            "28800 s 28,800.000 s, rounded half up: 28800 Whole length from From to To, not cut at "
            "the range; up to the as-of instant while the interval is open. Added up it may exceed "
            "the times in users, which are cut. The 2 events behind it, in their order 8 Jun 2026, "
            "09:00:00.000 ann is available +\N{NARROW NO-BREAK SPACE}28,800.000"
            "\N{NARROW NO-BREAK SPACE}s starts the clock 8 Jun 2026, 17:00:00.000 ann is offline "
            "stops the clock Taken into an empty log, these events alone give the same cell. Times "
            "are of UTC."
        )
        assert text in page_text(root.get(link))
        french = explained(root, link, "fr")
        assert "Les 2 événements derrière elle, dans leur ordre 8 juin 2026, 09:00:00.000" in french


def test_a_result_is_explained_as_it_was_made(world: World) -> None:
    run_id = run_of(world, "users")
    with contextlib.closing(page_client(world, "root")) as root:
        address = f"/exports/{run_id}/explanation?row=ann&column=replies"
        before = explained(root, address)
        sent = send(world.root, conversation(57, "red")).json()
        assert sent["accepted"] == 3
        assert explained(root, address) == before
        later = explained(root, address.replace(run_id, run_of(world, "users")))
        assert later.count("counted") == before.count("counted") + 1


def test_what_is_no_cell_is_said(world: World) -> None:
    with contextlib.closing(page_client(world, "red")) as red:
        address = f"/exports/{world.red_run_id}/explanation"
        answer = red.get(address)
        assert answer.status_code == 400
        assert "Row: found ''; name a row of the export" in page_text(answer)
        other = red.get(address, params={"row": "in-blue-1", "column": "direction"})
        assert other.status_code == 404
    with contextlib.closing(page_client(world, "blue")) as blue:
        assert blue.get(address, params={"row": "in-red-1"}).status_code == 404
