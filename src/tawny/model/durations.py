"""Durations as people write them: `30s`, `5m`, `2h`, `7d`."""

from __future__ import annotations

import re

from tawny.errors import RequestError

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)")
_LONGEST_MS = 30 * 86_400_000


def milliseconds(text: str) -> int:
    """A duration such as `90s`, `5m`, `1h` in milliseconds; `off` is 0.

    >>> milliseconds("5m")
    300000
    """
    if text == "off":
        return 0
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * _UNITS_MS[found[2]]


def checked_duration(option: str, text: str, *, off: bool = False, least: str = "0s") -> str:
    """The text of a duration that is allowed. Raises `RequestError`."""
    try:
        if text == "off" and not off:
            raise ValueError
        value = milliseconds(text)
        if text != "off" and not milliseconds(least) <= value <= _LONGEST_MS:
            raise ValueError
    except ValueError:
        raise RequestError(
            "{option}: found {text!r}; allowed {least} to 30d, such as 90s, 5m, 1h{more}",
            option=option,
            text=text,
            least=least,
            more=", off" if off else "",
        ) from None
    return text
