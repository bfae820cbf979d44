"""What belongs to one conversation, taken apart: its messages, the notes of the desk, its signals.

Instants are in microseconds since 1970 UTC until they become events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tawny.sources.chatwoot.desk import Row, as_object
from tawny.sources.chatwoot.directory import Actor, DeskInbox, Directory
from tawny.sources.chatwoot.enumerations import (
    ACTIVITY,
    CONTENT_TYPES,
    CSAT,
    FAILED,
    FILE_TYPES,
    INCOMING,
    MESSAGE_TYPES,
    TEMPLATE,
)
from tawny.sources.chatwoot.sentences import Sentence, Sentences, shape
from tawny.sources.reader import Window
from tawny.sources.report import GapReport
from tawny.text import Text

_BOT_SENDERS = {"AgentBot": "bot", "Captain::Assistant": "captain"}


@dataclass(slots=True)
class Message:
    """A message that is one: no note, nothing private."""

    id: int
    time_us: int
    updated_us: int
    inbound: bool
    type: str | None
    """`outbound_type`; None of an inbound message, and of an outbound one of whom the story has to
    say who wrote it."""
    agent: str | None
    word: str | None
    content: str | None
    survey: bool
    deleted: bool
    young: bool = False
    """What explains it may be yet to come."""


@dataclass(slots=True)
class Note:
    """A sentence of the desk."""

    id: int
    time_us: int
    sentence: Sentence
    actor: Actor


@dataclass(slots=True)
class Signal:
    """A reporting event that tells of a change."""

    id: int
    time_us: int
    name: str


SIGNALS = frozenset(
    {
        *("conversation_resolved", "conversation_opened"),
        *("conversation_bot_handoff", "conversation_bot_resolved"),
    }
)


@dataclass(slots=True)
class Conversation:
    """One conversation with everything that was read of it."""

    row: Row
    inbox: DeskInbox
    blocked: bool
    directory: Directory
    messages: list[Message] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    taggings: Sequence[Row] = ()
    answers: Sequence[Row] = ()
    answered: frozenset[int] = frozenset()
    """Surveys that somebody answered, though the answer may not have been read again."""
    labels: Sequence[str] | None = None
    """Titles of the labels that are there now, where it is not told when they were put there."""
    settled: bool = True
    """Nothing of it is too young to be sent. What is young explains what is older: the rest is
    read with it."""

    @property
    def number(self) -> int:
        """The number people see."""
        return int(self.row.display_id)

    @property
    def id(self) -> str:
        """Its id in the log."""
        return self.directory.named(self.number)

    @property
    def base(self) -> str:
        """How ids of its events begin."""
        return f"conversation/{self.number}"


def add_messages(
    conversation: Conversation,
    rows: Sequence[Row],
    file_types: Mapping[int, int],
    sentences: Sentences,
    window: Window,
    report: GapReport,
) -> None:
    """Sort the rows of messages into messages and notes."""
    first_own = True
    assignee = None if conversation.row.assignee_id is None else str(conversation.row.assignee_id)
    for row in rows:
        name = f"message/{row.id}"
        if row.created_at is None or row.updated_at is None:
            report.leave_out(name, Text("its time is no date between the years 1 and 9999"))
            continue
        if window.is_young(row.created_at):
            conversation.settled = False
        report.future += row.created_at > window.future_us
        if row.message_type == ACTIVITY:
            report.ignored["activity"] += 1
            _add_note(conversation, row, assignee, sentences, report)
        elif row.message_type not in MESSAGE_TYPES:
            report.unknown_value("messages.message_type", row.message_type, name)
            report.leave_out(name, Text("its message_type is unknown"))
        elif row.private:
            report.ignored["private_note"] += 1
        else:
            message = _message(conversation, row, file_types, first_own, report)
            first_own = first_own and message.inbound
            message.young = window.is_young(row.created_at)
            conversation.messages.append(message)
            report.failed_messages += row.status == FAILED


def _add_note(
    conversation: Conversation,
    row: Row,
    assignee: str | None,
    sentences: Sentences,
    report: GapReport,
) -> None:
    directory = conversation.directory
    sentence = sentences.read((row.content or "").strip(), directory.is_known)
    if sentence is None:
        found = shape(row.content or "", directory.all_names())
        report.unknown_value("sentence", found, f"message/{row.id}")
        return
    actor = Actor("nobody")
    if sentence.user and sentence.key not in ("priority", "other", "muted", "unmuted"):
        actor = directory.actor(sentence.user, assignee, report)
        if actor.id is None and sentence.key.startswith("captain."):
            actor = Actor("bot")
    conversation.notes.append(Note(row.id, row.created_at, sentence, actor))


def _message(
    conversation: Conversation,
    row: Row,
    file_types: Mapping[int, int],
    first_own: bool,
    report: GapReport,
) -> Message:
    attributes = as_object(row.content_attributes)
    deleted = attributes.get("deleted") is True
    kind, agent = _sender(conversation, row, attributes, first_own)
    word = CONTENT_TYPES.get(row.content_type)
    if word is None:
        report.unknown_value("messages.content_type", row.content_type, f"message/{row.id}")
    if not row.has_text and row.id in file_types:
        word = FILE_TYPES.get(file_types[row.id])
        if word is None:
            report.unknown_value("attachments.file_type", file_types[row.id], f"message/{row.id}")
    return Message(
        id=row.id,
        time_us=row.created_at,
        updated_us=row.updated_at,
        inbound=row.message_type == INCOMING,
        type=kind,
        agent=agent,
        word=word,
        content=None if deleted else row.content,
        survey=row.content_type == CSAT,
        deleted=deleted,
    )


def _sender(
    conversation: Conversation, row: Row, attributes: Mapping[str, object], first_own: bool
) -> tuple[str | None, str | None]:
    """Type and agent of a message: the first row that fits of the table in the documentation."""
    if row.message_type == INCOMING:
        return None, None
    if row.content_type == CSAT:
        return "csat", None
    if row.message_type == TEMPLATE:
        return "auto_responder", None
    user = str(row.sender_id) if row.sender_type == "User" and row.sender_id else None
    if row.sender_type in _BOT_SENDERS and row.sender_id:
        return "virtual_agent", f"{_BOT_SENDERS[row.sender_type]}-{row.sender_id}"
    if user in conversation.directory.virtual:
        return "virtual_agent", user
    campaign = as_object(row.additional_attributes).get("campaign_id")
    if campaign or (conversation.row.campaign_id and first_own):
        return "proactive", user
    if attributes.get("automation_rule_id"):
        return "auto_responder", None
    if attributes.get("external_echo"):
        return "native", None
    if user is not None:
        return "agent", user
    return None, None


def add_signals(
    conversation: Conversation, rows: Sequence[Row], window: Window, report: GapReport
) -> None:
    """Keep the reporting events that tell of changes."""
    for row in rows:
        if row.name not in SIGNALS:
            report.ignored["reporting_event"] += 1
            continue
        instant = row.event_end_time if row.event_end_time is not None else row.created_at
        if instant is None:
            report.leave_out(
                f"reporting_event/{row.id}",
                Text("its time is no date between the years 1 and 9999"),
            )
        else:
            if window.is_young(instant):
                conversation.settled = False
            report.future += instant > window.future_us
            conversation.signals.append(Signal(row.id, instant, row.name))
