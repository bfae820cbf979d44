"""What it costs to start: help, version and small exports against importing the libraries that an
export cannot do without, in processor seconds of whole processes made right after each other.

    python bench/starting.py

Byte code is there, as after an installation.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from report import Report

LIBRARIES = "import deltalake, duckdb, pyarrow"
DAY = ("--from", "2026-06-03", "--to", "2026-06-04")
MOST_OF_HELP = 1.5
"""Where the imports take 0.2 seconds, help takes less than 0.3."""
MOST_OF_EXPORT = 2.25
"""And an export 0.25 seconds more than the imports."""
CALLS = {
    "--help": (("--help",), MOST_OF_HELP),
    "--version": (("--version",), MOST_OF_HELP),
    "export --help": (("export", "--help"), MOST_OF_HELP),
    "export user-presence, a day": (
        ("export", "user-presence", *DAY, "-o", "presence.csv"),
        MOST_OF_EXPORT,
    ),
}


def bench_starting(report: Report, repeat: int = 9) -> None:
    """Measure the calls on a log of 300 conversations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "TAWNY_HOME": str(folder / "home"),
        }

        def cpu_s(*command: str) -> float:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdout=subprocess.DEVNULL, cwd=folder, env=environment,
            )  # fmt: skip
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise SystemExit(f"failed: {' '.join(command)}")
            return usage.ru_utime + usage.ru_stime

        def tawny(*arguments: str) -> float:
            return cpu_s("-m", "tawny", *arguments)

        tawny("sample", "--conversations", "300", "--from", "2026-06-01", "--to", "2026-07-01",
              "-o", "events.ndjson")  # fmt: skip
        tawny("ingest", "events.ndjson")
        report.line("## Starting\n")
        report.line("| call | cpu s | importing the libraries, cpu s | ratio | goal |")
        report.line("| --- | ---: | ---: | ---: | --- |")
        for call, (arguments, most) in CALLS.items():
            tawny(*arguments), cpu_s("-c", LIBRARIES)
            pairs = [(tawny(*arguments), cpu_s("-c", LIBRARIES)) for _ in range(repeat)]
            ratio = statistics.median(mine / limit for mine, limit in pairs)
            mine_s, limit_s = (statistics.median(column) for column in zip(*pairs, strict=True))
            report.line(
                f"| {call} | {mine_s:.2f} | {limit_s:.2f} | {ratio:.2f} "
                f"| {most}: {report.verdict(ratio <= most)} |"
            )
        report.line()


if __name__ == "__main__":
    whole = Report(Path(os.devnull))
    bench_starting(whole)
    raise SystemExit(1 if whole.failed else 0)
