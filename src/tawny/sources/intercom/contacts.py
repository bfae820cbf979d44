"""Contacts that changed."""

from __future__ import annotations

from collections.abc import Iterator

from tawny.sources.intercom.context import IntercomReading, SearchWalk
from tawny.sources.intercom.people import contact_record
from tawny.sources.reader import Page


def contact_pages(at: IntercomReading) -> Iterator[Page]:
    """Users and leads, by the last update."""
    walk = SearchWalk(at, "/contacts/search", "data", by_day=True)
    for rows in walk.rows():
        records = []
        for row in rows:
            with at.one("contact", row):
                at.report.read["contacts"] += 1
                records.append(contact_record(at.directory, row))
        yield at.page(records)
