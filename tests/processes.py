"""Runs `tawny` as processes that are killed, raced or given a full disk, and looks at what is left.

`start` runs the command with small chunks, so that a log of some thousand events takes many
commits, and returns when the command itself begins: the start of the interpreter is over.
"""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from commands import ndjson, tawny, without_completeness

CHUNK_ROWS = 400
BLOCK_BYTES = 60_000

AS_OF = "2026-06-01T00:00:00Z"
MONTH = ("--from", "2026-03-01", "--to", "2026-04-01", "--tz", "Europe/Paris", "--as-of", AS_OF)

_DRIVER = f"""
import sys
import tawny.cli.export, tawny.cli.ingest, tawny.cli.log, tawny.intake.ingest, tawny.intake.files
from tawny.cli.main import run
tawny.intake.ingest.CHUNK_ROWS = {CHUNK_ROWS}
tawny.intake.files.BLOCK_BYTES = {BLOCK_BYTES}
PREPARATION
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.exit(run(sys.argv[1:]))
"""


def start(home: Path, *arguments: str, preparation: str = "") -> "subprocess.Popen[bytes]":
    """Start a command in small chunks; when this returns, its modules are loaded.

    `preparation` is code that runs before the command, to stop it at a chosen step.
    """
    driver = [sys.executable, "-c", _DRIVER.replace("PREPARATION", preparation)]
    process = subprocess.Popen(
        [*driver, "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert _stream(process.stdout).readline() == b"ready\n", _stream(process.stderr).read()
    return process


@dataclass(frozen=True)
class Ended:
    """How a process ended; the status of a killed one is negative."""

    status: int
    out: str
    err: str


def finish(process: "subprocess.Popen[bytes]") -> Ended:
    """Wait for the end of a started command."""
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out.decode(), without_completeness(err.decode()))


def duration_s(home: Path, *arguments: str) -> float:
    """How long a command takes, from its beginning; it must succeed."""
    process = start(home, *arguments)
    began = time.perf_counter()
    ended = finish(process)
    assert (ended.status, ended.err) == (0, ""), ended
    return time.perf_counter() - began


def killed(home: Path, *arguments: str, after_s: float) -> Ended:
    """Start a command and kill it that long after it began, unless it has ended before."""
    process = start(home, *arguments)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return finish(process)


def killed_at(home: Path, *arguments: str, step: str) -> None:
    """Kill a command when it calls the function `step`, given as `module.name`."""
    module = ".".join(itertools.takewhile(str.islower, step.split(".")[:-1]))
    stop = "lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)"
    preparation = f"import os, signal, {module}; {step} = {stop}"
    ended = finish(start(home, *arguments, preparation=preparation))
    assert ended.status == -signal.SIGKILL, ended


def instants(count: int, longest_s: float) -> list[float]:
    """Moments spread over a run: one at random in each of `count` equal parts."""
    rng = random.Random(count)
    return [longest_s * (index + rng.random()) / count for index in range(count)]


def write_sample(path: Path, conversations: int = 300, seed: int = 3) -> list[bytes]:
    """Simulate March 2026 into a file; returns its lines."""
    result = tawny(
        path.parent,
        *("sample", "--conversations", str(conversations), "--seed", str(seed)),
        *("--from", "2026-03-01", "--to", "2026-04-01", "-o", str(path)),
    )
    assert (result.status, result.err) == (0, ""), result
    return path.read_bytes().splitlines(keepends=True)


def all_exports(home: Path, folder: Path) -> dict[str, bytes]:
    """The twelve exports of the month as of a fixed instant, by file name."""
    result = tawny(home, "export", "all", *MONTH, "-o", str(folder))
    assert (result.status, result.err) == (0, ""), result
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    assert len(files) == 12
    return files


def logged_events(home: Path) -> dict[tuple[str, str], Any]:
    """Every event, by source and id, that another reader of the open table sees, after checking
    that every file the table names is whole and that no event is there twice."""
    if not any((home / "log" / "_delta_log").glob("*.json")):
        return {}
    table = DeltaTable(home / "log")
    events: dict[tuple[str, str], Any] = {}
    rows = 0
    for row in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        file = pq.ParquetFile(home / "log" / row["path"])
        assert file.metadata.num_rows == row["num_records"]
        rows += file.metadata.num_rows
        for event in file.read().drop_columns(["log_version"]).to_pylist():
            events[event["source"], event["id"]] = event
    assert len(events) == rows
    return events


def told_events(home: Path) -> dict[tuple[str, str], Any]:
    """The same without what sources state of their own reading, which hangs on the clock."""
    events = logged_events(home)
    return {key: event for key, event in events.items() if event["type"] != "source.watermark"}


_PERSONAL = (
    *("primary_identifier", "secondary_identifier", "name", "value", "content", "post_url"),
    *("url", "comment", "follow_up_question", "follow_up_response"),
)


def impersonal(events: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Events without what maintenance takes away when their contact was erased."""
    return {
        identity: {name: value for name, value in content.items() if name not in _PERSONAL}
        for identity, content in events.items()
    }


def log_json(home: Path) -> dict[str, Any]:
    """What `tawny log` says, which must work."""
    result = tawny(home, "log", "--format", "json")
    assert (result.status, result.err) == (0, ""), result
    status: dict[str, Any] = json.loads(result.out)
    return status


def leftovers(*folders: Path) -> list[str]:
    """What work in progress left behind: hidden parts and folders of spilled data."""
    found: list[str] = []
    for folder in folders:
        for pattern in ("spill-*", ".*.part", ".*.receipt", "tmp_*", ".tawny-*", "export-*"):
            found += [path.name for path in folder.glob(pattern)]
    return sorted(found)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own of that size on a folder; needs the right to mount one."""
    folder.mkdir()
    call = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tawny-test", str(folder)]
    try:
        done = subprocess.run(call, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be written, while the body runs."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    # Root writes whatever the rights of a folder say.
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_read_only(disk: Path) -> None:
    """From now on nothing can be written on the file system."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free on a file system."""
    with (disk / "filler").open("wb", buffering=0) as stream:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while stream.write(b"x" * size):
                    pass
            except OSError:
                continue


CHANNEL = {"channel_id": "ch-1", "medium": "email", "name": "Mail"}


def event(number: int, kind: str = "channel.saved", **data: Any) -> dict[str, Any]:
    """One event of the tests' own source, a second after the one before it."""
    return {
        "specversion": "1.0",
        "source": "/test",
        "id": f"e-{number}",
        "type": kind,
        "time": f"2026-03-02T{number // 3600 + 8:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "data": data or CHANNEL,
    }


def small_log(home: Path) -> Path:
    """A data folder with one conversation in its log."""
    file = home.parent / "small-log.jsonl"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    file.write_bytes(ndjson([event(0), event(1, "conversation.created", **created)]))
    assert tawny(home, "ingest", str(file)).status == 0
    return home


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
