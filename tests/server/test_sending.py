"""An export that is there is sent to a destination once: over the API and by the pages."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from server.conftest import World
from server.running import token_of, until, wait_for
from server.test_page_rights import page_client
from server.test_schedule_pages import text_of


def sent(world: World, run_id: str) -> dict[str, Any]:
    """The delivery of a run that was sent, once it is there."""

    def look() -> dict[str, Any] | None:
        items = world.root.get("/deliveries", params={"limit": 500}).json()["items"]
        found = [one for one in items if one["export"] == run_id and one["schedule"] is None]
        return found[0] if found and found[0]["state"] == "delivered" else None

    return until(look)


def test_open_conversations_are_sent_as_of_their_moment(world: World) -> None:
    world.destination_id("of schedules")
    asked = world.root.post("/exports", json={"export": "open-conversations"}).json()
    run_id = asked["id"]
    assert wait_for(world.root, run_id)["state"] == "ready"
    token = world.server.client(token_of(world.root, "schedules:write"))
    with contextlib.closing(token):
        answer = token.post(f"/exports/{run_id}/send", json={"destination": "of schedules"})
        assert answer.status_code == 202, answer.text
        made = answer.json()
        again = token.post(f"/exports/{run_id}/send", json={"destination": "of schedules"}).json()
        assert (made["schedule"], made["exports"]) == (None, ["open-conversations"])
        assert (again["id"], made["slot"]["from"]) == (made["id"], made["slot"]["to"])
    there = sent(world, run_id)
    (file,) = there["files"]
    assert file["name"].endswith(f"_{run_id}/open-conversations.csv")
    assert file["name"].startswith("sent/open-conversations_")
    assert file["sha256"] == world.root.get(f"/exports/{run_id}/receipt").json()["sha256"]
    audit = world.root.get("/audit", params={"limit": 200}).json()["items"]
    (entry,) = [one for one in audit if one["action"] == "export_sent" and one["subject"] == run_id]
    assert entry["detail"] == {"destination": "of schedules"}


def test_an_export_without_a_file_is_not_sent(world: World) -> None:
    world.destination_id("of schedules")
    run_id = world.spare_run()
    world.root.delete(f"/exports/{run_id}/file").raise_for_status()
    answer = world.root.post(f"/exports/{run_id}/send", json={"destination": "of schedules"})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "this export has no file: its time was over, somebody deleted it, or a contact in it was "
        "erased; run it again",
    )


def test_the_page_of_an_export_offers_where_to_and_the_list_shows_it(world: World) -> None:
    world.destination_id("of schedules")
    run_id = world.spare_run()
    with contextlib.closing(page_client(world, "root")) as root:
        page = root.get(f"/exports/{run_id}")
        form = page.text[page.text.index(f'action="/exports/{run_id}/send"') :]
        assert "of schedules" in re.findall(r"<option>([^<]*)</option>", form)
        answer = root.post(f"/exports/{run_id}/send", data={"destination": "of schedules"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries?done=sent")
        sent(world, run_id)
        listed = root.get("/deliveries?done=sent")
        assert "The export is being sent; below is how far it is." in text_of(listed)
        row = listed.text[listed.text.index(f'href="/exports/{run_id}"') :]
        row = row[: row.index("</tr>")]
        assert "sent once · 8 Jun 2026" in row
        assert "Delivered" in row
        root.post("/account/language", data={"language": "fr"})
        try:
            assert "envoyé une fois" in root.get("/deliveries").text
        finally:
            root.post("/account/language", data={"language": "en"})
