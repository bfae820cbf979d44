"""Several processes on one data folder: no error, nothing twice, nothing lost."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from commands import ndjson, tawny
from processes import (
    MONTH,
    all_exports,
    event,
    finish,
    impersonal,
    log_json,
    logged_events,
    start,
    write_sample,
)
from tawny.exports import slicing
from tawny.exports.formats import source
from tawny.exports.request import ExportRequest
from tawny.exports.session import ExportSession
from tawny.settings import Settings
from tawny.upkeep import exported_files
from tawny.upkeep.exported_files import remember


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return write_sample(tmp_path_factory.mktemp("sample") / "events.jsonl", conversations=200)


def outcome(text: str) -> dict[str, int]:
    return {key: int(number) for key, number in (part.split("=") for part in text.split())}


def test_ingests_exports_and_compaction_at_once(lines: list[bytes], tmp_path: Path) -> None:
    """Two ingests of overlapping files into a folder that does not exist, meanwhile exports and
    compactions: the log is the one that a single ingest makes."""
    home, whole = tmp_path / "home", tmp_path / "whole.jsonl"
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    whole.write_bytes(b"".join(lines))
    first.write_bytes(b"".join(lines[: len(lines) * 2 // 3]))
    second.write_bytes(b"".join(lines[len(lines) // 3 :]))

    ingests = [start(home, "ingest", str(file)) for file in (first, second)]
    rounds, seen = 0, 0
    while any(process.poll() is None for process in ingests) or rounds < 2:
        rounds += 1
        target = tmp_path / f"messages-{rounds}.csv"
        for call in (
            ("log", "compact"),
            ("export", "messages", *MONTH, "-o", str(target)),
        ):
            result = tawny(home, *call)
            assert (result.status, result.err) == (0, ""), result
        rows = target.read_bytes().count(b"\n")
        assert rows >= seen, "a later export lost rows"
        seen = rows

    ends = [finish(process) for process in ingests]
    assert [(end.status, end.err) for end in ends] == [(0, ""), (0, "")]
    outcomes = [outcome(end.out) for end in ends]
    assert sum(found["accepted"] for found in outcomes) == len(lines)
    overlap = len(first.read_bytes().splitlines()) + len(second.read_bytes().splitlines())
    assert sum(found["duplicates"] for found in outcomes) == overlap - len(lines)

    alone = tmp_path / "alone"
    assert tawny(alone, "ingest", str(whole)).status == 0
    assert impersonal(logged_events(home)) == impersonal(logged_events(alone))
    assert all_exports(home, tmp_path / "out") == all_exports(alone, tmp_path / "expected")


def test_compactions_at_once(lines: list[bytes], tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(4):
        piece = tmp_path / f"{number}.jsonl"
        piece.write_bytes(b"".join(lines[number * 500 : (number + 1) * 500]))
        assert tawny(home, "ingest", str(piece)).status == 0
    before = logged_events(home)
    assert len(before) == 2000
    ends = [finish(process) for process in [start(home, "log", "compact") for _ in range(3)]]
    assert [(end.status, end.err) for end in ends] == [(0, "")] * 3
    assert impersonal(logged_events(home)) == impersonal(before)
    families = len(list((home / "log").glob("family=*")))
    assert log_json(home)["files"] == families, "one month: one file a family"


def test_refusals_of_many_processes_are_all_counted(tmp_path: Path) -> None:
    """The state database too is made by whoever comes first."""
    home, file = tmp_path / "home", tmp_path / "events.jsonl"
    file.write_bytes(ndjson([event(1), event(2, channel_id="")]))
    ends = [finish(process) for process in [start(home, "ingest", str(file)) for _ in range(5)]]
    assert [end.status for end in ends] == [3] * 5
    assert sum(outcome(end.out)["accepted"] for end in ends) == 1
    assert log_json(home)["refused"] == 5


def test_an_export_sees_what_was_acknowledged_before_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for number in range(3):
        file = tmp_path / f"{number}.jsonl"
        created = {"conversation_id": f"c-{number}", "channel_id": "ch-1", "contact_id": "k-1"}
        file.write_bytes(ndjson([event(number, "conversation.created", **created)]))
        assert tawny(home, "ingest", str(file)).out == "accepted=1 duplicates=0 refused=0\n"
        target = tmp_path / "open.csv"
        assert tawny(home, "export", "open-conversations", "-o", str(target)).status == 0
        assert target.read_text().count("\n") == 1 + number + 1


def test_an_export_goes_on_while_a_contact_is_purged(tmp_path: Path) -> None:
    """Maintenance may run at any time; an export that has begun does not fail for it."""
    home, file, target = tmp_path / "home", tmp_path / "events.jsonl", tmp_path / "open.csv"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    file.write_bytes(
        ndjson(
            [
                event(1, "conversation.created", **created, url="https://private.example.com"),
                event(2, "contact.erased", contact_id="k-1"),
            ]
        )
    )
    assert tawny(home, "ingest", str(file)).status == 0
    with ExportSession(home, Settings(), now_ms=1_800_000_000_000) as session:
        assert " purged_files=1\n" in tawny(home, "log", "compact").out
        session.export(ExportRequest("open-conversations"), target)
    assert target.read_text().count("\n") == 1


def test_a_file_begun_anew_for_a_purge_holds_its_rows_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows are written when a purge deletes the files that the others are read from."""
    home, file, target = tmp_path / "home", tmp_path / "events.jsonl", tmp_path / "messages.csv"
    message = {"direction": "inbound", "content": "private"}
    file.write_bytes(
        ndjson(
            [
                *(
                    event(
                        number, "conversation.created",
                        conversation_id=f"c-{number}", channel_id="ch-1", contact_id=f"k-{number}",
                    )
                    for number in (1, 2)
                ),
                event(3, "message.created", message_id="m-3", conversation_id="c-1", **message),
                *(
                    event(
                        number, "message.created",
                        message_id=f"m-{number}", conversation_id="c-2", **message,
                    )
                    for number in range(4, 202)
                ),
                event(202, "contact.erased", contact_id="k-1"),
            ]
        )
    )  # fmt: skip
    assert tawny(home, "ingest", str(file)).status == 0
    purges: list[str] = []
    add = source._add

    def add_then_purge(*arguments: Any) -> None:
        add(*arguments)
        if not purges:
            purges.append(tawny(home, "log", "compact").out)

    monkeypatch.setattr(slicing, "SLICE_ROWS", 10)
    monkeypatch.setattr(source, "_add", add_then_purge)
    with ExportSession(home, Settings(), now_ms=1_800_000_000_000) as session:
        receipt = session.export(
            ExportRequest("messages", start="2026-03-01", end="2026-04-01"), target
        )
    assert [" purged_files=0\n" in purge for purge in purges] == [False]
    lines = target.read_text().splitlines()
    assert len(lines) == 1 + 198 == 1 + receipt.rows
    assert len(set(lines)) == len(lines)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == receipt.sha256


def test_a_set_of_files_is_of_one_state_while_a_contact_is_purged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first file, events arrive, a contact is erased and purged: files of the set that
    were read from may be gone, yet the set is that of the version it began with; and who was
    erased is in none of its files."""

    def conversation(number: int) -> list[dict[str, Any]]:
        c, k, m = f"c-{number}", f"k-{number}", f"m-{number}"
        return [
            event(
                10 * number, "contact.saved",
                contact_id=k, medium="email", primary_identifier=f"{k}@example.com",
            ),
            event(
                10 * number + 1, "conversation.created",
                conversation_id=c, channel_id="ch-1", contact_id=k,
            ),
            event(
                10 * number + 2, "message.created",
                message_id=m, conversation_id=c, direction="inbound", content=f"private {number}",
            ),
        ]  # fmt: skip

    home, before, after = tmp_path / "home", tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    before.write_bytes(ndjson([*conversation(1), *conversation(2), *conversation(9)]))
    after.write_bytes(ndjson([*conversation(3), event(99, "contact.erased", contact_id="k-9")]))
    assert tawny(home, "ingest", str(before)).status == 0
    purges: list[str] = []

    def remember_then_purge(*arguments: Any) -> None:
        remember(*arguments)
        if not purges:
            assert tawny(home, "ingest", str(after)).status == 0
            purges.append(tawny(home, "log", "compact").out)

    monkeypatch.setattr(exported_files, "remember", remember_then_purge)
    folder = tmp_path / "out"
    types = ("messages", "contacts", "open-conversations")
    result = tawny(home, "export", *types, *MONTH, "-o", str(folder))
    assert (result.status, result.err) == (0, "")
    assert [" purged_files=0\n" in purge for purge in purges] == [False]
    versions = {
        json.loads(path.read_text())["log_version"] for path in folder.glob("*.receipt.json")
    }
    assert versions == {1}
    texts = {path.stem: path.read_text() for path in folder.glob("*.csv")}
    for number in ("1", "2", "3", "9"):
        seen = {name for name, text in texts.items() if f"-{number}" in text}
        assert seen == (set() if number in ("3", "9") else set(texts))
