"""Opening hours: those of the workspace, or of a file where its API does not tell them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tawny.errors import RequestError
from tawny.model.business_hours import BusinessHours, Weekly
from tawny.model.event_data import RuleError
from tawny.model.refusals import shown
from tawny.model.zones import zone
from tawny.sources.events import Data
from tawny.sources.intercom.desk import IntercomDesk
from tawny.sources.opening_hours import DAY_MINUTES, WEEK_MINUTES, weekly
from tawny.sources.report import GapReport
from tawny.toml_file import read_toml

_KEYS = frozenset(BusinessHours.__struct_fields__)
_DAYS = frozenset(Weekly.__struct_fields__)


def read_hours(path: Path) -> Data:
    """Business hours as an event has them. Raises `RequestError` and `UnreadableInputError`."""
    table = read_toml(path, "--hours")
    try:
        hours = msgspec.convert(table, BusinessHours)
        for rule in BusinessHours.rules:
            rule(hours)
    except (RuleError, msgspec.ValidationError) as error:
        # Rules of the days are told as the cause of another error.
        rules = error if isinstance(error, RuleError) else error.__cause__
        if not isinstance(rules, RuleError):
            raise _wrong(path) from None
        broken = rules.broken[0]
        raise RequestError(
            "--hours: {path}: {field}: found {found}; allowed {allowed}",
            path=path, field=broken.field, found=shown(broken.found), allowed=broken.allowed,
        ) from None  # fmt: skip
    weekly = table["weekly"]
    if not table.keys() <= _KEYS or not weekly.keys() <= _DAYS:
        raise _wrong(path)
    return table


def read_schedule(desk: IntercomDesk, wanted: str | None, report: GapReport) -> Data | None:
    """The hours of the schedule that is wanted, or of the only one; None = none, or several."""
    schedules = [one for one in desk.schedules() if isinstance(one, dict)]
    if wanted is not None:
        schedules = [one for one in schedules if str(one.get("id")) == wanted]
    if len(schedules) != 1:
        return None
    [schedule] = schedules
    name = f"schedule/{schedule.get('id')}"
    with report.one(name):
        try:
            zone(str(schedule["time_zone_name"]))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            report.unknown_value("schedules.time_zone_name", schedule["time_zone_name"], name)
            return None
        return {
            "time_zone": schedule["time_zone_name"], "weekly": weekly(_intervals(schedule)),
        }  # fmt: skip
    return None


def _intervals(schedule: Mapping[str, Any]) -> list[tuple[int, int]]:
    """In minutes since Sunday 00:00; there they are since Monday, and the whole week ends a minute
    early."""
    if schedule.get("twenty_four_seven"):
        return [(0, WEEK_MINUTES)]
    found = []
    for one in schedule.get("time_intervals") or []:
        start, end = int(one["start_minute"]), int(one["end_minute"])
        if not 0 <= start < end <= WEEK_MINUTES:
            raise ValueError("an interval")
        end += end == WEEK_MINUTES - 1
        found.append((start + DAY_MINUTES, end + DAY_MINUTES))
    return found


def _wrong(path: Path) -> RequestError:
    return RequestError(
        '--hours: {path}: allowed time_zone = "Europe/Paris", a table weekly with the days mon to '
        'sun, each such as [["09:00", "12:00"], ["13:00", "17:00"]], and a list of holidays',
        path=path,
    )
