"""A choice of columns: the file has these of the whole file, in its order, whatever the format."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pyarrow.parquet as pq
import pytest
from frictionless import Package

from commands import Result, ndjson, tawny
from processes import MONTH, event, write_sample
from tawny.queries.catalogue import EXPORT_TYPES, query

Table = tuple[list[Any], list[list[Any]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample, and a text that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("log")
    sample, trap = folder / "sample.jsonl", folder / "trap.jsonl"
    write_sample(sample, conversations=40)
    created = {"conversation_id": "0012", "channel_id": "ch-1", "contact_id": "+k;"}
    sent = {"message_id": "=m", "conversation_id": "0012", "direction": "inbound"}
    events = [
        event(1, "conversation.created", **created),
        event(2, "message.created", **sent, content="=1+1;,"),
    ]
    trap.write_bytes(ndjson(events))
    assert tawny(folder / "home", "ingest", str(sample), str(trap)).status == 0
    return folder / "home"


def table_of(file: Path) -> Table:
    """Header and rows."""
    match file.suffix:
        case ".csv":
            delimiter = ";" if "semicolon" in file.name else ","
            with file.open(encoding="utf-8-sig", newline="") as stream:
                header, *rows = csv.reader(stream, delimiter=delimiter)
            # A lone empty cell is an empty line.
            return header, [row or [""] for row in rows]
        case ".jsonl":
            objects = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
            return list(objects[0]) if objects else [], [list(one.values()) for one in objects]
        case ".parquet":
            table = pq.read_table(file)
            return table.column_names, [list(row.values()) for row in table.to_pylist()]
        case _:
            sheet = openpyxl.load_workbook(file).worksheets[0]
            header, *rows = sheet.iter_rows(values_only=True)
            return list(header), [list(row) for row in rows]


@pytest.mark.parametrize(
    ("name", "file_name", "options"),
    [
        *((name, "machine.csv", ()) for name in EXPORT_TYPES),
        ("messages", "excel.csv", ("--dialect", "excel")),
        ("messages", "semicolon.csv", ("--dialect", "excel-semicolon", "--headers", "fr")),
        ("messages", "lines.jsonl", ()),
        ("messages", "typed.parquet", ("--headers", "key")),
        ("messages", "book.xlsx", ()),
    ],
)
def test_the_chosen_columns_of_the_whole_file(
    home: Path, tmp_path: Path, name: str, file_name: str, options: tuple[str, ...]
) -> None:
    keys = [column.key for column in query(name).columns]
    chance = random.Random(f"{name} {file_name}")
    call = ("export", name, *MONTH, *options, "--as-of", "2026-06-01", "-o")
    whole = tmp_path / f"whole-{file_name}"
    assert tawny(home, *call, str(whole)) == Result(0, "", "")
    header, rows = table_of(whole)
    for count in (1, 3):
        chosen = chance.sample(keys, count)
        file = tmp_path / f"{count}-{file_name}"
        assert tawny(home, *call, str(file), "--columns", ",".join(chosen)) == Result(0, "", "")
        places = sorted(keys.index(key) for key in chosen)
        expected = [[row[place] for place in places] for row in rows]
        assert table_of(file) == ([header[place] for place in places] if header else [], expected)


@pytest.mark.parametrize("dialect", ["excel", "excel-semicolon"])
@pytest.mark.parametrize("chosen", ["content", "message_id,content", "conversation_id"])
def test_unguard_gives_the_texts_of_a_choice_back(
    home: Path, tmp_path: Path, dialect: str, chosen: str
) -> None:
    machine, file = tmp_path / "machine.csv", tmp_path / f"{dialect}.csv"
    call = ("export", "messages", *MONTH, "--columns", chosen, "-o")
    assert tawny(home, *call, str(machine)).status == 0
    assert tawny(home, *call, str(file), "--dialect", dialect).status == 0
    assert table_of(file) != table_of(machine)
    assert tawny(home, "unguard", str(file)).status == 0
    assert table_of(file) == table_of(machine)


def test_a_receipt_says_the_choice_and_makes_it_again(home: Path, tmp_path: Path) -> None:
    file, again = tmp_path / "messages.csv", tmp_path / "again.csv"
    call = ("export", "messages", *MONTH, "--columns", "content, message_id", "-o", str(file))
    assert tawny(home, *call) == Result(0, "", "")
    assert file.read_text("utf-8").splitlines()[0] == "Message ID,Content"
    receipt = file.with_name("messages.csv.receipt.json")
    assert json.loads(receipt.read_text("utf-8"))["request"]["columns"] == ["content", "message_id"]
    assert tawny(home, "export", "--receipt", str(receipt), "-o", str(again)).status == 0
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("messages", "--columns", "mesage_id"),
         "column: found 'mesage_id', did you mean 'message_id'? tawny columns TYPE lists them"),
        (("teams", "--columns", ""), "--columns: found ''; give it a value or leave it out"),
        (("teams", "--columns", "team_id,,"), "column: found ''; tawny columns TYPE lists them"),
        (("teams", "messages", "--columns", "content"),
         "columns: found content, of which teams has none; allowed there: {teams}"),
        (("--receipt", "x", "--columns", "content"),
         "--receipt: found with a type or other options; the receipt says them all, give only -o"),
    ],
)  # fmt: skip
def test_a_wrong_choice(home: Path, tmp_path: Path, call: tuple[str, ...], said: str) -> None:
    teams = ", ".join(column.key for column in query("teams").columns)
    options = () if "--receipt" in call else MONTH
    assert tawny(home, "export", *call, *options, "-o", str(tmp_path / "x.csv")) == Result(
        2, "", f"tawny: {said.format(teams=teams)}\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_several_types_have_the_chosen_columns_that_they_have(home: Path, tmp_path: Path) -> None:
    """The package promises keys and links where their columns are."""
    out = tmp_path / "out"
    chosen = "message_id,contact_profile_id,primary_identifier,outbound_message_id"
    call = ("export", "messages", "contacts", "response-times", *MONTH, "--headers", "key")
    assert tawny(home, *call, "--columns", chosen, "-o", str(out)).status == 0
    headers = {file.stem: file.read_text("utf-8").splitlines()[0] for file in out.glob("*.csv")}
    assert headers == {
        "messages": "message_id,contact_profile_id",
        "contacts": "contact_profile_id,primary_identifier",
        "response-times": "contact_profile_id,outbound_message_id",
    }
    assert Package(out / "datapackage.json").validate().valid
    no_key = tmp_path / "no-key"
    assert tawny(home, *call, "--columns", "contact_profile_id,conversation_id", "-o",
                 str(no_key)).status == 0  # fmt: skip
    package = json.loads((no_key / "datapackage.json").read_text("utf-8"))
    schemas = {one["name"]: one["schema"] for one in package["resources"]}
    assert [(name, one.get("primaryKey")) for name, one in schemas.items()] == [
        ("messages", None), ("contacts", ["contact_profile_id"]), ("response-times", None),
    ]  # fmt: skip
    links = [one["reference"]["resource"] for one in schemas["response-times"]["foreignKeys"]]
    assert links == ["contacts"]
    assert Package(no_key / "datapackage.json").validate().valid


def test_a_refused_cell_is_named_by_a_key_that_the_file_has_not(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "events"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    sent = {"message_id": "m-1", "conversation_id": "c-1", "direction": "inbound"}
    events = [
        event(1, "conversation.created", **created),
        event(2, "message.created", **sent, content="x" * 32_768),
    ]
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0
    call = ("export", "messages", "--from", "2026-03-01", "--to", "2026-04-01")
    result = tawny(home, *call, "--columns", "content", "-o", str(tmp_path / "x.xlsx"))
    assert (result.status, result.err.partition(":")[2].partition(":")[0]) == (
        2, " message_id m-1, column 'Content'",
    )  # fmt: skip
