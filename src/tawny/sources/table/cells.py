"""Single cells of a table, whatever read them: as text, and as a time."""

from __future__ import annotations

import datetime
import json
import zoneinfo
from decimal import Decimal
from typing import Any, NamedTuple

from tawny.model.zones import EARLIEST_MS, LATEST_MS, instant_ms, instant_text, local_to_ms, to_ms
from tawny.text import Text


class CellError(ValueError):
    """A cell that cannot be what the mapping says; `found` may be what a person wrote."""

    def __init__(self, found: str, allowed: Text) -> None:
        super().__init__(str(allowed))
        self.found = found
        self.allowed = allowed


class Moment(NamedTuple):
    """An instant that a column of times holds, in microseconds since 1970 UTC."""

    us: int


_UNITS_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing: null, NaN or an empty text."""
    return cell is None or cell == "" or cell != cell


def cell_text(cell: Any) -> str:
    """A cell as text; whole numbers without a fraction, whatever the file made of them.

    >>> cell_text(12.0), cell_text(True), cell_text(None)
    ('12', 'true', '')
    """
    if isinstance(cell, str):
        return cell
    if is_empty(cell):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, Decimal) and cell == cell.to_integral_value():
        return str(int(cell))
    if isinstance(cell, Moment):
        return instant_text(cell.us // 1000)
    if isinstance(cell, datetime.datetime | datetime.date):
        return cell.isoformat()
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return str(cell)


def cell_ms(
    cell: Any, zone: zoneinfo.ZoneInfo, unit: str | None = None, form: str | None = None
) -> int:
    """A cell as an instant in milliseconds since 1970 UTC, finer digits cut off. Raises
    `CellError`.

    Without offset it is a time of the zone; a time that a clock change skipped means the instant
    the clocks jump to, a repeated one the first of the two.

    >>> cell_ms("2026-06-08 14:00", zoneinfo.ZoneInfo("Europe/Paris"))
    1780920000000
    """
    if isinstance(cell, Moment):
        return _within(cell.us // 1000, cell)
    if unit is not None:
        return _within(_counted(cell, _UNITS_US[unit]) // 1000, cell)
    if isinstance(cell, datetime.datetime):
        return _of_datetime(cell, zone)
    if isinstance(cell, datetime.date):
        return _of_datetime(datetime.datetime.combine(cell, datetime.time()), zone)
    text = cell_text(cell).strip()
    try:
        if form is not None:
            return _of_datetime(datetime.datetime.strptime(text, form), zone)  # noqa: DTZ007
        found = instant_ms(text)
        # A number alone is no time: 20260608 could be a day or a count of seconds.
        if found is None and not text.isdigit():
            return _of_datetime(datetime.datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise CellError(
            text,
            Text("a time such as 2026-06-08T14:00:00+02:00 or 2026-06-08 14:00")
            if form is None
            else Text("a time such as {example}", example=_EXAMPLE.strftime(form)),
        )
    return found


_EXAMPLE = datetime.datetime(2026, 6, 8, 14, 0, tzinfo=datetime.UTC)


def _of_datetime(found: datetime.datetime, zone: zoneinfo.ZoneInfo) -> int:
    if found.tzinfo is not None:
        return _within(to_ms(found.astimezone(datetime.UTC)), found)
    return _within(local_to_ms(found, zone), found)


def _counted(cell: Any, unit_us: int) -> int:
    try:
        return int(Decimal(cell_text(cell).strip()) * unit_us)
    except (ArithmeticError, ValueError):
        raise CellError(cell_text(cell), Text("a number since 1970 UTC")) from None


def _within(value_ms: int, cell: Any) -> int:
    if not EARLIEST_MS <= value_ms <= LATEST_MS:
        raise CellError(cell_text(cell), Text("a time of the years 1 to 9999"))
    return value_ms
