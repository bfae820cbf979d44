"""Kills while ranges are made and delivered: at the end one file of each, whole, nothing half."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from commands import ingest, ndjson, tawny
from effort import SOAK
from figures import Tally
from server.running import running, send, small_log, until

DAYS = 30 if SOAK else 6
KILLS = 60 * SOAK if SOAK else 6


def found(home: Path, *arguments: str) -> Any:
    result = tawny(home, *arguments, "--json")
    assert result.status == 0, result
    return json.loads(result.out)


def check_whole(out: Path, deliveries: list[Any], packages: list[str]) -> None:
    """Every file that was delivered is there with its receipt, whole, and nothing else is."""
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    files = [file for one in deliveries for file in one["files"]]
    assert names == sorted(
        [*packages, *(file["name"] + end for file in files for end in ("", ".receipt.json"))]
    )
    for file in files:
        data = (out / file["name"]).read_bytes()
        receipt = json.loads((out / f"{file['name']}.receipt.json").read_text())
        digest = hashlib.sha256(data).hexdigest()
        assert (digest, len(data)) == (file["sha256"], file["bytes"])
        assert (receipt["sha256"], receipt["bytes"]) == (file["sha256"], file["bytes"])


def test_kills_of_a_server_leave_one_whole_file_of_each_range(tmp_path: Path, tally: Tally) -> None:
    out = tmp_path / "out"
    out.mkdir()
    hours = 50 if SOAK else 8
    with running(tmp_path / "home", delivery_folders=str(out)) as server:
        root = server.set_up()
        assert send(root, small_log()).json()["refused"] == 0
        root.post("/destinations", json={"name": "there", "kind": "folder", "path": str(out)})
        answer = root.post(
            "/schedules", json={"name": "hours", "exports": ["messages"], "frequency": "hourly",
                                "time_zone": "Europe/Paris", "destinations": ["there"],
                                "content": "yes"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        schedule_id = answer.json()["id"]
        begin = datetime.datetime.fromisoformat("2026-06-08T10:00")
        kills = 200 * SOAK or 2
        chance = random.Random(os.urandom(8) if SOAK else 3)
        asked = 0
        for number in range(kills):
            # Some more each time, so that no kill meets a server that has nothing to do.
            wanted = -(-hours * (number + 1) // kills)
            if wanted > asked:
                until_then = [f"{begin + datetime.timedelta(hours=count):%Y-%m-%dT%H:%M}"
                              for count in (asked, wanted)]  # fmt: skip
                body = dict(zip(("from", "to"), until_then, strict=True))
                made = root.post(f"/schedules/{schedule_id}/backfill", json=body)
                assert made.raise_for_status().json() == {"ranges": wanted - asked}
                asked = wanted
            time.sleep(chance.uniform(0, 2.5))
            server.kill()
            server.start()
        tally.done |= {"kills": kills, "ranges": hours}

        def ended() -> list[Any] | None:
            items: list[Any] = root.get("/deliveries", params={"limit": 500}).json()["items"]
            return items if {one["state"] for one in items} == {"delivered"} else None

        deliveries = until(ended, 300)
        assert len(deliveries) == len({one["slot"]["from"] for one in deliveries}) == hours
        runs = root.get("/exports", params={"limit": 500}).json()["items"]
        assert len(runs) == hours, "each range was made once"
    check_whole(out, deliveries, [])


def test_kills_leave_one_whole_file_of_each_range(tmp_path: Path, monkeypatch: Any) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    monkeypatch.setenv("TAWNY_DELIVERY_FOLDERS", str(out))
    ingest(home, ndjson(small_log()))
    assert tawny(home, "destinations", "add", "folder", "there", "--path", str(out)).status == 0
    made = tawny(
        home, "schedules", "add", "daily", "messages", "contacts", "--frequency", "daily", "--tz",
        "Europe/Paris", "--destination", "there",
    )  # fmt: skip
    assert made.status == 0, made
    call = [sys.executable, "-m", "tawny", "--home", str(home), "schedules"]
    wanted = ["backfill", "daily", "--from", "2026-06-01", "--to", f"2026-06-{DAYS + 1:02d}"]
    chance = random.Random(os.urandom(8) if SOAK else 7)
    whole_s = 1.0
    for number in range(KILLS):
        process = subprocess.Popen(
            [*call, *(wanted if number == 0 else ["run", "--due"])],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(whole_s + chance.uniform(0, 4))
        process.send_signal(signal.SIGKILL)
        process.wait()
    # What a kill before the first commit left out is asked for again; what is there is left alone.
    assert tawny(home, "schedules", *wanted).status == 0
    assert tawny(home, "schedules", "run", "--due").status == 0
    deliveries = found(home, "deliveries", "list", "--limit", "500")
    slots = [one["slot"]["from"] for one in deliveries]
    assert sorted(slots) == [f"2026-06-{day:02d}" for day in range(1, DAYS + 1)]
    assert {(one["state"], one["revision"]) for one in deliveries} == {("delivered", 1)}
    check_whole(out, deliveries, ["datapackage.json"])
