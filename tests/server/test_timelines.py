"""Timelines over the API and as pages, by whom they may be seen."""

from __future__ import annotations

import contextlib
import html
import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

import pytest

from server.conftest import World
from server.running import conversation, send
from server.test_explanation_pages import explained, links_of_rows, page_text, run_of
from server.test_page_rights import page_client

ODD = "a b/c?d#é%2F;"


@pytest.fixture(scope="module")
def odd(world: World) -> str:
    """A conversation of the channel red whose id has what means something in an address."""
    events = [
        one | {"id": f"odd-{number}", "data": one["data"] | {"conversation_id": ODD}}
        for number, one in enumerate(conversation(81, "red"))
    ]
    for one in events:
        if "message_id" in one["data"]:
            one["data"]["message_id"] = f"odd-{one['data']['message_id']}"
    # Again where the tests of this file are not run one after the other.
    answer = send(world.root, events).json()
    assert len(events) in (answer["accepted"], answer["duplicates"])
    return ODD


def test_a_timeline_over_the_api(world: World, odd: str) -> None:
    told = world.red.get(f"/timelines/{quote(odd, safe='')}").raise_for_status().json()
    assert told["conversation"] == odd
    assert [one["kind"] for one in told["events"]][:2] == ["created", "inbound"]
    assert {one["column"] for one in told["metrics"]} == {
        "first_response_time", "resolution_time", "handle_time", "no_response_time",
        "cherry_picking_time",
    }  # fmt: skip
    [line] = [
        one
        for one in world.root.get("/audit", params={"limit": 20}).json()["items"]
        if one["action"] == "timeline_read" and one["actor"] == "red"
    ][:1]
    assert line["subject"] == odd


def test_another_channel_is_not_there(world: World, odd: str) -> None:
    """In the same words as what nobody ever sent."""
    other = world.blue.get(f"/timelines/{quote(odd, safe='')}")
    nobody = world.blue.get("/timelines/never-sent")
    assert (other.status_code, nobody.status_code) == (404, 404)
    assert other.json()["detail"].replace(repr(odd), "") == nobody.json()["detail"].replace(
        "'never-sent'", ""
    )


def test_the_page_draws_it_and_leads_to_explanations(world: World, odd: str) -> None:
    with contextlib.closing(page_client(world, "red")) as red:
        page = red.get(f"/timelines/{quote(odd)}").raise_for_status()
        text = page_text(page)
        assert f"Conversation {odd}" in text
        assert "What happened, in order" in text
        assert re.findall(r'<svg class="(wide|narrow)"', page.text) == ["wide", "narrow"]
        assert "style=" not in page.text
        links = re.findall(r'href="(/explanations\?[^"]*)"', page.text)
        assert len(links) == 5
        explanation = explained(red, html.unescape(links[1]))
        assert explanation.startswith("Resolution Time (s) Link to share")
        back = re.findall(r'href="(/timelines/[^"]*)"', red.get(html.unescape(links[1])).text)
        assert red.get(html.unescape(back[0])).status_code == 200
        drawing = red.get(f"/timelines/{quote(odd)}", params={"format": "svg"})
        assert drawing.headers["content-type"].startswith("image/svg+xml")
        assert drawing.headers["content-disposition"].startswith("attachment")
        assert ET.fromstring(drawing.text).tag.endswith("svg")
        assert red.get("/timelines/never-sent").status_code == 404
    with contextlib.closing(page_client(world, "blue")) as blue:
        assert blue.get(f"/timelines/{quote(odd)}").status_code == 404
        assert blue.get(html.unescape(links[1])).status_code == 404


def test_rows_and_panels_lead_to_it(world: World) -> None:
    run_id = run_of(world, "messages")
    with contextlib.closing(page_client(world, "root")) as root:
        [link, *_] = links_of_rows(root, run_id)
        rows = root.get(f"/exports/{run_id}/rows", headers={"HX-Request": "true"}).text
        of_rows = [html.unescape(one) for one in re.findall(r'href="(/timelines/[^"]*)"', rows)]
        assert of_rows and root.get(of_rows[0]).status_code == 200
        panel = root.get(link, headers={"HX-Request": "true"}).text
        [of_panel] = re.findall(r'href="(/timelines/[^"]*)"', panel)
        assert html.unescape(of_panel).partition("?")[0] == of_rows[0].partition("?")[0]
