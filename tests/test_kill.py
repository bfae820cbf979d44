"""Killed at any instant, nothing acknowledged is lost and nothing half done is seen."""

import hashlib
import json
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from commands import ndjson, tawny
from effort import SOAK
from processes import (
    AS_OF,
    MONTH,
    all_exports,
    duration_s,
    event,
    finish,
    impersonal,
    instants,
    killed,
    killed_at,
    leftovers,
    log_json,
    logged_events,
    start,
    write_sample,
)

INGEST_KILLS = 50 if SOAK else 8
OTHER_KILLS = 25 if SOAK else 3


@dataclass(frozen=True)
class Undisturbed:
    """Input, and what an ingest that nobody disturbs makes of it."""

    file: Path
    first_part: Path
    count: int
    events: dict[tuple[str, str], Any]
    seconds: float
    exports: dict[str, bytes]
    home: Path
    fragmented: Path
    """A data folder with the same events in many small files."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    file, first_part, home = folder / "events.jsonl", folder / "first.jsonl", folder / "home"
    lines = write_sample(file, conversations=150)
    first_part.write_bytes(b"".join(lines[: len(lines) // 4]))
    seconds = duration_s(home, "ingest", str(file))
    assert len(logged_events(home)) == len(lines)
    assert log_json(home)["version"] > 6, "several commits, or the kills hit nothing"
    fragmented = folder / "fragmented"
    killed_at(fragmented, "ingest", str(file), step="tawny.cli.ingest.compact")
    return Undisturbed(
        file=file,
        first_part=first_part,
        count=len(lines),
        events=logged_events(home),
        seconds=seconds,
        exports=all_exports(home, folder / "out"),
        home=home,
        fragmented=fragmented,
    )


@pytest.mark.parametrize("number", range(INGEST_KILLS))
def test_killed_ingest(undisturbed: Undisturbed, tmp_path: Path, number: int) -> None:
    home = tmp_path / "home"
    acknowledged: set[tuple[str, str]] = set()
    if number % 2:
        assert tawny(home, "ingest", str(undisturbed.first_part)).status == 0
        acknowledged = set(logged_events(home))
        assert len(acknowledged) == undisturbed.count // 4
    after_s = instants(INGEST_KILLS, undisturbed.seconds)[number]
    killed(home, "ingest", str(undisturbed.file), after_s=after_s)

    seen = logged_events(home)
    assert len(seen) == log_json(home)["events"]
    assert acknowledged <= set(seen)
    assert seen.items() <= undisturbed.events.items()

    again = tawny(home, "ingest", str(undisturbed.file))
    fresh = undisturbed.count - len(seen)
    assert (again.status, again.err) == (0, "")
    assert again.out == f"accepted={fresh} duplicates={len(seen)} refused=0\n"
    assert logged_events(home) == undisturbed.events
    if SOAK or number % 4 == 1:
        assert all_exports(home, tmp_path / "out") == undisturbed.exports


@pytest.mark.parametrize(
    "step",
    [
        "tawny.log.table.DeltaTable.create",
        "tawny.log.table.flush",
        "tawny.log.table.DeltaTable.create_write_transaction",
        "tawny.log.table.EventLog.write_down",
        "tawny.log.acknowledged.RecordFile.write",
        "tawny.engine.log_files.write_months",
        "tawny.cli.ingest.compact",
    ],
)
def test_killed_at_a_step_of_ingest(undisturbed: Undisturbed, tmp_path: Path, step: str) -> None:
    """The instants in which a crash does most harm, hit for certain."""
    home = tmp_path / "home"
    killed_at(home, "ingest", str(undisturbed.file), step=step)
    seen = logged_events(home)
    assert len(seen) == log_json(home)["events"]
    assert seen.items() <= undisturbed.events.items()
    assert tawny(home, "ingest", str(undisturbed.file)).status == 0
    assert logged_events(home) == undisturbed.events


@pytest.mark.parametrize(
    "damage",
    ["empty", "zeros", "half", "lines"],
)
def test_last_commit_lost_in_a_power_cut(
    undisturbed: Undisturbed, tmp_path: Path, damage: str
) -> None:
    """A commit that was not flushed when the power went may be a file of the right name without
    its content, or with a part of it. Nobody was told of it; what was before it must be there."""
    home = tmp_path / "home"
    assert tawny(home, "ingest", str(undisturbed.first_part)).status == 0
    before = logged_events(home)
    killed_at(home, "ingest", str(undisturbed.file), step="tawny.log.table.EventLog.write_down")
    last = max((home / "log" / "_delta_log").glob("*.json"))
    content = last.read_bytes()
    damaged = {
        "empty": b"",
        "zeros": bytes(len(content)),
        "half": content[: len(content) // 2],
        "lines": b"".join(content.splitlines(keepends=True)[:-1]),
    }
    last.write_bytes(damaged[damage])

    result = tawny(home, "log", "--format", "json")
    assert (result.status, json.loads(result.out)["events"]) == (0, len(before))
    aside = last.with_name(last.name + ".broken")
    assert result.err == (
        f"tawny: a crash had left {last.name} of the event log unfinished; nobody was told that it "
        f"was done, it was set aside as {aside}\n"
    )
    assert logged_events(home) == before
    again = tawny(home, "ingest", str(undisturbed.file))
    assert (again.status, again.err) == (0, "")
    assert logged_events(home) == undisturbed.events


def test_checkpoint_lost_in_a_power_cut(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """A checkpoint of the table repeats what its commits say, so losing one loses nothing."""
    home = tmp_path / "home"
    shutil.copytree(undisturbed.home, home)
    before = log_json(home)
    DeltaTable(home / "log").create_checkpoint()
    assert log_json(home) == before
    for checkpoint in (home / "log" / "_delta_log").glob("*.checkpoint*.parquet"):
        checkpoint.write_bytes(b"")
    mended = tawny(home, "log", "--format", "json")
    assert json.loads(mended.out) == before
    assert mended.err.count("it was set aside as") == 2
    assert tawny(home, "ingest", str(undisturbed.file)).status == 0
    assert logged_events(home) == undisturbed.events


def test_killed_export(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """A whole older file lies under the name; after a kill it is that one or the new one, and
    a receipt beside it is its own."""
    target = tmp_path / "messages.csv"
    older = ("--from", "2026-03-01", "--to", "2026-03-02", "--as-of", AS_OF)
    call = ("export", "messages", *MONTH, "-o", str(target))
    seconds = duration_s(undisturbed.home, *call)
    for after_s in instants(OTHER_KILLS, seconds):
        result = tawny(undisturbed.home, "export", "messages", *older, "-o", str(target))
        assert result.status == 0
        allowed = {target.read_bytes(), undisturbed.exports["messages.csv"]}
        assert len(allowed) == 2
        killed(undisturbed.home, *call, after_s=after_s)
        assert target.read_bytes() in allowed
        receipt = target.with_name("messages.csv.receipt.json")
        if receipt.exists():
            content = json.loads(receipt.read_text())
            assert content["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
            assert content["bytes"] == target.stat().st_size
    assert tawny(undisturbed.home, *call).status == 0
    assert target.read_bytes() == undisturbed.exports["messages.csv"]


@pytest.mark.parametrize(
    "step",
    ["tawny.exports.session.flush", "tawny.exports.session.publish", "pathlib.Path.replace"],
)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_killed_at_a_step_of_export(
    undisturbed: Undisturbed, tmp_path: Path, step: str, ending: str
) -> None:
    target = tmp_path / "out" / f"users.{ending}"
    target.parent.mkdir()
    call = ("export", "users", *MONTH, "-o", str(target))
    killed_at(undisturbed.home, *call, step=step)
    assert not target.exists()
    assert not target.with_name(target.name + ".receipt.json").exists()
    visible = [path.name for path in target.parent.iterdir() if not path.name.startswith(".")]
    assert visible == []


def test_export_shows_no_other_name(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Whenever it is killed, there is nothing to see but the file and its receipt: nothing else
    ever appears under a name that is not hidden."""
    target = tmp_path / "out" / "messages.csv"
    target.parent.mkdir()
    process = start(undisturbed.home, "export", "messages", *MONTH, "-o", str(target))
    names: set[str] = set()
    while process.poll() is None:
        names |= {path.name for path in target.parent.iterdir()}
    assert finish(process).status == 0
    visible = {name for name in names if not name.startswith(".")}
    assert visible <= {target.name, f"{target.name}.receipt.json"}


def test_killed_export_of_all_types(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Each file is whole or not there, and there is a data package only over a whole set."""
    folder = tmp_path / "out"
    call = ("export", "all", *MONTH, "-o", str(folder))
    for after_s in instants(OTHER_KILLS - 1, 3.0):
        was_killed = killed(undisturbed.home, *call, after_s=after_s).status == -signal.SIGKILL
        for path in folder.glob("[!.]*.csv"):
            if not path.name.startswith("tmp_"):
                assert path.read_bytes() == undisturbed.exports[path.name]
        package = folder / "datapackage.json"
        if package.exists():
            json.loads(package.read_text())
        assert was_killed or package.exists()


@pytest.mark.parametrize("number", range(OTHER_KILLS))
def test_killed_compaction(undisturbed: Undisturbed, tmp_path: Path, number: int) -> None:
    home, timed = tmp_path / "home", tmp_path / "timed"
    shutil.copytree(undisturbed.fragmented, home)
    shutil.copytree(undisturbed.fragmented, timed)
    files = log_json(home)["files"]
    assert files > 20
    seconds = duration_s(timed, "log", "compact")
    killed(home, "log", "compact", after_s=instants(OTHER_KILLS, seconds)[number])

    assert impersonal(logged_events(home)) == impersonal(undisturbed.events)
    result = tawny(home, "log", "compact")
    assert (result.status, result.err) == (0, "")
    assert log_json(home)["files"] < files
    assert impersonal(logged_events(home)) == impersonal(undisturbed.events)
    if SOAK or number == OTHER_KILLS // 2:
        assert all_exports(home, tmp_path / "out") == undisturbed.exports


@pytest.mark.parametrize(
    "step",
    [
        "tawny.log.table.DeltaTable.create_write_transaction",
        "tawny.log.table.flush",
        "tawny.log.table.EventLog.write_down",
        "tawny.engine.log_files.write_months",
        "tawny.log.table.DeltaTable.vacuum",
    ],
)
def test_killed_at_a_step_of_compaction(
    undisturbed: Undisturbed, tmp_path: Path, step: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(undisturbed.fragmented, home)
    killed_at(home, "log", "compact", step=step)
    assert impersonal(logged_events(home)) == impersonal(undisturbed.events)
    assert tawny(home, "log", "compact").status == 0
    assert impersonal(logged_events(home)) == impersonal(undisturbed.events)


def test_what_a_kill_leaves_behind_is_tidied(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Hidden parts and spilled data of a killed run go away with the next run of the same."""
    home, target = tmp_path / "home", tmp_path / "users.csv"
    shutil.copytree(undisturbed.home, home)
    call = ("export", "users", *MONTH, "-o", str(target))
    for step in ("tawny.exports.session.flush", "tawny.exports.session.publish"):
        killed_at(home, *call, step=step)
    killed_at(home, "ingest", str(undisturbed.file), step="tawny.cli.ingest.compact")
    assert leftovers(tmp_path, home / "tmp") != []
    assert tawny(home, *call).status == 0
    assert tawny(home, "ingest", str(undisturbed.file)).status == 0
    assert leftovers(tmp_path, home / "tmp") == []


def stored_contents(home: Path) -> set[str]:
    """Message contents in any file below the data folder, part of the log or not."""
    found: set[str] = set()
    for path in home.rglob("*.parquet"):
        if "family=message" in str(path):
            contents = pq.read_table(path, partitioning=None)["content"].to_pylist()
            found |= {content for content in contents if content is not None}
    return found


@pytest.mark.parametrize(
    "step",
    [
        "tawny.upkeep.erase.write_purged",
        "tawny.log.table.DeltaTable.create_write_transaction",
        "tawny.log.table.DeltaTable.vacuum",
    ],
)
def test_killed_purge_is_finished_by_the_next(tmp_path: Path, step: str) -> None:
    """After one whole maintenance run the person is in no file, whatever happened before."""
    home, file = tmp_path / "home", tmp_path / "events.jsonl"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    inbound = {"message_id": "m-1", "conversation_id": "c-1", "direction": "inbound"}
    file.write_bytes(
        ndjson(
            [
                event(1, "conversation.created", **created),
                event(2, "message.created", **inbound, content="something private"),
                event(3, "contact.erased", contact_id="k-1"),
            ]
        )
    )
    assert tawny(home, "ingest", str(file)).status == 0
    assert stored_contents(home) == {"something private"}
    killed_at(home, "log", "compact", step=step)
    assert len(logged_events(home)) == 3
    assert tawny(home, "log", "compact").status == 0
    assert stored_contents(home) == set()
    assert len(logged_events(home)) == 3
