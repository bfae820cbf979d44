"""Keys and contents of events, as numbers that can be held in memory by the million."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tawny.engine.duck import Duck
from tawny.engine.key_index import KEY
from tawny.engine.log_files import ARRIVAL
from tawny.model.layout import family_schema
from tawny.model.validation import Batch


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The events of a request in the order of their lines, 24 bytes each: the line, and hashes (64
    bits) of the key and of the content. Events with the same key and content are the same."""

    lines: memoryview
    keys: memoryview
    contents: memoryview

    @classmethod
    def joined(cls, parts: Sequence[Arrivals]) -> Arrivals:
        """Several, one after the other, as those of one request."""
        columns = [[p.lines for p in parts], [p.keys for p in parts], [p.contents for p in parts]]
        return cls(*(memoryview(b"".join(column)).cast("Q") for column in columns))

    def __len__(self) -> int:
        return len(self.keys)


def arrivals_of(duck: Duck, batches: Sequence[Batch], most_lines: int) -> list[Arrivals]:
    """The events of each of several batches, of fewer than `most_lines` lines each."""
    if not (tables := incoming_tables(batches, most_lines)):
        return [Arrivals.joined([]) for _ in batches]
    for family, table in tables.items():
        duck.register(f"incoming_{family}", table)
    try:
        rows = duck.table(
            f"SELECT CAST({ARRIVAL} % {most_lines} AS UBIGINT) AS line, key, content FROM ("
            + " UNION ALL ".join(
                f"SELECT {ARRIVAL}, {KEY} AS key, "
                f"hash({', '.join(family_schema(family).names)}) AS content FROM incoming_{family}"
                for family in tables
            )
            + f") AS incoming ORDER BY {ARRIVAL}"
        )
    finally:
        for family in tables:
            duck.unregister(f"incoming_{family}")
    columns = [_numbers(rows[name]) for name in ("line", "key", "content")]
    found, begin = [], 0
    for batch in batches:
        end = begin + batch.rows
        found.append(Arrivals(*(column[begin:end] for column in columns)))
        begin = end
    return found


def _numbers(column: pa.ChunkedArray[Any]) -> memoryview:
    """A column of 64-bit numbers without nulls, in one piece."""
    whole = pa.concat_arrays(column.chunks)
    buffer = whole.buffers()[1]
    assert buffer is not None
    return memoryview(buffer).cast("B")[: 8 * len(whole)].cast("Q")


def incoming_tables(batches: Sequence[Batch], most_lines: int) -> dict[str, pa.Table]:
    """The events of several batches by family, each with its arrival: the place of its batch times
    `most_lines`, and its line."""
    parts: dict[str, list[pa.Table]] = {}
    for number, batch in enumerate(batches):
        for family, table in batch.tables.items():
            arrivals = pc.add(batch.numbers[family], number * most_lines)
            parts.setdefault(family, []).append(table.append_column(ARRIVAL, arrivals))
    return {family: pa.concat_tables(found) for family, found in parts.items()}
