"""When a channel is open, in a line: `Mon to Fri 09:00–18:00, Sat 10:00–12:00 · Europe/Paris`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from tawny.model.business_hours import Weekly
from tawny.server.pages.rendering import Reader
from tawny.text import N_


def opening_words(hours: Mapping[str, Any] | None, reader: Reader) -> str:
    """The windows of each day of the week, equal days in a row together; the zone, and how many
    holidays there are."""
    if hours is None:
        return reader.translate(N_("always open"))
    weekly = hours.get("weekly") or {}
    week = []
    for at, day in enumerate(Weekly.__struct_fields__):
        windows = weekly.get(day) or []
        week.append((at, ", ".join(f"{start}–{end}" for start, end in windows)))
    names = reader.locale.days["format"]["abbreviated"]
    parts = []
    for windows, days in groupby(week, key=lambda one: one[1]):
        run = [at for at, _ in days]
        if windows:
            first, last = names[run[0]], names[run[-1]]
            said = reader.translate(N_("%(first)s to %(last)s")) % {"first": first, "last": last}
            parts.append(f"{first if len(run) == 1 else said} {windows}")
    parts = [", ".join(parts) or reader.translate(N_("never open")), str(hours.get("time_zone"))]
    if holidays := len(hours.get("holidays") or ()):
        text = reader.plural("%(num)s holiday", "%(num)s holidays", holidays)
        parts.append(text % {"num": holidays})
    return " · ".join(parts)
