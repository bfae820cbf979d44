"""Pages never wait for a busy machine: who works behind them stands back, and what takes long goes
on while the page is there already."""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from server.conftest import World
from server.running import PASSWORD, RANGE, event, send, until, wait_for
from server_process import LONGEST_WAIT_S
from tawny.errors import StorageError
from tawny.server.cached_reading import CachedReading
from tawny.server.run_artifacts import RunArtifacts


def test_workers_stand_back_for_the_server(world: World) -> None:
    assert world.server.process is not None
    server = world.server.process.pid
    workers = _children(server)
    assert workers
    for worker in workers:
        # Between sessions Linux shares processors evenly, whatever the niceness.
        assert os.getsid(worker) == os.getsid(server)
        assert os.getpgid(worker) != os.getpgid(server)
        assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(os.PRIO_PROCESS, server)
        assert os.sched_getscheduler(worker) == os.SCHED_BATCH


def test_a_preview_is_the_same_whether_read_from_the_file_or_computed(world: World) -> None:
    previews = []
    for more in ({"format": "csv"}, {"format": "csv", "dialect": "excel"}, {"format": "parquet"}):
        answer = world.root.post("/exports", json={"export": "messages", **RANGE, **more})
        run = wait_for(world.root, answer.json()["id"])
        previews.append(world.root.get(f"/exports/{run['id']}/preview").json())
    assert len(previews[0]["rows"]) == run["file"]["rows"] >= 20
    assert previews[0] == previews[1] == previews[2]


def test_many_who_look_at_one_run_cost_one_computation(tmp_path: Path) -> None:
    beside, made, go = RunArtifacts(), [], threading.Event()

    def make() -> dict[str, int]:
        made.append(1)
        go.wait()
        return {"n": 1}

    file = tmp_path / "file.csv"
    assert [beside.get(file, "charts", make, 0.01) for _ in range(5)] == [None] * 5
    threading.Timer(0.1, go.set).start()
    assert beside.get(file, "charts", make, None) == {"n": 1}
    assert beside.get(file, "charts", make, 0.0) == {"n": 1}
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".charts.json"]


def test_a_computation_that_fails_is_told_and_then_tried_again(tmp_path: Path) -> None:
    beside, made = RunArtifacts(), []

    def make() -> dict[str, int]:
        made.append(1)
        if len(made) == 1:
            raise StorageError("no room")
        return {"n": len(made)}

    file = tmp_path / "file.csv"
    with pytest.raises(StorageError, match="no room"):
        beside.get(file, "charts", make, None)
    assert beside.get(file, "charts", make, None) == {"n": 2}


def test_what_was_read_is_read_again_only_when_the_log_changed() -> None:
    state, readings = [1], []

    def read() -> dict[str, int]:
        readings.append(1)
        time.sleep(1.0 if len(readings) == 2 else 0)
        return {"n": state[0]}

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    remembered = CachedReading(read, lambda: state[0])
    for _ in range(3):
        asked_ms = now_ms()
        reading = remembered.get()
        assert (reading.found, reading.as_of_ms >= asked_ms) == ({"n": 1}, True)
    assert len(readings) == 1
    changed_ms = now_ms()
    state[0] = 2
    # This one takes longer than a page waits; the one before is shown meanwhile, with its time.
    reading = remembered.get()
    assert reading.found == {"n": 1}
    assert reading.as_of_ms <= changed_ms
    until(lambda: remembered.get().found == {"n": 2} or None)
    assert len(readings) == 2
    assert remembered.get().as_of_ms > changed_ms


def test_who_shows_something_older_knows_it_and_gets_the_newer_by_waiting() -> None:
    state, readings = [1], []

    def read() -> dict[str, int]:
        readings.append(1)
        seen = state[0]
        time.sleep(0.4)
        return {"n": seen}

    remembered = CachedReading(read, lambda: state[0])
    assert remembered.get().is_current
    state[0] = 2
    began_s = time.monotonic()
    older = remembered.get(newer_within_s=0.0)
    assert (older.found, older.is_current) == ({"n": 1}, False)
    assert time.monotonic() - began_s < 0.3, "it waited for the reading"
    newer = remembered.get(newer_within_s=LONGEST_WAIT_S)
    assert (newer.found, newer.is_current) == ({"n": 2}, True)


def test_the_numbers_that_a_page_asks_for_have_all_that_was_acknowledged(world: World) -> None:
    """The page itself may be of a moment ago; then it asks for them by itself."""
    with httpx.Client(base_url=world.server.url, timeout=LONGEST_WAIT_S) as page:
        page.post("/sign-in", data={"name": "root", "password": PASSWORD})

        def counted() -> int:
            text = page.get("/log/numbers", headers={"HX-Request": "true"}).text
            found = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([\d,]+)", text))
            return sum(
                int(found[name].replace(",", "")) for name in ("Events", "Waiting to be moved in")
            )

        before = counted()
        for number in range(5):
            events = [event("team.saved", f"numbers-{number}", "2026-06-09T00:00:00Z",
                            team_id="t", name="T")]  # fmt: skip
            assert send(world.root, events).json()["accepted"] == 1
            assert counted() == before + number + 1


def test_who_sent_the_first_events_sees_them() -> None:
    found: list[int] = []
    looks: list[int] = []

    def read() -> dict[str, list[int]]:
        looks.append(1)
        seen = list(found)
        time.sleep(0.3)
        return {"channels": seen}

    remembered = CachedReading(
        read, lambda: len(found), says_nothing=lambda result: not result["channels"]
    )
    assert remembered.get().found == {"channels": []}
    assert remembered.get().found == {"channels": []}
    assert len(looks) == 1
    found.append(7)
    # The reading before took long, and it was a moment ago; but it says nothing.
    assert remembered.get().found == {"channels": [7]}


def test_what_is_said_of_the_log_is_so_at_the_time_it_says(world: World) -> None:
    """Every event that was acknowledged before is counted, or waits."""
    for number in range(20):
        events = [
            event("team.saved", f"{number}-{n}", "2026-06-09T00:00:00Z", team_id="t", name="T")
            for n in range(3)
        ]
        before = world.root.get("/log").json()
        assert send(world.root, events).json()["accepted"] == 3
        acknowledged = datetime.now(UTC)
        after = world.root.get("/log").json()
        counted = after["events"] + after["waiting"] - before["events"] - before["waiting"]
        if datetime.fromisoformat(after["as_of"]) >= acknowledged:
            assert counted >= 3
    until(
        lambda: (
            datetime.fromisoformat(world.root.get("/log").json()["as_of"]) > acknowledged or None
        )
    )


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found
