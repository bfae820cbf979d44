"""How fresh the channels are: the strip above the exports, the note at a range, the page of a run,
the API and the metrics, each for who may see which channels."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from server.running import (
    PASSWORD,
    RANGE,
    conversation,
    event,
    moved,
    running,
    send,
    token_of,
    until,
    wait_for,
)
from server_process import LONGEST_WAIT_S

NOW = datetime.now(UTC)


def at(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat(timespec="milliseconds")


def events() -> list[dict[str, Any]]:
    """Two channels with something each minute for nine weeks in the same hours: one until a
    moment ago, one until 14 hours ago; one that is always quiet, one in which nothing ever came."""
    names = ("busy", "late", "quiet", "new")
    saved = [
        event("channel.saved", name, at(weeks=10), channel_id=name, medium="chat",
              name=name.title())
        for name in names
    ]  # fmt: skip
    created = [
        event("conversation.created", name, at(weeks=9, hours=20), conversation_id=name,
              channel_id=name, contact_id="k")
        for name in names[:3]
    ]  # fmt: skip
    # In each week but this one the channel went on for two hours more.
    updated = [
        event("conversation.updated", f"{name}-{week}-{minute}",
              at(weeks=week, minutes=silent + minute), conversation_id=name)
        for name, silent in (("busy", 1), ("late", 14 * 60))
        for week in range(9)
        for minute in range(-120 if week else 0, 200)
    ]  # fmt: skip
    return [*saved, *created, *updated]


def words(page: httpx.Client, path: str) -> str:
    text = re.sub(r"<[^>]+>", " ", page.get(path).text)
    return " ".join(text.replace("&#39;", "'").replace("\N{NO-BREAK SPACE}", " ").split())


def signed_in(url: str, name: str) -> httpx.Client:
    page = httpx.Client(base_url=url, timeout=LONGEST_WAIT_S)
    page.post("/sign-in", data={"name": name, "password": PASSWORD})
    return page


def test_who_is_late_is_said_everywhere(tmp_path: Path) -> None:
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        page = signed_in(server.url, "root")
        nothing = "Nothing has come in yet. All channels"
        until(lambda: True if words(page, "/freshness") == nothing else None)
        assert send(root, events()).status_code == 200
        strip = (
            "1 channel on time · 1 late: Late, nothing for 14 h, usually 1 min · "
            "1 too quiet to judge · 1 without any event All channels"
        )
        until(lambda: True if words(page, "/freshness") == strip else None)
        assert strip in words(page, "/exports")
        page.cookies.set("tawny_language", "fr")
        assert words(page, "/freshness") == (
            "1 canal à l’heure · 1 en retard : Late, rien depuis 14 h, d’ordinaire 1 min · "
            "1 trop calme pour en juger · 1 sans aucun événement Tous les canaux"
        )
        page.cookies.set("tawny_language", "en")

        root.post("/users", json={
            "name": "sam", "password": PASSWORD, "role": "supervisor", "channels": ["busy"],
        }).raise_for_status()  # fmt: skip
        sam = signed_in(server.url, "sam")
        assert words(sam, "/freshness") == "1 channel on time All channels"

        today = f"/freshness/range?to={(NOW + timedelta(hours=5)).isoformat()[:19]}Z&tz=UTC"
        late_since = words(page, today).removeprefix(
            "Today is not complete: the file holds what has come until now. "
            "Events of 1 channel may be missing: Late since "
        )
        assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d", late_since)
        assert words(sam, today) == (
            "Today is not complete: the file holds what has come until now."
        )
        assert words(page, f"/freshness/range?to={at(weeks=9, hours=21)[:10]}&tz=UTC") == ""
        assert words(page, "/freshness/range?to=never&tz=UTC") == ""

        span = {"from": at(hours=20)[:19] + "Z", "to": at(hours=2)[:19] + "Z"}
        made = root.post("/exports", json={"export": "messages", **span}).json()["id"]
        run = wait_for(root, made)
        assert run["state"] == "ready", run
        told = words(page, f"/exports/{made}")
        assert "Events of 2 of 3 channels may be missing in this file." in told
        assert re.search(r"Late late : complete until \d+ \w+ \d{4}, \d\d:\d\d:\d\d", told), told

        log = {one["channel_id"]: one for one in root.get("/log").json()["channels"]}
        assert log["busy"]["by"] == "rhythm"
        assert (log["late"]["by"], log["late"]["usual_gap_s"]) == ("newest", 60.0)
        assert log["late"]["complete_until"] == log["late"]["newest_event"]
        assert log["quiet"]["usual_gap_s"] is None

        metrics = httpx.get(
            f"{server.url}/metrics",
            headers={"Authorization": f"Bearer {token_of(root, 'metrics:read')}"},
            timeout=LONGEST_WAIT_S,
        ).text
        [age] = re.findall(r'tawny_channel_age_seconds\{channel="late"\} (\S+)', metrics)
        assert 14 * 3600 <= float(age) < 14 * 3600 + 900
        [behind] = re.findall(r'tawny_channel_incomplete_seconds\{channel="busy"\} (\S+)', metrics)
        assert float(behind) == 0
        for one in (page, sam):
            one.close()


def test_the_command_line_waits_for_a_server(tmp_path: Path) -> None:
    """Until the server's log has what is asked for: here a watermark that comes meanwhile."""
    with running(tmp_path / "home", inbox_move_ms="200") as server:
        root = server.set_up()
        send(root, conversation(1, "red"))
        moved(root)
        target = tmp_path / "m.csv"
        command = subprocess.Popen(
            [sys.executable, "-m", "tawny", "export", "messages", "--from", RANGE["from"], "--to",
             RANGE["to"], "--server", server.url, "--wait-until-complete", "5m", "-o",
             str(target)],
            env={**os.environ, "TAWNY_TOKEN": token_of(root, "exports:read", "exports:write")},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert command.stderr is not None
        assert command.stderr.readline() == (
            "tawny: waiting until everything before 2026-06-09 00:00 UTC has come, at most 5m: "
            "red since 2026-06-08 11:01 UTC\n"
        )
        assert root.get("/exports").json()["total"] == 0
        send(root, [event("source.watermark", "1", at(seconds=1), until="2026-06-09T00:00:00Z")])
        assert command.stderr.read() == ""
        assert command.wait(60) == 0
        assert target.read_text(encoding="utf-8").count("\n") == 1 + 2
        (run,) = root.get("/exports").json()["items"]
        made = root.get(f"/exports/{run['id']}/receipt").json()
        assert made["completeness"][0]["by"] == "watermark"
