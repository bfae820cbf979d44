"""The rows of a result, looked through a page at a time: in the file's order, sorted, searched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tawny.engine.duck import Duck
from tawny.engine.engines import open_embedded
from tawny.engine.kept_rows import ORDER_KEPT_FROM_ROWS, keep_as_file, page_of_kept_file
from tawny.queries.catalogue import query

MANY = ORDER_KEPT_FROM_ROWS + 777
COLUMNS = {column.key: column for column in query("messages").columns}
SHOWN = [COLUMNS[key] for key in ("message_id", "content", "created_at")]


def _rows(count: int) -> list[tuple[str, str | None, int]]:
    """Texts with equal ones and empty ones among them, instants with equal ones."""
    return [
        (f"m{n}", None if n % 7 == 0 else f"text {n * 7919 % 1000:03d}", n * 104_729 % 5000)
        for n in range(count)
    ]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Duck]:
    with open_embedded(tmp_path, 500, 1) as duck:
        yield duck


def _kept(engine: Duck, folder: Path, count: int) -> Path:
    path = folder / ".rows.parquet"
    statement = (
        "SELECT 'm' || n AS message_id, "
        "CASE WHEN n % 7 = 0 THEN NULL ELSE 'text ' || lpad(CAST(n * 7919 % 1000 AS VARCHAR), 3, "
        "'0') END AS content, n * 104729 % 5000 AS created_at "
        f"FROM range({count}) AS numbers(n) ORDER BY n"
    )
    assert keep_as_file(engine, statement, {}, path) == count
    return path


def _page(engine: Duck, path: Path, sort: str, offset: int, search: str = "") -> Any:
    total, rows = page_of_kept_file(
        engine, path, SHOWN, ["message_id"],
        search=search, looked_in=[COLUMNS["content"]],
        sort=COLUMNS.get(sort.removeprefix("-")), descending=sort.startswith("-"),
        offset=offset, limit=50,
    )  # fmt: skip
    assert [row[-1] for row in rows] == [row[0] for row in rows], "the key of each row"
    return total, [row[:-1] for row in rows]


def _sorted(rows: list[tuple[Any, ...]], sort: str) -> list[tuple[Any, ...]]:
    """What is empty stands last, whatever the direction; equal ones as in the file."""
    if not sort:
        return rows
    at = [column.key for column in SHOWN].index(sort.removeprefix("-"))
    there = [row for row in rows if row[at] is not None]
    there.sort(key=lambda row: row[at], reverse=sort.startswith("-"))
    return [*there, *(row for row in rows if row[at] is None)]


@pytest.mark.parametrize("count", [0, 30, 1234, MANY])
@pytest.mark.parametrize("sort", ["", "content", "-content", "created_at", "-created_at"])
@pytest.mark.parametrize("search", ["", "TEXT 12", "nowhere"])
def test_a_page_is_that_part_of_the_sorted_rows(
    engine: Duck, tmp_path: Path, count: int, sort: str, search: str
) -> None:
    path = _kept(engine, tmp_path, count)
    fitting = [row for row in _rows(count) if search.lower() in (row[1] or "") or not search]
    expected = _sorted(fitting, sort)
    for offset in (0, 50, len(fitting) // 2, max(0, len(fitting) - 20), len(fitting) + 50):
        total, rows = _page(engine, path, sort, offset, search)
        assert total == len(fitting)
        assert rows == expected[offset : offset + 50], offset


def test_an_order_of_many_rows_is_kept(engine: Duck, tmp_path: Path) -> None:
    """Sorted once for all pages; of a few rows nothing is kept."""
    few = _kept(engine, tmp_path, 1000)
    _page(engine, few, "content", 0)
    assert [one.name for one in tmp_path.glob(".rows.*")] == [".rows.parquet"]
    many = _kept(engine, tmp_path, MANY)
    _page(engine, many, "-content", 0)
    [order] = tmp_path.glob(".rows.content*")
    assert order.name == ".rows.content.down.parquet"
    before = order.stat()
    _page(engine, many, "-content", 40_000)
    after = order.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
