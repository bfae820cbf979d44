"""A machine that refuses: a full disk, a read-only one, a reader that has gone, a device.

One clear line, the documented status, no file left and none replaced by half of another.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Result, ndjson, tawny
from processes import event, fill, leftovers, make_read_only, small_disk, small_log, write_sample

TAWNY = (sys.executable, "-m", "tawny")
MARCH = ("--from", "2026-03-01", "--to", "2026-04-01")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small log."""
    return small_log(tmp_path_factory.mktemp("log") / "home")


@pytest.fixture(scope="module", params=["full", "read-only"])
def disk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, log: Path
) -> Iterator[Path]:
    """A disk with a data folder, an export and its guarded twin, on which nothing more fits."""
    with small_disk(tmp_path_factory.mktemp("disk") / "disk", "2m") as folder:
        shutil.copytree(log, folder / "home")
        (folder / "x.csv").write_text("older")
        excel = tawny(log, *_export("csv"), "--dialect", "excel", "-o", str(folder / "excel.csv"))
        assert excel.status == 0
        if request.param == "full":
            fill(folder)
        else:
            make_read_only(folder)
        yield folder


def _export(ending: str) -> tuple[str, ...]:
    return ("export", "open-conversations", *MARCH, "--format", ending)


def _one_line(result: Result, *wanted: str) -> None:
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("tawny: ")
    assert "No space left" in result.err or "Read-only file system" in result.err
    assert all(word in result.err for word in wanted), result.err


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_export_to_a_disk_that_refuses(log: Path, disk: Path, ending: str) -> None:
    names = sorted(path.name for path in disk.iterdir())
    result = tawny(log, *_export(ending), "-o", str(disk / f"x.{ending}"))
    _one_line(result, str(disk))
    assert sorted(path.name for path in disk.iterdir()) == names
    assert (disk / "x.csv").read_text() == "older"


def test_sample_to_a_disk_that_refuses(log: Path, disk: Path) -> None:
    for name in ("s.jsonl", "s.zst"):
        result = tawny(log, "sample", "--conversations", "300", *MARCH, "-o", str(disk / name))
        _one_line(result, str(disk))
        assert not (disk / name).exists()


def test_unguard_on_a_disk_that_refuses(log: Path, disk: Path) -> None:
    before = (disk / "excel.csv").read_bytes()
    _one_line(tawny(log, "unguard", str(disk / "excel.csv")), str(disk))
    assert (disk / "excel.csv").read_bytes() == before
    assert leftovers(disk) == []


def test_ingest_into_a_disk_that_refuses(disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    write_sample(file, conversations=5)
    _one_line(tawny(disk / "home", "ingest", str(file)), str(disk))


def test_first_ingest_into_a_disk_that_refuses(disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(ndjson([event(1)]))
    _one_line(tawny(disk / "new", "ingest", str(file)), str(disk))


def test_a_full_disk_is_said_in_words(log: Path, tmp_path: Path) -> None:
    """Not in the engine's notation of its exception."""
    with small_disk(tmp_path / "disk", "1m") as folder:
        fill(folder)
        result = tawny(log, *_export("csv"), "-o", str(folder / "x.csv"))
    _one_line(result, str(folder))


@pytest.mark.parametrize("call", ["exports", "settings", "log", "export open-conversations -o -"])
def test_output_that_cannot_be_written(log: Path, call: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*TAWNY, "--home", str(log), *call.split(" ")],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"tawny: No space left on device\n")


def test_reader_that_goes_away(log: Path) -> None:
    process = subprocess.Popen(
        [*TAWNY, "sample", "--conversations", "1000", *MARCH, "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


@pytest.mark.parametrize("call", [("export", "open-conversations", "--format", "csv"),
                                  ("sample", "--conversations", "1", "--from", "2026-01-01",
                                   "--to", "2026-01-02")])  # fmt: skip
def test_a_device_is_not_replaced(log: Path, tmp_path: Path, call: tuple[str, ...]) -> None:
    """As root, `-o /dev/null` must not put a file in its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        tawny(log, *call, "-o", str(pipe))
    finally:
        os.close(reader)
    assert pipe.is_fifo()
