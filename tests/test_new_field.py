"""A field is added to the contract: logs from before go on, the Tawny from before is told to stop.

The newer Tawny is a copy of this one in which contacts may have a nickname, shown in place of the
secondary identifier.
"""

import csv
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from commands import Result, ndjson, tawny
from package_copies import call, copied
from processes import event
from tawny.settings import Settings
from tawny.state.event_log import event_log

MARCH = ("--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-05-01T00:00:00Z")
CHANGES = (
    (
        "model/event_types/contact.py",
        "    secondary_identifier: str | None = None\n",
        "    secondary_identifier: str | None = None\n    nickname: str | None = None\n",
    ),
    (
        "queries/sql/facts/contact_names.sql",
        "secondary_identifier, time_ms, sequence, source, id\n    FROM contact_events",
        "coalesce(nickname, secondary_identifier) AS secondary_identifier, time_ms, sequence, "
        "source, id\n    FROM contact_events",
    ),
    (
        "engine/erasure.py",
        '("primary_identifier", "secondary_identifier", "name", "value")',
        '("primary_identifier", "secondary_identifier", "nickname", "name", "value")',
    ),
)


BEFORE_WATERMARKS = (("model/events.py", "    *watermark.TYPES,\n", ""),)


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the newer package."""
    return copied(tmp_path_factory.mktemp("newer"), CHANGES)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the package from before there were watermarks."""
    return copied(tmp_path_factory.mktemp("older"), BEFORE_WATERMARKS)


def contact(number: int, day: int, **more: Any) -> list[dict[str, Any]]:
    """A contact who writes on a day of March."""
    data: dict[str, Any] = {"contact_id": f"k-{number}"}
    created = {"conversation_id": f"c-{number}", "channel_id": "ch-1"} | data
    saved = data | {"medium": "email", "primary_identifier": f"p-{number}"} | more
    sent = {"message_id": f"m-{number}", "conversation_id": f"c-{number}", "direction": "inbound"}
    events = [
        event(10 * number, "contact.saved", **saved),
        event(10 * number + 1, "conversation.created", **created),
        event(10 * number + 2, "message.created", **sent),
    ]
    return [one | {"time": f"2026-03-{day:02d}T10:00:00Z"} for one in events]


def stored(home: Path, column: str) -> list[str | None]:
    """A column of the contact files of the log, in order; null where a file lacks it."""
    files = DeltaTable(home / "log").file_uris(file_pruning_predicate="family = 'contact'")
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return sorted((row.get(column) for row in rows), key=str)


def identifiers(file: Path) -> list[str]:
    """The secondary identifiers of an export of contacts."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [row["Secondary Identifier"] for row in csv.DictReader(stream)]


def test_a_log_from_before_a_field_was_added(newer: Path, tmp_path: Path) -> None:
    home, file, out = tmp_path / "home", tmp_path / "events", tmp_path / "contacts.csv"
    export = ("export", "contacts", *MARCH, "-o", str(out))
    for number in (1, 2):
        file.write_bytes(ndjson(contact(number, number, secondary_identifier=f"s-{number}")))
        assert tawny(home, "ingest", str(file)).status == 0

    # Nothing but reading: as before.
    assert call(newer, home, *export) == Result(0, "", "")
    assert identifiers(out) == ["s-1", "s-2"]
    assert tawny(home, *export) == Result(0, "", "")

    # Old events again, and new ones with the field; the table has the column then.
    file.write_bytes(
        ndjson([*contact(2, 2, secondary_identifier="s-2"), *contact(3, 3, nickname="Nick")])
    )
    assert call(newer, home, "ingest", str(file)) == Result(
        0, "accepted=3 duplicates=3 refused=0\n", ""
    )
    assert call(newer, home, *export) == Result(0, "", "")
    assert identifiers(out) == ["s-1", "s-2", "Nick"]
    assert "nickname" in [field.name for field in DeltaTable(home / "log").schema().fields]
    assert stored(home, "nickname") == ["Nick", None, None]
    before = out.read_bytes()

    # Compaction keeps files that lack the field: a repetition that carries it is the same event.
    compacted = call(newer, home, "log", "compact")
    assert compacted.out.startswith("files_before=9 files_after=4 ")
    file.write_bytes(
        ndjson(
            [
                *contact(1, 1, secondary_identifier="s-1", nickname="One"),
                *contact(3, 3, nickname="Other"),
            ]
        )
    )
    assert call(newer, home, "ingest", str(file)) == Result(
        3,
        "accepted=0 duplicates=5 refused=1\n",
        f'{file}:4: id: found "e-30" again with data.nickname "Other" instead of "Nick"; allowed '
        "the same event again, or an id of its own\n",
    )
    # Erasure empties what there is.
    assert call(newer, home, *export) == Result(0, "", "")
    assert out.read_bytes() == before
    receipt = str(tmp_path / "contacts.csv.receipt.json")
    again = str(tmp_path / "again.csv")
    assert call(newer, home, "export", "--receipt", receipt, "-o", again) == Result(0, "", "")
    file.write_bytes(ndjson([event(99, "contact.erased", contact_id="k-3")]))
    assert call(newer, home, "ingest", str(file)).status == 0
    assert " erased_contacts=1 purged_files=1\n" in call(newer, home, "log", "compact").out
    assert set(stored(home, "nickname")) == {None}
    assert call(newer, home, *export) == Result(0, "", "")
    assert identifiers(out) == ["s-1", "s-2"]

    # Who does not know the column would lose it.
    for arguments in (("log",), ("log", "compact"), ("ingest", str(file)), export):
        assert tawny(home, *arguments) == Result(
            1,
            "",
            f"tawny: {home / 'log'}: found the column nickname, which this Tawny does not know; "
            "upgrade Tawny (pip install --upgrade tawny)\n",
        )


def test_erasure_in_files_from_before(newer: Path, tmp_path: Path) -> None:
    """Also when no file has the column."""
    home, file = tmp_path / "home", tmp_path / "events"
    events = [*contact(1, 1), *contact(2, 2), event(99, "contact.erased", contact_id="k-1")]
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0
    result = call(newer, home, "log", "compact")
    assert result.out.endswith(" erased_contacts=1 purged_files=1\n"), result
    assert " events=" not in call(newer, home, "log").err
    assert stored(home, "primary_identifier") == [None, None, "p-2"]
    assert tawny(home, "log").status == 1


def test_a_log_from_before_a_family_of_types_was_added(older: Path, tmp_path: Path) -> None:
    """It is read as before, its files by their places and not by their names; with the first event
    of the new family it gets the columns, and no cell changes."""
    home, file, out = tmp_path / "home", tmp_path / "events", tmp_path / "contacts.csv"
    export = ("export", "contacts", *MARCH, "-o", str(out))
    file.write_bytes(ndjson(contact(1, 1, secondary_identifier="s-1")))
    assert call(older, home, "ingest", str(file)).status == 0
    assert "until" not in [field.name for field in DeltaTable(home / "log").schema().fields]
    assert call(older, home, *export) == Result(0, "", "")
    before = out.read_bytes()
    assert tawny(home, *export) == Result(0, "", "")
    assert out.read_bytes() == before

    mark = event(9, "source.watermark", until="2026-03-02T00:00:00+01:00", channels=["ch-1", "?"])
    file.write_bytes(ndjson([mark | {"time": "2026-03-02T08:00:00Z"}]))
    for counts in ("accepted=1 duplicates=0 refused=0\n", "accepted=0 duplicates=1 refused=0\n"):
        assert tawny(home, "ingest", str(file)) == Result(0, counts, "")
    assert tawny(home, *export) == Result(0, "", "")
    assert out.read_bytes() == before
    assert event_log(home, Settings({})).snapshot().grown_families == {"watermark"}
    assert re.search(r"source\.watermark +1  2026-03-02T08:00:00\.000Z ", tawny(home, "log").out)
    assert tawny(home, "log", "compact").status == 0

    table = DeltaTable(home / "log")
    (path,) = table.file_uris(file_pruning_predicate="family = 'watermark'")
    (row,) = pq.ParquetFile(path).read().to_pylist()
    assert (row["until"].isoformat(), row["channels"]) == (
        "2026-03-01T23:00:00+00:00",
        ["ch-1", "?"],
    )
    told = call(older, home, "log")
    assert (
        told.status,
        "found the column channels, which this Tawny does not know" in told.err,
    ) == (
        1,
        True,
    )
