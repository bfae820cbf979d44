"""Contacts: who they are, what is known of them, and who is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tawny.sources.attributes import Attributes, as_text, attribute_events, is_empty
from tawny.sources.events import Event, Fact, Facts, erased_contact, version_id, without_nulls
from tawny.sources.intercom.directory import IntercomDirectory
from tawny.sources.intercom.words import instant_ms, listed, needed_id
from tawny.sources.reader import Record

Json = Mapping[str, Any]

MERGED = "merged"
"""The ledger's mark on a contact who became another one."""


def contact_record(directory: IntercomDirectory, row: Json, became: str | None = None) -> Record:
    """The record of a contact; `became` is the id of before, of somebody who became this one.
    Raises `ValueError`."""
    number = needed_id(row.get("id"))
    own = number if became is None else became

    def events(facts: Facts) -> Iterator[Event]:
        updated_ms = instant_ms(row.get("updated_at") or row["created_at"])
        candidates = (row.get("email"), row.get("phone"), row.get("external_id"), number)
        data = without_nulls({
            "contact_id": directory.named(own),
            "primary_identifier": str(next(one for one in candidates if one)),
            "secondary_identifier": str(row["name"]) if row.get("name") else None,
        })  # fmt: skip
        event_id, time_ms = version_id(
            facts, f"contact/{own}", "contact.saved", data, instant_ms(row["created_at"]),
            updated_ms,
        )  # fmt: skip
        yield Event(event_id, "contact.saved", time_ms, data)
        if became is not None:
            facts.setdefault(f"contact/{own}/{MERGED}", Fact(0, "", number))
            return
        yield from attribute_events(
            facts, own, directory.named(own), _attributes(directory, row), updated_ms
        )

    return Record(f"contact/{own}", events)


def is_known(facts: Facts) -> bool:
    """Whether something of a contact was sent."""
    return any(fact.digest for fact in facts.values())


def _attributes(directory: IntercomDirectory, row: Json) -> Attributes:
    location = row.get("location")
    location = location if isinstance(location, dict) else {}
    companies = listed(row.get("companies"), "data")
    default: dict[str, Any] = {
        "company": next((one["name"] for one in companies if one.get("name")), None),
        "city": location.get("city"),
        "country": location.get("country"),
        "language": row.get("language_override") or row.get("browser_language"),
    }
    found: Attributes = {
        key: (key, as_text(value), "default")
        for key, value in default.items()
        if not is_empty(value)
    }
    own = row.get("custom_attributes")
    for key, value in own.items() if isinstance(own, dict) else ():
        if key and not is_empty(value):
            label = directory.labels.get(key) or str(key)
            found[key] = (label, as_text(value), "custom")
    return found


def erased_record(directory: IntercomDirectory, number: str, time_ms: int) -> Record:
    """Nothing of somebody who is gone stays."""

    def events(_: Facts) -> Iterator[Event]:
        yield erased_contact(number, directory.named(number), time_ms)

    return Record(f"contact/{number}", events)
