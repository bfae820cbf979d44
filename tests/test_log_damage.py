"""A log that lost something never looks like a smaller one: what was acknowledged is known apart
from it, in a file beside it and in the state database, and either of the two is enough."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import Result, ndjson, tawny
from processes import event, log_json, logged_events
from tawny.settings import Settings
from tawny.state.database import open_database

ADVICE = "; restore it from a backup, or take what is left with tawny log accept\n"
CREATED = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}


def message(number: int) -> dict[str, Any]:
    data = {"message_id": f"m-{number}", "conversation_id": "c-1", "direction": "inbound"}
    return event(number, "message.created", **data)


def add(home: Path, *events: dict[str, Any]) -> None:
    file = home.parent / "events.jsonl"
    file.write_bytes(ndjson(events))
    result = tawny(home, "ingest", str(file))
    assert (result.status, result.err) == (0, ""), result


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a log of two commits: five events in version 2, two of them in its last
    commit."""
    home = tmp_path_factory.mktemp("whole") / "home"
    open_database(home, Settings({})).close()
    add(home, event(0), event(1, "conversation.created", **CREATED), message(2))
    add(home, message(3), message(4))
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


def newest_commit(home: Path) -> Path:
    return max((home / "log" / "_delta_log").glob("*.json"))


def message_file(home: Path) -> Path:
    """The file of the last commit."""
    [add] = [json.loads(line) for line in newest_commit(home).read_text().splitlines()][1:]
    return home / "log" / str(add["add"]["path"])


def garbage(home: Path) -> str:
    newest_commit(home).write_bytes(b"garbage")
    return f"{newest_commit(home)} cannot be read, 5 events in version 2 were acknowledged"


def cut(home: Path) -> str:
    newest_commit(home).write_bytes(newest_commit(home).read_bytes()[:300])
    return f"{newest_commit(home)} cannot be read, 5 events in version 2 were acknowledged"


def cut_between_lines(home: Path) -> str:
    lines = newest_commit(home).read_bytes().splitlines(keepends=True)
    newest_commit(home).write_bytes(b"".join(lines[:-1]))
    return f"{home / 'log'} holds 3 events in version 2, acknowledged were 5 in version 2"


def commit_gone(home: Path) -> str:
    newest_commit(home).unlink()
    return f"{home / 'log'} holds 3 events in version 1, acknowledged were 5 in version 2"


def commit_replaced(home: Path) -> str:
    """As a Tawny of before did with a damaged commit."""
    commit = newest_commit(home)
    commit.unlink()
    content = json.dumps({"commitInfo": {"timestamp": 0, "operation": "WRITE"}}) + "\n"
    for version in (2, 3):
        commit.with_name(f"{version:020d}.json").write_text(content)
    return f"{home / 'log'} holds 3 events in version 3, acknowledged were 5 in version 2"


def commits_gone(home: Path) -> str:
    shutil.rmtree(home / "log" / "_delta_log")
    return f"{home / 'log' / '_delta_log'} is gone or empty, 4 files with events lie beside it"


def folder_gone(home: Path) -> str:
    shutil.rmtree(home / "log")
    return f"{home / 'log'} is gone or empty, 5 events in version 2 were acknowledged"


def file_gone(home: Path) -> str:
    path = message_file(home)
    path.unlink()
    return f"{path} with 2 events is missing"


def file_cut(home: Path) -> str:
    path = message_file(home)
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100])
    return f"{path} with 2 events has 100 bytes instead of {size}"


def record_gone(home: Path) -> None:
    (home / "log.record.json").unlink()


def record_damaged(home: Path) -> None:
    (home / "log.record.json").write_bytes(b"{")


def state_gone(home: Path) -> None:
    for path in home.glob("state.db*"):
        path.unlink()


def contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below the log, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in [*folder.glob("log/**/*"), *folder.glob("log.record*")]
    }


DAMAGES = (
    *(garbage, cut, cut_between_lines, commit_gone, commit_replaced, commits_gone),
    *(folder_gone, file_gone, file_cut),
)


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        *((damage, None) for damage in DAMAGES),
        *((garbage, lost) for lost in (record_gone, record_damaged, state_gone)),
        *((folder_gone, lost) for lost in (record_gone, record_damaged, state_gone)),
    ],
)
def test_damage_is_said_and_nothing_written(
    home: Path, damage: Callable[[Path], str], lost: Callable[[Path], None] | None
) -> None:
    what = damage(home)
    if lost is not None:
        lost(home)
    before = contents(home)
    events, out = home.parent / "more.jsonl", home.parent / "x.csv"
    events.write_bytes(ndjson([message(9)]))
    for call in (
        ("export", "open-conversations", "-o", str(out)),
        ("log",),
        ("ingest", str(events)),
        ("log", "compact"),
    ):
        assert tawny(home, *call) == Result(
            1, "", f"tawny: the event log is damaged: {what}{ADVICE}"
        )
    assert contents(home) == before
    assert not out.exists()


def test_a_changed_file_is_found_when_it_cannot_be_read(home: Path) -> None:
    """Not by the words of the engine."""
    path = message_file(home)
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)
    call = ("export", "messages", "--from", "2026-03-01", "--to", "2026-04-01")
    out = home.parent / "x.csv"
    assert tawny(home, *call, "-o", str(out)) == Result(
        1, "", f"tawny: the event log is damaged: {path} with 2 events was changed{ADVICE}"
    )
    assert not out.exists()


def test_what_is_known_without_any_record(home: Path) -> None:
    """Then a commit that cannot be read may be one that somebody was told of."""
    record_gone(home)
    state_gone(home)
    garbage(home)
    before = contents(home)
    assert tawny(home, "log") == Result(
        1, "", f"tawny: the event log is damaged: {newest_commit(home)} cannot be read{ADVICE}"
    )
    assert contents(home) == before


def acknowledged(home: Path) -> list[tuple[int, int]]:
    """Version and events as the file beside the log and the state database know them."""
    record = json.loads((home / "log.record.json").read_text())
    with closing(sqlite3.connect(home / "state.db")) as state:
        [row] = state.execute("SELECT version, events FROM acknowledged_log").fetchall()
    return [(record["version"], record["events"]), row]


@pytest.mark.parametrize("call", ["log", "export open-conversations -o OUT", "ingest EVENTS"])
def test_a_log_of_before_gets_its_record(home: Path, call: str) -> None:
    record_gone(home)
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        state.execute("DELETE FROM acknowledged_log")
    events = home.parent / "again.jsonl"
    events.write_bytes(ndjson([message(4)]))
    names = {"EVENTS": str(events), "OUT": str(home.parent / "x.csv")}
    assert tawny(home, *(names.get(word, word) for word in call.split())).status == 0
    assert acknowledged(home) == [(2, 5), (2, 5)]
    assert tawny(home, "log").status == 0
    what = commit_gone(home)
    assert tawny(home, "log") == Result(1, "", f"tawny: the event log is damaged: {what}{ADVICE}")


def checksums(home: Path) -> dict[str, str]:
    sums: dict[str, str] = json.loads((home / "log.record.json").read_text())["sha256"]
    return sums


def files_of_the_log(home: Path) -> dict[str, str]:
    paths = {file: home / "log" / file for file in checksums(home)}
    return {file: hashlib.sha256(path.read_bytes()).hexdigest() for file, path in paths.items()}


def test_checksums_follow_the_files(home: Path) -> None:
    """Of each file of the newest version: after ingests, merging, erasure; those of before a record
    was kept get theirs when they are merged."""
    assert len(checksums(home)) == log_json(home)["files"] == 4
    assert checksums(home) == files_of_the_log(home)
    identifier = {"medium": "email", "primary_identifier": "a@example.com"}
    add(home, event(5, "contact.saved", contact_id="k-1", **identifier))
    add(home, event(6, "contact.erased", contact_id="k-1"))
    assert " purged_files=1\n" in tawny(home, "log", "compact").out
    assert len(checksums(home)) == log_json(home)["files"] == 4
    assert checksums(home) == files_of_the_log(home)
    assert acknowledged(home)[0][1] == 7

    record_gone(home)
    state_gone(home)
    assert tawny(home, "log").status == 0
    assert checksums(home) == {}
    add(home, message(7))
    assert len(checksums(home)) == 1
    assert tawny(home, "log", "compact").status == 0
    assert checksums(home) == files_of_the_log(home)
    assert len(checksums(home)) == 1, "the merged one"


@pytest.mark.parametrize(
    ("damage", "lines", "left"),
    [
        (
            garbage,
            ["left: 3 events in version 1", "lost: 2 events",
             "cannot be read, would be set aside: {commit}"],
            "accepted: 3 events in version 1",
        ),
        (
            commit_gone,
            ["left: 3 events in version 1", "lost: 2 events"],
            "accepted: 3 events in version 1",
        ),
        (
            file_gone,
            ["left: 3 events in version 2", "lost: 2 events", "{file} with 2 events is missing"],
            "accepted: 3 events in version 3",
        ),
        (
            commits_gone,
            ["left: 0 events in version -1", "lost: 5 events",
             "cannot be read, would be set aside: {log}"],
            "accepted: 0 events in version -1",
        ),
        (
            folder_gone,
            ["left: 0 events in version -1", "lost: 5 events"],
            "accepted: 0 events in version -1",
        ),
    ],
)  # fmt: skip
def test_what_is_left_can_be_accepted(
    home: Path, damage: Callable[[Path], str], lines: list[str], left: str
) -> None:
    """It names what is lost, asks, and writes it into the audit trail; then all goes on, and the
    events can be sent again."""
    places = {"commit": newest_commit(home), "file": message_file(home), "log": home / "log"}
    damage(home)
    before = contents(home)
    named = ["acknowledged: 5 events in version 2", *(line.format(**places) for line in lines)]
    asked = tawny(home, "log", "accept")
    assert asked == Result(
        2,
        "".join(f"{line}\n" for line in named),
        "tawny: --yes: found nothing; add it to take the log as it is\n",
    )
    assert contents(home) == before
    accepted = tawny(home, "log", "accept", "--yes")
    assert accepted == Result(0, "".join(f"{line}\n" for line in [*named, left]), "")
    assert log_json(home)["events"] == int(left.split()[1])
    with closing(sqlite3.connect(home / "state.db")) as state:
        [(detail,)] = state.execute("SELECT detail FROM audit WHERE action = 'log_accepted'")
    assert json.loads(detail)["events_acknowledged"] == 5
    assert json.loads(detail)["events_left"] == int(left.split()[1])

    add(home, event(0), event(1, "conversation.created", **CREATED), message(2))
    add(home, message(3), message(4))
    assert len(logged_events(home)) == 5
    whole = log_json(home)
    assert tawny(home, "log", "accept") == Result(
        0, f"nothing is lost: 5 events in version {whole['version']}, as acknowledged\n", ""
    )


def test_an_older_backup_is_purged_again(home: Path) -> None:
    """Who was erased before it was made comes back with it, and goes again."""
    contact = event(5, "contact.saved", contact_id="k-1", medium="email", primary_identifier="a@b")
    add(home, contact, event(6, "contact.erased", contact_id="k-1"))
    backup = shutil.copytree(home / "log", home.parent / "backup")
    assert " purged_files=1\n" in tawny(home, "log", "compact").out
    add(home, message(7))
    shutil.rmtree(home / "log")
    shutil.copytree(backup, home / "log")
    assert tawny(home, "log").status == 1
    assert tawny(home, "log", "accept", "--yes").status == 0
    assert " purged_files=1\n" in tawny(home, "log", "compact").out
    assert "a@b" not in str(logged_events(home))
