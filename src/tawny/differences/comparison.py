"""The rows of an export in two states of the log, compared row by row and cell by cell, each with
its causes.

The rows of both states are made by the export's own statement and kept in two files; what differs
is found as for a change feed. Only then, and for the rows that are asked for alone, it is looked
for why: the events behind a cell in the one state and in the other, as an explanation finds them,
and among these the ones that only one of the states has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tawny.differences.cause import DifferenceCause
from tawny.differences.causes import Causes
from tawny.differences.side import Side, check_alike
from tawny.engine import evidence
from tawny.engine.differing_rows import (
    Cells,
    DifferingRow,
    differing_rows,
    find_differing,
    keys_of_differing,
)
from tawny.engine.erasure import create_erased_tables
from tawny.engine.kept_rows import keep_as_file
from tawny.exports.request import chosen_columns
from tawny.exports.slicing import Slicing
from tawny.feeds.engines import State, StateEngines
from tawny.log.files import Snapshot
from tawny.model.zones import offset_segments
from tawny.queries.catalogue import query
from tawny.queries.columns import Column
from tawny.queries.row_keys import KEY_NAMES, key_text
from tawny.scratch import scratch_file, scratch_folder
from tawny.settings import Settings
from tawny.state.event_log import event_log

Change = Literal["added", "removed", "changed"]

_AT_A_TIME = 500
"""So many rows are in memory."""


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A cell that is not the same; None = empty."""

    column: Column
    before: str | None
    now: str | None
    causes: Sequence[DifferenceCause]
    """None of their own in a row that is there on one side only."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is not the same."""

    change: Change
    row: str
    """Its key."""
    cells: Sequence[ChangedCell]
    """Nothing of somebody who was erased is in them."""
    causes: Sequence[DifferenceCause]
    """Of a row that is there on one side only; else every one of its cells."""


class Comparison:
    """Two sides compared; a context manager."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        before: Side,
        now: Side,
        *,
        hides_elsewhere: bool = False,
    ) -> None:
        """With `hides_elsewhere` conversations of other channels are not named. Raises
        `RequestError` where the two answer different questions."""
        check_alike(before, now)
        self.before, self.now = before, now
        self.export_type = before.request.export_type
        self._export = query(self.export_type)
        self.snapshot: Snapshot = event_log(home, settings).snapshot()
        self._media = strictest(
            before.content_media, now.content_media, settings.content_media("on-demand")
        )
        chosen = {column.key for column in chosen_columns(before.request)}
        self.columns = [c for c in chosen_columns(now.request) if c.key in chosen]
        """Those that both sides have."""
        self._hides_elsewhere = hides_elsewhere
        self._engines = StateEngines(home, settings)
        scratch = scratch_folder(home)
        self._files: dict[State, Path] = {
            "before": scratch_file(scratch),
            "now": scratch_file(scratch),
        }
        self.counts: Mapping[str, int] = {}
        """How many rows were added, removed and changed."""

    def __enter__(self) -> Comparison:
        try:
            self._compare()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        self._engines.close()
        for file in self._files.values():
            file.unlink(missing_ok=True)

    @property
    def total(self) -> int:
        """How many rows differ."""
        return sum(self.counts.values())

    def rows(self, first: int = 0, end: int | None = None) -> Iterator[ChangedRow]:
        """What differs, in the order of the keys, from one place on up to another."""
        end = self.total if end is None else min(end, self.total)
        if first >= end:
            return
        duck, key = self._engines.of("now"), self._export.head.key
        has_people = "contact_profile_id" in {column.key for column in self._export.columns}
        create_erased_tables(duck, self.snapshot)
        asked = keys_of_differing(duck, key, first, end)
        for state in self._files:
            engine = self._engines.of(state)
            evidence.ask_rows(engine, KEY_NAMES, self.export_type, asked)
        causes = Causes(
            {state: self._engines.of(state) for state in self._files},
            self.snapshot,
            {"before": self.before, "now": self.now},
            {
                "before": dataclasses.replace(self.before.view(self._media), names_events=True),
                "now": dataclasses.replace(self.now.view(self._media), names_events=True),
            },
            self.columns,
            hides_elsewhere=self._hides_elsewhere,
        )
        beside = self._export.beside_columns
        shown = [*beside, *self._export.columns]
        segments = offset_segments(self.now.bounds.zone, self.snapshot.months())
        for begin in range(first, end, _AT_A_TIME):
            some = list(
                differing_rows(
                    duck, key, shown, segments, begin, min(end, begin + _AT_A_TIME),
                    has_people=has_people,
                )
            )  # fmt: skip
            causes.look_over([_there(row) for row in some])
            for row in some:
                yield self._changed(row, causes)

    def _changed(self, row: DifferingRow, causes: Causes) -> ChangedRow:
        there = _there(row)
        text = key_text([there[name] for name in self._export.head.key])
        differing = [] if row.is_of_erased else list(self._cells(row))
        if row.before is None or row.now is None:
            change: Change = "added" if row.before is None else "removed"
            causes.look_at(text, there, change)
            alone = [ChangedCell(column, was, is_, ()) for column, was, is_ in differing]
            return ChangedRow(change, text, alone, causes.of_row(change))
        if row.is_of_erased:
            causes.look_at(text, there, "changed")
            return ChangedRow("changed", text, [], causes.of_row("changed"))
        found = causes.of_cells(text, there, differing)
        cells = [
            ChangedCell(*cell, of_cell) for cell, of_cell in zip(differing, found, strict=True)
        ]
        every = {id(cause): cause for of_cell in found for cause in of_cell}
        return ChangedRow("changed", text, cells, list(every.values()))

    def _cells(self, row: DifferingRow) -> Iterator[tuple[Column, str | None, str | None]]:
        before: Cells = row.before or {}
        now: Cells = row.now or {}
        for column in self.columns:
            was, is_ = before.get(column.key), now.get(column.key)
            if was != is_:
                yield column, was, is_

    def _compare(self) -> None:
        for state, side in (("before", self.before), ("now", self.now)):
            duck = self._engines.of(state)  # type: ignore[arg-type]
            slicing = Slicing(self._export, self.snapshot, [side.view(self._media)])
            values = next(slicing.prepare(0, duck))
            keep_as_file(duck, self._export.keyed_select, values, self._files[state])  # type: ignore[index]
            duck.drop_steps([step.name for step in self._export.all_steps])
        self.counts = find_differing(
            self._engines.of("now"),
            self.export_type,
            self._export.head.key,
            [*self._export.beside_columns, *self.columns],
            self._files["before"],
            self._files["now"],
        )


def _there(row: DifferingRow) -> Cells:
    """The cells of a row where there is one, of now if it can be."""
    there = row.now if row.now is not None else row.before
    assert there is not None
    return there


def strictest(*several: Sequence[str] | None) -> Sequence[str] | None:
    """The media that all of some policies write; None = all."""
    named = [set(media) for media in several if media is not None]
    return sorted(set.intersection(*named)) if named else None
