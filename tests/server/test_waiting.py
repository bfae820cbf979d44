"""Pages never wait for a busy machine: who works behind them stands back, and what takes long goes
on while the page is there already."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from server.conftest import World
from server.running import RANGE, until, wait_for
from tawny.errors import StorageError
from tawny.server.beside import Beside
from tawny.server.remembered import Remembered


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
    beside, made, go = Beside(), [], threading.Event()

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
    beside, made = Beside(), []

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
        time.sleep(0.15 if len(readings) == 2 else 0)
        return {"n": state[0]}

    remembered = Remembered(read, lambda: state[0], fresh_s=0.0)
    assert [remembered.get() for _ in range(3)] == [{"n": 1}] * 3
    assert len(readings) == 1
    state[0] = 2
    # This one takes longer than a page waits; the one before is shown meanwhile.
    assert remembered.get() == {"n": 1}
    until(lambda: remembered.get() == {"n": 2} or None)
    assert len(readings) == 2
    # The last one took long, so nobody waits for the next.
    state[0] = 3
    assert remembered.get() == {"n": 2}
    until(lambda: remembered.get() == {"n": 3} or None)


def test_who_sent_the_first_events_sees_them() -> None:
    found: list[int] = []
    looks: list[int] = []

    def read() -> dict[str, list[int]]:
        looks.append(1)
        seen = list(found)
        time.sleep(0.3)
        return {"channels": seen}

    remembered = Remembered(
        read, lambda: len(found), says_nothing=lambda result: not result["channels"]
    )
    assert remembered.get() == {"channels": []}
    assert remembered.get() == {"channels": []}
    assert len(looks) == 1
    found.append(7)
    # The reading before took long, and it was a moment ago; but it says nothing.
    assert remembered.get() == {"channels": [7]}


def _children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found
