"""What every list of one sync is read with: where it begins, and how a search is walked through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tawny.sources.http.client import Json, StatusError
from tawny.sources.http.reading import ApiReading
from tawny.sources.intercom.desk import IntercomDesk, Workspace
from tawny.sources.intercom.directory import IntercomDirectory

DAY_S = 86_400
_MOST_PASSES = 5
"""So often a window is read whose records move while it is read."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IntercomReading(ApiReading):
    """One reading of a workspace."""

    desk: IntercomDesk
    directory: IntercomDirectory
    workspace: Workspace

    @property
    def horizon_s(self) -> int:
        """What was changed later is left for the next sync: seconds since 1970 UTC."""
        return self.window.horizon_us // 1_000_000

    def start_s(self, name: str) -> int:
        """Where a stream begins: some time before it ended."""
        reached = self.cursors.get(name)
        if reached is None:
            return max(0, (self.window.since_us or 0) // 1_000_000)
        return max(0, int(reached) - self.window.overlap_us // 1_000_000)

    def announced(self, kind: str) -> set[str]:
        """The numbers of the records of a kind that a webhook named."""
        found = (name.partition("/") for name in self.window.announced)
        return {number for one, _, number in found if one == kind and number}

    def named(self, ask: Callable[[str], Json | None], number: str) -> Json | None:
        """A record that a webhook named, which may be one that no record can be called."""
        try:
            return ask(number)
        except StatusError as error:
            if error.status not in (400, 422):
                raise
            return None

    def share(self, start_s: int, reached_s: int) -> float:
        """How much of a stream is read that began at a moment, from 0 to 1."""
        return min(1.0, max(0, reached_s - start_s) / max(1, self.horizon_s - start_s))


class SearchWalk:
    """The records of a search by their last update, window after window. The position moves on
    when a window is read whole: what changes while it is read leaves it, and others take its place
    on the pages, so it is read until nothing new comes."""

    def __init__(self, at: IntercomReading, path: str, name: str, *, by_day: bool) -> None:
        """`by_day`: the search knows days only, and gives more than it was asked for."""
        self._at = at
        self._path = path
        self._name = name
        self._by_day = by_day
        self._cursor = f"{path.strip('/').partition('/')[0]}_s"
        self.start_s = at.start_s(self._cursor)

    def rows(self) -> Iterator[list[Row]]:
        """Pages of records that were not met before in this sync as they are."""
        start_s, end_s = self.start_s, self._at.horizon_s
        while start_s <= end_s:
            if end_s - start_s > DAY_S:
                first_s = self._first(start_s, end_s)
                if first_s is None:
                    break
                start_s = first_s
            stop_s = min(end_s, start_s + DAY_S - 1)
            yield from self._window(start_s, stop_s)
            self._reached(stop_s)
            start_s = stop_s + 1
        self._reached(end_s)

    def _reached(self, moment_s: int) -> None:
        before = self._at.cursors.get(self._cursor)
        self._at.cursors[self._cursor] = max(moment_s, before or 0)

    def _search(self, start_s: int, stop_s: int, **how: Any) -> Iterator[list[Row]]:
        """What was changed from one second to another one, both included."""
        after_s, before_s = start_s - 1, stop_s + 1
        if self._by_day:
            # What is later than a moment is later than its whole day.
            after_s, before_s = start_s - DAY_S, stop_s + DAY_S
        for page in self._at.desk.search(self._path, self._name, after_s, before_s, **how):
            yield [row for row in page.items if isinstance(row, dict)]

    def _first(self, start_s: int, end_s: int) -> int | None:
        """The second of the first record of a long time, so that empty years cost one call."""
        first_s: int | None = None
        for rows in self._search(start_s, end_s, size=1):
            for row in rows:
                updated = row.get("updated_at")
                if isinstance(updated, int) and updated >= start_s:
                    return min(updated, end_s)
                # One without a time is met by its window; days know no seconds.
                first_s = start_s
            if rows:
                return first_s
        return None

    def _window(self, start_s: int, stop_s: int) -> Iterator[list[Row]]:
        met: dict[str, Any] = {}
        for _ in range(_MOST_PASSES):
            pages, is_new = 0, False
            for rows in self._search(start_s, stop_s):
                pages += 1
                fresh = []
                for row in rows:
                    key, updated = str(row.get("id")), row.get("updated_at")
                    if key in met and met[key] == updated:
                        continue
                    met[key] = updated
                    if not isinstance(updated, int) or start_s <= updated <= stop_s:
                        fresh.append(row)
                is_new = is_new or bool(fresh)
                if fresh:
                    yield fresh
            if pages <= 1 or not is_new:
                return
