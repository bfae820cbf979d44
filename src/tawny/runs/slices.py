"""How the range of an export ordered by time is cut into parts, so that memory does not grow with
it. Parts adjoin and together are the range, so their rows one after the other are the export's."""

from __future__ import annotations

import dataclasses
import itertools
import math

from tawny.engine.snapshot import View
from tawny.log.table import LogFile, Snapshot

SHORTEST_MS = 1000
"""Rows of less time than this are not cut apart when they do not fit into memory."""


def slices(snapshot: Snapshot, view: View, slice_rows: int, side_by_side: int) -> list[View]:
    """Cut the range of a view into parts of at most about that many messages; as many as keep
    `side_by_side` connections busy to the end."""
    first_ms, end_ms = _range(view)
    rows = sum(_rows(file, first_ms, end_ms) for file in _messages(snapshot, view))
    parts = math.ceil(rows / slice_rows)
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


def _between(view: View, borders: list[int]) -> list[View]:
    return [
        dataclasses.replace(view, from_ms=start, to_ms=end)
        for start, end in itertools.pairwise(borders)
        if start < end
    ]
