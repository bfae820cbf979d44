"""Schedules of changes: each file has what changed since the one before, by the command line."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from commands import Result, ingest, ndjson, tawny
from tawny.model.zones import current_ms
from test_feeds import Copy
from test_revisions import DAYS, conversation, erased, home
from test_schedules import done, found, wrong

__all__ = ["home"]

HOUR_MS = 3_600_000


def changes(home: Path, export_type: str, *more: str, frequency: str = "hourly") -> None:
    """A schedule of changes that was made ten hours ago."""
    done(home, "schedules", "add", "changes", export_type, "--frequency", frequency,
         "--destination", "warehouse", "--changes", *more)  # fmt: skip
    with sqlite3.connect(home / "state.db") as connection:
        connection.execute("UPDATE schedules SET created_ms = created_ms - ?", (10 * HOUR_MS,))


def pass_hours(home: Path, ago: int) -> Result:
    """Do what was due some hours ago."""
    then_ms = current_ms() - ago * HOUR_MS
    with mock.patch("tawny.schedules.carrier.current_ms", lambda: then_ms):
        return tawny(home, "schedules", "run", "--due")


def files(out: Path) -> list[Path]:
    """Those with rows or without, in the order of their ranges."""
    return sorted(path for path in out.rglob("*.*") if path.suffix in (".jsonl", ".csv"))


def export_rows(home: Path, export_type: str, *more: str) -> list[Any]:
    target = home.parent / "export.jsonl"
    done(home, "export", export_type, *more, "--headers", "key", "--format", "jsonl",
         "-o", str(target))  # fmt: skip
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_the_files_together_are_what_an_export_has(home: Path, out: Path) -> None:
    changes(home, "messages", "--file-format", "jsonl", "--headers", "key", "--content", "yes")
    assert pass_hours(home, 8).status == 0
    ingest(home, ndjson(conversation("c-1", DAYS[1], "p-1")))
    assert pass_hours(home, 6).status == 0
    ingest(home, ndjson(conversation("c-2", DAYS[2])))
    ingest(home, ndjson([erased("p-1")]))
    assert pass_hours(home, 5).status == 0
    copy, told = Copy("messages"), []
    for path in files(out):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        told.append([row["op"] for row in rows])
        copy.take(rows)
    # Several ranges that are due at once: the first has it all. The second was made again when
    # the only contact in it was erased.
    assert [sorted(one) for one in told if one] == [["insert"] * 20, ["delete", "insert"]]
    assert copy.cells() == sorted(
        json.dumps(row)
        for row in export_rows(home, "messages", "--from", "2026-01-01", "--to", "2100-01-01")
    )
    receipts = [json.loads(path.with_name(path.name + ".receipt.json").read_text())["feed"]
                for path in files(out)]  # fmt: skip
    assert receipts[0]["since"] is None
    assert [one["since"] for one in receipts[1:]] == [one["cursor"] for one in receipts[:-1]]


def test_where_rows_sum_up_periods_are_as_long_as_ranges(home: Path, out: Path) -> None:
    changes(home, "teams", "--file-format", "csv", "--headers", "key", frequency="daily")
    with sqlite3.connect(home / "state.db") as connection:
        connection.execute("UPDATE schedules SET created_ms = created_ms - ?", (24 * HOUR_MS,))
    assert pass_hours(home, 0).status == 0
    path, *_ = files(out)
    with path.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert list(row)[:4] == ["op", "at", "period_from", "period_to"]
    assert (row["op"], row["period_from"], row["period_to"], row["team_id"]) == (
        "insert", "2026-06-08T00:00:00.000+00:00", "2026-06-09T00:00:00.000+00:00", "team",
    )  # fmt: skip


def test_a_file_without_changes_has_its_header(home: Path, out: Path) -> None:
    changes(home, "user-presence", "--headers", "key", "--columns", "from")
    pass_hours(home, 8)
    pass_hours(home, 7)
    first, *others = files(out)
    assert first.read_text().splitlines()[0] == "op,at,n,user_id,from"
    assert {path.read_text() for path in others} == {"op,at,n,user_id,from\n"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("messages", "teams"),
         "changes: found with several exports; a feed is of one, make a schedule for each"),
        (("messages", "--corrections", "7d"),
         "corrections: found 7d with changes; late events are in the next file of changes, leave "
         "it out"),
    ],
)  # fmt: skip
def test_what_files_of_changes_cannot_have(home: Path, more: tuple[str, ...], said: str) -> None:
    assert said == wrong(home, "schedules", "add", "changes", *more, "--frequency", "daily",
                         "--destination", "warehouse", "--changes")  # fmt: skip


def test_they_have_no_past(home: Path) -> None:
    changes(home, "messages")
    assert wrong(home, "schedules", "backfill", "changes", "--from", DAYS[0], "--to", DAYS[3]) == (
        "from: found a schedule of changes, whose files follow each other; a new schedule begins "
        "with everything there is"
    )
    assert found(home, "schedules", "show", "changes")["changes"] is True


@pytest.mark.parametrize("purged", [False, True])
def test_an_erased_contact_is_taken_out_of_files_of_changes(
    home: Path, out: Path, purged: bool
) -> None:
    changes(home, "messages", "--file-format", "jsonl", "--headers", "key", "--content", "yes")
    assert pass_hours(home, 8).status == 0
    ingest(home, ndjson([*conversation("c-1", DAYS[1], "p-1"), *conversation("c-2", DAYS[2])]))
    assert pass_hours(home, 6).status == 0
    ingest(home, ndjson(conversation("c-3", DAYS[2])))
    assert pass_hours(home, 5).status == 0
    before = {path: path.read_bytes() for path in files(out)}
    (held,) = [path for path, data in before.items() if b"c-1-m" in data]
    ingest(home, ndjson([erased("p-1")]))
    if purged:
        done(home, "log", "compact")
    assert pass_hours(home, 4).status == 0
    after = {path: path.read_bytes() for path in files(out)}
    again = held.with_name(held.name.replace("_r1.", "_r2."))
    assert before.keys() - after.keys() == {held}
    assert all(after[path] == data for path, data in before.items() if path != held)
    assert [json.loads(line)["message_id"] for line in after[again].splitlines()] == ["c-2-m"]
    receipts = {
        path: json.loads(path.with_name(path.name + ".receipt.json").read_text()) for path in after
    }
    found_there = receipts[again]
    assert found_there["changes"] == {
        "added": 0, "removed": 1, "changed": 0,
        "rows": [{"row": "removed", "message_id": "c-1-m"}],
        "events": {"count": 1, "first": [
            {"source": "/late", "id": "erase-p-1", "type": "contact.erased",
             "time": erased("p-1")["time"].replace("Z", ".000Z")},
        ]},
    }  # fmt: skip
    # It leads from where to where it led: the files go on from each other, and together they are
    # what an export has.
    assert found_there["feed"]["cursor"] == found_there["revision_of"]["feed"]["cursor"]
    ordered = sorted(after, key=lambda path: path.name)
    spans = [receipts[path]["feed"] for path in ordered]
    assert [one["since"] for one in spans[1:]] == [one["cursor"] for one in spans[:-1]]
    copy = Copy("messages")
    for path in ordered:
        copy.take([json.loads(line) for line in after[path].splitlines()])
    assert copy.cells() == sorted(
        json.dumps(row)
        for row in export_rows(home, "messages", "--from", "2026-01-01", "--to", "2100-01-01")
    )
    # Looked at once more, nothing is other.
    assert done(home, "schedules", "run", "--due") is not None
    assert files(out)[: len(after)] == sorted(after)
    listed = found(home, "deliveries", "list")
    assert [one["erasure"] for one in listed if one["erasure"]] == ["followed"]
