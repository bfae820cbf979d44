"""How values are written for people: numbers, sizes, dates, spans of time, in their language."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

from tawny.model.zones import from_ms, offset_ms

Translate = Callable[[str], str]


def number(value: float, place: Locale) -> str:
    """`12,345` or `12 345`."""
    return format_decimal(value, locale=place)


def decimal(value: float, digits: int, place: Locale) -> str:
    """`3.8` or `3,8`: with as many digits after the point, also where they are zeros."""
    return format_decimal(value, format=f"#,##0.{'0' * digits}", locale=place)


def thousandths(count: int, place: Locale) -> str:
    """`1,215.370` of 1215370: an amount that is reckoned with, to its last digit."""
    return format_decimal(count / 1000, format="#,##0.000", locale=place)


def percent(share: float, place: Locale) -> str:
    """`7 %` of a share from 0 to 1; one digit after the point where less than ten are whole."""
    pattern = place.percent_formats[None].pattern
    if 0 < share < 0.0995:
        pattern = pattern.replace("#,##0", "#,##0.#")
    return format_percent(share, format=pattern, locale=place)


def signed_percent(change: float, place: Locale) -> str:
    """`+9 %`, `−3 %`: a change against what was before."""
    pattern = place.percent_formats[None].pattern
    shown = format_percent(abs(change), format=pattern, locale=place)
    sign = "\N{MINUS SIGN}" if change < 0 else "+" if change > 0 else "±"
    return f"{sign}{shown}"


def size(size_bytes: int, place: Locale, _: Translate) -> str:
    """A size in the unit that leaves one to three digits before the point; 1 kB is 1000 bytes."""
    value = float(size_bytes)
    units = (_("bytes"), _("kB"), _("MB"), _("GB"), _("TB"))
    position = 0
    while value >= 999.5 and position < len(units) - 1:
        value /= 1000
        position += 1
    digits = "#,##0" if position == 0 or value >= 99.5 else "#,##0.#"
    return (
        f"{format_decimal(value, format=digits, locale=place)}\N{NO-BREAK SPACE}{units[position]}"
    )


def moment(instant_ms: int, zone: zoneinfo.ZoneInfo, place: Locale) -> str:
    """`8 Jun 2026, 14:03` in the zone."""
    return format_datetime(from_ms(instant_ms).astimezone(zone), "d MMM y, HH:mm", locale=place)


def moment_seconds(instant_ms: int, zone: zoneinfo.ZoneInfo, place: Locale) -> str:
    """The same with seconds, for things that follow each other closely."""
    return format_datetime(from_ms(instant_ms).astimezone(zone), "d MMM y, HH:mm:ss", locale=place)


def moment_exact(instant_ms: int, zone: zoneinfo.ZoneInfo, place: Locale) -> str:
    """The same with milliseconds, where numbers are reckoned with."""
    local = from_ms(instant_ms).astimezone(zone)
    return format_datetime(local, "d MMM y, HH:mm:ss.SSS", locale=place)


def short_moment(local: datetime.datetime, place: Locale, *, with_year: bool) -> str:
    """`1 Oct, 07:24`: a moment in a table; the year where it is not this one."""
    return format_datetime(local, f"d MMM{' y' if with_year else ''}, HH:mm", locale=place)


def span(seconds: int, _: Translate) -> str:
    """How long something took, in its two largest units: `45 s`, `3 h 20 min`, `21 d 2 h`."""
    gap = "\N{NO-BREAK SPACE}"
    units = ((86_400, _("d")), (3600, "h"), (60, "min"), (1, "s"))
    for at, (length, unit) in enumerate(units):
        if seconds >= length:
            whole, rest = divmod(seconds, length)
            text = f"{whole}{gap}{unit}"
            if at + 1 < len(units) and rest // units[at + 1][0]:
                text += f" {rest // units[at + 1][0]}{gap}{units[at + 1][1]}"
            return text
    return f"0{gap}s"


def long_moment(instant_ms: int, zone: zoneinfo.ZoneInfo, place: Locale) -> str:
    """`Mon 8 Jun 2026, 00:00 UTC+02:00`: a bound of a range."""
    local = from_ms(instant_ms).astimezone(zone)
    clock = "HH:mm" if instant_ms % 60_000 == 0 else "HH:mm:ss.SSS"
    text = format_datetime(local, f"EEE d MMM y, {clock}", locale=place)
    return f"{text}\N{NO-BREAK SPACE}{offset(instant_ms, zone)}"


def offset(instant_ms: int, zone: zoneinfo.ZoneInfo) -> str:
    """`UTC+02:00`."""
    minutes = offset_ms(instant_ms, zone) // 60_000
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def day(date: datetime.date, place: Locale) -> str:
    """`Sunday 25 October 2026`."""
    return format_date(date, "EEEE d MMMM y", locale=place)


def short_day(date: datetime.date, place: Locale) -> str:
    """`Mon 5 Oct`: a day at an axis."""
    return format_date(date, "EEE d MMM", locale=place)


def clock(local: datetime.datetime, place: Locale) -> str:
    """`03:00`."""
    return format_time(local, "HH:mm", locale=place)


def hours(length_ms: int, place: Locale, ngettext: Callable[[str, str, int], str]) -> str:
    """`23 hours`, `23.5 hours`."""
    value = length_ms / 3_600_000
    whole = 2 if value != 1 else 1
    return ngettext("%(n)s hour", "%(n)s hours", whole) % {
        "n": format_decimal(value, format="#,##0.##", locale=place)
    }


def ago(instant_ms: int, now_ms: int, place: Locale) -> str:
    """`5 minutes ago`, `in 2 days`: to one unit."""
    return format_timedelta(
        datetime.timedelta(milliseconds=instant_ms - now_ms),
        add_direction=True,
        threshold=1.5,
        locale=place,
    )


def elapsed(length_ms: int, place: Locale, _: Translate) -> str:
    """How long something took: `0.4 s`, `3 min 12 s`."""
    seconds = length_ms / 1000
    if seconds < 60:
        return format_decimal(seconds, format="0.0", locale=place) + "\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\N{NO-BREAK SPACE}min {rest}\N{NO-BREAK SPACE}s"


def days(start: str, end: str, place: Locale) -> str:
    """`8 – 14 Jun 2026` for two dates `YYYY-MM-DD`, the second one not included."""
    first = datetime.date.fromisoformat(start)
    last = datetime.date.fromisoformat(end) - datetime.timedelta(days=1)
    if last <= first:
        return format_date(first, "d MMM y", locale=place)
    if first.year != last.year:
        begin = format_date(first, "d MMM y", locale=place)
    elif first.month != last.month:
        begin = format_date(first, "d MMM", locale=place)
    else:
        begin = str(first.day)
    return f"{begin} – {format_date(last, 'd MMM y', locale=place)}"
