"""A range as people type it: `last 30 days`, `1 to 15 November`, `du 1er au 15 novembre 2026`.

Both languages are read whatever the page speaks; the language only decides what `7/11/2026` means.
A day without a year is the last one that has begun. All that pages write as a range is read back.
"""

from __future__ import annotations

import calendar
import datetime
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from babel.dates import get_day_names, get_month_names

from tawny.exports.periods import PERIODS, months_later
from tawny.languages import LANGUAGES, locale, translations
from tawny.server.pages import labels
from tawny.server.pages.run_search import folded

_DAY = datetime.timedelta(days=1)
LONGEST = 100
"""Characters that are looked at; no range is longer."""

Range = tuple[str, str]
"""From and to as a request has them, the second one not included."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A day, month or year of which something may be left to be understood, perhaps with a time."""

    year: int | None
    month: int | None
    day: int | None
    clock: str = ""

    def first(self) -> datetime.date:
        return datetime.date(self.year or 0, self.month or 1, self.day or 1)

    def after(self) -> datetime.date:
        """The day after its last one."""
        if self.day:
            return self.first() + _DAY
        return months_later(self.first(), 1 if self.month else 12)


@functools.cache
def _months() -> Mapping[str, int]:
    return {
        folded(name).rstrip("."): number
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=locale(language)).items()
    }


@functools.cache
def _weekdays() -> str:
    names = {
        folded(name).rstrip(".")
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for name in get_day_names(width, locale=locale(language)).values()
    }
    return "|".join(sorted(names, key=len, reverse=True))


@functools.cache
def _named_periods() -> Mapping[str, str]:
    return {
        _plain(translations(language).gettext(labels.PRESETS[name])): name
        for language in LANGUAGES
        for name in PERIODS
    }


def period_named(text: str) -> str | None:
    """The period that moves on with the time which a text names, one of `PERIODS`.

    >>> period_named("Les 30 derniers jours"), period_named("last month"), period_named("2026")
    ('last-30-days', 'last-month', None)
    """
    plain = _plain(text)
    return _named_periods().get(plain) or _OTHER_NAMES.get(plain)


def typed_range(text: str, today: datetime.date, language: str) -> Range | None:
    """What a text means on a day, or None where it means nothing.

    >>> today = datetime.date(2026, 11, 27)
    >>> typed_range("1-15 Nov", today, "en")
    ('2026-11-01', '2026-11-16')
    >>> typed_range("du 28 décembre au 3 janvier", today, "fr")
    ('2025-12-28', '2026-01-04')
    """
    plain = _plain(text)
    try:
        if name := period_named(text):
            first, after = PERIODS[name](today)
            return first.isoformat(), after.isoformat()
        found = _relative(plain, today)
        if found is not None:
            return found[0].isoformat(), found[1].isoformat()
        return _absolute(plain, today, language)
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    """Without accents, capitals, articles and the like."""
    plain = folded(text[:LONGEST]).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    plain = re.sub(r"(?<=[a-z])\.|,", " ", plain)
    plain = re.sub(r"\b(\d{1,2})(?:er|st|nd|rd|th)\b", r"\1", plain)
    plain = re.sub(r"^(?:the|les|la|le) |^l'", "", " ".join(plain.split()))
    months = "|".join(_months())
    return re.sub(rf"\b(?:{_weekdays()}) (?=\d{{1,2}} (?:{months})\b)", "", plain)


_UNITS = {
    "day": "day", "days": "day", "jour": "day", "jours": "day",
    "week": "week", "weeks": "week", "semaine": "week", "semaines": "week",
    "month": "month", "months": "month", "mois": "month",
    "quarter": "quarter", "quarters": "quarter", "trimestre": "quarter", "trimestres": "quarter",
    "year": "year", "years": "year", "an": "year", "ans": "year", "annee": "year",
    "annees": "year",
}  # fmt: skip
_UNIT = "|".join(_UNITS)
_OTHER_NAMES = {
    "semaine derniere": "last-week",
    "mois dernier": "last-month",
    "trimestre dernier": "last-quarter",
    "ce mois": "this-month",
    "last 1 week": "last-week",
}
_LAST = re.compile(
    rf"(?:last |past |previous )?(?P<n>\d{{1,4}}) (?:derniers? |dernieres? )?(?P<unit>{_UNIT})"
    r"(?: precedente?s?)?"
)
_BEFORE = re.compile(rf"(?:last |previous )(?P<en>{_UNIT})|(?P<fr>{_UNIT}) (?:derni|prece)\w+")
_THIS = re.compile(rf"(?:this|cette|ce) (?P<unit>{_UNIT})(?:-ci)?")
_QUARTER = re.compile(r"[qt](?P<quarter>[1-4]) (?P<year>\d{4})|(?P<y>\d{4})[- ][qt](?P<q>[1-4])")
_WEEK = re.compile(
    r"(?:week |semaine |w|s)(?P<week>\d{1,2})(?: (?P<year>\d{4}))?"
    r"|(?P<y>\d{4})-?w(?P<w>\d{2})"
)


def _relative(plain: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    """Counted from today, or a quarter or week by its number."""
    if match := _LAST.fullmatch(plain):
        unit, count = _UNITS[match["unit"]], int(match["n"])
        end = _begin(unit, today)
        return (_moved(unit, end, -count), end) if count else None
    if match := _BEFORE.fullmatch(plain):
        unit = _UNITS[match["en"] or match["fr"]]
        end = _begin(unit, today)
        return _moved(unit, end, -1), end
    if match := _THIS.fullmatch(plain):
        begin = _begin(_UNITS[match["unit"]], today)
        return begin, _moved(_UNITS[match["unit"]], begin, 1)
    if plain in ("year to date", "depuis le debut de l'annee"):
        return _begin("year", today), today + _DAY
    if match := _QUARTER.fullmatch(plain):
        begin = datetime.date(
            int(match["year"] or match["y"]), int(match["quarter"] or match["q"]) * 3 - 2, 1
        )
        return begin, months_later(begin, 3)
    if match := _WEEK.fullmatch(plain):
        year = int(match["year"] or match["y"] or today.isocalendar().year)
        begin = datetime.date.fromisocalendar(year, int(match["week"] or match["w"]), 1)
        return begin, begin + 7 * _DAY
    return None


def _begin(unit: str, today: datetime.date) -> datetime.date:
    """The first day of the day, week, month, quarter or year it is."""
    if unit == "day":
        return today
    if unit == "week":
        return today - today.weekday() * _DAY
    month = {"month": today.month, "quarter": (today.month - 1) // 3 * 3 + 1, "year": 1}[unit]
    return today.replace(month=month, day=1)


def _moved(unit: str, begin: datetime.date, count: int) -> datetime.date:
    if unit in ("day", "week"):
        return begin + count * (7 if unit == "week" else 1) * _DAY
    return months_later(begin, count * {"month": 1, "quarter": 3, "year": 12}[unit])


_TO = re.compile(
    r" ?(?:\N{EN DASH}|\N{EM DASH}|\N{RIGHTWARDS ARROW}|\.\.+) ?"
    r"| (?:to|until|till|through|-|au|a|jusqu'au|jusqu'en|jusqu'a) |(?<=^\d)-(?=\d{1,2} )"
    r"|(?<=^\d\d)-(?=\d{1,2} )"
)
_FROM = re.compile(r"^(?:from|du|de|d')(?: |(?<='))")
_BETWEEN = re.compile(r"(?:between|entre) (?:le )?(.+) (?:and|et) (?:le )?(.+)")
_SINCE = re.compile(r"(?:since|depuis)(?: le)? (.+)")


def _absolute(plain: str, today: datetime.date, language: str) -> Range | None:
    """A day, month or year, or from one to another."""
    if since := _SINCE.fullmatch(plain):
        begin = _part(since[1], language)
        if begin is None or (begin.month is None and begin.year is None):
            return None
        begin = _with_year(begin, today)
        return _texts(begin, _Part(today.year, today.month, today.day))
    between = _BETWEEN.fullmatch(plain)
    ends = between.groups() if between else _TO.split(_FROM.sub("", plain))
    parts = [_part(one, language) for one in ends]
    if len(parts) == 1 and parts[0] is not None:
        only = parts[0]
        if only.clock or (only.year is None and only.month is None):
            return None
        only = _with_year(only, today)
        return _texts(only, only)
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return None
    first, last = _together(parts[0], parts[1], today)
    return None if last is None or first is None else _texts(first, last)


def _together(first: _Part, last: _Part, today: datetime.date) -> tuple[_Part | None, _Part | None]:
    """Both ends whole: what one of them leaves out is said by the other."""
    one_month = first.month is None or last.month is None
    if last.month is None and last.day is not None:  # "1 Nov - 15"
        last = replace(last, month=first.month, year=first.year)
    if first.month is None and first.day is not None:  # "1 - 15 Nov"
        first = replace(first, month=last.month, year=first.year or last.year)
    if (first.day and not first.month) or (last.day and not last.month):
        return None, None
    if first.year is None and last.year is None:
        first = _with_year(first, today)
    if last.year is None:
        last = replace(last, year=first.year)
        if last.after() <= first.first() and not one_month:
            last = replace(last, year=(first.year or 0) + 1)
    if first.year is None:
        first = replace(first, year=last.year)
        if first.first() >= last.after():
            first = replace(first, year=(last.year or 0) - 1)
    return first, last


def _with_year(part: _Part, today: datetime.date) -> _Part:
    """In the last year in which it has begun; 29 February in the last that has one."""
    if part.year is not None:
        return part
    for year in range(today.year, today.year - 9, -1):
        if part.day == 29 and part.month == 2 and not calendar.isleap(year):
            continue
        found = replace(part, year=year)
        if found.first() <= today:
            return found
    return replace(part, year=today.year)


def _texts(first: _Part, last: _Part) -> Range | None:
    if not first.clock and not last.clock:
        begin, after = first.first(), last.after()
        return (begin.isoformat(), after.isoformat()) if begin < after else None
    begin_text = f"{first.first().isoformat()}T{first.clock or '00:00'}:00"
    if last.clock:
        return begin_text, f"{last.first().isoformat()}T{last.clock}:00"
    return begin_text, f"{last.after().isoformat()}T00:00:00"


_CLOCK = re.compile(r"(?P<rest>.+?)(?:t| (?:at |a )?)(?P<hour>\d{1,2}) ?[:h] ?(?P<minute>\d{2})?")
_ISO = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")
_SLASHES = re.compile(r"(?P<one>\d{1,2})[/.](?P<other>\d{1,2})[/.](?P<year>\d{4})")


def _part(text: str, language: str) -> _Part | None:
    text = text.strip().removeprefix("le ")
    clock = ""
    if match := _CLOCK.fullmatch(text):
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        if hour > 23 or minute > 59:
            return None
        text, clock = match["rest"].strip(), f"{hour:02d}:{minute:02d}"
    part = _written(text) or _slashed(text, language)
    return None if part is None or (clock and not part.day) else replace(part, clock=clock)


def _written(text: str) -> _Part | None:
    """With the month as a word, or as ISO 8601 writes it."""
    if match := _ISO.fullmatch(text):
        year, month, day = (None if one is None else int(one) for one in match.groups())
        return _Part(year, month, day)
    words = text.split(" ")
    months = [at for at, word in enumerate(words) if word in _months()]
    if not months:
        return _Part(None, None, int(text)) if re.fullmatch(r"\d{1,2}", text, re.ASCII) else None
    if len(months) > 1 or len(words) > 3:
        return None
    month = _months()[words.pop(months[0])]
    if not all(re.fullmatch(r"\d{1,2}|\d{4}", word, re.ASCII) for word in words):
        return None
    years, days = ([int(one) for one in words if (len(one) == 4) is long] for long in (True, False))
    if len(years) > 1 or len(days) > 1:
        return None
    return _Part(years[0] if years else None, month, days[0] if days else None)


def _slashed(text: str, language: str) -> _Part | None:
    """`13/11/2026`. In French the day is first; in English it must be plain which is the day."""
    match = _SLASHES.fullmatch(text)
    if match is None:
        return None
    day, month = int(match["one"]), int(match["other"])
    if language != "fr" and day != month:
        if day <= 12 and month <= 12:
            return None
        if month > 12:
            day, month = month, day
    return _Part(int(match["year"]), month, day)
