"""Customers: who they are, what is known of them, and who is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tawny.sources.attributes import Attributes, as_text, attribute_events, is_empty
from tawny.sources.events import Event, Fact, Facts, erased_contact, version_id, without_nulls
from tawny.sources.reader import Record
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.words import instant_ms, number_of

Json = Mapping[str, Any]

AGENT_ROLES = frozenset({"agent", "admin"})
CUSTOMER_ROLE = "end-user"
MERGED = "merged"
"""The ledger's mark on a customer who became another one."""
_FIRST = "first"
"""The ledger's mark of a customer's first ticket and how it came."""


def contact_record(
    directory: ZendeskDirectory, row: Json, organization: str | None, number: int | None = None
) -> Record:
    """The record of a customer; `number` is the one of before, of somebody who became this one."""
    own = number_of(row["id"]) if number is None else number

    def events(facts: Facts) -> Iterator[Event]:
        yield _saved(directory, row, own, facts)
        if number is not None:
            facts.setdefault(f"contact/{own}/{MERGED}", Fact(0, "", str(row["id"])))
            return
        yield from attribute_events(
            facts, own, directory.named(own), _attributes(row, organization),
            instant_ms(row.get("updated_at") or row["created_at"]),
        )  # fmt: skip

    return Record(f"contact/{own}", events)


def requester_record(
    directory: ZendeskDirectory,
    number: int,
    ticket: int,
    medium: str,
    row: Json | None,
    *,
    alone: bool,
) -> Record:
    """What a ticket tells of the customer it is from: the medium of the first one. Whoever was sent
    before, or does not come with the export of users (`alone`), is told now."""

    def events(facts: Facts) -> Iterator[Event]:
        mark = f"contact/{number}/{_FIRST}"
        known = facts.get(mark)
        if known is None or ticket < int(known.note.partition(" ")[0]):
            facts[mark] = Fact(0, "", f"{ticket} {medium}")
        if row is not None and (alone or _was_sent(facts, number)):
            yield _saved(directory, row, number, facts)

    return Record(f"contact/{number}", events)


def _was_sent(facts: Facts, number: int) -> bool:
    return any(
        fact.digest and name.count("/") == 2
        for name, fact in facts.items()
        if name.startswith(f"contact/{number}/")
    )


def _saved(directory: ZendeskDirectory, row: Json, number: int, facts: Facts) -> Event:
    first = facts.get(f"contact/{number}/{_FIRST}")
    candidates = (row.get("email"), row.get("phone"), row.get("external_id"), row["id"])
    data = without_nulls({
        "contact_id": directory.named(number),
        "medium": None if first is None else first.note.partition(" ")[2],
        "primary_identifier": str(next(one for one in candidates if one)),
        "secondary_identifier": str(row["name"]) if row.get("name") else None,
    })  # fmt: skip
    created_ms = instant_ms(row["created_at"])
    event_id, time_ms = version_id(
        facts, f"contact/{number}", "contact.saved", data, created_ms,
        instant_ms(row.get("updated_at") or row["created_at"]),
    )  # fmt: skip
    return Event(event_id, "contact.saved", time_ms, data)


def _attributes(row: Json, organization: str | None) -> Attributes:
    default = {
        "organization": organization, "phone": row.get("phone"), "locale": row.get("locale"),
        "tags": row.get("tags"),
    }  # fmt: skip
    found: Attributes = {
        key: (key, as_text(value), "default")
        for key, value in default.items()
        if not is_empty(value)
    }
    fields = row.get("user_fields")
    for key, value in fields.items() if isinstance(fields, dict) else ():
        if key and not is_empty(value):
            found[key] = (key, as_text(value), "custom")
    return found


def erased_record(directory: ZendeskDirectory, number: int, time_ms: int) -> Record:
    """Nothing of somebody who is gone stays."""

    def events(facts: Facts) -> Iterator[Event]:
        # Who became somebody else is there all the same.
        if f"contact/{number}/{MERGED}" not in facts:
            yield erased_contact(number, directory.named(number), time_ms)

    return Record(f"contact/{number}", events)


def organization_record(row: Json) -> Record:
    """Remembers what an organization is called; nothing is sent of it by itself."""

    def events(facts: Facts) -> Iterator[Event]:
        facts["name"] = Fact(0, "", str(row["name"]))
        yield from ()

    return Record(f"organization/{number_of(row['id'])}", events)
