"""All events of one conversation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tawny.sources.chatwoot.contacts import MERGED
from tawny.sources.chatwoot.desk import Row, as_object
from tawny.sources.chatwoot.enumerations import SURVEY_DAYS
from tawny.sources.chatwoot.labels import label_events
from tawny.sources.chatwoot.records import Conversation, Message
from tawny.sources.chatwoot.story import Story
from tawny.sources.chatwoot.teams import Teams
from tawny.sources.events import Event, Fact, Facts, data_digest, sequence, without_nulls
from tawny.sources.ledger import text_note
from tawny.sources.reader import Window
from tawny.sources.report import GapReport
from tawny.text import Text

Merges = dict[int, int]
"""The contact that a merged one became, by id."""

_SURVEY_US = SURVEY_DAYS * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Mapping:
    """What every conversation of a sync is mapped with."""

    url: str
    """The desk's address with its account."""
    window: Window
    report: GapReport
    team_of_agent: bool
    merges: Merges = field(default_factory=dict)


def conversation_events(
    conversation: Conversation, facts: Facts, mapping: Mapping
) -> Iterator[Event]:
    """What a conversation tells, but for what has yet to settle; what was sent of it before is in
    `facts`.

    The story is made of everything that is there: a row says how things are now, a note explains
    what was a moment before it.
    """
    for event in _all_events(conversation, facts, mapping):
        # What is observed is so of rows that have settled, though its time may be that of a sync.
        if "/observed/" in event.id or not mapping.window.is_young(event.time_ms * 1000):
            yield event


def _all_events(conversation: Conversation, facts: Facts, mapping: Mapping) -> Iterator[Event]:
    teams = Teams(conversation, mapping.report, of_agent=mapping.team_of_agent)
    yield from _created(conversation, facts, mapping)
    # The story first: it says who wrote a message that has no sender.
    yield from list(Story(conversation, teams, facts, mapping.report).events())
    for message in conversation.messages:
        yield from _message(conversation, message, teams, facts)
        if message.survey:
            yield from _survey(conversation, message, facts, mapping)
    yield from label_events(conversation, teams, facts, mapping.report)


def _created(conversation: Conversation, facts: Facts, mapping: Mapping) -> Iterator[Event]:
    row, named = conversation.row, conversation.directory.named
    language = as_object(row.additional_attributes).get("conversation_language")
    language = language if isinstance(language, str) and language else None
    contact_id = named(row.contact_id)
    data = without_nulls({
        "conversation_id": named(conversation.number),
        "channel_id": named(row.inbox_id),
        "contact_id": contact_id,
        "url": f"{mapping.url}/conversations/{conversation.number}",
        "language": language,
    })  # fmt: skip
    created = Event(
        conversation.base, "conversation.created", row.created_at // 1000, data,
        sequence(10, conversation.number), note=f"{contact_id}\n{language or ''}",
    )  # fmt: skip
    yield created
    sent = facts.get(created.id)
    if sent is None:
        return
    before, _, sent_language = sent.note.partition("\n")
    merged = facts.get(f"{created.id}/{MERGED}")
    before = before if merged is None else merged.note
    newest = max(
        (fact for name, fact in facts.items() if name.startswith(f"{created.id}/language/")),
        default=None,
    )
    if language is not None and language != (newest.note if newest else sent_language):
        update = {"conversation_id": data["conversation_id"], "language": language}
        yield Event(
            f"{created.id}/language/{data_digest(update)}", "conversation.updated",
            (row.updated_at or row.created_at) // 1000, update,
            sequence(60, conversation.number), note=language,
        )  # fmt: skip
    if before and before != contact_id:
        mapping.report.merged += 1
        facts[f"{created.id}/{MERGED}"] = Fact(0, "", contact_id)
        old = before.removeprefix(conversation.directory.prefix)
        if old.isdigit():
            mapping.merges[int(old)] = row.contact_id


def _message(
    conversation: Conversation, message: Message, teams: Teams, facts: Facts
) -> Iterator[Event]:
    named = conversation.directory.named
    base = f"message/{message.id}"
    ids = {"message_id": named(message.id), "conversation_id": named(conversation.number)}
    has_team = message.type in ("agent", "virtual_agent")
    team = teams.at(message.time_us, message.id, message.agent) if has_team else None
    data = without_nulls({
        **ids,
        "direction": "inbound" if message.inbound else "outbound",
        "outbound_type": message.type,
        "agent_id": None if message.agent is None else named(message.agent),
        "team_id": team,
        "message_type": message.word,
        "origin": conversation.inbox.channel_type or None,
        "content": message.content,
    })  # fmt: skip
    yield Event(
        base, "message.created", message.time_us // 1000, data, sequence(50, message.id),
        note=text_note(message.content),
    )  # fmt: skip
    if message.deleted:
        yield Event(
            f"{base}/deleted", "message.deleted", message.updated_us // 1000, ids,
            sequence(50, message.id),
        )  # fmt: skip
    elif base in facts:
        yield from _edited(message, ids, facts)


def _edited(message: Message, ids: dict[str, str], facts: Facts) -> Iterator[Event]:
    """A text that differs from what was sent; one that was not sent then is not sent now."""
    base, note = f"message/{message.id}", text_note(message.content)
    versions = [(facts[base].time_ms, 0, base)] + [
        (fact.time_ms, 1, name)
        for name, fact in facts.items()
        if name.startswith(f"{base}/content/")
    ]
    newest = max(versions)[2]
    sent = facts[newest].note
    if not note or not sent or note == sent:
        return
    data = {**ids, "content": message.content}
    time_ms = message.updated_us // 1000
    event_id = f"{base}/content/{data_digest(data)}"
    yield Event(
        event_id if event_id not in facts else f"{event_id}/{time_ms}", "message.updated", time_ms,
        data, sequence(50, message.id), note=note,
    )  # fmt: skip


def _survey(
    conversation: Conversation, message: Message, facts: Facts, mapping: Mapping
) -> Iterator[Event]:
    named = conversation.directory.named
    base, order = f"csat/{message.id}", sequence(80, message.id)
    ids = {"survey_id": named(message.id), "conversation_id": named(conversation.number)}
    yield Event(f"{base}/sent", "csat.sent", message.time_us // 1000, ids, order)
    answer = next((row for row in conversation.answers if row.message_id == message.id), None)
    if answer is not None:
        yield from _answered(answer, ids, base, facts, mapping)
        return
    if message.id in conversation.answered or any(one.startswith(f"{base}/answered/")
                                                  for one in facts):  # fmt: skip
        return
    expires_us = message.time_us + _SURVEY_US
    if expires_us <= mapping.window.horizon_us:
        yield Event(f"{base}/expired", "csat.expired", expires_us // 1000, ids, order)


def _answered(
    answer: Row, ids: dict[str, str], base: str, facts: Facts, mapping: Mapping
) -> Iterator[Event]:
    name = f"csat_survey_response/{answer.id}"
    if answer.created_at is None or answer.updated_at is None:
        mapping.report.leave_out(name, Text("its time is no date between the years 1 and 9999"))
        return
    if mapping.window.is_young(answer.created_at):
        return
    if answer.rating not in range(1, 6):
        mapping.report.unknown_value("csat_survey_responses.rating", answer.rating, name)
        mapping.report.leave_out(name, Text("its rating is none of 1 to 5"))
        return
    data = without_nulls({
        **ids, "score": answer.rating, "follow_up_response": answer.feedback_message or None,
    })  # fmt: skip
    first = not any(one.startswith(f"{base}/answered/") for one in facts)
    digest_id = f"{base}/answered/{data_digest(data)}"
    instant_us = answer.created_at if first else answer.updated_at
    yield Event(digest_id, "csat.answered", instant_us // 1000, data, sequence(80, answer.id))
