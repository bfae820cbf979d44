"""The same `source` and `id` again: a duplicate when all is the same, else refused by name."""

import contextlib
import itertools
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import Result, export, ndjson, tawny
from effort import examples
from processes import event, log_json, logged_events, read_only
from tawny.engine import key_index, repetitions
from tawny.intake import ingest as ingest_module

Event = dict[str, Any]

MESSAGES = {"type": "messages", "tz": "UTC", "from": "2026-01-01", "to": "2027-01-01",
            "as_of": "2027-01-01T00:00:00Z"}  # fmt: skip


def created(message: str, day: str, content: str | None = "first", **more: Any) -> Event:
    """A message under the event id `msg-2`."""
    data = {"message_id": message, "conversation_id": "c1", "direction": "inbound"}
    if content is not None:
        data["content"] = content
    return event(2, "message.created", **data) | {
        "id": "msg-2", "source": "/desk", "time": f"2026-{day}T09:00:00Z",
    } | more  # fmt: skip


FIRST = created("m1", "05-04")
UPDATED = event(2, "message.updated", message_id="m1", conversation_id="c1", content="edited") | {
    "id": "msg-2", "source": "/desk", "time": "2026-05-04T09:05:00Z",
}  # fmt: skip
ANOTHER = created("m2", "05-04", "another")
JUNE = created("m3", "06-04", "june")
CONVERSATION = event(
    1, "conversation.created", conversation_id="c1", channel_id="ch", contact_id="p"
) | {"id": "msg-1", "source": "/desk", "time": "2026-05-04T09:00:00Z"}

OWN = "; allowed the same event again, or an id of its own\n"
CONFLICTS = [
    (UPDATED, 'id: found "msg-2" again with type "message.updated" instead of "message.created", '
     'time "2026-05-04T09:05:00.000Z" instead of "2026-05-04T09:00:00.000Z"' + OWN),
    (ANOTHER, 'id: found "msg-2" again with data.message_id "m2" instead of "m1", data.content '
     '"another" instead of "first"' + OWN),
    (JUNE, 'id: found "msg-2" again with time "2026-06-04T09:00:00.000Z" instead of '
     '"2026-05-04T09:00:00.000Z", data.message_id "m3" instead of "m1", data.content "june" '
     'instead of "first"' + OWN),
    (created("m1", "05-04", None), 'id: found "msg-2" again with data.content nothing instead of '
     '"first"' + OWN),
    (created("m1", "05-04", sequence="1"), 'id: found "msg-2" again with sequence "1" instead of '
     "nothing" + OWN),
]  # fmt: skip

SAME = [
    created("m1", "05-04", time="2026-05-04T11:00:00.0009+02:00"),
    created("m1", "05-04", sequence=None, something="else"),
    FIRST | {"data": {**dict(reversed(FIRST["data"].items())), "origin": None, "unknown": 1}},
]
"""The first event in other words."""


def write(path: Path, events: Sequence[Event]) -> str:
    path.write_bytes(ndjson(events))
    return str(path)


def test_in_one_call(tmp_path: Path) -> None:
    """The order of lines decides, whatever the type and the month."""
    file = write(tmp_path / "events", [CONVERSATION, FIRST, *(one for one, _ in CONFLICTS), *SAME])
    refused = "".join(f"{file}:{line}: {text}" for line, (_, text) in enumerate(CONFLICTS, 3))
    home = tmp_path / "home"
    expected = Result(3, "accepted=2 duplicates=3 refused=5\n", refused)
    assert tawny(home, "ingest", file) == expected
    again = Result(3, "accepted=0 duplicates=5 refused=5\n", refused)
    assert tawny(home, "ingest", file) == again
    assert sorted(logged_events(home)) == [("/desk", "msg-1"), ("/desk", "msg-2")]
    assert log_json(home)["refused"] == 10
    assert export(home, MESSAGES).count(b"\n") == 2


@pytest.mark.parametrize("number", range(len(CONFLICTS)))
def test_in_calls_of_their_own(tmp_path: Path, number: int) -> None:
    other, text = CONFLICTS[number]
    home, file = tmp_path / "home", tmp_path / "events"
    write(file, [FIRST])
    assert tawny(home, "ingest", str(file)).out == "accepted=1 duplicates=0 refused=0\n"
    write(file, [CONVERSATION, other, *SAME])
    assert tawny(home, "ingest", str(file)) == Result(
        3, "accepted=1 duplicates=3 refused=1\n", f"{file}:2: {text}"
    )
    assert logged_events(home)["/desk", "msg-2"]["content"] == "first"


def test_over_files_and_chunks_of_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is that of its file, also when others were committed in between."""
    monkeypatch.setattr(ingest_module, "CHUNK_ROWS", 1)
    one = write(tmp_path / "1", [CONVERSATION, FIRST])
    two = write(tmp_path / "2", [FIRST, CONVERSATION, ANOTHER])
    assert tawny(tmp_path / "home", "ingest", one, two, one) == Result(
        3, "accepted=2 duplicates=4 refused=1\n", f"{two}:3: {CONFLICTS[1][1]}"
    )


def test_what_was_purged_equals_anything(tmp_path: Path) -> None:
    """Before the purge and for other people it does not."""
    home, file = tmp_path / "home", tmp_path / "events"
    other = created("m1", "05-04", "guessed")
    erased = event(9, "contact.erased", contact_id="p")
    write(file, [CONVERSATION, FIRST, erased])
    assert tawny(home, "ingest", str(file)).status == 0
    write(file, [FIRST, other, created("m9", "05-04", "guessed")])
    assert tawny(home, "ingest", str(file)).out == "accepted=0 duplicates=1 refused=2\n"
    assert " purged_files=1\n" in tawny(home, "log", "compact").out
    assert tawny(home, "ingest", str(file)) == Result(
        3,
        "accepted=0 duplicates=2 refused=1\n",
        f'{file}:3: id: found "msg-2" again with data.message_id "m9" instead of "m1"{OWN}',
    )


def contradicting_log(home: Path, monkeypatch: pytest.MonkeyPatch, *calls: Sequence[Event]) -> None:
    """A log as an earlier version left it: whatever came is in it, and there is no index."""

    def all_new(duck: Any, _snapshot: Any, tables: Any, *_: Any, **__: Any) -> Any:
        for family, table in tables.items():
            duck.register(f"incoming_{family}", table)
        duck.execute("CREATE OR REPLACE TEMP TABLE repeated (arrival BIGINT)")
        return repetitions.SortedOut(0, 0)

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module, "sort_out", all_new)
        patch.setattr(ingest_module, "add_keys", lambda *_: None)
        for number, events in enumerate(calls):
            file = write(home.parent / f"call-{number}", events)
            assert tawny(home, "ingest", file).status == 0
    shutil.rmtree(home / "cache", ignore_errors=True)


def test_a_log_that_holds_pairs_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that arrived first is the event; the other is in no export, and is counted."""
    home, clean = tmp_path / "home", tmp_path / "clean"
    later = [event(3, "conversation.status_changed", conversation_id="c1", status="resolved",
                   cause="agent", agent_id="a")
             | {"id": "msg-1", "source": "/desk", "time": "2026-05-04T10:00:00Z"}]  # fmt: skip
    contradicting_log(home, monkeypatch, [CONVERSATION, FIRST], [UPDATED, JUNE], later)
    assert tawny(clean, "ingest", write(tmp_path / "first", [CONVERSATION, FIRST])).status == 0
    assert log_json(home)["events"] == log_json(clean)["events"] == 2
    assert log_json(home)["types"] == log_json(clean)["types"]
    for request in (MESSAGES, MESSAGES | {"type": "open-conversations", "from": None, "to": None},
                    MESSAGES | {"type": "resolved-conversations"}):  # fmt: skip
        asked = {name: value for name, value in request.items() if value is not None}
        assert export(home, asked) == export(clean, asked)

    found = tawny(home, "check")
    assert found.out.endswith(
        " 0 failed\n3 events are in no export: an earlier one has their source and id\n"
    )
    assert json.loads(tawny(home, "check", "--format", "json").out)["left_out_events"] == 3
    assert "in no export" not in tawny(clean, "check").out
    # What does not count is nothing to repeat.
    file = write(tmp_path / "events", [FIRST, JUNE])
    assert tawny(home, "ingest", file) == Result(
        3, "accepted=0 duplicates=1 refused=1\n", f"{file}:2: {CONFLICTS[2][1]}"
    )
    assert tawny(home, "log", "compact").status == 0
    assert export(home, MESSAGES) == export(clean, MESSAGES)
    shutil.rmtree(home / "cache")
    assert export(home, MESSAGES) == export(clean, MESSAGES)


def damage(folder: Path, how: str) -> None:
    """Harm the index in a way that a disk, a person or another version might."""
    keys = folder / "cache" / "keys"
    if how == "gone":
        shutil.rmtree(folder / "cache", ignore_errors=True)
    for path in keys.glob("*.run") if keys.is_dir() else ():
        if how == "short run":
            path.write_bytes(path.read_bytes()[:-1])
        elif how == "no run":
            path.unlink()
    with contextlib.suppress(OSError):
        if how == "list of a power cut":
            (keys / "keys.json").write_bytes(b"")
        elif how == "other function":
            text = (keys / "keys.json").read_text().replace('"function": ', '"function": 1')
            (keys / "keys.json").write_text(text)


HARM = ("nothing", "gone", "short run", "no run", "list of a power cut", "other function",
        "compact")  # fmt: skip


@pytest.mark.parametrize("how", HARM)
def test_the_index_is_a_cache(tmp_path: Path, how: str) -> None:
    home, file = tmp_path / "home", tmp_path / "events"
    for events in ([CONVERSATION], [FIRST], [event(1)], [event(4)]):
        assert tawny(home, "ingest", write(file, events)).status == 0
    if how == "compact":
        assert tawny(home, "log", "compact").status == 0
    damage(home, how)
    write(file, [FIRST, ANOTHER, UPDATED, event(4), event(5)])
    assert tawny(home, "ingest", str(file)).out == "accepted=1 duplicates=2 refused=2\n"
    assert len(logged_events(home)) == 5


def test_a_log_from_a_backup(tmp_path: Path) -> None:
    """The index is of a log that went on; another one goes on under the same versions."""
    home, file, backup = tmp_path / "home", tmp_path / "events", tmp_path / "backup"
    assert tawny(home, "ingest", write(file, [event(1)])).status == 0
    shutil.copytree(home / "log", backup)
    for events in ([event(2)], [event(3)]):
        assert tawny(home, "ingest", write(file, events)).status == 0
    shutil.rmtree(home / "log")
    shutil.copytree(backup, home / "log")
    assert tawny(home, "log", "accept", "--yes").status == 0
    assert tawny(home, "ingest", write(file, [event(2), FIRST])).out.startswith("accepted=2 ")
    write(file, [event(2), ANOTHER, event(3)])
    assert tawny(home, "ingest", str(file)).out == "accepted=1 duplicates=1 refused=1\n"


def test_an_index_that_cannot_be_written(tmp_path: Path) -> None:
    """An export of a data folder that is read-only is as before."""
    home = tmp_path / "home"
    assert tawny(home, "ingest", write(tmp_path / "events", [CONVERSATION, FIRST])).status == 0
    before = export(home, MESSAGES)
    shutil.rmtree(home / "cache")
    with read_only(home):
        assert export(home, MESSAGES) == before
    assert not (home / "cache").exists()


def test_a_hash_that_two_keys_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index only says where to look; what counts is what lies there."""
    for module in (key_index, repetitions):
        monkeypatch.setattr(module, "KEY", "hash(length(id) % 2)")
    home, file = tmp_path / "home", tmp_path / "events"
    write(file, [event(number) for number in range(20)])
    assert tawny(home, "ingest", str(file)).out == "accepted=20 duplicates=0 refused=0\n"
    write(file, [event(number) for number in range(10, 30)] + [FIRST, ANOTHER])
    assert tawny(home, "ingest", str(file)).out == "accepted=11 duplicates=10 refused=1\n"


KINDS = (FIRST, UPDATED, ANOTHER, JUNE, created("m1", "05-04", None), CONVERSATION)


@settings(max_examples=examples(6), deadline=None)
@given(
    numbers=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(range(len(KINDS)))), min_size=1, max_size=14
    ),
    cuts=st.sets(st.integers(1, 13)),
    harmed=st.sampled_from(HARM),
)
def test_batching_means_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: list[tuple[int, int]],
    cuts: set[int],
    harmed: str,
) -> None:
    """Cut into calls anyhow, with the index harmed in between, the log and the counts are those of
    one call and of a plain reading of the rule."""
    events = [KINDS[kind] | {"id": f"e-{number}"} for number, kind in numbers]
    first: dict[str, Event] = {}
    duplicates = refused = 0
    for one in events:
        there = first.setdefault(one["id"], one)
        if there is not one:
            duplicates += there == one
            refused += there != one
    folder = tmp_path_factory.mktemp("log")
    borders = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    counts = [0, 0, 0]
    for at, (start, end) in enumerate(itertools.pairwise(borders)):
        out = tawny(folder / "home", "ingest", write(folder / "part", events[start:end])).out
        found = [int(part.partition("=")[2]) for part in out.split()]
        counts = [before + more for before, more in zip(counts, found, strict=True)]
        if at == 0:
            if harmed == "compact":
                tawny(folder / "home", "log", "compact")
            damage(folder / "home", harmed)
    assert counts == [len(first), duplicates, refused]
    logged = logged_events(folder / "home")
    assert {key[1]: row["type"] for key, row in logged.items()} == {
        name: one["type"] for name, one in first.items()
    }
    assert {key[1]: row.get("content") for key, row in logged.items()} == {
        name: one["data"].get("content") for name, one in first.items()
    }
