"""A field is added to the contract: logs from before go on, the Tawny from before is told to stop.

The newer Tawny is a copy of this one in which contacts may have a nickname, shown in place of the
secondary identifier.
"""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import tawny as package
from commands import Result, ndjson, tawny
from processes import event

MARCH = ("--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-05-01T00:00:00Z")
CHANGES = (
    (
        "model/events.py",
        "    secondary_identifier: str | None = None\n",
        "    secondary_identifier: str | None = None\n    nickname: str | None = None\n",
    ),
    (
        "exports/sql/facts/contact_names.sql",
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


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the newer package."""
    folder = tmp_path_factory.mktemp("newer")
    shutil.copytree(Path(package.__file__).parent, folder / "tawny")
    for name, old, new in CHANGES:
        path = folder / "tawny" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, name
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def call(newer: Path, home: Path, *arguments: str) -> Result:
    """Run the newer Tawny."""
    done = subprocess.run(
        [sys.executable, "-m", "tawny", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(newer)},
        cwd=newer,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


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

    # Compaction puts both kinds of files together, erasure empties what there is.
    compacted = call(newer, home, "log", "compact")
    assert compacted.out.startswith("files_before=9 files_after=3 ")
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
