"""When a channel is open, as its event says it."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Any, ClassVar

from msgspec import Struct

from tawny.model import zones
from tawny.model.event_data import Broken, Rule, RuleError
from tawny.text import Text

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WINDOW_RULE = Text(
    '["HH:MM", "HH:MM"] with the start before the end, "24:00" allowed as an end, '
    'such as ["09:00", "17:30"]'
)


def _is_window(start: str, end: str) -> bool:
    legal = _CLOCK.fullmatch(start) and (_CLOCK.fullmatch(end) or end == "24:00")
    return bool(legal) and start < end


Windows = list[tuple[str, str]] | None


class Weekly(Struct, gc=False):
    """Opening windows of each day of the week, local time; a missing day is closed."""

    mon: Windows = None
    tue: Windows = None
    wed: Windows = None
    thu: Windows = None
    fri: Windows = None
    sat: Windows = None
    sun: Windows = None

    def days(self) -> list[Windows]:
        """Monday to Sunday."""
        return [self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun]

    def __post_init__(self) -> None:
        broken = [
            Broken(f"{day}[{index}]", list(window), _WINDOW_RULE)
            for day in Weekly.__struct_fields__
            for index, window in enumerate(getattr(self, day, None) or ())
            if not _is_window(*window)
        ]
        if broken:
            raise RuleError(*broken)


def _check_time_zone(hours: Any) -> None:
    try:
        zones.zone(hours.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        allowed = Text("an IANA time zone such as Europe/Paris")
        raise RuleError(Broken("time_zone", hours.time_zone, allowed)) from None


def _check_holidays(hours: Any) -> None:
    broken = [
        Broken(f"holidays[{index}]", holiday, Text("a date YYYY-MM-DD"))
        for index, holiday in enumerate(hours.holidays or ())
        if not _is_date(holiday)
    ]
    if broken:
        raise RuleError(*broken)


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


class BusinessHours(Struct, gc=False):
    """When a channel is open. Overlapping windows count once; a holiday closes the windows that
    start on that local date."""

    rules: ClassVar[tuple[Rule, ...]] = (_check_time_zone, _check_holidays)
    time_zone: str
    weekly: Weekly
    holidays: list[str] | None = None

    def __post_init__(self) -> None:
        for rule in self.rules:
            rule(self)
