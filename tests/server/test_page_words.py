"""What pages say: nothing that is not so, no words of programs, one name for a channel."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from server.running import PASSWORD, RANGE, conversation, event, running, send, wait_for


def test_pages_of_an_empty_and_of_a_filled_log(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        page = httpx.Client(base_url=server.url, timeout=60)
        page.post("/sign-in", data={"name": "root", "password": PASSWORD})

        def words(path: str) -> str:
            text = re.sub(r"<[^>]+>", " ", page.get(path).text)
            return " ".join(text.replace("&#39;", "'").split())

        assert "Nothing has come in yet." in words("/log")
        run = wait_for(root, root.post("/exports", json={"export": "topics", **RANGE}).json()["id"])
        assert re.search(r"State of the log empty, as of \d", words(f"/exports/{run['id']}"))
        assert 'id="charts"' not in page.get(f"/exports/{run['id']}").text
        assert "It does not exist, or it was not given to you." in words("/exports/6958")

        saved = event("channel.saved", "uk", "2026-06-01T00:00:00Z", channel_id="ch-uk",
                      medium="email", name="tawny_uk", display_name="Tawny Home UK")  # fmt: skip
        send(root, [saved, *conversation(1, "ch-uk")])
        made = root.post("/exports", json={"export": "messages", "channels": ["ch-uk"], **RANGE})
        run = wait_for(root, made.json()["id"])
        for path in ("/log", f"/exports/{run['id']}", "/exports"):
            assert "Tawny Home UK tawny_uk ch-uk" in words(path), path
        assert "No event was refused." in words("/log")
        charts = root.get(f"/exports/{run['id']}/charts").json()
        assert [one["name"] for one in charts[1]["series"]] == ["Tawny Home UK"]
        page.close()


def test_the_page_of_an_excel_file_counts_the_texts_it_cuts(tmp_path: Path) -> None:
    long_text = event("message.created", "long", "2026-06-08T10:30:00Z", message_id="long",
                      conversation_id="red-1", direction="inbound",
                      content="x" * 40_000)  # fmt: skip
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, [*conversation(1, "red"), long_text])
        with httpx.Client(base_url=server.url, timeout=60) as page:
            page.post("/sign-in", data={"name": "root", "password": PASSWORD})
            [token, *_] = re.findall(r'name="_csrf" value="([^"]+)"', page.get("/exports").text)
            form = {"type": "messages", "preset": "custom", "time_zone": "UTC", "format": "xlsx",
                    "first_day": "2026-06-08", "last_day": "2026-06-08",
                    "_csrf": token}  # fmt: skip
            page.post("/exports", data=form)
            run = wait_for(root, root.get("/exports").json()["items"][0]["id"])
            assert run["state"] == "ready", run
            assert (
                "1 text is longer than a spreadsheet cell holds and is cut; its cell says so."
                in page.get(f"/exports/{run['id']}").text
            )
