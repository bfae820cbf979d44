"""Measure how soon pages are there in an installation that has been in use for long.

    python bench/page_speed.py --home DIR [--from DAY] [--to DAY] [--runs 10000] [--visits 20]

`make bench` does this over its log of 12 months; by hand, `--home` is a data folder that nobody
serves (it is changed). A person comes to each page from another one, which is what happens all day,
on a server that has answered before: taken is the browser's own `first-contentful-paint`, at the
95th percentile of the visits. Of the first page also until its figures stand there; and how soon
the server answers with pages of a table over a large result, anywhere in it and in the order of a
column. The list has 10,000 exports. The installation is in use: the last two weeks have events, and
while pages are looked at more come in each second, so that nothing a page says is of a log that
stands still.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import itertools
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from page_budget import paint_ms
from playwright.sync_api import Browser
from report import Report

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from browser.running import chromium
from server.running import Server, running, token_of, wait_for
from server.test_many import copies

PAINT_P95_MS = 300
HOME_MS = 1000
TABLE_P95_MS = 500
ROWS_A_PAGE = 50
RANDOM_SEED = 20260101
RECENT_DAYS = 14
RECENT_CONVERSATIONS = 12_000
EVENTS_A_SECOND = 20
"""Sent while pages are looked at."""
PAGES = (
    "/", "/exports", "/exports?page=200", "/exports?q=messages+2025", "/exports/{run}",
    "/dictionary", "/dictionary/messages", "/log", "/people", "/people/groups", "/audit",
    "/settings", "/account", "/start",
)  # fmt: skip


def measure_speed(
    report: Report, home: Path, span: tuple[str, str], runs: int = 10_000, visits: int = 20
) -> None:
    """Serve a data folder, fill its list, and look at every page."""
    waiting = _recent_events(home)
    with running(home) as server, contextlib.ExitStack() as stack:
        root = server.set_up()
        request = {"export": "messages", "from": span[0], "to": span[1]}
        made = root.post("/exports", json=request).raise_for_status().json()["id"]
        run = wait_for(root, made, 3600)
        assert run["state"] == "ready", run
        copies(home, made, runs)
        events = root.get("/log").json()["events"]
        stack.enter_context(_sending(server.client(token_of(root, "events:write")), waiting))
        with chromium() as browser:
            report.line(
                f"## Pages of a long-lived installation: {runs:,} exports, {events:,} events, "
                f"load {os.getloadavg()[0]:.1f}\n"
            )
            _paints(report, server, browser, dict(root.cookies), made, visits)
        _table(report, server, dict(root.cookies), made, run["file"]["rows"], visits)


def _recent_events(home: Path) -> Iterator[list[str]]:
    """Have the log go on until now; returns batches of events that it does not have."""
    today = datetime.datetime.now(datetime.UTC).date()
    tawny, events = [sys.executable, "-m", "tawny"], home.with_name(f"{home.name}.recent.ndjson")
    subprocess.run(
        [*tawny, "sample", "--conversations", str(RECENT_CONVERSATIONS), "--seed", "11",
         "--from", str(today - datetime.timedelta(days=RECENT_DAYS)), "--to", str(today),
         "-o", str(events)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    lines = events.read_text(encoding="utf-8").splitlines()
    # What the sample says of its channels and agents stands first, what it sent until when last.
    later = [line for line in lines[len(lines) // 2 :] if '"message.created"' in line][::5]
    kept = set(later)
    events.write_text("\n".join(line for line in lines if line not in kept), encoding="utf-8")
    subprocess.run(
        [*tawny, "--home", str(home), "ingest", str(events)], check=True, stdout=subprocess.DEVNULL
    )
    events.unlink()
    return (later[at : at + EVENTS_A_SECOND] for at in range(0, len(later), EVENTS_A_SECOND))


@contextlib.contextmanager
def _sending(client: httpx.Client, batches: Iterator[list[str]]) -> Iterator[None]:
    """Send a batch each second while the body runs."""
    done = threading.Event()
    wrong: list[str] = []

    def send() -> None:
        while not done.wait(1.0):
            answer = client.post(
                "/events", content="\n".join(next(batches)),
                headers={"Content-Type": "application/x-ndjson"},
            )  # fmt: skip
            if answer.status_code != 200:
                wrong.append(answer.text)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        done.set()
        sender.join()
    assert not wrong, wrong[0]


def _paints(
    report: Report, server: Server, browser: Browser, cookies: dict[str, str], run: str, visits: int
) -> None:
    report.line("| page | median ms | 95th percentile | goal |")
    report.line("| --- | ---: | ---: | --- |")
    context = browser.new_context(base_url=server.url)
    context.add_cookies(
        [{"name": name, "value": value, "url": server.url} for name, value in cookies.items()]
    )
    page = context.new_page()
    for path in PAGES:
        found = []
        for _ in range(visits + 1):
            page.goto("/account" if path != "/account" else "/settings", wait_until="load")
            found.append(paint_ms(page, path.format(run=run)))
        _report(report, path, found[1:], PAINT_P95_MS)
    found = []
    for _ in range(visits + 1):
        page.goto("/account", wait_until="load")
        page.goto("/")
        page.wait_for_selector(".tile-value", timeout=600_000)
        found.append(float(page.evaluate("performance.now()")))
    _report(report, "/ with its figures", found[1:], HOME_MS)
    report.line()
    context.close()


def _table(
    report: Report, server: Server, cookies: dict[str, str], run: str, rows: int, visits: int
) -> None:
    report.line(f"### The table of a result of {rows:,} rows\n")
    report.line("| pages | median ms | 95th percentile | goal |")
    report.line("| --- | ---: | ---: | --- |")
    last = max(1, rows // ROWS_A_PAGE)
    anywhere = random.Random(RANDOM_SEED)
    with httpx.Client(base_url=server.url, cookies=cookies, timeout=600) as client:
        for name, query in (
            ("as the file has them", ""),
            ("by a column of texts", "&sort=content"),
            ("by a column of times, newest first", "&sort=-created_at"),
        ):
            found = []
            for number in itertools.count():
                at = anywhere.randint(1, last)
                began = time.perf_counter()
                text = client.get(f"/exports/{run}/rows?page={at}{query}").raise_for_status().text
                if "Loading" in text:
                    # The rows are being kept, or put in order, for the first who asks.
                    time.sleep(0.5)
                    assert number < 1200, "the rows were never there"
                    continue
                found.append(1000 * (time.perf_counter() - began))
                if len(found) > visits:
                    break
            _report(report, name, found[1:], TABLE_P95_MS)
    report.line()


def _report(report: Report, name: str, found_ms: Sequence[float], goal_ms: int) -> None:
    ordered = sorted(found_ms)
    at_95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    report.line(
        f"| {name} | {ordered[len(ordered) // 2]:.0f} | {at_95:.0f} "
        f"| under {goal_ms}: {report.verdict(at_95 < goal_ms)} |"
    )


def main() -> None:
    """Run it by hand; ends with 1 when a goal was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--from", dest="start", default="2025-01-01")
    parser.add_argument("--to", dest="end", default="2026-01-01")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--visits", type=int, default=20)
    parser.add_argument("--report", type=Path, default=Path("page_speed.md"))
    asked = parser.parse_args()
    report = Report(asked.report)
    measure_speed(report, asked.home, (asked.start, asked.end), asked.runs, asked.visits)
    report.save()
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
