"""Attributes of contacts as events: each value that is there, and each that is there no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tawny.sources.events import Data, Event, Facts, version_id

Attributes = dict[str, tuple[str, str, str]]
"""Name, value and type of every attribute that is not empty, by key."""


def attribute_events(
    facts: Facts, number: int | str, contact_id: str, values: Mapping[str, tuple[str, str, str]],
    time_ms: int,
) -> Iterator[Event]:  # fmt: skip
    """The attributes of a contact of the desk, `contact_id` in the log, as they were at a time."""
    base = f"contact/{number}/attribute"
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


def as_text(value: Any) -> str:
    """A value of an attribute: texts as they are, others as JSON writes them."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_empty(value: Any) -> bool:
    """Whether there is nothing to say of a value."""
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
