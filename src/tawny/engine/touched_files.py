"""Which files, of ranges as of some instants each, what touched the log since can have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.touched import Touched
from tawny.engine.touched_spans import TouchedSpans


@dataclass(frozen=True, slots=True)
class FileSpan:
    """What a file shows; all instants in milliseconds since 1970 UTC."""

    from_ms: int | None
    to_ms: int | None
    as_of_ms: int
    shows_state: bool
    """Whether rows in it belong to no range."""
    shows_presence: bool
    """Whether it has intervals, which are shown whole in every range that they touch."""


_SCHEMA: dict[str, pa.DataType] = {
    "place": pa.int64(),
    "from_ms": pa.int64(),
    "to_ms": pa.int64(),
    "as_of_ms": pa.int64(),
    "shows_state": pa.bool_(),
    "shows_presence": pa.bool_(),
}


def touched_files(
    duck: Duck, touched: Touched, spans: TouchedSpans, files: Sequence[FileSpan]
) -> list[int]:
    """The places of those that may be other now, by touches whose steps are instants: where a
    touched conversation, session or interval lies in the range, and what touched it is dated before
    `as_of`."""
    rows = [
        {"place": place, **{name: getattr(file, name) for name in _SCHEMA if name != "place"}}
        for place, file in enumerate(files)
    ]
    duck.add_table("made_files", pa.Table.from_pylist(rows, pa.schema(_SCHEMA)))
    ranges = [(file.from_ms, file.to_ms) for file in files]
    within = (
        min((start for start, _ in ranges if start is not None), default=0),
        max((end for _, end in ranges if end is not None), default=0),
    )
    found = duck.rows(
        "SELECT DISTINCT place FROM ("
        f"SELECT place FROM made_files INNER JOIN {spans.make_spans(within)} AS spans "
        "ON spans.first_ms < made_files.to_ms AND spans.last_ms >= made_files.from_ms "
        "AND spans.first_step <= made_files.as_of_ms UNION ALL "
        "SELECT place FROM made_files INNER JOIN "
        "(SELECT min(step) AS first_step FROM touches) AS first "
        "ON first.first_step <= made_files.as_of_ms WHERE shows_state UNION ALL "
        "SELECT place FROM made_files INNER JOIN "
        f"({touched.first_of_agents()}) AS first "
        "ON first.first_step <= made_files.as_of_ms WHERE shows_presence) AS found "
        "ORDER BY place"
    )
    return [int(str(place)) for (place,) in found]
