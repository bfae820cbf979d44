"""Measure ingest and exports as whole processes, against a limit measured in the same run.

    python bench/bench.py [--conversations N] [--repeat N] [--folder DIR]

A care centre is simulated over 24 months (by default 13 million events, 5 million messages). Three
logs hold its first 6, first 12 and all 24 months. The limit of an export is DuckDB copying the
same finished rows from Parquet to CSV, the limit of ingest DuckDB reading the same lines into
Parquet; both in a process of their own, like the command measured. Of several runs the median
counts; ratios are of runs made right after each other. The report goes to standard output and to
`bench/out/report.md`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from backfill import MESSAGES, TICKETS, bench_api, bench_database
from late_events import LATE_EVENTS, LATE_MONTH, bench_late_events
from many_schedules import bench_many_schedules
from page_speed import measure_speed
from report import Report
from server_load import Load, measure
from starting import bench_starting

TYPES = (
    *("resolved-conversations", "open-conversations", "messages", "teams", "contacts", "topics"),
    *("tags", "user-presence", "users", "response-times", "virtual-agents", "contact-attributes"),
)
MONTH = ("2024-05-01", "2024-06-01")
YEAR = ("2024-01-01", "2025-01-01")
AS_OF = "2026-01-15"
MEMORY_LIMIT_MB = 1536

_PEER_EXPORT = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"COPY (FROM read_parquet('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT csv)")
"""
_PEER_INGEST = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(
    f"COPY (FROM read_ndjson_auto({sys.argv[1:-1]})) TO '{sys.argv[-1]}' (FORMAT parquet)"
)
"""
_TO_PARQUET = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(
    f"COPY (FROM read_csv('{sys.argv[1]}', all_varchar = true)) TO '{sys.argv[2]}' (FORMAT parquet)"
)
"""


@dataclass(frozen=True)
class Run:
    """One process: wall seconds, processor seconds, peak memory."""

    seconds: float
    cpu_s: float
    peak_mb: float


def run(*command: str) -> Run:
    """Run a process to its end; raises when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def tawny(home: Path, *arguments: str) -> Run:
    """One call of the command line."""
    return run(sys.executable, "-m", "tawny", "--home", str(home), *arguments)


def export(home: Path, name: str, span: tuple[str, str], target: Path) -> Run:
    """One export to CSV."""
    return tawny(
        home, "export", name, "--from", span[0], "--to", span[1], "--as-of", AS_OF,
        "-o", str(target),
    )  # fmt: skip


def median(runs: list[Run]) -> Run:
    """The run of median length."""
    return sorted(runs, key=lambda item: item.seconds)[len(runs) // 2]


def simulate(folder: Path, conversations: int) -> tuple[list[Path], int]:
    """The events in four files: months 1-6, 7-12 and 13-24, and some of the last month that come
    late; and how many they are."""
    parts = [folder / f"part{number}.ndjson" for number in (1, 2, 3, 4)]
    chance, late_events = random.Random(7), 0
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tawny", "sample", "--conversations", str(conversations),
         "--from", "2024-01-01", "--to", "2026-01-01", "--seed", "7", "-o", "-"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    month_of = re.compile(rb'"time": ?"(\d{4}-\d{2})')
    events = 0
    with contextlib.ExitStack() as files:
        first, second, third, late = (files.enter_context(part.open("wb")) for part in parts)
        for line in process.stdout:
            match = month_of.search(line)
            assert match is not None
            month = match.group(1)
            into = first if month < b"2024-07" else second if month < b"2025-01" else third
            if month == LATE_MONTH and late_events < LATE_EVENTS and chance.random() < 0.25:
                into = late
                late_events += 1
            into.write(line)
            events += 1
    if process.wait() != 0:
        raise SystemExit("the simulation failed")
    seconds = time.perf_counter() - began
    print(f"simulated {events:,} events in {seconds:.0f} s ({events / seconds:,.0f}/s)")
    return parts, events


def bench_ingest(report: Report, folder: Path, parts: list[Path]) -> dict[int, Path]:
    """Ingest into the three logs; the first twelve months against DuckDB reading them."""
    homes = {months: folder / f"log{months}" for months in (6, 12, 24)}
    year = [str(parts[0]), str(parts[1])]
    lines = sum(1 for part in parts[:2] for _ in part.open("rb"))
    size = sum(part.stat().st_size for part in parts[:2])
    peer = run(sys.executable, "-c", _PEER_INGEST, *year, str(folder / "peer.parquet"))
    mine = tawny(homes[12], "ingest", *year)
    ratio = mine.seconds / peer.seconds
    report.line("## Ingest\n")
    report.line("| events | bytes | seconds | events/s | peak MB | limit s | ratio | goal 4.0 |")
    report.line("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    report.line(
        f"| {lines:,} | {size:,} | {mine.seconds:.1f} | {lines / mine.seconds:,.0f} "
        f"| {mine.peak_mb:.0f} | {peer.seconds:.1f} | {ratio:.2f} | {report.verdict(ratio <= 4)} |"
    )
    report.line()
    tawny(homes[6], "ingest", str(parts[0]))
    shutil.copytree(homes[12], homes[24])
    tawny(homes[24], "ingest", str(parts[2]))
    for home in homes.values():
        tawny(home, "log", "compact")
        export(home, "topics", MONTH, folder / "warm.csv")  # fills the cache of repeated messages
    return homes


def bench_exports(report: Report, folder: Path, home: Path, repeat: int) -> None:
    """Every export for a month, messages for a year, against copying the finished rows."""
    report.line("## Exports from a log of 12 months\n")
    report.line(
        "| export | range | rows | bytes | seconds | cpu s | peak MB | limit s | ratio | goal |"
    )
    report.line("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, span in [("messages", YEAR), *((name, MONTH) for name in TYPES)]:
        target, rows_file = folder / "mine.csv", folder / "rows.parquet"
        export(home, name, span, target)
        run(sys.executable, "-c", _TO_PARQUET, str(target), str(rows_file))
        rows = int(re.findall(r'"rows": (\d+)', Path(f"{target}.receipt.json").read_text())[0])
        mine, peer = [], []
        for _ in range(repeat):
            mine.append(export(home, name, span, target))
            peer.append(
                run(sys.executable, "-c", _PEER_EXPORT, str(rows_file), str(folder / "peer.csv"))
            )
        best, limit = median(mine), median(peer)
        ratio = statistics.median(a.seconds / b.seconds for a, b in zip(mine, peer, strict=True))
        if span == YEAR:
            goal, met = "2x", ratio <= 2
        else:
            goal = f"2 s + 3x = {2 + 3 * limit.seconds:.1f} s"
            met = best.seconds <= 2 + 3 * limit.seconds
        met = met and best.peak_mb <= MEMORY_LIMIT_MB
        report.line(
            f"| {name} | {'year' if span == YEAR else 'month'} | {rows:,} "
            f"| {target.stat().st_size:,} | {best.seconds:.2f} | {best.cpu_s:.2f} "
            f"| {best.peak_mb:.0f} | {limit.seconds:.2f} | {ratio:.2f} "
            f"| {goal}: {report.verdict(met)} |"
        )
    report.line()


def bench_growth(report: Report, folder: Path, homes: dict[int, Path], repeat: int) -> None:
    """The same month from 6 and from 24 months; memory from few to all messages."""
    report.line("## The same month from a log of 24 months and from one of 6\n")
    report.line("| export | 6 months s | 24 months s | ratio | goal 1.3 |")
    report.line("| --- | ---: | ---: | ---: | --- |")
    for name in TYPES:
        if name == "open-conversations":
            continue  # a snapshot of everything: it takes no month
        pairs = [
            (
                export(homes[6], name, MONTH, folder / "six.csv"),
                export(homes[24], name, MONTH, folder / "all.csv"),
            )
            for _ in range(repeat)
        ]
        ratio = statistics.median(long.seconds / short.seconds for short, long in pairs)
        short, long = median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
        report.line(
            f"| {name} | {short.seconds:.2f} | {long.seconds:.2f} | {ratio:.2f} "
            f"| {report.verdict(ratio <= 1.3)} |"
        )
    report.line()
    report.line("## Peak memory by length of the range, MB\n")
    spans = {
        "5 months": ("2024-01-01", "2024-06-01"),
        "12 months": YEAR,
        "24 months": ("2024-01-01", "2026-01-01"),
    }
    report.line(f"| export | {' | '.join(spans)} | goal under {MEMORY_LIMIT_MB} |")
    report.line(f"| --- | {' | '.join('---:' for _ in spans)} | --- |")
    for name in TYPES:
        runs = [export(homes[24], name, span, folder / "all.csv") for span in spans.values()]
        rows = re.findall(r'"rows": (\d+)', (folder / "all.csv.receipt.json").read_text())[0]
        cells = " | ".join(f"{one.peak_mb:.0f} ({one.seconds:.1f} s)" for one in runs)
        met = max(one.peak_mb for one in runs) <= MEMORY_LIMIT_MB
        report.line(f"| {name} ({int(rows):,} rows) | {cells} | {report.verdict(met)} |")
    report.line()


def bench_server(report: Report, folder: Path, home: Path, events: Path) -> None:
    """Events, pages and large exports at once, on the log of 12 months; then, when all is quiet,
    pages with much in their lists."""
    copy = folder / "serving"
    shutil.copytree(home, copy)
    measure(report, copy, events, Load(exports=YEAR))
    shutil.rmtree(copy)
    shutil.copytree(home, copy)
    measure_speed(report, copy, YEAR)
    shutil.rmtree(copy)


def main() -> None:
    """Run everything; ends with 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=810_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    arguments.folder.mkdir(parents=True)
    report = Report(arguments.folder / "report.md")
    parts, events = simulate(arguments.folder, arguments.conversations)
    report.line(f"# Benchmark: {events:,} events over 24 months, {os.cpu_count()} cores\n")
    bench_starting(report)
    homes = bench_ingest(report, arguments.folder, parts)
    bench_exports(report, arguments.folder, homes[12], arguments.repeat)
    bench_growth(report, arguments.folder, homes, arguments.repeat)
    bench_late_events(report, arguments.folder, homes[24], parts[3])
    bench_database(report, MESSAGES)
    bench_api(report, TICKETS)
    bench_server(report, arguments.folder, homes[12], parts[2])
    with tempfile.TemporaryDirectory(dir=arguments.folder) as many:
        bench_many_schedules(report, Path(many))
    report.save()
    for part in parts:
        part.unlink()
    raise SystemExit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
