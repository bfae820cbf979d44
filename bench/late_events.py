"""Measure what it costs to find which delivered files late events touch.

    python bench/late_events.py HOME VERSION

looks at the log of a data folder as a server does when something came in: at the files of 30 days
that were delivered at a version of the log, five exports each. It prints how many
files are touched, seconds, processor seconds and peak memory.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from report import Report

from tawny.exports.request import ExportRequest
from tawny.feeds.made_files import MadeFile, MadeFiles
from tawny.settings import Settings
from tawny.state.event_log import event_log

LATE_MONTH = b"2025-12"
LATE_EVENTS = 100_000
SECONDS_ALLOWED = 1.0
"""Of the processor, for each 100,000 events that came in."""

_TYPES = ("messages", "resolved-conversations", "teams", "users", "user-presence")


def bench_late_events(report: Report, folder: Path, home: Path, late: Path) -> None:
    """Look once, have events of the last month come in, look again."""
    copy = folder / "late"
    shutil.copytree(home, copy)
    lines = sum(1 for _ in late.open("rb"))
    report.line(f"## Finding which of 150 delivered files {lines:,} late events touch\n")
    report.line("| look | files touched | seconds | cpu s | peak MB | goal |")
    report.line("| --- | ---: | ---: | ---: | ---: | --- |")
    version = event_log(copy, Settings({})).snapshot().version
    shutil.rmtree(copy / "cache" / "ids", ignore_errors=True)
    for name in ("the first, of a log without a cache", "nothing came in"):
        _row(report, name, _look(copy, version), None)
    subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(copy), "ingest", str(late)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    allowed_s = SECONDS_ALLOWED * lines / LATE_EVENTS
    _row(report, "they came in", _look(copy, version), allowed_s)
    report.line()
    shutil.rmtree(copy)


def _row(report: Report, name: str, look: dict[str, Any], allowed_s: float | None) -> None:
    goal = ""
    if allowed_s is not None:
        goal = f"cpu {allowed_s:.2f} s: {report.verdict(look['cpu_s'] <= allowed_s)}"
    report.line(
        f"| {name} | {look['touched']} | {look['seconds']:.2f} | {look['cpu_s']:.2f} "
        f"| {look['peak_mb']:.0f} | {goal} |"
    )


def _look(home: Path, version: int) -> dict[str, Any]:
    """A look in a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, str(home), str(version)], check=True, stdout=subprocess.PIPE
    )
    look: dict[str, Any] = json.loads(found.stdout)
    return look


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def look(home: Path, version: int) -> dict[str, Any]:
    """What a look finds and costs, without the start of its process."""
    month = LATE_MONTH.decode()
    files = [
        MadeFile(
            ExportRequest(
                export_type=export_type, time_zone="Europe/Paris", start=f"{month}-{day:02d}",
                end=f"{month}-{day + 1:02d}", content="yes", as_of="2026-01-15T00:00:00Z",
            ),
            content_media=None, log_version=version, erasures_version=version,
        )
        for day in range(1, 31)
        for export_type in _TYPES
    ]  # fmt: skip
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    with MadeFiles(home, Settings({}), files) as made:
        touched = made.touched()
    return {
        "touched": len(touched),
        "seconds": time.perf_counter() - began_s,
        "cpu_s": _cpu_s() - began_cpu_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]), int(sys.argv[2]))))
