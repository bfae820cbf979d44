"""`tawny log`: what is in the log, said exactly."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable

from commands import Result, ndjson, tawny
from processes import event, fill, log_json, make_read_only, small_disk

NONE_ERASED = " erased_contacts=0 purged_files=0\n"
CREATED = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
INBOUND = {"message_id": "m-1", "conversation_id": "c-1", "direction": "inbound"}


def filled(home: Path, channel: str = "ch-1", name: str = "Mail") -> Path:
    """A log of five events and two refused ones."""
    file = home.parent / "events.jsonl"
    saved = {"channel_id": channel, "medium": "email", "name": name}
    file.write_bytes(
        ndjson(
            [
                event(0, **saved),
                event(1, "conversation.created", **(CREATED | {"channel_id": channel})),
                event(2, "message.created", **INBOUND),
                event(3, "message.created", **(INBOUND | {"message_id": "m-2"})),
                event(6, "source.watermark", until="2026-03-02T08:00:04Z"),
                event(4, "message.created", **(INBOUND | {"direction": "sideways"})),
                event(5, "mesage.created", **INBOUND),
            ]
        )
    )
    assert tawny(home, "ingest", str(file)).status == 3
    return file


def test_as_text(tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled(home)
    result = tawny(home, "log")
    size = log_json(home)["bytes"]
    assert (result.status, result.err) == (0, "")
    assert [line.rstrip() for line in result.out.splitlines()] == [
        "type                  events  first                     last",
        "channel.saved              1  2026-03-02T08:00:00.000Z  2026-03-02T08:00:00.000Z",
        "conversation.created       1  2026-03-02T08:00:01.000Z  2026-03-02T08:00:01.000Z",
        "message.created            2  2026-03-02T08:00:02.000Z  2026-03-02T08:00:03.000Z",
        "source.watermark           1  2026-03-02T08:00:06.000Z  2026-03-02T08:00:06.000Z",
        "",
        "channel  name  newest event              complete until            by",
        "ch-1     Mail  2026-03-02T08:00:03.000Z  2026-03-02T08:00:03.000Z  newest",
        "",
        f"events 5   size {size:,} bytes   files 4   version 1   refused so far 2",
    ]


def test_as_json(tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled(home)
    status = log_json(home)
    files = list((home / "log").rglob("*.parquet"))
    assert status == {
        "version": 1,
        "events": 5,
        "bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
        "types": [
            {"type": kind, "events": count, "first": f"2026-03-02T08:00:0{first}.000Z",
             "last": f"2026-03-02T08:00:0{last}.000Z"}
            for kind, count, first, last in [
                ("channel.saved", 1, 0, 0),
                ("conversation.created", 1, 1, 1),
                ("message.created", 2, 2, 3),
                ("source.watermark", 1, 6, 6),
            ]
        ],
        "channels": [
            {
                "channel_id": "ch-1",
                "name": "Mail",
                "newest_event": "2026-03-02T08:00:03.000Z",
                "complete_until": "2026-03-02T08:00:03.000Z",
                "by": "newest",
                "usual_gap_s": None,
            }
        ],
        "refused": 2,
    }  # fmt: skip


def test_refused_are_added_up_over_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = filled(home)
    assert log_json(home)["refused"] == 2
    assert tawny(home, "ingest", str(file)).status == 3
    assert log_json(home)["refused"] == 4


def test_empty_log(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    expected = "events 0   size 0 bytes   files 0   version -1   refused so far 0"
    result = tawny(home, "log")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines()[-1] == expected
    assert tawny(home, "log", "compact") == Result(
        0, f"files_before=0 files_after=0 deleted_files=0{NONE_ERASED}", ""
    )
    assert not home.exists(), "looking creates nothing"


@pytest.mark.parametrize("text", ["[/bold]", "[bold]Mail", "[red]", ":smile:", "a\\[b"])
def test_names_are_shown_as_they_are(tmp_path: Path, text: str) -> None:
    home = tmp_path / "home"
    filled(home, channel=text, name=text)
    result = tawny(home, "log")
    assert (result.status, result.err) == (0, "")
    assert [text, text, "2026-03-02T08:00:03.000Z"] in [
        line.split()[:3] for line in result.out.splitlines()
    ]


def test_long_ids_stay_on_one_line(tmp_path: Path) -> None:
    """Piped, it is read by programs: a line is a line."""
    home = tmp_path / "home"
    filled(home, channel="c" * 200)
    assert any(line.startswith("c" * 200 + " ") for line in tawny(home, "log").out.splitlines())


LATE = {"contact_id": "k-1", "medium": "email", "primary_identifier": "late@example.com"}
LEAVE_JOURNAL = """
import os, sys
from pathlib import Path
from tawny.settings import Settings
from tawny.state.database import open_database
from tawny.state.inbox import Inbox
Inbox(open_database(Path(sys.argv[1]), Settings({}))).add([(sys.stdin.buffer.read(), 1, "r-1")])
os._exit(0)
"""
"""Leaves an acknowledged event in the inbox as a crash would: in the database's journal."""


@pytest.mark.parametrize("state", ["full", "read-only"])
def test_reading_needs_no_room(tmp_path: Path, state: str) -> None:
    """What is in the log can be asked, and exported to elsewhere, when the disk is full or may not
    be written; an export without events that wait on that disk would be an incomplete one."""
    opens = ("export", "open-conversations", "-o", str(tmp_path / "x.csv"))
    with small_disk(tmp_path / "disk", "4m") as disk:
        filled(disk / "home")
        shutil.copytree(disk / "home", disk / "crashed")
        late = ndjson([event(9, "contact.saved", **LATE)])
        crash = [sys.executable, "-c", LEAVE_JOURNAL, str(disk / "crashed")]
        subprocess.run(crash, input=late, check=True)
        for name in ("state.db-shm", "state.lock", "log.lock"):
            (disk / "crashed" / name).unlink()
        assert (disk / "crashed" / "state.db-wal").stat().st_size
        if state == "full":
            fill(disk)
        else:
            make_read_only(disk)
        for home in ("home", "crashed"):
            result = tawny(disk / home, "log", "--format", "json")
            assert (result.status, result.err) == (0, "")
            assert json.loads(result.out)["refused"] == 2
        assert tawny(disk / "home", *opens) == Result(0, "", "")
        receipt = str(tmp_path / "x.csv.receipt.json")
        again = str(tmp_path / "again.csv")
        assert tawny(disk / "home", "export", "--receipt", receipt, "-o", again).status == 0
        result = tawny(disk / "crashed", *opens[:-1], str(tmp_path / "y.csv"))
        assert (result.status, result.out) == (1, "")
        assert result.err.startswith(f"tawny: {disk / 'crashed'}")
        assert result.err.count("\n") == 1
        assert not (tmp_path / "y.csv").exists()


def test_compact_says_what_it_did(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(3):
        file = tmp_path / f"{number}.jsonl"
        file.write_bytes(ndjson([event(number)]))
        assert tawny(home, "ingest", str(file)).status == 0
    assert log_json(home)["files"] == 3
    first = tawny(home, "log", "compact")
    assert first == Result(0, f"files_before=3 files_after=1 deleted_files=0{NONE_ERASED}", "")
    assert (
        tawny(home, "log", "compact").out
        == f"files_before=1 files_after=1 deleted_files=0{NONE_ERASED}"
    )
    assert log_json(home)["events"] == 3


FILTERED = """
import sys
from datetime import UTC, datetime
from deltalake import DeltaTable
log = DeltaTable(sys.argv[1])
print(*(log.to_pyarrow_table(filters=[one]).num_rows for one in (
    ("type", "=", "message.created"),
    ("message_id", "=", "m-2"),
    ("message_id", "=", "none"),
    ("time", ">=", datetime(2026, 3, 2, 8, 0, 2, tzinfo=UTC)),
)), flush=True)
"""


@pytest.mark.parametrize("written", ["now", "before"])
def test_other_readers_find_rows_by_any_column(tmp_path: Path, written: str) -> None:
    """The table says which of its columns files are described by; logs begun before it did say it
    when they are next written to."""
    home = tmp_path / "home"
    file = filled(home)
    if written == "before":
        first = home / "log" / "_delta_log" / f"{0:020d}.json"
        first.write_text(first.read_text().replace('"delta.dataSkippingStatsColumns":"time"', ""))
        assert DeltaTable(home / "log").metadata().configuration == {}
        assert tawny(home, "ingest", str(file)).status == 3
        assert log_json(home)["events"] == 5
    done = subprocess.run(
        [sys.executable, "-c", FILTERED, str(home / "log")], capture_output=True, check=False
    )
    # The library may abort at its end: its own threads outlive it.
    assert done.stdout == b"2 1 0 3\n", done.stderr
