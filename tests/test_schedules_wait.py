"""Schedules that wait until every channel is complete, by the command line and a running server."""

from __future__ import annotations

import datetime
import json
import sqlite3
import zoneinfo
from pathlib import Path
from typing import Any

import pytest

from commands import ingest, ndjson, tawny
from server.running import event, running, send, small_log, until

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
DAILY = ("schedules", "add", "daily", "messages", "--frequency", "daily", "--tz", "Europe/Paris",
         "--destination", "warehouse", "--delay", "0s")  # fmt: skip


def midnight() -> datetime.datetime:
    """When the last day of Paris ended."""
    return datetime.datetime.combine(datetime.datetime.now(PARIS).date(), datetime.time(), PARIS)


def complete(channel: str, until_text: str) -> dict[str, Any]:
    """A sender says now that it has sent everything of a channel."""
    now = datetime.datetime.now(datetime.UTC)
    return event("source.watermark", f"{channel}-{now.timestamp()}", f"{now:%Y-%m-%dT%H:%M:%SZ}",
                 until=until_text, channels=[channel])  # fmt: skip


def as_old_as_a_day(home: Path) -> None:
    """Have the last day be the first range that is due."""
    with sqlite3.connect(home / "state.db", timeout=30) as state:
        created_ms = int(midnight().timestamp() * 1000)
        state.execute("UPDATE schedules SET created_ms = ?, next_due_ms = 0", (created_ms,))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a small log of which nothing is newer than 8 June, and a destination."""
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("TAWNY_DELIVERY_FOLDERS", str(out))
    home = tmp_path / "home"
    ingest(home, ndjson(small_log()))
    done(home, "destinations", "add", "folder", "warehouse", "--path", str(out))
    return home


def done(home: Path, *arguments: str) -> str:
    result = tawny(home, *arguments)
    assert (result.status, result.err) == (0, ""), result
    return result.out


def delivery(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done(home, "deliveries", "list", "--json"))[0]
    return found


def test_a_range_is_held_until_its_last_channel_is_complete(home: Path) -> None:
    done(home, *DAILY, "--wait", "7d")
    as_old_as_a_day(home)
    done(home, "schedules", "run", "--due")
    held, end = delivery(home), midnight()
    waits = (
        f"waits until everything before {end:%Y-%m-%d %H:%M} has come, at the latest until "
        f"{end + datetime.timedelta(days=7):%Y-%m-%d %H:%M} (Europe/Paris): "
    )
    blue, red = (f"{name} since 2026-06-08 13:04" for name in ("Blue", "Red"))
    assert (held["state"], held["reason"]) == ("waiting", f"{waits}{blue}; {red}")
    assert (held["tries"], held["incomplete"]) == (0, None)
    late = (end + datetime.timedelta(days=7)).astimezone(datetime.UTC)
    assert held["next_try_at"] == f"{late:%Y-%m-%dT%H:%M:%S}.000Z"

    ingest(home, ndjson([complete("red", end.isoformat())]))
    done(home, "schedules", "run", "--due")
    assert delivery(home)["reason"] == f"{waits}{blue}"

    ingest(home, ndjson([complete("blue", end.isoformat())]))
    done(home, "schedules", "run", "--due")
    there = delivery(home)
    assert (there["state"], there["reason"], there["incomplete"]) == ("delivered", None, None)


def test_after_the_longest_wait_the_channels_that_are_late_are_named(home: Path) -> None:
    done(home, *DAILY, "--wait", "7d")
    as_old_as_a_day(home)
    done(home, "schedules", "run", "--due")
    ingest(home, ndjson([complete("red", midnight().isoformat())]))
    done(home, "schedules", "set", "daily", "--wait", "1s")
    done(home, "schedules", "run", "--due")
    there = delivery(home)
    assert there["state"] == "delivered"
    assert there["incomplete"] == {
        "count": 1,
        "all": 2,
        "channels": [
            {"channel_id": "blue", "name": "Blue", "complete_until": "2026-06-08T11:04:00.000Z"}
        ],
    }
    assert "the file may lack events of 1 of 2 channels: Blue since 2026-06-08 11:04 UTC\n" in done(
        home, "deliveries", "show", str(there["id"])
    )
    (receipt,) = home.parent.glob("out/**/*.receipt.json")
    assert [one["by"] for one in json.loads(receipt.read_text())["completeness"]] == [
        "newest", "watermark",
    ]  # fmt: skip


def test_only_the_channels_that_are_asked_for_are_waited_for(home: Path) -> None:
    ingest(home, ndjson([complete("red", midnight().isoformat())]))
    done(home, *DAILY, "--wait", "7d", "--channel", "red")
    as_old_as_a_day(home)
    done(home, "schedules", "run", "--due")
    assert delivery(home)["state"] == "delivered"


def test_who_asks_for_it_now_does_not_wait(home: Path) -> None:
    done(home, *DAILY, "--wait", "7d")
    done(home, "schedules", "run", "daily")
    first = delivery(home)
    assert (first["state"], first["incomplete"]["count"]) == ("delivered", 2)
    day = midnight().date() - datetime.timedelta(days=1)
    ranges = ("--from", str(day), "--to", str(midnight().date()))
    done(home, "schedules", "remove", "daily")
    done(home, *DAILY[:2], "again", *DAILY[3:], "--wait", "7d")
    done(home, "schedules", "backfill", "again", *ranges)
    held = delivery(home)
    assert held["state"] == "waiting", "as if it had been scheduled"
    done(home, "deliveries", "retry", str(held["id"]))
    assert delivery(home)["state"] == "delivered"


@pytest.mark.parametrize("wait", ["31d", "soon"])
def test_waits_that_are_none(home: Path, wait: str) -> None:
    refused = tawny(home, *DAILY, "--wait", wait)
    assert (refused.status, refused.err) == (
        2, f"tawny: wait: found '{wait}'; allowed 0s to 30d, such as 90s, 5m, 1h, off\n",
    )  # fmt: skip


def test_a_server_makes_it_when_the_last_event_has_come(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with running(tmp_path / "home", delivery_folders=str(tmp_path / "out")) as server:
        root = server.set_up()
        send(root, small_log()).raise_for_status()
        for path, body in (
            ("/destinations", {"kind": "folder", "path": str(tmp_path / "out")}),
            ("/schedules", {"exports": ["messages"], "frequency": "daily", "delay": "0s",
                            "time_zone": "Europe/Paris", "destinations": ["it"], "wait": "7d"}),
        ):  # fmt: skip
            root.post(path, json={"name": "it", **body}).raise_for_status()
        assert root.get("/schedules").json()[0]["wait"] == "7d"
        day, end = midnight().date(), midnight().isoformat()
        ranges = {"from": str(day - datetime.timedelta(days=1)), "to": str(day)}
        root.post("/schedules/1/backfill", json=ranges).raise_for_status()

        def reason() -> str | None:
            found = root.get("/deliveries").json()["items"]
            text = str(found[0]["reason"]) if found else ""
            return text if text.endswith("13:04") else None

        assert until(reason).endswith("Blue since 2026-06-08 13:04; Red since 2026-06-08 13:04")
        send(root, [complete("red", end), complete("blue", end)]).raise_for_status()
        there = until(
            lambda: root.get("/deliveries", params={"state": "delivered"}).json()["items"] or None
        )
        assert there[0]["incomplete"] is None
