"""Cells of a result as people read them, with the exact value beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tawny.model.zones import from_ms, requested_zone
from tawny.queries.columns import Column, ColumnType
from tawny.server.pages import formatting as words
from tawny.server.pages.labels import MEDIA
from tawny.server.pages.rendering import Reader
from tawny.text import N_

WORDS = {
    "inbound": N_("Inbound"),
    "outbound": N_("Outbound"),
    "available": N_("Available"),
    "away": N_("Away"),
    "new": N_("New"),
    "pending": N_("Pending"),
    "resolved": N_("Resolved"),
    "agent": N_("Agent"),
    "virtual_agent": N_("Virtual agent"),
    "true": N_("Yes"),
    "false": N_("No"),
}
"""Values of columns with few of them; another one is shown as it is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, and the exact value where it is another text."""

    text: str
    exact: str = ""
    leads_to: str = ""
    """Where a page about it is."""


def cell(value: Any, column: Column, zone_name: str, reader: Reader, now_year: int) -> Cell:
    """A value of a kept result (`tawny.reading.result`) for a reader."""
    if value is None:
        return Cell("")
    place = reader.locale
    if column.type is ColumnType.TIMESTAMP:
        local = from_ms(int(value)).astimezone(requested_zone(zone_name))
        return Cell(
            words.short_moment(local, place, with_year=local.year != now_year),
            local.isoformat(sep=" ", timespec="milliseconds"),
        )
    if column.type is ColumnType.DURATION:
        gap = "\N{NARROW NO-BREAK SPACE}"
        return Cell(
            words.span(int(value), reader.translate), f"{words.number(int(value), place)}{gap}s"
        )
    if column.type in (ColumnType.INTEGER, ColumnType.PERCENT):
        return Cell(words.number(value, place))
    text = str(value).lower() if column.type is ColumnType.BOOLEAN else str(value)
    if column.type in (ColumnType.BOOLEAN, ColumnType.ENUM) and text in WORDS:
        return Cell(reader.translate(WORDS[text]), text)
    if column.key.endswith("medium") and text in MEDIA:
        return Cell(reader.translate(MEDIA[text]), text)
    return Cell(text)
