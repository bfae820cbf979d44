"""Tickets as they are now: what begins a conversation, and what later tells that one changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from tawny.sources.events import Event, Fact, Facts
from tawny.sources.report import GapReport
from tawny.sources.zendesk import words
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.words import id_of, instant_ms, number_of

Json = Mapping[str, Any]

_SCRUBBED = "SCRUBBED"
"""The subject of a ticket that was deleted for good."""


class ZendeskTicket(Struct, array_like=True, frozen=True):
    """What the ledger keeps of a ticket. Times in milliseconds since 1970 UTC."""

    id: int
    created_ms: int
    updated_ms: int
    status: str
    requester: int
    brand: int
    medium: str
    group: int | None
    is_left_out: bool

    @property
    def gone_id(self) -> str:
        """The id of the event that says that it was deleted, where no update tells it."""
        return f"conversation/{self.id}/gone"

    @property
    def channel(self) -> str:
        """The channel in the log, without the prefix."""
        return f"{self.brand}/{self.medium}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ZendeskTicket).decode


def known_ticket(facts: Facts, number: int) -> ZendeskTicket | None:
    """What the ledger has of a ticket."""
    fact = facts.get(f"ticket/{number}/row")
    return None if fact is None else _decode(fact.note)


def read_ticket(row: Json, excluded: frozenset[str], report: GapReport) -> ZendeskTicket:
    """A row of the export. Raises `ValueError`."""
    number = number_of(row.get("id"))
    requester = id_of(row.get("requester_id"))
    if requester is None:
        raise ValueError("a requester")
    channel = row["via"]["channel"] if isinstance(row.get("via"), dict) else row.get("via")
    word = str(channel or "unknown")
    medium = words.MEDIA.get(word)
    if medium is None and word != words.SAMPLE:
        report.unknown_value("tickets.via.channel", word, f"ticket/{number}")
    status = str(row.get("status"))
    brand = id_of(row.get("brand_id")) or 0
    ticket = ZendeskTicket(
        number, instant_ms(row.get("created_at")), instant_ms(row.get("updated_at")),
        status, requester, brand, medium or word, id_of(row.get("group_id")), False,
    )  # fmt: skip
    reason = _left_out(row, word, ticket, excluded)
    if reason is None:
        return ticket
    report.ignored[reason] += 1
    return msgspec.structs.replace(ticket, is_left_out=True)


def _left_out(row: Json, word: str, ticket: ZendeskTicket, excluded: frozenset[str]) -> str | None:
    if word == words.SAMPLE:
        return "sample_ticket"
    if ticket.channel in excluded:
        return "excluded_channel"
    if ticket.status == "deleted" and row.get("subject") == _SCRUBBED:
        return "scrubbed"
    return None


def remember(facts: Facts, ticket: ZendeskTicket) -> ZendeskTicket:
    """Keep a ticket as it is now, but for how it came: its channel stays the one that was sent, and
    what was sent of it goes on when it is scrubbed."""
    before = known_ticket(facts, ticket.id)
    if before is not None:
        ticket = msgspec.structs.replace(
            ticket, brand=before.brand, medium=before.medium, is_left_out=before.is_left_out,
            requester=before.requester if ticket.is_left_out else ticket.requester,
        )  # fmt: skip
    facts[f"ticket/{ticket.id}/row"] = Fact(ticket.updated_ms, "", _encode(ticket).decode())
    return ticket


def created(ticket: ZendeskTicket, url: str, directory: ZendeskDirectory) -> Event:
    """The event that begins the conversation."""
    named = directory.named
    data = {
        "conversation_id": named(ticket.id),
        "channel_id": named(ticket.channel),
        "contact_id": named(ticket.requester),
        "url": f"{url}/agent/tickets/{ticket.id}",
    }
    return Event(
        f"ticket/{ticket.id}", "conversation.created", ticket.created_ms, data,
        f"10-{ticket.id:020d}", note=f"{named(ticket.requester)}\n",
    )  # fmt: skip
