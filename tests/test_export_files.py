"""The files themselves, opened by the readers people use: the same values in every format."""

import csv
import io
import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import frictionless
import openpyxl  # type: ignore[import-untyped]
import pyarrow.parquet as pq
import pytest

from commands import Result, ndjson, tawny, tawny_process, without_completeness
from processes import MONTH, event, leftovers, write_sample
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import HEADER_STYLES, Column, ColumnType
from tawny.queries.guard import GUARDS, guard

ZONE = "Europe/Paris"
TEXTS = [
    *("@tawny where is it?", "=1+1", "+33 1 99", "-5", "'quoted'", "'=x", "''@y", "\ttab"),
    *("\rcr", "\nlf", "a,b", 'say "hi"', "two\nlines", "cr\rinside", "crlf\r\nend", "#comment"),
    *(" space before", "space after ", ";", "a;b\\c", "naïve 😀", "＝full", "NULL", "\\N", "''"),
    *("x" * 20_000, "0123", "1e5", "true", "<r>markup</r>", "_x0041_", "\x01\x1b", "-", '"', "'"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample, and one conversation whose texts are all traps."""
    folder = tmp_path_factory.mktemp("log")
    sample, traps = folder / "sample.jsonl", folder / "traps.jsonl"
    write_sample(sample, conversations=40)
    created = {"conversation_id": "=c;1", "channel_id": "@ch", "contact_id": "+k"}
    saved = {"channel_id": "@ch", "medium": "email", "name": "=Mail;\\", "display_name": "-x"}
    events = [event(0, **saved), event(1, "conversation.created", **created)]
    for number, text in enumerate(TEXTS):
        data = {"message_id": f"-m{number}", "conversation_id": "=c;1", "direction": "inbound"}
        events.append(event(2 + number, "message.created", **data, content=text))
    for number, name in enumerate(["=tag;1", "two\\", "plain"]):
        events.append(event(60 + number, "tag.saved", tag_id=f"=t{number}", name=name))
        label = {"message_id": "-m0", "conversation_id": "=c;1", "tag_id": f"=t{number}"}
        events.append(event(70 + number, "tag.applied", **label))
    traps.write_bytes(ndjson(events))
    assert tawny(folder / "home", "ingest", str(sample), str(traps)).status == 0
    return folder / "home"


def exported(home: Path, folder: Path, name: str, ending: str, *options: str) -> Path:
    file = folder / f"{name}{'-'.join(options).replace('--', '')}.{ending}"
    result = tawny(home, "export", name, *MONTH, *options, "-o", str(file))
    assert result == Result(0, "", "")
    return file


def machine_cells(file: Path) -> tuple[list[str], list[list[str]]]:
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def cell(column: Column, value: Any) -> str:
    """A typed value of another format as the `machine` dialect writes it."""
    if value is None or value == []:
        return ""
    if column.type is ColumnType.TIMESTAMP:
        local = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return local.astimezone(ZoneInfo(ZONE)).isoformat(timespec="milliseconds")
    if column.type in (ColumnType.ID_LIST, ColumnType.TEXT_LIST):
        items = (item or "" for item in value)
        return ";".join(item.replace("\\", "\\\\").replace(";", "\\;") for item in items)
    if column.type is ColumnType.BOOLEAN:
        return str(value).lower()
    if column.type is ColumnType.PERCENT:
        assert isinstance(value, int | float)
        return f"{value:.1f}"
    if column.type in (ColumnType.DURATION, ColumnType.INTEGER):
        assert isinstance(value, int)
    else:
        assert isinstance(value, str)
    return str(value)


@pytest.mark.parametrize("name", EXPORT_TYPES)
def test_every_format_has_the_same_values(home: Path, tmp_path: Path, name: str) -> None:
    columns = query(name).columns
    header, rows = machine_cells(exported(home, tmp_path, name, "csv"))
    assert header == [column.headers["en"] for column in columns]
    assert rows

    objects = [
        json.loads(line)
        for line in exported(home, tmp_path, name, "jsonl").read_text("utf-8").split("\n")[:-1]
    ]
    assert [list(entry) for entry in objects] == [header] * len(rows)
    assert rows == [
        [cell(column, entry[column.headers["en"]]) for column in columns] for entry in objects
    ]

    table = pq.read_table(exported(home, tmp_path, name, "parquet"))
    assert table.column_names == header
    assert rows == [
        [cell(column, entry[column.headers["en"]]) for column in columns]
        for entry in table.to_pylist()
    ]

    sheet = openpyxl.load_workbook(exported(home, tmp_path, name, "xlsx")).active
    assert sheet is not None
    first, *others = sheet.iter_rows(values_only=True)
    assert list(first) == header
    assert [
        [_xlsx(column, text) for column, text in zip(columns, row, strict=True)] for row in rows
    ] == [
        [_from_xlsx(column, value) for column, value in zip(columns, row, strict=True)]
        for row in others
    ]


def _xlsx(column: Column, text: str) -> str:
    """What is left of a cell in a workbook: local times have no offset, readers turn CR to LF."""
    if column.type is ColumnType.TIMESTAMP:
        return text[:23]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_xlsx(column: Column, value: Any) -> str:
    if column.type is ColumnType.TIMESTAMP and isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500)
        return rounded.isoformat(timespec="milliseconds")
    if column.type in (ColumnType.ID_LIST, ColumnType.TEXT_LIST):
        return value or ""
    text = openpyxl.utils.escape.unescape(value) if isinstance(value, str) else value
    return _xlsx(column, cell(column, text))


@pytest.mark.parametrize("style", HEADER_STYLES)
def test_header_styles(home: Path, tmp_path: Path, style: str) -> None:
    """Another header changes the header row and nothing else."""
    for name in ("messages", "users"):
        wanted = [column.headers[style] for column in query(name).columns]
        plain = exported(home, tmp_path, name, "csv").read_bytes()
        file = exported(home, tmp_path, name, "csv", "--headers", style)
        assert machine_cells(file)[0] == wanted
        assert file.read_bytes().split(b"\n", 1)[1] == plain.split(b"\n", 1)[1]
        table = pq.read_schema(exported(home, tmp_path, name, "parquet", "--headers", style))
        assert table.names == wanted
        line = exported(home, tmp_path, name, "jsonl", "--headers", style).read_text("utf-8")
        assert list(json.loads(line.split("\n", 1)[0])) == wanted


def test_machine_bytes(home: Path, tmp_path: Path) -> None:
    """UTF-8 without a mark, LF, a cell quoted only where it holds a comma, a quote, CR or LF."""
    for name in EXPORT_TYPES:
        file = exported(home, tmp_path, name, "csv")
        header, rows = machine_cells(file)
        expected = "".join(
            ",".join(_quoted(text) for text in row) + "\n" for row in [header, *rows]
        )
        assert file.read_bytes() == expected.encode()


def _quoted(text: str, delimiter: str = ",") -> str:
    if any(mark in text for mark in delimiter + '"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _index(name: str, key: str) -> int:
    return [column.key for column in query(name).columns].index(key)


def test_contents_are_what_was_sent(home: Path, tmp_path: Path) -> None:
    _, rows = machine_cells(exported(home, tmp_path, "messages", "csv"))
    ids, contents = _index("messages", "message_id"), _index("messages", "content")
    found = {row[ids]: row[contents] for row in rows}
    assert [found[f"-m{number}"] for number in range(len(TEXTS))] == TEXTS
    tags = {row[ids]: row for row in rows}["-m0"]
    assert "=tag\\;1;two\\\\;plain" in tags


@pytest.mark.parametrize(("dialect", "delimiter"), [("excel", ","), ("excel-semicolon", ";")])
@pytest.mark.parametrize("name", EXPORT_TYPES)
def test_excel_dialects_and_unguard(
    home: Path, tmp_path: Path, name: str, dialect: str, delimiter: str
) -> None:
    """Mark, CRLF, guards where a cell would run or change; `unguard` gives every text back."""
    columns = query(name).columns
    _, rows = machine_cells(exported(home, tmp_path, name, "csv"))
    file = exported(home, tmp_path, name, "csv", "--dialect", dialect)
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig")
    header, *shown = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert header == [column.headers["en"] for column in columns]
    assert text == "".join(
        delimiter.join(_quoted(cell, delimiter) for cell in row) + "\r\n"
        for row in [header, *shown]
    )

    guarded = 0
    for row, plain in zip(shown, rows, strict=True):
        for column, value, wanted in zip(columns, row, plain, strict=True):
            if column.type is ColumnType.TIMESTAMP:
                assert value == wanted[:19].replace("T", " ")
            elif column.type in GUARDS:
                assert value == guard(wanted, GUARDS[column.type])
                guarded += value != wanted
            elif column.type is ColumnType.PERCENT and delimiter == ";":
                assert value == wanted.replace(".", ",")
            else:
                assert value == wanted

    assert tawny(home, "unguard", str(file)) == Result(0, f"restored={guarded}\n", "")
    assert name != "messages" or guarded > 15
    restored_text = file.read_bytes().decode("utf-8-sig")
    _, *restored = csv.reader(io.StringIO(restored_text, newline=""), delimiter=delimiter)
    texts = [column.type in GUARDS for column in columns]
    assert [
        [value for value, is_text in zip(row, texts, strict=True) if is_text] for row in restored
    ] == [[value for value, is_text in zip(row, texts, strict=True) if is_text] for row in rows]


@pytest.mark.parametrize("dialect", ["excel", "excel-semicolon"])
@pytest.mark.parametrize("style", HEADER_STYLES)
def test_unguard_knows_every_header_row(
    home: Path, tmp_path: Path, style: str, dialect: str
) -> None:
    plain = exported(home, tmp_path, "messages", "csv", "--headers", style)
    _, rows = machine_cells(plain)
    file = exported(home, tmp_path, "messages", "csv", "--dialect", dialect, "--headers", style)
    assert tawny(home, "unguard", str(file)).status == 0
    delimiter = "," if dialect == "excel" else ";"
    text = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")
    _, *restored = csv.reader(text, delimiter=delimiter)
    content = _index("messages", "content")
    assert [row[content] for row in restored] == [row[content] for row in rows]


def test_ids_and_numbers_people_dial_survive_a_spreadsheet(tmp_path: Path) -> None:
    home, events = tmp_path / "home", tmp_path / "events.ndjson"
    numbers = ["00012", "12345678901234567890", "1E5", "+33612345678", "2-3", "=1+1", "@ann", "k-1"]
    lines = [event(0, channel_id="0042", medium="sms", name="1E5")]
    for number, sent in zip(range(1, 99, 3), numbers, strict=False):
        created = {"conversation_id": sent, "channel_id": "0042", "contact_id": sent}
        message = {"message_id": sent, "conversation_id": sent, "direction": "inbound"}
        person = {"contact_id": sent, "medium": "sms", "primary_identifier": sent}
        lines += [
            event(number, "contact.saved", **person),
            event(number + 1, "conversation.created", **created),
            event(number + 2, "message.created", **message, content=sent),
        ]
    events.write_bytes(ndjson(lines))
    assert tawny(home, "ingest", str(events)).status == 0
    columns = [column.key for column in query("messages").columns]
    chosen = [columns.index(key) for key in ("message_id", "contact_primary_identifier", "content")]
    for dialect, delimiter in (("excel", ","), ("excel-semicolon", ";")):
        file = exported(home, tmp_path, "messages", "csv", "--dialect", dialect)
        text = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")
        _, *rows = csv.reader(text, delimiter=delimiter)
        assert [[row[index] for index in chosen] for row in rows] == [
            ['="00012"', '="00012"', "00012"],
            ['="12345678901234567890"', '="12345678901234567890"', "12345678901234567890"],
            ['="1E5"', '="1E5"', "1E5"],
            ['="+33612345678"', '="+33612345678"', "'+33612345678"],
            ['="2-3"', '="2-3"', "2-3"],
            ['="=1+1"', '="=1+1"', "'=1+1"],
            ['="@ann"', '="@ann"', "'@ann"],
            ["k-1", "k-1", "k-1"],
        ]


def test_unguard_into_another_file(home: Path, tmp_path: Path) -> None:
    file = exported(home, tmp_path, "messages", "csv", "--dialect", "excel", "--headers", "fr")
    before, target = file.read_bytes(), tmp_path / "plain.csv"
    assert tawny(home, "unguard", str(file), "-o", str(target)).status == 0
    assert file.read_bytes() == before
    again = tmp_path / "again.csv"
    again.write_bytes(before)
    assert tawny(home, "unguard", str(again)).status == 0
    assert again.read_bytes() == target.read_bytes() != before


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_standard_output(home: Path, tmp_path: Path, ending: str) -> None:
    """The same bytes as in a file, nothing else, and nothing left behind."""
    wanted = exported(home, tmp_path, "topics", ending).read_bytes()
    call = [sys.executable, "-m", "tawny", "--home", str(home), "export", "topics", *MONTH]
    done = subprocess.run([*call, "--format", ending, "-o", "-"], capture_output=True, check=True)
    assert (done.stdout, without_completeness(done.stderr.decode())) == (wanted, "")
    assert leftovers(home / "tmp") == []


def test_standard_output_is_csv_by_default(home: Path, tmp_path: Path) -> None:
    wanted = exported(home, tmp_path, "teams", "csv").read_text("utf-8")
    result = tawny_process(home, "export", "teams", *MONTH, "-o", "-")
    assert result == Result(0, wanted, "")


def test_the_file_replaces_an_older_one(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "teams.csv"
    file.write_text("older")
    assert exported(home, tmp_path, "teams", "csv") == file
    assert machine_cells(file)[0] == [column.headers["en"] for column in query("teams").columns]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "teams.csv",
        "teams.csv.receipt.json",
    ]


@pytest.mark.parametrize(("ending", "style"), [("csv", "en"), ("csv", "key"), ("parquet", "fr")])
def test_all_types_with_a_data_package(home: Path, tmp_path: Path, ending: str, style: str) -> None:
    """Twelve files of one state, receipts, and a package that an independent library accepts:
    types, keys, links, sums."""
    folder = tmp_path / "new" / "out"
    options = ("--format", ending, "--headers", style)
    result = tawny(home, "export", "all", *MONTH, *options, "-o", str(folder))
    assert (result.status, result.err) == (0, "")
    files = [f"{name}.{ending}" for name in EXPORT_TYPES]
    expected = [
        *files,
        *(f"{name}.receipt.json" for name in files),
        "datapackage.json",
        "receipt.json",
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(expected)
    lines = [line.split() for line in result.out.splitlines()]
    receipts = [json.loads((folder / f"{name}.receipt.json").read_text()) for name in files]
    assert [line[:2] for line in lines] == [
        ["export", "rows"],
        *([r["request"]["export"], f"{r['rows']:,}"] for r in receipts),
    ]
    assert len({(r["as_of"], r["log_version"], r["definition_version"]) for r in receipts}) == 1
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert [resource["path"] for resource in package["resources"]] == files
    for name in files[3:6]:
        alone = exported(home, tmp_path, name.partition(".")[0], ending, "--headers", style)
        assert (folder / name).read_bytes() == alone.read_bytes()
    if ending == "csv":
        report = frictionless.validate(folder / "datapackage.json")
        assert report.valid, report.flatten(["type", "message"])[:5]


def test_a_package_does_not_promise_what_nobody_recorded(tmp_path: Path) -> None:
    """A conversation resolved by an unknown cause: who and what are empty, and may be."""
    created = {"conversation_id": "c", "channel_id": "ch", "contact_id": "k"}
    change = {"conversation_id": "c", "status": "resolved", "cause": "unknown"}
    file, folder = tmp_path / "events", tmp_path / "out"
    file.write_bytes(
        ndjson(
            [
                event(0, "conversation.created", **created),
                event(1, "conversation.status_changed", **change),
            ]
        )
    )
    assert tawny(tmp_path / "home", "ingest", str(file)).status == 0
    call = ("export", "all", *MONTH, "--headers", "key", "-o", str(folder))
    assert tawny(tmp_path / "home", *call).status == 0
    with (folder / "resolved-conversations.csv").open(encoding="utf-8", newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert (row["resolved_by"], row["resolve_trigger"]) == ("", "")
    report = frictionless.validate(folder / "datapackage.json")
    assert report.valid, report.flatten(["type", "message"])[:5]


def test_several_types(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result = tawny(home, "export", "users", "teams", "users", *MONTH, "-o", str(folder))
    assert (result.status, result.err) == (0, "")
    assert sorted(path.name for path in folder.glob("*.csv")) == ["teams.csv", "users.csv"]
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert [resource["path"] for resource in package["resources"]] == ["teams.csv", "users.csv"]


def test_all_types_in_the_excel_dialect(home: Path, tmp_path: Path) -> None:
    """A package would promise plain values, so there is none."""
    folder = tmp_path / "out"
    assert tawny(home, "export", "all", *MONTH, "-o", str(folder)).status == 0
    assert (folder / "datapackage.json").exists()
    call = ("export", "all", *MONTH, "--dialect", "excel", "-o", str(folder))
    assert tawny(home, *call).status == 0
    assert not (folder / "datapackage.json").exists()


def test_a_file_name_that_is_not_utf8(home: Path, tmp_path: Path) -> None:
    name = str(tmp_path) + "/caf\udce9.csv"
    assert tawny(home, "export", "teams", *MONTH, "-o", name).status in (0, 2)


@pytest.mark.parametrize("name", ["with space.csv", "it's.csv", "a%b{c}[d]*?.csv", "é.csv", ".csv"])
def test_odd_file_names(home: Path, tmp_path: Path, name: str) -> None:
    wanted = exported(home, tmp_path, "teams", "csv").read_bytes()
    assert tawny(home, "export", "teams", *MONTH, "-o", str(tmp_path / name)).status == 0
    assert (tmp_path / name).read_bytes() == wanted


def test_a_text_that_no_spreadsheet_cell_holds(tmp_path: Path) -> None:
    """Said in one line that names the cell and the way out; no file, not a shorter text."""
    home, file = tmp_path / "home", tmp_path / "events"
    created = {"conversation_id": "c-1", "channel_id": "ch-1", "contact_id": "k-1"}
    sent = {"message_id": "m-1", "conversation_id": "c-1", "direction": "inbound"}
    events = [
        event(1, "conversation.created", **created),
        event(2, "message.created", **sent, content="x" * 32_768),
    ]
    file.write_bytes(ndjson(events))
    assert tawny(home, "ingest", str(file)).status == 0
    call = ("export", "messages", "--from", "2026-03-01", "--to", "2026-04-01", "-o")
    assert tawny(home, *call, str(tmp_path / "x.xlsx")) == Result(
        2,
        "",
        "tawny: message_id m-1, column 'Content': found a text of 32,768 UTF-16 units, a "
        "spreadsheet cell holds at most 32,767; choose CSV, JSONL or Parquet, or have such texts "
        "cut (--long-cells cut)\n",
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events", "home"]
    cut = tmp_path / "cut.xlsx"
    assert tawny(home, *call, str(cut), "--long-cells", "cut") == Result(0, "", "")
    sheet = openpyxl.load_workbook(cut).worksheets[0]
    content = sheet.cell(2, _index("messages", "content") + 1).value
    mark = " [… cut: 32768 characters]"
    assert content == "x" * (32_767 - len(mark)) + mark
    receipt = json.loads((tmp_path / "cut.xlsx.receipt.json").read_text("utf-8"))
    assert (receipt["cut_cells"], receipt["request"]["long_cells"]) == (1, "cut")
    assert tawny(home, *call, str(tmp_path / "x.parquet")).status == 0
