"""Conversations as they are now, in the form in which the ledger keeps them, and what their rows
tell beside their parts: the beginning, the survey, tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from tawny.sources.events import Data, Event, Fact, Facts, data_digest, without_nulls
from tawny.sources.intercom import words
from tawny.sources.intercom.directory import IntercomDirectory
from tawny.sources.intercom.parts import ConversationPart
from tawny.sources.intercom.words import id_of, instant_ms, listed, needed_id
from tawny.sources.reader import Window
from tawny.sources.report import GapReport
from tawny.text import Text

Json = Mapping[str, Any]

_SCORES = range(1, 6)


class KeptConversation(Struct, array_like=True, frozen=True):
    """What the ledger keeps of a conversation. Times in milliseconds since 1970 UTC."""

    id: str
    created_ms: int
    updated_ms: int
    """Of the version that was read whole; 0 where something of it was too young."""
    state: str
    contact: str
    channel: str

    @property
    def order(self) -> str:
        """Its number as it is ordered."""
        return self.id.zfill(20)

    @property
    def status(self) -> str | None:
        """Its status in the log."""
        return words.STATUSES.get(self.state)


class ChannelOf(NamedTuple):
    """Where a conversation came in."""

    id: str
    medium: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(KeptConversation).decode


def known_conversation(facts: Facts) -> KeptConversation | None:
    """What the ledger has of a conversation."""
    fact = facts.get("row")
    return None if fact is None else _decode(fact.note)


def remember(facts: Facts, conversation: KeptConversation) -> KeptConversation:
    """Keep a conversation as it is now, but for its channel, which stays the one that was sent."""
    before = known_conversation(facts)
    if before is not None:
        conversation = msgspec.structs.replace(conversation, channel=before.channel)
    facts["row"] = Fact(conversation.updated_ms, "", _encode(conversation).decode())
    return conversation


def read_conversation(
    row: Json, channel: ChannelOf, report: GapReport, *, is_whole: bool
) -> KeptConversation:
    """A row of the API. Raises `ValueError`."""
    number = needed_id(row.get("id"))
    contact = next((id_of(one.get("id")) for one in listed(row.get("contacts"), "contacts")), None)
    if contact is None:
        source = row.get("source")
        author = source.get("author") if isinstance(source, dict) else None
        if not isinstance(author, dict) or author.get("type") not in words.CONTACTS:
            raise ValueError("a contact")
        contact = needed_id(author.get("id"))
    state = str(row.get("state"))
    if state not in words.STATUSES:
        report.unknown_value("conversations.state", state, f"conversation/{number}")
    updated_ms = instant_ms(row.get("updated_at"))
    return KeptConversation(
        number, instant_ms(row.get("created_at")), updated_ms if is_whole else 0, state, contact,
        channel.id,
    )  # fmt: skip


def channel_of(row: Json, directory: IntercomDirectory, report: GapReport) -> ChannelOf:
    """Brand and type of a conversation."""
    source = row.get("source")
    word = str((source.get("type") if isinstance(source, dict) else None) or "conversation")
    if word not in words.MEDIA:
        report.unknown_value("source.type", word, f"conversation/{row.get('id')}")
    return ChannelOf(f"{directory.brand_of(row)}/{word}", words.MEDIA.get(word, word))


def is_campaign(row: Json) -> bool:
    """Whether a message to many began a conversation."""
    source = row.get("source")
    return isinstance(source, dict) and source.get("delivered_as") in words.CAMPAIGNS


def created(conversation: KeptConversation, directory: IntercomDirectory) -> Event:
    """The event that begins the conversation."""
    named = directory.named
    data = {
        "conversation_id": named(conversation.id),
        "channel_id": named(conversation.channel),
        "contact_id": named(conversation.contact),
        "url": directory.workspace.conversation_url(conversation.id),
    }
    return Event(
        f"conversation/{conversation.id}", "conversation.created", conversation.created_ms, data,
        f"10-{conversation.order}", note=f"{data['contact_id']}\n",
    )  # fmt: skip


# --- survey ---------------------------------------------------------------------------------------


def survey(
    row: Json, conversation: KeptConversation, parts: Sequence[ConversationPart],
    directory: IntercomDirectory, window: Window, report: GapReport,
) -> Iterator[Event]:  # fmt: skip
    """The rating that was asked for, and its answer. Raises `ValueError`."""
    rating = row.get("conversation_rating")
    if not isinstance(rating, dict) or rating.get("created_at") is None:
        return
    asked_s, sent_ms = int(rating["created_at"]), instant_ms(rating["created_at"])
    if window.is_young(sent_ms * 1000):
        return
    base = f"rating/{conversation.id}/{asked_s}"
    ids: Data = {
        "survey_id": directory.named(f"{conversation.id}/{asked_s}"),
        "conversation_id": directory.named(conversation.id),
    }
    sequence = f"80-{conversation.order}"
    yield Event(f"{base}/sent", "csat.sent", sent_ms, ids, sequence)
    score = rating.get("rating")
    if score is None:
        return
    if isinstance(score, bool) or score not in _SCORES:
        report.unknown_value("conversation_rating.rating", score, base)
        report.leave_out(base, Text("its score is unknown"))
        return
    told_ms = [one.time_ms for one in parts if one.kind in words.RATED and one.time_ms >= sent_ms]
    updated = rating.get("updated_at") or row.get("updated_at")
    answered_ms = max(told_ms) if told_ms else max(sent_ms, instant_ms(updated))
    if window.is_young(answered_ms * 1000):
        return
    data = without_nulls({
        **ids, "score": int(score),
        "follow_up_response": str(rating["remark"]) if rating.get("remark") else None,
    })  # fmt: skip
    yield Event(
        f"{base}/answered/{data_digest(data)}", "csat.answered", answered_ms, data, sequence
    )


# --- tags -----------------------------------------------------------------------------------------


def tags_of_row(
    row: Json, conversation: KeptConversation, parts: Sequence[ConversationPart],
    directory: IntercomDirectory, window: Window,
) -> Iterator[Event]:  # fmt: skip
    """Tags that no part tells of, by when they were applied. Raises `ValueError`."""
    told = {tag for part in parts for tag in part.added}
    for tag in listed(row.get("tags"), "tags"):
        number, applied = needed_id(tag.get("id")), tag.get("applied_at")
        if number in told or applied is None:
            continue
        time_ms = instant_ms(applied)
        if window.is_young(time_ms * 1000):
            continue
        by = tag.get("applied_by")
        admin = id_of(by.get("id")) if isinstance(by, dict) and by.get("type") == "admin" else None
        topic = directory.named(number)
        data = without_nulls({
            "conversation_id": directory.named(conversation.id), "topic_id": topic,
            "agent_id": None if admin is None else directory.named(admin),
        })  # fmt: skip
        yield Event(
            f"tag/{conversation.id}/{number}/{int(applied)}", "topic.applied", time_ms, data,
            f"70-{conversation.order}", note=topic,
        )  # fmt: skip
