"""When contacts write: hour of the day, day of the week, good and bad days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from math import fsum
from random import Random
from zoneinfo import ZoneInfo

from tawny.sample.chance import HOUR
from tawny.sample.request import SampleRequest

PARIS = ZoneInfo("Europe/Paris")

# Share of a day per local hour: two peaks, at mid-morning and while people have lunch.
HOURLY = (
    0.5, 0.3, 0.2, 0.2, 0.2, 0.4, 1.0, 2.2, 4.2, 6.2, 7.2, 7.4,
    8.6, 7.8, 6.6, 6.0, 5.8, 5.9, 5.2, 4.4, 3.4, 2.6, 1.6, 0.9,
)  # fmt: skip
WEEKLY = (1.16, 1.04, 1.0, 1.0, 0.96, 0.5, 0.32)
# `sum` of floats rounds differently since Python 3.12; `fsum` is exact everywhere.
DAILY_TOTAL = fsum(HOURLY)


class Demand:
    """How the conversations of a request spread over its hours."""

    def __init__(self, request: SampleRequest) -> None:
        self._request = request
        chance = Random(request.seed ^ 0x5EED)
        mood: dict[str, float] = {}
        self._cells: list[tuple[int, int, float]] = []
        at = request.start_ms
        while at < request.end_ms:
            until = min(at // HOUR * HOUR + HOUR, request.end_ms)
            local = datetime.fromtimestamp(at // 1000, UTC).astimezone(PARIS)
            day = local.date().isoformat()
            if day not in mood:
                mood = {day: 0.85 + 0.3 * chance.random()}
            weight = HOURLY[local.hour] * WEEKLY[local.weekday()] * mood[day]
            self._cells.append((at, until, weight * (until - at) / HOUR))
            at = until
        self._total = fsum(weight for _, _, weight in self._cells)

    @property
    def per_weekday(self) -> float:
        """Conversations an ordinary Wednesday brings, whatever the length of the range."""
        return self._request.conversations * DAILY_TOTAL / self._total

    def arrivals(self, chance: Random) -> Iterator[int]:
        """Exactly the requested number of instants, milliseconds in UTC, rising."""
        wanted = self._request.conversations
        done, reached = 0, 0.0
        last = len(self._cells) - 1
        for index, (at, until, weight) in enumerate(self._cells):
            reached += weight
            goal = wanted if index == last else min(wanted, int(wanted * (reached / self._total)))
            span = until - at
            yield from sorted(at + int(chance.random() * span) for _ in range(goal - done))
            done = max(done, goal)
