"""Opening hours as a desk counts them: in minutes of the week."""

from __future__ import annotations

from collections.abc import Iterable

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAY_MINUTES = 1_440
WEEK_MINUTES = 7 * DAY_MINUTES


def weekly(intervals: Iterable[tuple[int, int]]) -> dict[str, list[list[str]]]:
    """Opening windows by day, of intervals in minutes since Sunday 00:00; one over midnight is two,
    what lies after the week is at its beginning.

    >>> weekly([(1980, 2460), (2820, 2940)])
    {'mon': [['09:00', '17:00'], ['23:00', '24:00']], 'tue': [['00:00', '01:00']]}
    """
    found: dict[str, list[list[str]]] = {}
    for start, end in sorted(intervals):
        while start < end:
            day = start // DAY_MINUTES
            last = min(end, (day + 1) * DAY_MINUTES)
            window = [_clock(start - day * DAY_MINUTES), _clock(last - day * DAY_MINUTES)]
            found.setdefault(DAYS[day % 7], []).append(window)
            start = last
    return {day: sorted(windows) for day, windows in found.items()}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
