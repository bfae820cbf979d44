"""Where instants lie on a drawing: time runs evenly, and long stretches in which nothing happens
are shortened to breaks of one width."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST_BREAK_MS = 3_600_000
"""Less than an hour without anything is never shortened."""

SHARE = 0.15
"""Nor what is less than this part of what is left once longer stretches are shortened: of events
that come evenly none is."""

BREAK_WIDTH = 34.0
SHORTEST_STRETCH = 40.0
"""In pixels, a break and the least of a stretch between two: there is room for its first clock."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that runs evenly, between two breaks."""

    start_ms: int
    end_ms: int
    left: float
    right: float

    def place(self, instant_ms: int) -> float:
        """Where an instant of it lies; of one that has no length in its beginning."""
        length = self.end_ms - self.start_ms
        if length == 0:
            return self.left
        return self.left + (instant_ms - self.start_ms) / length * (self.right - self.left)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Stretches one after the other, a break between each two."""

    stretches: tuple[Stretch, ...]

    def place(self, instant_ms: int) -> float:
        """Where an instant lies: in a break in the middle of it, outside at the edge."""
        starts = [stretch.start_ms for stretch in self.stretches]
        at = max(0, bisect.bisect_right(starts, instant_ms) - 1)
        stretch = self.stretches[at]
        if instant_ms <= stretch.end_ms:
            return stretch.place(max(instant_ms, stretch.start_ms))
        if at + 1 == len(self.stretches):
            return stretch.right
        return (stretch.right + self.stretches[at + 1].left) / 2

    @property
    def breaks(self) -> list[tuple[Stretch, Stretch]]:
        """What lies on both sides of each break."""
        return list(itertools.pairwise(self.stretches))


def time_scale(instants_ms: Iterable[int], left: float, right: float) -> TimeScale:
    """A scale on which some instants lie, at least one, between two places in pixels."""
    instants = sorted(set(instants_ms))
    most = int((right - left - SHORTEST_STRETCH) // (BREAK_WIDTH + SHORTEST_STRETCH))
    gaps = sorted(((b - a, a) for a, b in itertools.pairwise(instants)), reverse=True)
    rest = instants[-1] - instants[0]
    broken: set[int] = set()
    for length, before in gaps[: max(0, most)]:
        if length < SHORTEST_BREAK_MS or length < SHARE * rest:
            break
        broken.add(before)
        rest -= length
    bounds: list[tuple[int, int]] = []
    start = instants[0]
    for instant, following in itertools.pairwise(instants):
        if instant in broken:
            bounds.append((start, instant))
            start = following
    bounds.append((start, instants[-1]))
    room = right - left - BREAK_WIDTH * (len(bounds) - 1) - SHORTEST_STRETCH * len(bounds)
    stretches = []
    place = left
    for begin, end in bounds:
        share = (end - begin) / rest if rest else 1 / len(bounds)
        width = SHORTEST_STRETCH + room * share
        stretches.append(Stretch(begin, end, place, place + width))
        place += width + BREAK_WIDTH
    return TimeScale(tuple(stretches))
