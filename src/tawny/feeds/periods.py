"""The periods of a feed in which something may have changed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from tawny.engine.fresh_events import UNKNOWN_STEP
from tawny.engine.touched_spans import TouchedSpan
from tawny.feeds.request import PERIODS
from tawny.model.periods import Period, border_after, border_until
from tawny.model.zones import EARLIEST_MS, LATEST_MS, from_ms

_YEAR_MS = 366 * 86_400_000
_FIRST_MS, _LAST_MS = EARLIEST_MS + _YEAR_MS, LATEST_MS - _YEAR_MS
"""The calendar ends at the years 1 and 9999: what lies beyond these is one period."""


@dataclass(frozen=True, slots=True)
class TouchedPeriod:
    """A period, and whether several steps touched it (`tawny.engine.touched`)."""

    range: Period
    is_restless: bool


def touched_periods(
    period: str, zone: zoneinfo.ZoneInfo, spans: Sequence[TouchedSpan]
) -> list[TouchedPeriod]:
    """The periods that spans touch, in order."""
    frequency = PERIODS[period]
    steps: dict[Period, tuple[int, int]] = {}
    here = Period(0, 0)
    for span in spans:
        at_ms = span.first_ms
        while at_ms <= span.last_ms:
            if not here.from_ms <= at_ms < here.to_ms:
                here = period_of(frequency, zone, at_ms)
            first, last = steps.get(here, (span.first_step, span.last_step))
            steps[here] = min(first, span.first_step), max(last, span.last_step)
            at_ms = here.to_ms
    return [
        TouchedPeriod(found, steps[found][0] != steps[found][1] or UNKNOWN_STEP in steps[found])
        for found in sorted(steps)
    ]


def period_of(frequency: str, zone: zoneinfo.ZoneInfo, at_ms: int) -> Period:
    """The period in which an instant lies."""
    if at_ms < _FIRST_MS:
        return Period(EARLIEST_MS, border_after(frequency, zone, _FIRST_MS))
    if at_ms >= _LAST_MS:
        return Period(border_until(frequency, zone, _LAST_MS), LATEST_MS + 1)
    start_ms, end_ms = border_until(frequency, zone, at_ms), border_after(frequency, zone, at_ms)
    if start_ms <= _FIRST_MS:
        return Period(EARLIEST_MS, border_after(frequency, zone, _FIRST_MS))
    if end_ms > _LAST_MS:
        return Period(border_until(frequency, zone, _LAST_MS), LATEST_MS + 1)
    return Period(start_ms, end_ms)


def border_text(zone: zoneinfo.ZoneInfo, border_ms: int) -> str:
    """A border as a cell has instants."""
    within_ms = min(max(border_ms, _FIRST_MS - _YEAR_MS // 2), LATEST_MS - _YEAR_MS // 2)
    return from_ms(within_ms).astimezone(zone).isoformat(timespec="milliseconds")
