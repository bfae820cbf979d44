"""Measure a server whose many schedules are all due in the same minute.

    python bench/many_schedules.py [--schedules 1000]

`make bench` does this too. A small centre is simulated up to today; every schedule exports the
messages of yesterday. Schedules belong to few owners, of whom the first has made half of them
before anybody else made one. They are moved to yesterday together while the server is stopped, so
that all are due when it starts.

Fair is the order when nobody waits for the many of another: at any moment, of two owners who both
have files to come, neither has had `MOST_APART` more than the other.
"""

from __future__ import annotations

import argparse
import datetime
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zoneinfo
from pathlib import Path
from typing import Any

import httpx
from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from server_load import GROWTH, WARM_S, Memory, sample_memory

from server.running import PASSWORD, Server, running

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
SCHEDULES = 1_000
OWNERS = 5
MOST_APART = 8
"""Files at a time are some that are made and some that are brought, each a moment before the
next."""
LONGEST_S = 3_600


def bench_many_schedules(report: Report, folder: Path, count: int = SCHEDULES) -> None:
    """Set the schedules up, have all be due at once, follow them to the end."""
    home = _small_log(folder)
    out = folder / "delivered"
    out.mkdir()
    with running(home, delivery_folders=str(out)) as server:
        owners = _set_up(server, out, count)
        server.stop()
        _make_due(home)
        memory: list[Memory] = []
        stop = threading.Event()
        began = time.monotonic()
        server.start()
        sampler = threading.Thread(target=sample_memory, args=(server, memory, stop))
        sampler.start()
        missing = _wait(home, count)
        seconds = time.monotonic() - began
        stop.set()
        sampler.join()
    files = len(list(out.rglob("*.csv")))
    receipts = len(list(out.rglob("*.receipt.json")))
    apart = _most_apart(_order(home), owners)
    report.line(f"## {count:,} schedules of {len(owners)} owners, all due in one minute\n")
    report.line(f"- delivered in {seconds:.0f} s, {count / seconds:.1f} a second; not delivered: "
                f"{missing}; goal 0: {report.verdict(missing == 0)}")  # fmt: skip
    report.line(f"- files there: {files:,}, receipts: {receipts:,}; goal {count:,} each: "
                f"{report.verdict(files == receipts == count)}")  # fmt: skip
    report.line(f"- owners at most {apart} files apart while both wait; goal {MOST_APART}: "
                f"{report.verdict(apart <= MOST_APART)}")  # fmt: skip
    whole = [one.server + sum(one.workers.values()) for one in memory if one.at > WARM_S]
    third = max(1, len(whole) // 3)
    first_mb, last_mb = max(whole[:third], default=0.0), max(whole[-third:], default=0.0)
    report.line(f"- memory of all processes: at most {first_mb:.0f} MB in the first third after "
                f"{WARM_S} s, {last_mb:.0f} MB in the last; goal {GROWTH} times: "
                f"{report.verdict(last_mb <= GROWTH * first_mb)}\n")  # fmt: skip


def _small_log(folder: Path) -> Path:
    """A data folder with a month up to today."""
    home, events = folder / "home", folder / "events.ndjson"
    today = datetime.datetime.now(PARIS).date() + datetime.timedelta(days=1)
    start = today - datetime.timedelta(days=30)
    for words in (
        ("sample", "--conversations", "2000", "--from", str(start), "--to", str(today),
         "-o", str(events)),
        ("ingest", str(events)),
    ):  # fmt: skip
        call = [sys.executable, "-m", "tawny", "--home", str(home), *words]
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    return home


def _set_up(server: Server, out: Path, count: int) -> dict[int, int]:
    """People, a destination and the schedules; returns how many each owner has."""
    root = server.set_up()
    for number in range(1, OWNERS):
        body = {"name": f"owner{number}", "password": PASSWORD, "role": "administrator"}
        root.post("/users", json=body).raise_for_status()
    place = {"name": "place", "kind": "folder", "path": str(out),
             "template": "{schedule}/{type}_{from}_r{revision}.{ext}"}  # fmt: skip
    root.post("/destinations", json=place).raise_for_status()
    names = ["root", *(f"owner{number}" for number in range(1, OWNERS))]
    for number in range(count):
        few = number - count // 2
        owner = names[0] if few < 0 else names[1 + few % (OWNERS - 1)]
        _schedule(root, f"schedule {number}", owner)
    with sqlite3.connect(server.home / "state.db") as state:
        return dict(state.execute("SELECT owner_id, count(*) FROM schedules GROUP BY 1"))


def _schedule(client: httpx.Client, name: str, owner: str) -> None:
    body = {"name": name, "exports": ["messages"], "frequency": "daily", "owner": owner,
            "time_zone": "Europe/Paris", "destinations": ["place"], "content": "yes"}  # fmt: skip
    answer = client.post("/schedules", json=body)
    if answer.status_code != 201:
        raise SystemExit(answer.text)


def _make_due(home: Path) -> None:
    """As if all had been made just before this day began: yesterday is due now, and it alone."""
    midnight = datetime.datetime.now(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    created_ms = int(midnight.timestamp() * 1000) - 60_000
    with sqlite3.connect(home / "state.db") as state:
        state.execute(
            "UPDATE schedules SET created_ms = ?, planned_to_ms = NULL, next_due_ms = 0",
            (created_ms,),
        )


def _wait(home: Path, count: int) -> int:
    """Until all are delivered; returns how many are not."""
    end = time.monotonic() + LONGEST_S
    while True:
        with sqlite3.connect(f"file:{home / 'state.db'}?mode=ro", uri=True) as state:
            found = "SELECT count(*) FROM deliveries WHERE state = 'delivered'"
            (delivered,) = state.execute(found).fetchone()
        if delivered >= count or time.monotonic() > end:
            return int(count - delivered)
        time.sleep(0.5)


def _order(home: Path) -> list[int]:
    """The owners of the files, as those arrived."""
    with sqlite3.connect(home / "state.db") as state:
        rows: list[Any] = state.execute(
            "SELECT s.owner_id FROM deliveries d JOIN slots t ON t.id = d.slot_id "
            "JOIN schedules s ON s.id = t.schedule_id WHERE d.delivered_ms IS NOT NULL "
            "ORDER BY d.delivered_ms, d.id"
        ).fetchall()
    return [owner for (owner,) in rows]


def _most_apart(order: list[int], wanted: dict[int, int]) -> int:
    """How many files two owners were apart at most, of those who had some to come.

    >>> _most_apart([1, 2, 1, 2, 1, 1, 1], {1: 5, 2: 2})
    1
    >>> _most_apart([1, 1, 1, 2], {1: 3, 2: 1})
    3
    """
    had = dict.fromkeys(wanted, 0)
    most = 0
    for owner in order:
        waiting = [had[one] for one in wanted if had[one] < wanted[one]]
        had[owner] += 1
        most = max(most, had[owner] - min(waiting))
    return most


def main() -> None:
    """By hand; ends with 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES)
    arguments = parser.parse_args()
    report = Report(Path(os.devnull))
    with tempfile.TemporaryDirectory() as name:
        bench_many_schedules(report, Path(name), arguments.schedules)
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
