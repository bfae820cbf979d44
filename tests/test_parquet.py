"""Parquet files, read back with pyarrow."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tawny.exports.formats.parquet as module
from tawny.errors import StorageError
from tawny.exports.formats.arrow_types import ARROW_TYPES
from tawny.exports.formats.parquet import write_parquet
from tawny.queries.columns import Column, ColumnType


def column(key: str, kind: ColumnType, unit: str = "") -> Column:
    headers = {"en": key.title(), "fr": f"{key} fr", "hootdesk-fr": f"{key} h", "key": key}
    return Column(
        key, kind, unit, headers, {"en": f"What {key} is.", "fr": f"Ce qu'est {key}."}, ""
    )


COLUMNS = [column(kind.value, kind) for kind in ColumnType]

INSTANT = datetime.datetime(2026, 6, 8, 12, 3, 22, 120_000, tzinfo=datetime.UTC)

FULL: dict[str, Any] = {
    "id": "007",
    "text": '=1+1, "é" 😀\n\x01',
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
EMPTY: dict[str, Any] = dict.fromkeys(FULL)


def batch(rows: Sequence[dict[str, Any]], columns: Sequence[Column] = COLUMNS) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        list(rows), schema=pa.schema([(one.key, ARROW_TYPES[one.type]) for one in columns])
    )


def test_every_type_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    rows = write_parquet(path, COLUMNS, "en", iter([batch([FULL, EMPTY])]), "Asia/Kolkata", {})
    assert rows == 2
    table = pq.read_table(path)
    assert table.column_names == [one.headers["en"] for one in COLUMNS]
    by_key = {one.key: table.column(one.headers["en"]) for one in COLUMNS}
    assert {key: values.to_pylist() for key, values in by_key.items()} == {
        key: [value, None] for key, value in FULL.items()
    }
    assert by_key["timestamp"].type == pa.timestamp("ms", tz="Asia/Kolkata")
    assert by_key["timestamp"][0].as_py().isoformat() == "2026-06-08T17:33:22.120000+05:30"
    assert {key: str(values.type) for key, values in by_key.items()} == {
        "id": "string",
        "text": "string",
        "enum": "string",
        "url": "string",
        "timestamp": "timestamp[ms, tz=Asia/Kolkata]",
        "duration": "int64",
        "integer": "int64",
        "percent": "double",
        "boolean": "bool",
        "id-list": "list<element: string>",
        "text-list": "list<element: string>",
        "identifier": "string",
    }


def test_the_columns_describe_themselves(tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    columns = [column("handle_time", ColumnType.DURATION, "s")]
    write_parquet(path, columns, "fr", iter([]), "UTC", {"tawny.export": "users", "as_of": "é"})
    schema = pq.read_schema(path)
    assert schema.names == ["handle_time fr"]
    about = schema.field(0).metadata
    assert about is not None
    assert about[b"key"] == b"handle_time"
    assert about[b"unit"] == b"s"
    assert about[b"definition"] == b"What handle_time is."
    assert schema.metadata == {b"tawny.export": b"users", b"as_of": "é".encode()}
    assert pq.read_table(path).num_rows == 0


def test_other_readers_see_utc_instants_and_zstd(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    write_parquet(path, COLUMNS, "key", iter([batch([FULL])]), "America/New_York", {})
    file = pq.ParquetFile(path)
    index = [one.key for one in COLUMNS].index("timestamp")
    kind = file.metadata.schema.column(index).logical_type
    assert "isAdjustedToUTC=true" in str(kind)
    assert "timeUnit=milliseconds" in str(kind)
    group = file.metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


def numbered(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"m-{n}", "text-list": None if n % 3 else ["x" * (n % 7)], "integer": n}
        for n in range(count)
    ]


NUMBERED = [
    column("id", ColumnType.ID),
    column("text-list", ColumnType.TEXT_LIST),
    column("integer", ColumnType.INTEGER),
]


def in_batches(rows: Sequence[dict[str, Any]], *sizes: int) -> Iterator[pa.RecordBatch]:
    start = turn = 0
    while start < len(rows):
        size = sizes[turn % len(sizes)]
        yield batch(rows[start : start + size], NUMBERED)
        start, turn = start + size, turn + 1


def test_the_batches_do_not_show_in_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROW_GROUP_ROWS", 200)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 50)
    rows = numbered(930)
    seen = set()
    for sizes in [(930,), (1,), (7, 0, 400), (50,), (200,), (199, 2)]:
        path = tmp_path / "out.parquet"
        assert (
            write_parquet(path, NUMBERED, "en", in_batches(rows, *sizes), "UTC", {"k": "v"}) == 930
        )
        seen.add(path.read_bytes())
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        assert groups == [200, 200, 200, 200, 130]
    assert len(seen) == 1
    assert pq.read_table(path).column("Integer").to_pylist() == list(range(930))


def test_long_texts_close_a_row_group_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROW_GROUP_TEXT_BYTES", 100_000)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 10)
    columns = [column("text", ColumnType.TEXT), column("integer", ColumnType.INTEGER)]
    rows = [{"text": "é" * 1000, "integer": n} for n in range(120)]
    path = tmp_path / "long.parquet"
    write_parquet(path, columns, "en", iter([batch(rows, columns)]), "UTC", {})
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert groups == [50, 50, 20]


def test_batches_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROW_GROUP_ROWS", 100)
    monkeypatch.setattr(module, "_BLOCK_ROWS", 50)
    written: list[int] = []
    ahead: list[int] = []
    write_table = pq.ParquetWriter.write_table

    def counted(self: pq.ParquetWriter, table: pa.Table, row_group_size: int | None = None) -> None:
        written.append(table.num_rows)
        write_table(self, table, row_group_size)

    def batches() -> Iterator[pa.RecordBatch]:
        for given, one in enumerate(in_batches(numbered(1000), 20), start=1):
            ahead.append(given * 20 - sum(written))
            yield one

    monkeypatch.setattr(pq.ParquetWriter, "write_table", counted)
    write_parquet(tmp_path / "out.parquet", NUMBERED, "en", batches(), "UTC", {})
    assert sum(written) == 1000
    assert max(ahead) <= 120


def test_lists_named_otherwise_by_an_engine_are_taken(tmp_path: Path) -> None:
    columns = [column("text-list", ColumnType.TEXT_LIST)]
    kind = pa.list_(pa.field("l", pa.string()))
    one = pa.RecordBatch.from_arrays([pa.array([["a"], None], kind)], names=["text-list"])
    path = tmp_path / "lists.parquet"
    write_parquet(path, columns, "en", iter([one]), "UTC", {})
    assert pq.read_table(path).to_pylist() == [{"Text-List": ["a"]}, {"Text-List": None}]


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield batch([FULL])
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_parquet(tmp_path / "half.parquet", COLUMNS, "en", failing(), "UTC", {})
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "nowhere" / "out.parquet"
    with pytest.raises(StorageError) as raised:
        write_parquet(path, COLUMNS, "en", iter([batch([FULL])]), "UTC", {})
    assert str(raised.value) == (
        f"{path}: cannot be written (No such file or directory); free some space or choose another"
        " folder"
    )


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    path = Path("/dev/full")
    if not path.exists():
        pytest.skip("this machine has no /dev/full")
    # The device itself must stay: what is removed on a failure is a link to it.
    rows = iter([batch([FULL])])
    link = tmp_path / "out.parquet"
    link.symlink_to(path)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\)"):
        write_parquet(link, COLUMNS, "en", rows, "UTC", {})
    assert not link.is_symlink()
