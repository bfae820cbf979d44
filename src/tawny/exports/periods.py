"""Periods as people say them, relative to the day it is in a time zone, and the one that follows.

A period is a pair of local dates, the second one not included. `last-7-days` are the seven whole
days before today, a week begins on Monday, a quarter on the first of January, April, July, October.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable

from tawny.errors import RequestError
from tawny.model.zones import from_ms

_DAY = datetime.timedelta(days=1)


def _today(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today, today + _DAY


def _yesterday(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today - _DAY, today


def _last_7_days(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today - 7 * _DAY, today


def _last_week(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    monday = today - today.weekday() * _DAY
    return monday - 7 * _DAY, monday


def _last_month(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    end = today.replace(day=1)
    return (end - _DAY).replace(day=1), end


def _last_30_days(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today - 30 * _DAY, today


def _this_week(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    monday = today - today.weekday() * _DAY
    return monday, monday + 7 * _DAY


def _this_month(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today.replace(day=1), months_later(today.replace(day=1), 1)


def _month_to_date(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    return today.replace(day=1), today + _DAY


def _last_quarter(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    end = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    before = end - _DAY
    return before.replace(month=before.month - 2, day=1), end


PERIODS: dict[str, Callable[[datetime.date], tuple[datetime.date, datetime.date]]] = {
    "today": _today,
    "yesterday": _yesterday,
    "this-week": _this_week,
    "this-month": _this_month,
    "month-to-date": _month_to_date,
    "last-7-days": _last_7_days,
    "last-30-days": _last_30_days,
    "last-week": _last_week,
    "last-month": _last_month,
    "last-quarter": _last_quarter,
}


def period(name: str, now_ms: int, zone: zoneinfo.ZoneInfo) -> tuple[datetime.date, datetime.date]:
    """First day and the day after the last one, on the calendar of the zone.

    >>> from tawny.model.zones import zone as named, to_ms
    >>> now = to_ms(datetime.datetime(2026, 6, 8, 23, 30, tzinfo=datetime.UTC))
    >>> [date.isoformat() for date in period("yesterday", now, named("Europe/Paris"))]
    ['2026-06-08', '2026-06-09']
    >>> [date.isoformat() for date in period("last-quarter", now, named("Europe/Paris"))]
    ['2026-01-01', '2026-04-01']
    """
    return PERIODS[name](from_ms(now_ms).astimezone(zone).date())


def following(start: str, end: str) -> tuple[str, str]:
    """The period after one, as long as it: whole months are followed by as many months, days by as
    many days, times by as much time on the clock. Both are texts as a request has them.

    >>> following("2026-01-01", "2026-02-01")
    ('2026-02-01', '2026-03-01')
    >>> following("2026-06-01", "2026-06-08")
    ('2026-06-08', '2026-06-15')
    >>> following("2026-06-01T08:00", "2026-06-01T20:00")
    ('2026-06-01T20:00:00', '2026-06-02T08:00:00')

    Raises `RequestError` where there is no such period.
    """
    try:
        return _shifted(start, end, 1)
    except (ValueError, OverflowError, TypeError) as error:
        raise RequestError(
            "from: found {start} to {end}, after which there is no period", start=start, end=end
        ) from error


def months_later(first: datetime.date, months: int) -> datetime.date:
    """The first day of the month so many months later."""
    month = first.year * 12 + first.month - 1 + months
    return datetime.date(month // 12, month % 12 + 1, 1)


def preceding(start: str, end: str) -> tuple[str, str]:
    """The period before one, as long as it: the one that `following` follows.

    >>> preceding("2026-02-01", "2026-03-01")
    ('2026-01-01', '2026-02-01')

    Raises `RequestError` where there is no such period.
    """
    try:
        return _shifted(start, end, -1)
    except (ValueError, OverflowError, TypeError) as error:
        raise RequestError(
            "from: found {start} to {end}, before which there is no period", start=start, end=end
        ) from error


def _shifted(start: str, end: str, lengths: int) -> tuple[str, str]:
    """A period moved by so many times its length."""
    first, last = _moment(start), _moment(end)
    if isinstance(first, datetime.datetime) or isinstance(last, datetime.datetime):
        first, last = _at_midnight(first), _at_midnight(last)
    elif first.day == last.day == 1:
        months = lengths * ((last.year - first.year) * 12 + last.month - first.month)
        return months_later(first, months).isoformat(), months_later(last, months).isoformat()
    by = lengths * (last - first)
    return (first + by).isoformat(), (last + by).isoformat()


def _moment(text: str) -> datetime.date:
    text = text.strip()
    return datetime.date.fromisoformat(text) if len(text) == 10 else _date_time(text)


def _date_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _at_midnight(moment: datetime.date) -> datetime.datetime:
    if isinstance(moment, datetime.datetime):
        return moment
    return datetime.datetime.combine(moment, datetime.time())
