"""How the range of an export ordered by time is cut into parts, so that memory does not grow with
it. Parts adjoin and together are the range, so their rows one after the other are the export's.

A *slice* is prepared as a whole: its steps become tables on one connection, and connections make
slices side by side. It is written in *pieces*: to sort finished rows takes more memory than to
prepare them. A piece that is still too large is halved.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from tawny.engine.snapshot import View, create_scope_tables, create_tables
from tawny.errors import EngineMemoryError
from tawny.log.files import LogFile, Snapshot
from tawny.queries.plan import Step

if TYPE_CHECKING:
    from tawny.engine.base import Engine, Value
    from tawny.queries.catalogue import Query

SHORTEST_MS = 1000
"""Rows of less time than this are not cut apart when they do not fit into memory."""


SLICE_ROWS = 500_000
"""A slice has about this many messages."""

PIECES = 2
"""Into so many pieces each of several slices is cut."""


class Slicing:
    """The slices of one export, to be prepared on one or several connections."""

    def __init__(self, export: Query, snapshot: Snapshot, views: Sequence[View]) -> None:
        """`views` are the slices, in order."""
        self.export = export
        self.snapshot = snapshot
        self.views = views
        self._prepared: set[Engine] = set()
        self._steps_made = 0

    def __len__(self) -> int:
        return len(self.views)

    def prepare(self, index: int, engine: Engine, keep: Collection[str] = ()) -> Pieces:
        """Make the tables of a slice; what is the same for all slices is there on an engine that
        prepared another one. Of its steps those are left that its final select reads, and those
        to `keep`."""
        view = self.views[index]
        export, values = self.export, values_of(view)
        is_first = engine not in self._prepared
        tables = export.tables if is_first else export.tables_of_range

        def make(steps: Sequence[Step]) -> None:
            for step in steps:
                if step.is_of_range or is_first:
                    engine.make_step(step.name, step.sql, values, reads=step.reads_of_it)
                    engine.drop_steps([name for name in step.last_reads if name not in keep])
                    self._steps_made += 1

        create_tables(engine, self.snapshot, view, tables)
        make(export.scope)
        create_scope_tables(engine, self.snapshot, view, tables)
        make(export.steps)
        self._prepared.add(engine)
        return Pieces(self, engine, view)

    def deliver(self, index: int, engine: Engine) -> Delivered:
        """Have an engine that is not the embedded one make the rows of a slice."""
        from tawny.exports.formats.arrow_types import delivered_schema

        values = next(self.prepare(index, engine))
        schema = delivered_schema(self.export.columns)
        engine.deliver(self.export.statement, values, schema)
        return Delivered()

    def progress_percent(self) -> float:
        """How many of the steps of the first slice are made; the rows are still to come."""
        return min(99, 100 * self._steps_made / (len(self.export.all_steps) + 1))


class Pieces:
    """The pieces of a slice, one after the other: what the final select binds for each, when the
    tables are those of the piece."""

    def __init__(self, slicing: Slicing, engine: Engine, view: View) -> None:
        self._slicing = slicing
        self._engine = engine
        parts = PIECES if len(slicing) > 1 else 1
        self._waiting = cut_by_rows(slicing.snapshot, view, parts)[::-1]
        self._last = view

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> Mapping[str, Value]:
        if not self._waiting:
            raise StopIteration
        piece = self._last = self._waiting.pop()
        tables = self._slicing.export.tables_in_range
        create_tables(self._engine, self._slicing.snapshot, piece, tables)
        return values_of(piece)

    def halve(self, error: EngineMemoryError) -> None:
        """Have the last piece come again as two halves: rows may be as long as people write, and
        all in one hour. Raises the error when it cannot be cut."""
        halves = halved(self._last) if self._slicing.export.head.is_time_ordered else []
        if not halves:
            raise error
        self._waiting += reversed(halves)


class Delivered:
    """One piece whose rows are there already."""

    def __init__(self) -> None:
        self._waiting: list[Mapping[str, Value]] = [{}]

    def __iter__(self) -> Delivered:
        return self

    def __next__(self) -> Mapping[str, Value]:
        if not self._waiting:
            raise StopIteration
        return self._waiting.pop()

    def halve(self, error: EngineMemoryError) -> None:
        """Raise the error: nothing is made again."""
        raise error


def values_of(view: View) -> dict[str, Value]:
    """What a query binds."""
    return {
        "from_ms": view.from_ms,
        "to_ms": view.to_ms,
        "as_of_ms": view.as_of_ms,
        "all_channels": not view.channels,
        "all_content": view.content_media is None,
    }


def slices(snapshot: Snapshot, view: View, side_by_side: int) -> list[View]:
    """Cut the range of a view into parts of at most about `SLICE_ROWS` messages; as many as keep
    `side_by_side` connections busy to the end."""
    first_ms, end_ms = _range(view)
    rows = sum(_rows(file, first_ms, end_ms) for file in _messages(snapshot, view))
    parts = math.ceil(rows / SLICE_ROWS)
    if parts < 2:
        return [view]
    return cut_by_rows(snapshot, view, math.ceil(parts / side_by_side) * side_by_side)


def cut_by_rows(snapshot: Snapshot, view: View, parts: int) -> list[View]:
    """Cut the range of a view into parts of about as many messages each, as far as first and last
    times of the log's files tell; at most that many parts."""
    if parts == 1:
        return [view]
    first_ms, end_ms = _range(view)
    files = _messages(snapshot, view)
    # Between the first and last times of files, messages are taken to come evenly.
    edges = sorted(
        {first_ms, end_ms}
        | {
            max(first_ms, min(end_ms, edge))
            for file in files
            for edge in (file.first_ms, file.last_ms + 1)
        }
    )
    rows_until = [0.0]
    for start, end in itertools.pairwise(edges):
        rows_until.append(rows_until[-1] + sum(_rows(file, start, end) for file in files))
    borders = [first_ms]
    for part in range(1, parts):
        wanted = rows_until[-1] * part / parts
        upper = next(index for index, rows in enumerate(rows_until) if rows >= wanted)
        if upper:
            here = rows_until[upper] - rows_until[upper - 1]
            share = (wanted - rows_until[upper - 1]) / here
            borders.append(edges[upper - 1] + int((edges[upper] - edges[upper - 1]) * share))
    return _between(view, [*borders, end_ms])


def halved(view: View) -> list[View]:
    """The view with its range cut in two of equal length; nothing when it is too short for it to
    be of use."""
    first_ms, end_ms = _range(view)
    if end_ms - first_ms < SHORTEST_MS:
        return []
    return _between(view, [first_ms, (first_ms + end_ms) // 2, end_ms])


def _range(view: View) -> tuple[int, int]:
    assert view.from_ms is not None and view.to_ms is not None
    return view.from_ms, view.to_ms


def _messages(snapshot: Snapshot, view: View) -> list[LogFile]:
    first_ms, end_ms = _range(view)
    return [
        file
        for file in snapshot.files
        if file.family == "message" and file.first_ms < end_ms and file.last_ms >= first_ms
    ]


def _rows(file: LogFile, first_ms: int, end_ms: int) -> float:
    """About how many rows of a file lie in the range."""
    shared_ms = min(file.last_ms + 1, end_ms) - max(file.first_ms, first_ms)
    return file.rows * max(0, shared_ms) / (file.last_ms - file.first_ms + 1)


def estimated_events(snapshot: Snapshot, view: View, families: Collection[str]) -> int:
    """About how many events of some families lie in the range of a view, or up to its `as_of`."""
    end_ms = view.as_of_ms + 1 if view.to_ms is None else min(view.to_ms, view.as_of_ms + 1)
    files = [file for file in snapshot.files if file.family in families]
    first_ms = min((file.first_ms for file in files), default=0)
    first_ms = first_ms if view.from_ms is None else view.from_ms
    return round(sum(_rows(file, first_ms, end_ms) for file in files))


def _between(view: View, borders: list[int]) -> list[View]:
    return [
        dataclasses.replace(view, from_ms=start, to_ms=end)
        for start, end in itertools.pairwise(borders)
        if start < end
    ]
