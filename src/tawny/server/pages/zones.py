"""Time zones to choose from, as people name them: by city, country and the name of their time, in
every language of the pages. Which zones there are, and in which country, is said by the time zone
database; what they are called, by CLDR. Each is there once, under its name of today."""

from __future__ import annotations

import datetime
import functools
import zoneinfo
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib import resources

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location, get_timezone_name
from litestar import Response, get

from tawny.languages import LANGUAGES, locale
from tawny.model.zones import offset_ms, to_ms, zone
from tawny.server.pages.rendering import AnyRequest, reader_of
from tawny.server.pages.run_search import folded
from tawny.server.pages.submitted import of_query

NEIGHBOURS = ("de", "es", "it", "nl", "pt")
"""Languages in which cities are typed too, though no page speaks them."""

Option = tuple[str, str, str, str]
"""The name a request takes, what it is called, its offset, and what a search finds it by."""


@functools.cache
def countries() -> Mapping[str, str]:
    """The zones of the database that have a place, each with its country's code; UTC has none."""
    table = resources.files("tzdata") / "zoneinfo" / "zone.tab"
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    known = zoneinfo.available_timezones()
    return {"UTC": ""} | {name: code for code, _where, name, *_ in rows if name in known}


@functools.cache
def _other_names() -> Mapping[str, Sequence[str]]:
    """Earlier and other names of zones, such as Asia/Calcutta of Asia/Kolkata."""
    aliases: Mapping[str, str] = get_global("zone_aliases")
    groups: dict[str, set[str]] = defaultdict(set)
    for other, name in aliases.items():
        groups[name] |= {other, name}
    return {
        name: sorted(groups[aliases.get(name, name)] - {name})
        for name in countries()
        if aliases.get(name, name) in groups
    }


@functools.cache
def _titles(language: str) -> Mapping[str, str]:
    """`Paris, France`: city and country of each zone."""
    place = locale(language)
    titles = {}
    for name, code in countries().items():
        city = _city(name, place) if code else name
        country = place.territories.get(code, "")
        titles[name] = f"{city}, {country}" if country and country != city else str(city)
    return titles


def _city(name: str, place: Locale) -> str:
    """CLDR keeps cities under the names that zones had first."""
    for one in (name, *_other_names().get(name, ())):
        if city := place.time_zones.get(one, {}).get("city"):
            return str(city)
    return str(get_timezone_location(name, locale=place, return_city=True))


@functools.cache
def _found_by(name: str) -> str:
    """All that a zone is called, in every language; what a search looks in."""
    tz = zone(name)
    texts = [name, *_other_names().get(name, ())]
    if name != "UTC":
        texts += [_titles(language)[name] for language in (*LANGUAGES, *NEIGHBOURS)]
        texts += [get_timezone_name(tz, locale=locale(language)) for language in LANGUAGES]
        winter, summer = (datetime.datetime(2026, month, 1, tzinfo=tz) for month in (1, 7))
        texts += [winter.strftime("%Z"), summer.strftime("%Z")]
    plain = folded("  ".join(texts)).translate({ord(sign): " " for sign in "_/,’'"})
    # Neighbouring words stay together where a name has several: "new york", "etats-unis".
    return " ".join(dict.fromkeys(part.strip() for part in plain.split("  ") if part.strip()))


@functools.lru_cache(maxsize=64)
def options(first: str, language: str, days: tuple[datetime.date, ...]) -> list[Option]:
    """Every zone once, the reader's own first, then UTC, then by city; with the offsets of the
    given days."""
    titles = _titles(language)
    own = first if first in titles else _today_name(first)
    ordered = sorted(titles, key=lambda name: (name != own, name != "UTC", folded(titles[name])))
    return [(name, titles[name], _offsets(name, days), _found_by(name)) for name in ordered]


def warm() -> None:
    """Read the names, so that nobody waits for them at the first choice of a zone."""
    for language in LANGUAGES:
        options("UTC", language, _days(()))


def _today_name(name: str) -> str:
    """Under which name a zone stands in the list."""
    return next((one for one, others in _other_names().items() if name in others), "UTC")


def _offsets(name: str, days: tuple[datetime.date, ...]) -> str:
    noons = [to_ms(datetime.datetime.combine(day, datetime.time(12), datetime.UTC)) for day in days]
    minutes = dict.fromkeys(offset_ms(noon, zone(name)) // 60_000 for noon in noons)
    return " / ".join(_offset(one) for one in minutes)


def _offset(minutes: int) -> str:
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def _days(texts: Sequence[str]) -> tuple[datetime.date, ...]:
    """The days of a range, today where none is given."""
    found = []
    for text in texts:
        try:
            found.append(datetime.date.fromisoformat(text))
        except ValueError:
            continue
    return tuple(found) or (datetime.datetime.now(datetime.UTC).date(),)


@get("/exports/zones", sync_to_thread=True)
def zones(request: AnyRequest) -> Response[list[Option]]:
    """Time zones to choose from, with their offsets on the first and last day of a range. They are
    asked for when somebody is about to choose, not part of the page."""
    reader, fields = reader_of(request, None), of_query(request)
    days = _days([fields.one("from")[:10], fields.one("to")[:10]])
    return Response(
        options(reader.zone_name, reader.language, days),
        headers={"Cache-Control": "private, max-age=600", "Vary": "Cookie, Accept-Language"},
    )


ROUTES = [zones]
