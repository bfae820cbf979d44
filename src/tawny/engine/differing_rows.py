"""The rows of an export in two states, kept in Parquet files, compared: which differ, the cells of
both, and to whom they belong.

What differs is found as for a change feed (`tawny.engine.feed_rows`): `feed_changes` numbers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tawny.engine.cells import Segments, identifier, machine_select
from tawny.engine.duck import Duck
from tawny.engine.feed_rows import BEFORE, ROWS, make_changes
from tawny.engine.finished_rows import parquet_table
from tawny.queries.columns import Column, ColumnType

_NTH = Column("nth", ColumnType.INTEGER, "", {"key": "nth"}, {}, "nth")
_WHOLE = (ColumnType.INTEGER, ColumnType.DURATION)
_PERSON = "contact_profile_id"

Cells = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class DifferingRow:
    """A row that is not the same in both states; cells as a file has them, None = empty."""

    before: Cells | None
    """None where there is no such row."""
    now: Cells | None
    is_of_erased: bool
    """Whether it is about somebody who was erased since."""


def find_differing(
    duck: Duck,
    export_type: str,
    key: Sequence[str],
    columns: Sequence[Column],
    before: Path,
    now: Path,
) -> dict[str, int]:
    """Compare the rows in two Parquet files by their key; returns how many were added, removed and
    changed."""
    duck.make_view(ROWS, f"SELECT * FROM {parquet_table(now)}")
    make_changes(
        duck, export_type, key, columns,
        before=before, restless="false", of_restless=False, values={},
    )  # fmt: skip
    found = duck.rows("SELECT op, count(*) FROM feed_changes GROUP BY op")
    counts = {str(op): int(str(count)) for op, count in found}
    words = {"added": "insert", "removed": "delete", "changed": "update"}
    return {word: counts.get(op, 0) for word, op in words.items()}


def keys_of_differing(duck: Duck, key: Sequence[str], first: int, end: int) -> pa.Table:
    """The keys of some of what differs, by the names of the columns."""
    items = ", ".join(identifier(name) for name in key)
    return duck.table(
        f"SELECT {items} FROM feed_changes WHERE nth >= {int(first)} AND nth < {int(end)}"
    )


def differing_rows(
    duck: Duck,
    key: Sequence[str],
    columns: Sequence[Column],
    segments: Segments,
    first: int,
    end: int,
    *,
    has_people: bool,
) -> Iterator[DifferingRow]:
    """Some of what differs, in order; `columns` name the key too. With `has_people` there is a
    table `erased_people (contact_id)`, and rows say of whom they are."""
    before, now = (
        _cells(duck, table, key, columns, segments, first, end, has_people=has_people)
        for table in (BEFORE, ROWS)
    )
    for nth in sorted(before.keys() | now.keys()):
        was, is_ = before.get(nth), now.get(nth)
        erased = any(of_erased for one, of_erased in filter(None, (was, is_)))
        yield DifferingRow(was and was[0], is_ and is_[0], erased)


def _cells(
    duck: Duck,
    table: str,
    key: Sequence[str],
    columns: Sequence[Column],
    segments: Segments,
    first: int,
    end: int,
    *,
    has_people: bool,
) -> dict[int, tuple[Cells, bool]]:
    same = " AND ".join(f"changes.{identifier(k)} = cells.{identifier(k)}" for k in key)
    erased = "false"
    if has_people:
        erased = f"coalesce(cells.{_PERSON} IN (SELECT contact_id FROM erased_people), false)"
    flag = Column("of_erased", ColumnType.BOOLEAN, "", {"key": "of_erased"}, {}, "of_erased")
    # Sums are wider than whole numbers of a Parquet file can be.
    whole = ", ".join(
        f"CAST(cells.{name} AS BIGINT) AS {name}"
        for name in (identifier(c.key) for c in columns if c.type in _WHOLE)
    )
    replaced = f" REPLACE ({whole})" if whole else ""
    select = (
        f"SELECT changes.nth, {erased} AS of_erased, cells.*{replaced} "
        f"FROM feed_changes AS changes INNER JOIN {table} AS cells ON {same} "
        f"WHERE changes.nth >= {int(first)} AND changes.nth < {int(end)}"
    )
    text = machine_select(select, [_NTH, flag, *columns], segments, "key")
    found: dict[int, tuple[Cells, bool]] = {}
    for row in duck.named_rows(text):
        nth, of_erased = int(row.pop("nth")), row.pop("of_erased") == "true"
        found[nth] = ({name: cell or None for name, cell in row.items()}, of_erased)
    return found
