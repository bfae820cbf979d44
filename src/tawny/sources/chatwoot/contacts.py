"""Contacts: who they are, by which identifier, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.sources.attributes import Attributes, as_text, attribute_events, is_empty
from tawny.sources.chatwoot.desk import Row, as_object
from tawny.sources.chatwoot.directory import Directory, saved
from tawny.sources.chatwoot.enumerations import PHONE_FIRST
from tawny.sources.chatwoot.tables import DeskTables
from tawny.sources.events import Data, Event, Fact, Facts
from tawny.sources.reader import Record

CONTACT_PAGE = 2_000

MERGED = "merged"
"""The ledger's mark on a contact that became another one."""

_ADDITIONAL = ("company_name", "city", "country")


@dataclass(frozen=True, slots=True)
class Contacts:
    """What belongs to a page of contacts."""

    directory: Directory
    inboxes: Mapping[int, Row]
    """The earliest contact inbox of each."""
    labels: Mapping[int, Sequence[str]]
    names: Mapping[str, str]
    """Names of custom attributes by key."""

    def record(self, row: Row) -> Record:
        """The record of a contact and its attributes."""
        return Record(f"contact/{row.id}", lambda facts: self._events(row, facts))

    def merged(self, old: int, row: Row) -> Record:
        """The record of a contact that became another one."""

        def events(facts: Facts) -> Iterator[Event]:
            facts.setdefault(f"contact/{old}/{MERGED}", Fact(0, "", str(row.id)))
            yield self._saved(row, old, facts)

        return Record(f"contact/{old}", events)

    def _saved(self, row: Row, contact_id: int, facts: Facts) -> Event:
        data = {"contact_id": self.directory.named(contact_id), **self._identifiers(row)}
        return saved(facts, f"contact/{contact_id}", "contact.saved", data, row)

    def _events(self, row: Row, facts: Facts) -> Iterator[Event]:
        yield self._saved(row, row.id, facts)
        time_ms = (row.created_at if row.updated_at is None else row.updated_at) // 1000
        yield from attribute_events(
            facts, row.id, self.directory.named(row.id), self._attributes(row), time_ms
        )

    def _identifiers(self, row: Row) -> Data:
        inbox = self.inboxes.get(row.id)
        found = None if inbox is None else self.directory.inboxes.get(inbox.inbox_id)
        medium = None if found is None else found.medium
        either = [row.phone_number, row.email]
        if medium not in PHONE_FIRST:
            either.reverse()
        candidates = [*either, row.identifier, None if inbox is None else inbox.source_id]
        name = " ".join(part for part in (row.name, row.last_name) if part and part.strip())
        return {
            "medium": medium,
            "primary_identifier": next((one for one in candidates if one), f"contact-{row.id}"),
            "secondary_identifier": name or None,
        }

    def _attributes(self, row: Row) -> Attributes:
        found: Attributes = {}
        additional = as_object(row.additional_attributes)
        default: dict[str, Any] = {
            "email": row.email, "phone_number": row.phone_number, "identifier": row.identifier,
            **{key: additional.get(key) for key in _ADDITIONAL},
        }  # fmt: skip
        labels = self.labels.get(row.id)
        default["labels"] = list(labels) if labels else None
        for key, value in default.items():
            if not is_empty(value):
                found[key] = (key, as_text(value), "default")
        for key, value in as_object(row.custom_attributes).items():
            if key and not is_empty(value):
                found[key] = (self.names.get(key, key), as_text(value), "custom")
        return found


def read_contacts(
    desk: DeskTables, directory: Directory, rows: Sequence[Row], names: Mapping[str, str]
) -> Contacts:
    """What belongs to some contacts."""
    ids = [row.id for row in rows]
    inboxes: dict[int, Row] = {}
    labels: dict[int, list[str]] = {}
    if ids:
        for row in desk.contact_inboxes(ids):
            inboxes.setdefault(row.contact_id, row)
        for row in desk.taggings("Contact", ids):
            labels.setdefault(row.taggable_id, []).append(row.name)
    return Contacts(directory, inboxes, labels, names)
