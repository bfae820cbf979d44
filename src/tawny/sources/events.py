"""The events of a source: their ids, their order within one instant, and what makes two the same.

An id is made of the record only, so that reading it again gives the same event. `D` in an id is the
digest of the event's data: another version of a record is another event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from tawny.model.zones import instant_text

Data = dict[str, Any]

_UNCOMPARED = {
    # A text that was edited, or a placeholder, is told by another event; so is a merged contact.
    "message.created": ("content", "message_type"),
    "conversation.created": ("contact_id", "language", "url"),
}

_NAMED_BY_CONTENT = frozenset(
    {
        *("channel.saved", "team.saved", "agent.saved", "topic.saved", "topic.deleted"),
        *("tag.saved", "tag.deleted"),
        *("contact.saved", "contact.attribute_set", "contact.attribute_cleared"),
        *("conversation.updated", "message.updated", "message.deleted", "csat.answered"),
    }
)
"""Types whose id says what they say: met again with another time they are the one that was sent."""

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class Fact(NamedTuple):
    """What the ledger keeps of an event that was sent."""

    time_ms: int
    digest: str
    note: str = ""
    """What a later version is compared with: a name, the digest of a text, a status."""


Facts = dict[str, Fact]
"""What was sent of one record, by event id."""


@dataclass(slots=True)
class Event:
    """An event on its way: `time_ms` in milliseconds since 1970 UTC."""

    id: str
    type: str
    time_ms: int
    data: Data
    sequence: str | None = None
    note: str = ""
    aliases: tuple[str, ...] = ()
    """Ids under which the same change was sent when less was known of it."""

    def fact(self) -> Fact:
        """What the ledger keeps of it."""
        return Fact(self.time_ms, fact_digest(self), self.note)

    def line(self, source: str) -> bytes:
        """The event as a line of NDJSON, without its end."""
        envelope = {
            "specversion": "1.0",
            "source": source,
            "id": self.id,
            "type": self.type,
            "time": instant_text(self.time_ms),
            "data": self.data,
        }
        if self.sequence is not None:
            envelope["sequence"] = self.sequence
        return _encode(envelope)


def erased_contact(number: int | str, contact_id: str, time_ms: int) -> Event:
    """Nothing of somebody who is gone in the desk, by his number there, stays."""
    data = {"contact_id": contact_id}
    return Event(f"contact/{number}/erased", "contact.erased", time_ms, data)


def watermark(until_ms: int) -> Event:
    """Everything that the desk tells of before an instant was sent."""
    data = {"until": instant_text(until_ms)}
    return Event(f"watermark/{until_ms}", "source.watermark", until_ms, data)


def fact_digest(event: Event) -> str:
    """By which an event that was sent is recognised."""
    left_out = _UNCOMPARED.get(event.type, ())
    data = {name: value for name, value in event.data.items() if name not in left_out}
    if event.type in _NAMED_BY_CONTENT:
        return data_digest(data)
    return data_digest({"time": event.time_ms, "sequence": event.sequence, "data": data})


def data_digest(data: Mapping[str, Any]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of data, absent fields left out."""
    present = {name: value for name, value in data.items() if value is not None}
    return hashlib.sha256(_encode_sorted(present)).hexdigest()[:16]


def without_nulls(data: Data) -> Data:
    """Data as it is sent: what is not known is not there."""
    return {name: value for name, value in data.items() if value is not None}


def sequence(rank: int, number: int, order: int | None = None) -> str:
    """The place of an event among those of the same instant.

    >>> sequence(50, 5512, 1)
    '50-000000005512-1'
    """
    text = f"{rank:02d}-{number:012d}"
    return text if order is None else f"{text}-{order}"


def version_id(
    facts: Facts, base: str, kind: str, data: Data, created_ms: int, updated_ms: int
) -> tuple[str, int]:
    """Id and time of a version of a record that is sent as a whole.

    The first version carries the time of creation, later ones that of the update, and none lies
    before the one it replaces. A version that comes again after another one is a new event, and its
    id says when.
    """
    digest = data_digest(data)
    found = f"{base}/{digest}"
    versions = [
        (fact.time_ms, place, name)
        for place, (name, fact) in enumerate(facts.items())
        if name.startswith(f"{base}/")
        and fact.digest
        and not (kind == "contact.saved" and "/attribute/" in name)
    ]
    if not versions:
        return found, created_ms
    newest_ms, _, newest = max(versions)
    if newest == found or newest.startswith(f"{found}/"):
        return newest, updated_ms
    later_ms = max(updated_ms, newest_ms + 1)
    return (f"{found}/{later_ms}" if found in facts else found), later_ms
