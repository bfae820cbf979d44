"""Chance that gives the same figures on every machine and Python.

Only `Random.random()` is drawn (its bits are fixed by the documentation of Python), and only
operations that IEEE 754 rounds exactly are applied: `math.log` or `**` differ between C libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import TypeVar

T = TypeVar("T")
Draw = Callable[[], float]

SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000


def pick(draw: Draw, items: Sequence[T]) -> T:
    """One of `items`, each as likely; weights are written by repeating an item."""
    return items[int(draw() * len(items))]


def around(draw: Draw, median_ms: float) -> int:
    """A human delay in milliseconds: half below the median, a long tail up to seven times it."""
    u = draw()
    return int(median_ms * sqrt((u + 0.02) / (1.02 - u))) + 1


def between(draw: Draw, low: int, high: int) -> int:
    """A whole number from `low` to `high`, `high` excluded."""
    return low + int(draw() * (high - low))
