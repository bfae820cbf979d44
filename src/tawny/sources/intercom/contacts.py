"""Contacts that changed."""

from __future__ import annotations

from collections.abc import Iterator

from tawny.sources.intercom.context import IntercomReading, SearchWalk
from tawny.sources.intercom.gone import is_settled
from tawny.sources.intercom.people import contact_record, is_known
from tawny.sources.reader import Page, Record


def contact_pages(at: IntercomReading) -> Iterator[Page]:
    """Users and leads, by the last update, and those that a webhook named."""
    walk = SearchWalk(at, "/contacts/search", "data", by_day=True)
    met: set[str] = set()
    for rows in walk.rows():
        records = []
        for row in rows:
            with at.one("contact", row):
                at.report.read["contacts"] += 1
                records.append(contact_record(at.directory, row))
                met.add(str(row.get("id")))
        yield at.page(records)
    records = []
    for number in sorted(at.announced("contact") - met):
        with at.report.one(f"contact/{number}"):
            records += _named(at, number)
    yield at.page(records)


def _named(at: IntercomReading, number: str) -> list[Record]:
    """Somebody whom a webhook named. Who is gone is looked for once a day, among all."""
    row = at.named(at.desk.contact, number)
    if row is None:
        return []
    if str(row.get("id")) == number:
        at.report.read["contacts"] += 1
        return [contact_record(at.directory, row)]
    facts = at.ledger.load([f"contact/{number}"])[f"contact/{number}"]
    if not is_known(facts) or is_settled(number, facts):
        return []
    at.report.merged += 1
    return [contact_record(at.directory, row, number)]
