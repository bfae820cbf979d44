"""When what failed is tried again: after 1, 2, 5, 10, 30, then every 60 minutes, for 24 hours."""

from __future__ import annotations

_MINUTE_MS = 60_000
_PAUSES_MS = tuple(minutes * _MINUTE_MS for minutes in (1, 2, 5, 10, 30, 60))
_LONGEST_MS = 24 * 60 * _MINUTE_MS


def next_try_ms(tries: int, first_try_ms: int, now_ms: int) -> int | None:
    """When to try again what failed for the `tries`th time now; None = it is given up. Instants in
    milliseconds since 1970 UTC.

    >>> [next_try_ms(tries, 0, 0) // 60_000 for tries in range(1, 8)]
    [1, 2, 5, 10, 30, 60, 60]
    >>> next_try_ms(30, 0, 23 * 3_600_000 + 1) is None
    True
    """
    at_ms = now_ms + _PAUSES_MS[min(tries, len(_PAUSES_MS)) - 1]
    return at_ms if at_ms <= first_try_ms + _LONGEST_MS else None
