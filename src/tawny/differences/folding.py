"""Rows that differ for the same causes, told once: how many there are, and the first of them.

A renamed channel changes one cell of thousands of rows. Rows are folded that changed alike (added,
removed, changed), in the same columns, for the same causes; values need not be the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tawny.differences.comparison import Change, ChangedRow

MOST_NAMED = 3
"""So many rows of a fold are named."""
MOST_OPEN = 1000
"""So many folds are in memory; of more the one that has waited longest for a row is told, and told
again where another row of it comes."""


@dataclass(slots=True)
class Fold:
    """Rows that differ for the same causes."""

    change: Change
    place: int
    """Where its first row stands among all that differ."""
    rows: list[ChangedRow] = field(default_factory=list)
    """The first of them."""
    count: int = 0
    differing: set[int] = field(default_factory=set)
    """The places of the cells whose values are not those of the first row."""

    def take(self, row: ChangedRow) -> None:
        """One row more."""
        self.count += 1
        if len(self.rows) < MOST_NAMED:
            self.rows.append(row)
        for place, (one, other) in enumerate(zip(self.rows[0].cells, row.cells, strict=False)):
            if (one.before, one.now) != (other.before, other.now):
                self.differing.add(place)


def folds(rows: Iterable[ChangedRow], most: int | None = None) -> Iterator[Fold]:
    """Some rows, folded, in the order of the first row of each; with `most`, those before the row
    that would begin one more."""
    found: OrderedDict[Hashable, Fold] = OrderedDict()
    for place, row in enumerate(rows):
        key = _key(row)
        if key not in found:
            if len(found) == most:
                break
            if len(found) == MOST_OPEN:
                yield found.popitem(last=False)[1]
            found[key] = Fold(row.change, place)
        found[key].take(row)
        found.move_to_end(key)
    yield from sorted(found.values(), key=lambda fold: fold.place)


def _key(row: ChangedRow) -> Hashable:
    if row.change != "changed" or not row.cells:
        return row.change, tuple(cause.key for cause in row.causes)
    cells: Sequence[Hashable] = [
        (cell.column.key, tuple(cause.key for cause in cell.causes)) for cell in row.cells
    ]
    return row.change, tuple(cells)
