"""Measure a server that takes in events, shows pages and computes large exports, all at once.

    python bench/server_load.py --home DIR --events FILE [--seconds 60] [--rate 6000]

`make bench` does this last, over its log of 12 months, posting the events of the months after.
By hand, `--home` is a data folder that nobody serves (it is changed), and `--events` a file of
events that are not in it, as `tawny sample` writes them.

Four groups work at once on the machine's processors, so what is measured includes what the
measuring costs: senders post batches of 100 events at a rate (`load_players.py senders`), people
walk through every page with its parts, and hold its news open (`load_players.py people`), a program
reads the API, and three exports of the whole range run at any time, each asked for again when one
is ready. Times are of whole answers, as the client sees them. When all is quiet again, a browser
looks at the pages (`page_budget.py`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from page_budget import measure_pages
from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from server.running import PASSWORD, Server, running, token_of, wait_for

BATCH = 100
POST_P99_MS = 500
PAGE_P99_MS = 300
EVENTS_A_SECOND = 5000
WARM_S = 10
"""Caches fill and workers start; memory is compared after it."""
GROWTH = 1.15
"""Memory counts as flat when the last third of the time has no more than this of the first."""
WORKER_MB = 1536
"""As for an export by the command line."""
EXPORTS = ("messages", "users", "resolved-conversations")
PAGES = (
    ("exports", "/exports"),
    ("news", "/live/now"),
    ("run", "/exports/{run}"),
    ("rows", "/exports/{run}/rows"),
    ("charts", "/exports/{run}/charts"),
    ("dictionary", "/dictionary"),
    ("dictionary", "/dictionary/messages"),
    ("log", "/log"),
    ("bell", "/notifications"),
    ("people", "/people"),
    ("audit", "/audit"),
    ("settings", "/settings"),
    ("account", "/account"),
)
PARTS = ("news", "rows", "charts", "bell")
"""Kinds that a page asks for when it is there, and that are no pages."""
READS = (
    ("API runs", "/api/v1/exports"),
    ("API run", "/api/v1/exports/{run}"),
    ("API columns", "/api/v1/types/messages/columns"),
    ("API channels", "/api/v1/channels"),
    ("API log", "/api/v1/log"),
)


@dataclass(frozen=True)
class Load:
    """How much."""

    exports: tuple[str, str]
    """First day and day after the last of the exports."""
    seconds: float = 60
    rate: int = 6000
    """Events a second."""
    senders: int = 4
    people: int = 4
    listeners: int = 6


@dataclass(frozen=True)
class Memory:
    """What the processes of the server have of their own, in MB, `at` seconds after the start."""

    at: float
    server: float
    workers: dict[int, float]


class Exports:
    """Three exports at any time."""

    def __init__(self, client: httpx.Client, span: tuple[str, str]) -> None:
        self._client = client
        self._span = span
        self._number = 0
        self._waiting: dict[str, float] = {}
        self.lines: list[str] = []
        self.wrong: list[str] = []

    def ask(self) -> str:
        """Ask for the next."""
        kind = EXPORTS[self._number % len(EXPORTS)]
        self._number += 1
        request = {"export": kind, "from": self._span[0], "to": self._span[1]}
        return str(self._client.post("/exports", json=request).raise_for_status().json()["id"])

    def keep_busy(self, stop: threading.Event) -> None:
        """Have three unfinished until `stop`."""
        while not stop.wait(1.0):
            while len(self._waiting) < 3:
                self._waiting[self.ask()] = time.monotonic()
            self._look("under load")

    def finish(self) -> None:
        """Wait for those that are unfinished when the load is over."""
        while self._waiting:
            self._look("ended after the load")
            time.sleep(0.2)

    def _look(self, when: str) -> None:
        for run_id, began in list(self._waiting.items()):
            run = self._client.get(f"/exports/{run_id}").json()
            if run["state"] in ("queued", "running"):
                continue
            del self._waiting[run_id]
            seconds = time.monotonic() - began
            if run["state"] != "ready":
                self.wrong.append(f"{run['request']['export']}: {run['error']}")
            else:
                self.lines.append(
                    f"| {run['request']['export']} | {run['file']['rows']:,} "
                    f"| {run['file']['bytes']:,} | {seconds:.1f} | {when} |"
                )


def measure(report: Report, home: Path, events: Path, load: Load) -> None:
    """Serve a data folder under load and report."""
    with running(home, runs_at_once="3") as server:
        root = server.set_up()
        token = token_of(root, "events:write", "exports:read", "exports:write")
        exports = Exports(server.client(token), load.exports)
        # The run whose page is looked at, with charts and rows.
        wait_for(root, shown := exports.ask(), 300)
        sign_in = httpx.post(f"{server.url}/api/v1/session",
                             json={"name": "root", "password": PASSWORD})  # fmt: skip
        cookie = "; ".join(f"{name}={value}" for name, value in sign_in.cookies.items())
        asked = {
            "port": server.port,
            "seconds": load.seconds + WARM_S,
            "rate": load.rate,
            "senders": load.senders,
            "people": load.people,
            "listeners": load.listeners,
            "events": str(events),
            "token": {"Authorization": f"Bearer {token}"},
            "session": {"Cookie": cookie, "Accept-Encoding": "gzip"},
            "pages": [[kind, path.format(run=shown)] for kind, path in PAGES],
            "reads": [[kind, path.format(run=shown)] for kind, path in READS],
        }
        stop = threading.Event()
        memory: list[Memory] = []
        sampler = threading.Thread(target=sample_memory, args=(server, memory, stop))
        asking = threading.Thread(target=exports.keep_busy, args=(stop,))
        threads = (sampler, asking)
        for thread in threads:
            thread.start()
        players = [_player(group, asked) for group in ("senders", "people")]
        seen = [json.loads(player.stdout.read()) for player in players if player.stdout]
        stop.set()
        for thread in threads:
            thread.join()
        ended = [player.wait() for player in players]
        assert ended == [0, 0], ended
        waiting = root.get("/log").json()["waiting"]
        exports.finish()
        _report(report, load, seen[0], seen[1], exports, memory)
        report.line(f"Events that were not in the log yet at the end: {waiting:,}.\n")
        paths = [path.format(run=shown) for kind, path in PAGES if kind not in PARTS]
        measure_pages(report, server.url, dict(sign_in.cookies), list(dict.fromkeys(paths)))


def _report(
    report: Report,
    load: Load,
    senders: dict[str, Any],
    people: dict[str, Any],
    exports: Exports,
    memory: list[Memory],
) -> None:
    seconds = load.seconds + WARM_S
    posts = senders["ms"]["post"]
    rate = len(posts) * BATCH / seconds
    report.line("## A server under load\n")
    report.line(
        f"{load.senders} senders of batches of {BATCH}, {load.people} people and a program who "
        f"look twice a second each, {load.listeners} open news, three exports of "
        f"{load.exports[0]} to {load.exports[1]} at any time, for {seconds:.0f} s.\n"
    )
    report.line("| kind | answers | p50 ms | p99 ms | most ms | goal |")
    report.line("| --- | ---: | ---: | ---: | ---: | --- |")
    _row(report, "post", posts, POST_P99_MS)
    every = {kind: people["ms"].get(kind, []) for kind, _ in (*PAGES, *READS)}
    pages = [ms for kind in dict.fromkeys(kind for kind, _ in PAGES) for ms in every[kind]]
    reads = [ms for kind, _ in READS for ms in every[kind]]
    _row(report, "every page", pages, PAGE_P99_MS)
    _row(report, "every API read", reads, PAGE_P99_MS)
    for kind, found in every.items():
        _row(report, kind, found, None)
    wrong = [*senders["wrong"], *people["wrong"], *exports.wrong]
    report.line()
    report.line(f"- events a second acknowledged as durable: {rate:,.0f}; "
                f"goal {EVENTS_A_SECOND:,}: {report.verdict(rate >= EVENTS_A_SECOND)}")  # fmt: skip
    report.line(f"- errors: {len(wrong)}; goal 0: {report.verdict(not wrong)}")
    for text in dict.fromkeys(wrong[:5]):
        report.line(f"  - {text}")
    _memory(report, memory)
    report.line("\n| export | rows | bytes | seconds | |\n| --- | ---: | ---: | ---: | --- |")
    for line in exports.lines:
        report.line(line)
    report.line()


def _row(report: Report, kind: str, found: list[float], goal_ms: int | None) -> None:
    ordered = sorted(found)
    if not ordered:
        report.line(f"| {kind} | 0 | | | | {report.verdict(False)} |")
        return

    def share(part: float) -> float:
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

    goal = ""
    if goal_ms is not None:
        goal = f"p99 under {goal_ms}: {report.verdict(share(0.99) < goal_ms)}"
    report.line(
        f"| {kind} | {len(ordered):,} | {share(0.5):.0f} | {share(0.99):.0f} | {ordered[-1]:.0f} "
        f"| {goal} |"
    )


def _memory(report: Report, memory: list[Memory]) -> None:
    """The server must not grow. Its workers hold what the export at hand needs, so together they
    rise and fall; each has a limit."""
    warm = [one for one in memory if one.at >= WARM_S]
    third = len(warm) // 3

    def course(of: Callable[[Memory], float]) -> str:
        every = [max(of(one) for one in warm[at : at + 10]) for at in range(0, len(warm), 10)]
        return ", ".join(f"{mb:.0f}" for mb in every)

    first = max(one.server for one in warm[:third])
    last = max(one.server for one in warm[-third:])
    flat = report.verdict(last <= first * GROWTH)
    report.line(
        f"- memory of the server: first third {first:.0f} MB, last third {last:.0f} MB, goal no "
        f"more than {GROWTH:.2f} times: {flat}; most of each ten seconds: "
        f"{course(lambda one: one.server)}"
    )
    together = course(lambda one: sum(one.workers.values()))
    report.line(f"- memory of its workers together, most of each ten seconds: {together}")
    peak = max((mb for one in memory for mb in one.workers.values()), default=0.0)
    report.line(
        f"- most memory of one worker: {peak:.0f} MB, goal {WORKER_MB}: "
        f"{report.verdict(0 < peak <= WORKER_MB)}"
    )


def _player(group: str, asked: dict[str, Any]) -> subprocess.Popen[str]:
    player = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("load_players.py")), group],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert player.stdin is not None
    json.dump(asked, player.stdin)
    player.stdin.close()
    return player


def sample_memory(server: Server, memory: list[Memory], stop: threading.Event) -> None:
    """Note each second what its processes have, until `stop` is set."""
    assert server.process is not None
    pid = server.process.pid
    began = time.monotonic()
    while not stop.wait(1.0):
        children = Path(f"/proc/{pid}/task/{pid}/children").parent.parent
        found: set[int] = set()
        for task in children.iterdir():
            try:
                found |= {int(one) for one in (task / "children").read_text().split()}
            except OSError:
                continue  # that thread has ended
        workers = {child: mb for child in found if (mb := _own_mb(child)) is not None}
        memory.append(Memory(time.monotonic() - began, _own_mb(pid) or 0.0, workers))


def _own_mb(pid: int) -> float | None:
    """Memory of a process that is no file's; None when it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = [line for line in text.splitlines() if line.startswith("RssAnon:")]
    return int(found[0].split()[1]) / 1024 if found else None


def main() -> None:
    """Run it by hand; ends with 1 when a goal was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--from", dest="start", default="2025-01-01")
    parser.add_argument("--to", dest="end", default="2026-01-01")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=6000)
    parser.add_argument("--report", type=Path, default=Path("server_load.md"))
    asked = parser.parse_args()
    report = Report(asked.report)
    load = Load((asked.start, asked.end), seconds=asked.seconds, rate=asked.rate)
    measure(report, asked.home, asked.events, load)
    report.save()
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
