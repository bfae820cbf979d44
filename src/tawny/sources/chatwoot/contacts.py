"""Contacts: who they are, by which identifier, and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.sources.chatwoot.desk import Desk, Row, as_object
from tawny.sources.chatwoot.directory import Directory, saved
from tawny.sources.chatwoot.enumerations import PHONE_FIRST
from tawny.sources.events import Data, Event, Fact, Facts, version_id
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
        values = self._attributes(row)
        base = f"contact/{row.id}/attribute"
        time_ms = (row.created_at if row.updated_at is None else row.updated_at) // 1000
        contact_id = self.directory.named(row.id)
        for key, (name, value, kind) in values.items():
            data: Data = {
                "contact_id": contact_id, "attribute_id": key, "name": name, "value": value,
                "attribute_type": kind, "set_by": "crm",
            }  # fmt: skip
            event_id, _ = version_id(
                facts, f"{base}/{key}", "contact.attribute_set", data, time_ms, time_ms
            )
            yield Event(event_id, "contact.attribute_set", time_ms, data)
        for key in _present(facts, base) - values.keys():
            yield Event(
                f"{base}/{key}/cleared/{time_ms}", "contact.attribute_cleared", time_ms,
                {"contact_id": contact_id, "attribute_id": key},
            )  # fmt: skip

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

    def _attributes(self, row: Row) -> dict[str, tuple[str, str, str]]:
        """Name, value and type of every attribute that is not empty, by key."""
        found: dict[str, tuple[str, str, str]] = {}
        additional = as_object(row.additional_attributes)
        default: dict[str, Any] = {
            "email": row.email, "phone_number": row.phone_number, "identifier": row.identifier,
            **{key: additional.get(key) for key in _ADDITIONAL},
        }  # fmt: skip
        labels = self.labels.get(row.id)
        default["labels"] = list(labels) if labels else None
        for key, value in default.items():
            if not _is_empty(value):
                found[key] = (key, as_text(value), "default")
        for key, value in as_object(row.custom_attributes).items():
            if key and not _is_empty(value):
                found[key] = (self.names.get(key, key), as_text(value), "custom")
        return found


def read_contacts(
    desk: Desk, directory: Directory, rows: Sequence[Row], names: Mapping[str, str]
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


def as_text(value: Any) -> str:
    """A value of an attribute: texts as they are, others as JSON writes them."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _present(facts: Facts, base: str) -> set[str]:
    """The attributes that were sent and not cleared since."""
    newest: dict[str, tuple[int, bool]] = {}
    for event_id, fact in facts.items():
        if not event_id.startswith(f"{base}/"):
            continue
        rest = event_id.removeprefix(f"{base}/")
        cleared = "/cleared/" in rest
        key = rest.rpartition("/cleared/")[0] if cleared else _key(rest)
        if key not in newest or newest[key][0] <= fact.time_ms:
            newest[key] = (fact.time_ms, cleared)
    return {key for key, (_, cleared) in newest.items() if not cleared}


def _key(rest: str) -> str:
    """The key in `KEY/D` or `KEY/D/MS`."""
    before, _, last = rest.rpartition("/")
    return before.rpartition("/")[0] if len(last) != 16 and "/" in before else before
