"""XLSX workbooks, read back with openpyxl."""

from __future__ import annotations

import datetime
import errno
import gc
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape  # type: ignore[import-untyped]

from tawny.errors import RequestError, StorageError
from tawny.exports.formats.arrow_types import ARROW_TYPES
from tawny.exports.formats.xlsx import _TextWorksheet, joined
from tawny.queries.columns import Column, ColumnType
from workbooks import write_xlsx


def column(key: str, kind: ColumnType) -> Column:
    headers = {"en": key.title(), "fr": f"{key} fr", "hootdesk-fr": f"{key} h", "key": key}
    return Column(key, kind, "", headers, {"en": "", "fr": ""}, "")


COLUMNS = [column(kind.value, kind) for kind in ColumnType]
INSTANT = datetime.datetime(2026, 6, 8, 12, 3, 22, 120_000, tzinfo=datetime.UTC)
FULL: dict[str, Any] = {
    "id": "007",
    "text": "=1+1",
    "enum": "agent",
    "url": "https://desk.example.com/1",
    "timestamp": INSTANT,
    "duration": 432,
    "integer": 0,
    "percent": 22.2,
    "boolean": False,
    "id-list": ["t;1", "t\\2"],
    "text-list": ["A", "", "B"],
    "identifier": "00012",
}


def batch(rows: Sequence[dict[str, Any]], columns: Sequence[Column] = COLUMNS) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        list(rows), schema=pa.schema([(one.key, ARROW_TYPES[one.type]) for one in columns])
    )


def write(path: Path, rows: Sequence[dict[str, Any]], zone: str = "UTC", **more: Any) -> int:
    columns = more.pop("columns", COLUMNS)
    return write_xlsx(path, columns, "en", iter([batch(rows, columns)]), zone, "all", **more)


def cells(path: Path, sheet: int = 0) -> list[list[Any]]:
    """The cells of a sheet without its header row."""
    book = openpyxl.load_workbook(path)
    return [list(row) for row in book.worksheets[sheet].iter_rows(min_row=2)]


def test_every_type_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "all.xlsx"
    assert write(path, [FULL, dict.fromkeys(FULL)], "Asia/Kolkata") == 2
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [one.headers["en"] for one in COLUMNS]
    row = {one.key: cell for one, cell in zip(COLUMNS, sheet[2], strict=True)}
    assert {key: (cell.data_type, cell.value) for key, cell in row.items()} == {
        "id": ("s", "007"),
        "text": ("s", "=1+1"),
        "enum": ("s", "agent"),
        "url": ("s", "https://desk.example.com/1"),
        "timestamp": ("d", datetime.datetime.fromisoformat("2026-06-08T17:33:22.120")),
        "duration": ("n", 432),
        "integer": ("n", 0),
        "percent": ("n", 22.2),
        "boolean": ("b", False),
        "id-list": ("s", "t\\;1;t\\\\2"),
        "text-list": ("s", "A;;B"),
        "identifier": ("s", "00012"),
    }
    assert row["timestamp"].number_format == "yyyy-mm-dd hh:mm:ss.000"
    assert row["percent"].number_format == "0.0"
    assert row["url"].hyperlink is None
    assert [cell.value for cell in sheet[3]] == [None] * len(COLUMNS)


def test_the_sheet_is_ready_to_use(tmp_path: Path) -> None:
    path = tmp_path / "all.xlsx"
    write(path, [FULL, FULL])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet.title == "all"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L3"
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.column_dimensions["E"].width > 23  # a whole timestamp
    with zipfile.ZipFile(path) as archive:
        sheet_xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet_xml
    assert "hyperlink" not in sheet_xml


def test_empty_texts_and_lists_are_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "all.xlsx"
    empty = {"text": "", "id": "", "url": "", "enum": "", "id-list": [], "text-list": [""]}
    write(path, [dict.fromkeys(FULL) | empty | {"integer": 1}])
    with zipfile.ZipFile(path) as archive:
        sheet_xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '<row r="2"><c r="G2"><v>1</v></c></row>' in sheet_xml


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a;b"),
        (["a;b", "c\\"], "a\\;b;c\\\\"),
        (["", None, ";"], ";;\\;"),
    ],
)
def test_lists_are_joined_as_in_csv(items: list[str | None], text: str) -> None:
    assert joined(items) == text


TEXT_COLUMN = [column("text", ColumnType.TEXT)]

# Pieces that together make every trap of the format: escapes, markup, controls, spaces, formulas.
PIECES = st.sampled_from(
    [
        *("_x0041_", "_", "x0041_", "x000D", "\r", "\n", "\t", "\x00", "\x01", "\x1f"),
        *("\ufffe", "\uffff", "\x7f", "\x85", "\u2028", "é", "😀", " ", "'", '"', "1e5", "007"),
        *("<r>", "</r>", "<t>", "&amp;", "]]>", "=1+1", "{=1}", "@", "http://a.b", "internal:x"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | st.lists(PIECES).map("".join), min_size=1, max_size=40))
@example(["<r>bold</r>", "<r><t>x</t></r>", "_x0041_x0042_", "_x0041\x01", " lead", "trail\n"])
def test_every_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "texts.xlsx"
    write(path, [{"text": text} for text in texts], columns=TEXT_COLUMN)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    found = [sheet.cell(index + 2, 1) for index in range(len(texts))]
    # openpyxl hands out the escapes of the format as they stand; spreadsheets resolve them.
    assert [unescape(cell.value or "") for cell in found] == texts
    assert {cell.data_type for cell in found if cell.value} <= {"s"}


@pytest.mark.parametrize(
    ("instant", "zone", "shown"),
    [
        ("2026-03-29T00:59:59.999+00:00", "Europe/Paris", "2026-03-29T01:59:59.999"),
        ("2026-03-29T01:00:00.000+00:00", "Europe/Paris", "2026-03-29T03:00:00.000"),
        ("2026-10-25T00:30:00.001+00:00", "Europe/Paris", "2026-10-25T02:30:00.001"),
        ("2026-10-25T01:30:00.001+00:00", "Europe/Paris", "2026-10-25T02:30:00.001"),
        ("2026-06-08T12:00:00.000+00:00", "Asia/Kathmandu", "2026-06-08T17:45:00.000"),
        ("1900-03-01T00:00:00.000+00:00", "UTC", "1900-03-01T00:00:00.000"),
        ("1969-12-31T23:59:59.999+00:00", "UTC", "1969-12-31T23:59:59.999"),
        ("9999-12-31T23:59:59.999+00:00", "UTC", "9999-12-31T23:59:59.999"),
    ],
)
def test_local_times_to_the_millisecond(
    tmp_path: Path, instant: str, zone: str, shown: str
) -> None:
    path = tmp_path / "times.xlsx"
    columns = [column("timestamp", ColumnType.TIMESTAMP)]
    write(path, [{"timestamp": datetime.datetime.fromisoformat(instant)}], zone, columns=columns)
    (cell,) = cells(path)[0]
    assert cell.data_type == "d"
    assert cell.value.isoformat(timespec="milliseconds") == shown


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.datetimes(
            datetime.datetime.fromisoformat("1900-03-02"),
            datetime.datetime.fromisoformat("9999-12-30"),
            timezones=st.just(datetime.UTC),
        ),
        min_size=1,
        max_size=50,
    ),
)
def test_no_millisecond_is_lost(
    tmp_path_factory: pytest.TempPathFactory, instants: list[datetime.datetime]
) -> None:
    instants = [one.replace(microsecond=one.microsecond // 1000 * 1000) for one in instants]
    path = tmp_path_factory.mktemp("xlsx") / "times.xlsx"
    columns = [column("timestamp", ColumnType.TIMESTAMP)]
    write(path, [{"timestamp": one} for one in instants], columns=columns)
    assert [row[0].value for row in cells(path)] == [one.replace(tzinfo=None) for one in instants]


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        ("1900-02-28T23:59:59.999+00:00", "UTC", "1900-02-28T23:59:59.999+00:00"),
        ("1899-12-31T12:00:00.000+00:00", "Asia/Kolkata", "1899-12-31T17:21:10.000+05:21:10"),
        ("9999-12-31T23:00:00.000+00:00", "Asia/Tokyo", "9999-12-31T23:00:00.000+00:00"),
        ("0001-01-01T00:00:00.000+00:00", "America/New_York", "0001-01-01T00:00:00.000+00:00"),
    ],
)
def test_times_outside_the_format_are_texts(
    tmp_path: Path, instant: str, zone: str, text: str
) -> None:
    path = tmp_path / "times.xlsx"
    columns = [column("timestamp", ColumnType.TIMESTAMP)]
    write(path, [{"timestamp": datetime.datetime.fromisoformat(instant)}], zone, columns=columns)
    (cell,) = cells(path)[0]
    assert (cell.data_type, cell.value) == ("s", text)


def test_sheets_are_split_before_the_row_limit(tmp_path: Path) -> None:
    columns = [column("integer", ColumnType.INTEGER)]

    def sheets(count: int) -> dict[str, list[Any]]:
        path = tmp_path / "split.xlsx"
        rows = [{"integer": n} for n in range(count)]
        batches = iter([batch(rows[:5], columns), batch(rows[5:], columns)])
        total = write_xlsx(path, columns, "fr", batches, "UTC", "messages", max_sheet_rows=4)
        assert total == count
        book = openpyxl.load_workbook(path)
        assert {sheet.freeze_panes for sheet in book.worksheets} == {"A2"}
        for sheet in book.worksheets:
            assert sheet.auto_filter.ref == f"A1:A{sheet.max_row}".removesuffix(":A1")
        return {sheet.title: [cell.value for cell in sheet["A"]] for sheet in book.worksheets}

    head = "integer fr"
    assert sheets(0) == {"messages": [head]}
    assert sheets(3) == {"messages": [head, 0, 1, 2]}
    assert sheets(4) == {"messages": [head, 0, 1, 2], "messages (2)": [head, 3]}
    assert sheets(7) == {
        "messages": [head, 0, 1, 2],
        "messages (2)": [head, 3, 4, 5],
        "messages (3)": [head, 6],
    }


def test_a_title_becomes_an_allowed_sheet_name(tmp_path: Path) -> None:
    columns = [column("integer", ColumnType.INTEGER)]
    title = "'Messages: juin/2026 [tous les canaux]"
    rows = [{"integer": n} for n in range(2)]
    path = tmp_path / "named.xlsx"
    write_xlsx(path, columns, "en", iter([batch(rows, columns)]), "UTC", title, max_sheet_rows=2)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Messages  juin 2026  tous les", "Messages  juin 2026  tous (2)"]
    assert book.properties.title == title


def test_a_text_too_long_for_a_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.xlsx"
    rows = [{"text": "x" * 32_767}, {"text": "😀" * 16_383}]
    assert write(path, rows, columns=TEXT_COLUMN) == 2
    assert [len(row[0].value) for row in cells(path)] == [32_767, 16_383]
    path.unlink()
    columns = [column("id", ColumnType.ID), *TEXT_COLUMN]
    rows = [{"id": "a", **rows[0]}, {"id": "b", "text": "😀" * 16_384}]
    with pytest.raises(RequestError) as raised:
        write(path, rows, columns=columns, key=columns[:1])
    assert str(raised.value) == (
        "id b, column 'Text': found a text of 32,768 UTF-16 units, a spreadsheet cell holds at"
        " most 32,767; choose CSV, JSONL or Parquet, or have such texts cut (--long-cells cut)"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_text_too_long_for_a_cell_is_cut_and_marked(tmp_path: Path) -> None:
    path, cut = tmp_path / "long.xlsx", list[str]()
    rows = [{"text": "x" * 32_767}, {"text": "a" + "😀" * 16_384}]
    assert write(path, rows, columns=TEXT_COLUMN, cut=cut.append) == 2
    whole, shorter = (row[0].value for row in cells(path))
    assert whole == "x" * 32_767
    assert shorter.endswith("😀 [… cut: 16385 characters]")
    assert len(shorter.encode("utf-16-le")) // 2 in (32_766, 32_767)
    assert cut == ["text"]


def test_the_same_rows_make_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for name, sizes in (("a", (3,)), ("b", (1, 2)), ("c", (2, 0, 1))):
        rows = iter([FULL] * 3)
        batches = iter([batch([next(rows) for _ in range(size)]) for size in sizes])
        path = tmp_path / f"{name}.xlsx"
        write_xlsx(path, COLUMNS, "en", batches, "Europe/Paris", "all", max_sheet_rows=3)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert len(digests) == 1
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {one.date_time[0] for one in archive.infolist()} == {1980}
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.properties.created == datetime.datetime.fromisoformat("2000-01-01")
    assert book.properties.description == "Times are local times of Europe/Paris."


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield batch([FULL])
        # While it works, its temporary files are in the folder of the output alone.
        names = sorted(one.name for one in tmp_path.iterdir())
        assert [name[:12] for name in names] == [".tawny-xlsx-", "half.xlsx"]
        raise RuntimeError("stop")

    monkeypatch.setenv("TMPDIR", "/nowhere")
    path = tmp_path / "half.xlsx"
    with pytest.raises(RuntimeError, match="stop"):
        write_xlsx(path, COLUMNS, "en", failing(), "UTC", "all")
    assert list(tmp_path.iterdir()) == []
    write(path, [FULL])
    assert [one.name for one in tmp_path.iterdir()] == ["half.xlsx"]


def test_a_missing_folder_and_a_full_disk_are_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "out.xlsx"
    with pytest.raises(StorageError) as raised:
        write(path, [FULL])
    assert str(raised.value) == (
        f"{path}: cannot be written (No such file or directory); free some space or choose another"
        " folder"
    )
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    link = tmp_path / "out.xlsx"
    link.symlink_to("/dev/full")
    with pytest.raises(StorageError) as refused:
        write(link, [FULL])
    assert str(refused.value) == (
        f"{link}: cannot be written (No space left on device); free some space or choose another"
        " folder"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_prints_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the archive, and in the middle of it."""
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for where in ("_write_sheet_views", "_write_single_row", "_write_page_margins"):
        with monkeypatch.context() as patch:
            patch.setattr(_TextWorksheet, where, full)
            with pytest.raises(StorageError, match=r"\(No space left on device\)"):
                write(tmp_path / "out.xlsx", [FULL])
        gc.collect()
        assert list(tmp_path.iterdir()) == []
    assert unraisable == []
