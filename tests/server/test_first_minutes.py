"""The first minutes of a server, by its pages without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from server.running import PASSWORD, RANGE, Server, running, send, small_log, until, wait_for


def pages(server: Server) -> httpx.Client:
    """A browser of the administrator, without scripts."""
    page = httpx.Client(base_url=server.url, timeout=120)
    page.post("/sign-in", data={"name": "root", "password": PASSWORD})
    return page


def press(page: httpx.Client, action: str) -> httpx.Response:
    """Press the button of a form of the first page."""
    [token, *_] = re.findall(r'name="_csrf" value="([^"]+)"', page.get("/start").text)
    return page.post(action, data={"_csrf": token})


def test_events_that_came_meanwhile_stay(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root, page = server.set_up(), pages(server)
        assert press(page, "/start/sample").headers["location"] == "/"
        refused = press(page, "/start/sample")
        assert refused.status_code == 409
        assert "There are events already; sample data are for a server without any" in refused.text
        loaded = root.get("/log").json()["events"]
        assert loaded > 5_000

        # Somebody connects the platform, and makes an export of what is real.
        assert send(root, small_log()).json()["refused"] == 0
        asked = root.post("/exports", json={"export": "messages", "channels": ["red"], **RANGE})
        run = wait_for(root, asked.json()["id"])
        file = root.get(f"/exports/{run['id']}/file").content

        assert "Sample data are loaded" in page.get("/").text
        assert press(page, "/start/sample/remove").headers["location"] == "/"
        assert "Sample data are loaded" not in page.get("/").text
        assert until(lambda: root.get("/log").json()["events"] == len(small_log()))
        assert {one["id"] for one in root.get("/channels").json()} == {"red", "blue"}

        # The export stays, and is made again byte for byte.
        assert root.get(f"/exports/{run['id']}/file").content == file
        again = wait_for(root, root.post(f"/exports/{run['id']}/again").json()["id"])
        assert root.get(f"/exports/{again['id']}/file").content == file
        trail = [one["action"] for one in root.get("/audit").json()["items"]]
        assert [one for one in trail if one.startswith("sample")] == [
            "sample_removed", "sample_loaded",
        ]  # fmt: skip
        page.close()


def test_sample_data_go_with_their_exports_and_may_come_again(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root, page = server.set_up(), pages(server)
        early = wait_for(
            root, root.post("/exports", json={"export": "topics", **RANGE}).json()["id"]
        )
        for _ in range(2):
            press(page, "/start/sample")
            made = root.post("/exports", json={"export": "open-conversations"})
            run = wait_for(root, made.json()["id"])
            assert run["file"]["rows"] > 0, run
            press(page, "/start/sample/remove")
            assert "Three ways to begin" in page.get("/").text
            assert [one["id"] for one in root.get("/exports").json()["items"]] == [early["id"]]
        page.close()
    # Whoever starts again finds an empty log that is whole.
    with running(tmp_path / "home") as server:
        client = server.signed_in("root")
        assert client.get("/log").json()["events"] == 0
        assert send(client, small_log()).json()["accepted"] == len(small_log())
