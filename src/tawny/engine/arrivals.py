"""Keys and contents of events, as numbers that can be held in memory by the million."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tawny.engine.duck import Duck
from tawny.engine.key_index import KEY
from tawny.engine.log_files import ARRIVAL
from tawny.model.checking import LegalEvents
from tawny.model.validation import Batch

_NONE = memoryview(array("Q"))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The events of a request in the order of their lines, 16 bytes each: hashes (64 bits) of the
    key, as the index of the log has it, and of the content. Events with the same key and content
    are the same."""

    keys: memoryview
    contents: memoryview

    def __len__(self) -> int:
        return len(self.keys)


def arrivals_of(duck: Duck, requests: Sequence[LegalEvents]) -> list[Arrivals]:
    """The events of several requests."""
    if not any(map(len, requests)):
        return [Arrivals(_NONE, _NONE) for _ in requests]
    events = pa.concat_tables(request.keys for request in requests)
    numbered = events.append_column("place", pa.array(range(len(events)), pa.int64()))
    duck.register("arriving", numbered)
    try:
        hashed = duck.table(f"SELECT {KEY} AS key FROM arriving ORDER BY place")
    finally:
        duck.unregister("arriving")
    keys, contents = _numbers(hashed["key"]), _numbers(events["content"])
    found, begin = [], 0
    for request in requests:
        end = begin + len(request)
        found.append(Arrivals(keys[begin:end], contents[begin:end]))
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
