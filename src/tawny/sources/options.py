"""Options that sources of every kind have: how they are written and what is allowed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from tawny.errors import RequestError
from tawny.model.durations import checked_duration
from tawny.model.zones import instant_ms, to_ms
from tawny.sources.budget import checked_budget

DEFAULTS: dict[str, Any] = {
    "every": "5m",
    "lag": "2m",
    "virtual_agents": [],
    "excluded_channels": [],
    "content": "yes",
    "budget": "50%",
    "team_of": "conversation",
    "erase_deleted_contacts": False,
    "since_ms": None,
}


def checked_instant(option: str, text: str) -> int:
    """A date (midnight UTC), a date-time in UTC or an instant with offset, in milliseconds since
    1970 UTC. Raises `RequestError`.

    >>> checked_instant("--since", "2025-01-01")
    1735689600000
    """
    found = instant_ms(text)
    if found is not None:
        return found
    try:
        parsed = datetime.datetime.fromisoformat(text)
        if not re.match(r"\d{4}-\d{2}-\d{2}(T|$)", text):
            raise ValueError
    except ValueError:
        raise RequestError(
            "{option}: found {text!r}; allowed a date such as 2025-01-01, or an instant such as "
            "2025-01-01T08:00:00Z",
            option=option,
            text=text,
        ) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)
    return to_ms(aware)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were given, as they are stored; what is None was not given."""
    found = {name: value for name, value in given.items() if value is not None}
    if "every" in found:
        checked_duration("--every", found["every"], off=True, least="10s")
    if "lag" in found:
        checked_duration("--lag", found["lag"])
    if "budget" in found:
        found["budget"] = checked_budget(found["budget"])
    return found
