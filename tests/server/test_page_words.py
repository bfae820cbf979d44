"""What pages say: nothing that is not so, no words of programs, one name for a channel."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx

from server.running import PASSWORD, RANGE, conversation, event, running, send, wait_for
from server_process import LONGEST_WAIT_S


def test_pages_of_an_empty_and_of_a_filled_log(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        page = httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S)
        page.post("/sign-in", data={"name": "root", "password": PASSWORD})

        def words(path: str, method: str = "GET") -> str:
            text = re.sub(r"<[^>]+>", " ", page.request(method, path).text)
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
        for path in ("/log", f"/exports/{run['id']}"):
            assert "Tawny Home UK tawny_uk ch-uk" in words(path), path
        [token, *_] = re.findall(r'name="_csrf" value="([^"]+)"', page.get("/exports").text)
        page.headers["X-CSRF-Token"] = token
        assert "Tawny Home UK tawny_uk ch-uk" in words("/exports/channels", "POST")
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
        with httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S) as page:
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


def test_what_is_long_is_folded_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    """Channels of a request, when they are open, who sees none, and what lies before the log."""
    weekly = {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    hours = {"time_zone": "Europe/Paris", "weekly": {**weekly, "sat": [["10:00", "12:00"]]},
             "holidays": ["2026-12-25"]}  # fmt: skip
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, [event("channel.saved", f"c{n}", "2026-06-01T00:00:00Z", channel_id=f"c{n}",
                          medium="email", name=f"desk {n}",
                          business_hours=hours if n == 10 else None) for n in range(1, 12)]
             + [one for n in range(1, 12) for one in conversation(n, f"c{n}")]
             + [event("agent.saved", "ann", "2026-06-01T00:00:00Z", agent_id="ann", name="Ann"),
                event("presence.changed", "1", "2026-06-08T09:00:00Z", agent_id="ann",
                      presence="available")])  # fmt: skip
        root.post("/users", json={"name": "sees-none", "password": PASSWORD, "role": "supervisor"})
        many = {"export": "messages", "channels": [f"c{n}" for n in range(1, 6)],
                "from": "2026-01-01", "to": "2026-07-01"}  # fmt: skip
        made = root.post("/exports", json=many).json()["id"]
        assert wait_for(root, made)["state"] == "ready"
        names = [one["name"] for one in root.get("/channels").json()]
        assert names == [f"desk {n}" for n in range(1, 12)]
        with httpx.Client(base_url=server.url, timeout=LONGEST_WAIT_S) as page:
            page.post("/sign-in", data={"name": "root", "password": PASSWORD})

            def words(path: str, language: str = "en") -> str:
                html = page.get(path, headers={"Accept-Language": language}).text
                return " ".join(re.sub(r"<[^>]+>", " ", html).replace("&#39;", "'").split())

            presence = root.post("/exports", json={"export": "user-presence", **RANGE}).json()["id"]
            wait_for(root, presence)
            while "Loading" in (charts := words(f"/exports/{presence}/charts")):
                time.sleep(0.2)
            assert "Presence, first day of the range: Monday 8 June 2026" in charts
            log = words("/log")
            assert "Mon to Fri 09:00–18:00, Sat 10:00–12:00 · Europe/Paris · 1 holiday" in log
            assert log.count("always open") == 10
            assert "lun. à ven. 09:00–18:00, sam. 10:00–12:00" in words("/log", "fr")
            run = page.get(f"/exports/{made}").text
            assert re.search(r"<summary>5 channels</summary>\s*<div>", run)
            assert 'charts-wait">Loading…' in run
            assert '<a href="/exports">← Exports</a>' in run
            before = "The first events are of 8 Jun 2026, 10:01: nothing is known of before."
            assert before in words(f"/exports/{made}")
            asked = "/freshness/range?from={}&to=2026-07-01&tz=UTC"
            assert before in words(asked.format("2026-01-01"))
            assert before not in words(asked.format("2026-06-08"))
            people = words("/people")
            assert people.count("sees nothing: no channel was given") == 1
            assert words("/people", "fr").count("Personnes") == 3  # title, menu, heading
            menu = words("/", "fr")
            assert "Données reçues" in menu and "Journal d'audit" in menu.replace("’", "'")
