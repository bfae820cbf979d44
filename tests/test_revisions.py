"""What comes into the log after files were delivered: corrections and erasures, by the command
line."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from commands import ingest, ndjson, tawny
from server.running import small_log
from test_schedules import daily, done, files_in, found

Json = dict[str, Any]
TODAY = datetime.datetime.now(datetime.UTC).date()
DAYS = [str(TODAY - datetime.timedelta(days)) for days in (4, 3, 2, 1)]
"""Ranges that are over, and are still corrected."""


def warehouse(home: Path, out: Path) -> Path:
    """A data folder with a small log and a destination."""
    ingest(home, ndjson(small_log()))
    done(home, "destinations", "add", "folder", "warehouse", "--path", str(out))
    return home


@pytest.fixture
def home(tmp_path: Path, out: Path) -> Path:
    return warehouse(tmp_path / "home", out)


def event(event_id: str, event_type: str, time: str, **data: str) -> Json:
    return {
        "specversion": "1.0", "source": "/late", "id": event_id, "type": event_type, "time": time,
        "data": data,
    }  # fmt: skip


def conversation(name: str, day: str, contact: str = "p-late") -> list[Json]:
    return [
        event(f"{name}-1", "conversation.created", f"{day}T10:00:00Z", conversation_id=name,
              channel_id="red", contact_id=contact),
        event(f"{name}-2", "message.created", f"{day}T10:00:01Z", conversation_id=name,
              message_id=f"{name}-m", direction="inbound", content="late"),
    ]  # fmt: skip


def erased(contact: str) -> Json:
    return event(f"erase-{contact}", "contact.erased", f"{TODAY}T00:00:00Z", contact_id=contact)


def delivered(home: Path, *more: str, types: tuple[str, ...] = ("messages",)) -> None:
    """A schedule whose last three days were delivered."""
    daily(home, "--destination", "warehouse", "--corrections", "7d", *more, types=types)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])


def revisions(home: Path) -> list[tuple[str, int, str]]:
    """Range, revision and state of every delivery, oldest first."""
    listed = found(home, "deliveries", "list")
    return [(one["slot"]["from"], one["revision"], one["state"]) for one in listed[::-1]]


def receipt(out: Path, day: str, revision: int, export: str = "messages") -> Json:
    path = out / export / f"date={day}" / f"{export}_{day}_r{revision}.csv.receipt.json"
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def test_a_range_that_a_late_event_changes_and_no_other_is_delivered_again(
    home: Path,
    out: Path,
) -> None:
    delivered(home)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    printed = done(home, "schedules", "run", "--due")
    assert [line.split() for line in printed.splitlines()][1:] == [
        ["4", "daily", DAYS[1], DAYS[2], "2", "warehouse", "delivered", "2/2", "+1", "-0", "~0",
         "-"],
        ["2", "daily", DAYS[1], DAYS[2], "1", "warehouse", "delivered", "2/2", "-", "-"],
    ]  # fmt: skip
    assert {path: path.read_bytes() for path in before} == before
    first, second = receipt(out, DAYS[1], 1), receipt(out, DAYS[1], 2)
    assert second["revision"] == 2
    assert second["revision_of"] == first
    assert (second["as_of"], second["request"]) == (first["as_of"], first["request"])
    assert (first["rows"], second["rows"]) == (0, 1)
    assert second["changes"] == {
        "added": 1, "removed": 0, "changed": 0,
        "rows": [{"row": "added", "message_id": "c-late-m"}],
        "events": {
            "count": 2,
            "first": [
                {"source": "/late", "id": "c-late-1", "type": "conversation.created",
                 "time": f"{DAYS[1]}T10:00:00.000Z"},
                {"source": "/late", "id": "c-late-2", "type": "message.created",
                 "time": f"{DAYS[1]}T10:00:01.000Z"},
            ],
        },
    }  # fmt: skip
    # Looked at once, it agrees.
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"


def test_what_is_dated_after_its_as_of_changes_no_range(home: Path, out: Path) -> None:
    ingest(home, ndjson(conversation("c-1", DAYS[1])))
    delivered(home)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    renamed = event("r", "channel.saved", later.isoformat(), channel_id="red", medium="twitter",
                    name="Renamed")  # fmt: skip
    ingest(home, ndjson([renamed]))
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"
    earlier = event("e", "channel.saved", f"{DAYS[2]}T00:00:00Z", channel_id="red",
                    medium="twitter", name="Called otherwise")  # fmt: skip
    ingest(home, ndjson([earlier]))
    done(home, "schedules", "run", "--due")
    assert revisions(home)[3:] == [(DAYS[1], 2, "delivered")]
    changes = receipt(out, DAYS[1], 2)["changes"]
    assert (changes["rows"], changes["changed"]) == ([{"row": "changed", "message_id": "c-1-m"}], 1)
    assert [one["id"] for one in changes["events"]["first"]] == ["e"]


def test_without_corrections_files_stay_as_they_are(home: Path) -> None:
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"


def test_what_comes_after_its_time_corrects_nothing(home: Path) -> None:
    daily(home, "--destination", "warehouse", "--corrections", "2d")
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    ingest(home, ndjson([*conversation("old", DAYS[0]), *conversation("new", DAYS[2])]))
    done(home, "schedules", "run", "--due")
    assert revisions(home)[3:] == [(DAYS[2], 2, "delivered")]


def test_each_file_of_a_bundle_says_what_is_other_in_it(home: Path, out: Path) -> None:
    delivered(home, types=("messages", "teams"))
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    done(home, "schedules", "run", "--due")
    messages, teams = (receipt(out, DAYS[1], 2, name) for name in ("messages", "teams"))
    assert (messages["changes"]["added"], teams["changes"]["added"]) == (1, 0)
    assert messages["revision_of"] == receipt(out, DAYS[1], 1)
    assert teams["changes"]["events"] == {"count": 0, "first": []}
    (listed,) = [one for one in found(home, "deliveries", "list") if one["revision"] == 2]
    assert listed["changes"] == {"added": 1, "removed": 0, "changed": 0}


def test_an_archive_says_what_is_other_in_each_file(home: Path) -> None:
    delivered(home, types=("messages", "teams"))
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    done(home, "schedules", "run", "--due")
    first, *_, newest = sorted(home.rglob("*.zip"), key=lambda path: path.stat().st_mtime_ns)
    with zipfile.ZipFile(newest) as archive:
        whole, messages, teams = (
            json.loads(archive.read(name))
            for name in ("receipt.json", "messages.csv.receipt.json", "teams.csv.receipt.json")
        )
    added = {"added": 1, "removed": 0, "changed": 0}
    assert whole["changes"] == added
    assert [one["changes"]["added"] for one in whole["files"]] == [1, 0]
    assert messages["changes"]["rows"] == [{"row": "added", "message_id": "c-late-m"}]
    assert [one["id"] for one in messages["changes"]["events"]["first"]] == ["c-late-1", "c-late-2"]
    assert teams["changes"]["added"] == 0
    assert messages["revision_of"]["rows"] == teams["revision_of"]["rows"] == 0
    with zipfile.ZipFile(first) as archive:
        assert "changes" not in json.loads(archive.read("receipt.json"))
    # Made again from its receipt it is the same file.
    kept = home.parent / "again"
    kept.mkdir()
    (kept / "x.zip.receipt.json").write_bytes(
        newest.with_name(newest.name + ".receipt.json").read_bytes()
    )
    done(home, "export", "--receipt", str(kept / "x.zip.receipt.json"), "-o", str(kept / "x.zip"))
    assert (kept / "x.zip").read_bytes() == newest.read_bytes()


def test_what_was_delivered_goes_again_where_it_went(home: Path, out: Path) -> None:
    delivered(home)
    (out / "other").mkdir()
    done(home, "destinations", "add", "folder", "other", "--path", str(out / "other"))
    done(home, "schedules", "set", "daily", "--destination", "other")
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    done(home, "schedules", "run", "--due")
    assert receipt(out, DAYS[1], 2)["rows"] == 1
    assert files_in(out / "other") == []


def test_an_erased_contact_is_followed_to_where_files_are(home: Path, out: Path) -> None:
    ingest(home, ndjson([*conversation("c-1", DAYS[1], "p-1"), *conversation("c-2", DAYS[2])]))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    assert receipt(out, DAYS[1], 1)["rows"] == 1
    done(home, "schedules", "remove", "daily")
    ingest(home, ndjson([erased("p-1")]))
    done(home, "schedules", "run", "--due")
    name = f"messages/date={DAYS[1]}/messages_{DAYS[1]}_r"
    there = [one for one in files_in(out) if DAYS[1] in one]
    assert there == [f"{name}2.csv", f"{name}2.csv.receipt.json"]
    second = receipt(out, DAYS[1], 2)
    assert (second["rows"], second["changes"]["removed"]) == (0, 1)
    assert second["changes"]["rows"] == [{"row": "removed", "message_id": "c-1-m"}]
    listed = found(home, "deliveries", "list")
    assert [(one["slot"]["from"], one["revision"], one["erasure"]) for one in listed[::-1]] == [
        (DAYS[0], 1, None), (DAYS[1], 1, "followed"), (DAYS[2], 1, None), (DAYS[1], 2, None),
    ]  # fmt: skip
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"


def test_older_revisions_with_an_erased_contact_are_taken_back_too(home: Path, out: Path) -> None:
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    delivered(home)
    ingest(home, ndjson(conversation("c-late", DAYS[1])))
    done(home, "schedules", "run", "--due")
    ingest(home, ndjson([erased("p-1")]))
    done(home, "schedules", "run", "--due")
    there = [one for one in files_in(out) if DAYS[1] in one and one.endswith(".csv")]
    assert there == [f"messages/date={DAYS[1]}/messages_{DAYS[1]}_r3.csv"]
    assert b"c-1-m" not in (out / there[0]).read_bytes()
    assert b"c-late-m" in (out / there[0]).read_bytes()


def test_an_erasure_is_not_followed_into_ranges_without_the_contact(home: Path, out: Path) -> None:
    ingest(home, ndjson([*conversation("c-1", DAYS[1], "p-1"), *conversation("c-2", DAYS[2])]))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    # Came late, and is in no file: corrections are off.
    ingest(home, ndjson(conversation("c-late", DAYS[2], "p-3")))
    ingest(home, ndjson([erased("p-3"), erased("nobody")]))
    before = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.csv")}
    assert done(home, "schedules", "run", "--due") == "nothing is to be made\n"
    assert {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in before} == before


def test_files_at_a_removed_destination_are_listed(home: Path, out: Path) -> None:
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    done(home, "schedules", "remove", "daily")
    done(home, "destinations", "remove", "warehouse")
    ingest(home, ndjson([erased("p-1")]))
    done(home, "schedules", "run", "--due")
    listed = found(home, "deliveries", "list")
    assert [one["erasure"] for one in listed[::-1]] == [None, "gone", None]


def test_a_place_that_cannot_be_reached_is_tried_again(home: Path, out: Path) -> None:
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    daily(home)
    done(home, "schedules", "backfill", "daily", "--from", DAYS[0], "--to", DAYS[3])
    ingest(home, ndjson([erased("p-1")]))
    kept = out.with_name("kept")
    shutil.move(out, kept)
    assert tawny(home, "schedules", "run", "--due").status == 1
    listed = found(home, "deliveries", "list")
    assert [(one["revision"], one["state"], one["erasure"]) for one in listed[::-1]][1::2] == [
        (1, "delivered", "due"), (2, "failed", None),
    ]  # fmt: skip
    shutil.move(kept, out)
    number = str(listed[0]["id"])
    done(home, "deliveries", "retry", number)
    done(home, "schedules", "run", "--due")
    assert [one for one in files_in(out) if DAYS[1] in one and one.endswith(".csv")] == [
        f"messages/date={DAYS[1]}/messages_{DAYS[1]}_r2.csv"
    ]
