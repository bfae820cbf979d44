"""Where a page of the list of runs ends, as a text that the caller sends back."""

from __future__ import annotations

import base64
import json
from typing import Any

from tawny.errors import RequestError


def cursor_after(sort: str, value: object, run_id: str) -> str:
    """The cursor of the page after a run; `value` is what the list is sorted by."""
    text = json.dumps([sort, value, run_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, sort: str) -> tuple[Any, str]:
    """What the last run of the page before was sorted by, and its id. Raises `RequestError`."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        of_sort, value, run_id = found
        wanted = int if sort.removeprefix("-") in ("created", "rows") else str
        # SQLite and Postgres have whole numbers of 64 bits, and texts that are UTF-8 without NUL.
        if of_sort == sort and _is_storable(run_id, str) and _is_storable(value, wanted):
            return value, run_id
    except (ValueError, TypeError, RecursionError):
        pass
    raise RequestError(
        "cursor: found one that is not of this list; allowed the next_cursor of the page before"
    )


def _is_storable(value: object, wanted: type) -> bool:
    if type(value) is not wanted:
        return False
    if isinstance(value, int):
        return abs(value) < 2**63
    text = str(value)
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
