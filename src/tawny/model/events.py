"""The event contract: every type of event, its fields and the rules they keep.

One `msgspec.Struct` per type holds the fields of `data`; the envelope around it is the same for
all (CloudEvents 1.0). These classes are the only place the contract is written in code: the
validator, the log's columns, the JSON Schemas and the page of the documentation read them.

Times stay texts here; `tawny.model.validation` turns a whole block of them into instants at once.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Annotated, ClassVar, Literal, cast

import msgspec
from msgspec import Meta, Struct

from tawny.model import zones
from tawny.text import Text

Id = Annotated[str, Meta(min_length=1, max_length=256, description="id")]
"""An opaque text of 1 to 256 characters, any but NUL."""

Score = Annotated[int, Meta(ge=1, le=5)]


class RuleError(ValueError):
    """A rule between fields is broken. `field` is the path below `data`."""

    def __init__(self, field: str, found: object, allowed: Text) -> None:
        super().__init__(f"{field}: found {found!r}; allowed {allowed}")
        self.field = field
        self.found = found
        self.allowed = allowed


class EventData(Struct, gc=False):
    """Base of the fields of one event type."""

    event_type: ClassVar[str]
    family: ClassVar[str]


# --- reference data -----------------------------------------------------------------------------

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WINDOW_RULE = Text(
    '["HH:MM", "HH:MM"] with the start before the end, "24:00" allowed as an end, '
    'such as ["09:00", "17:30"]'
)


def _check_windows(day: str, windows: list[tuple[str, str]] | None) -> None:
    for index, (start, end) in enumerate(windows or ()):
        legal = _CLOCK.fullmatch(start) and (_CLOCK.fullmatch(end) or end == "24:00")
        if not legal or start >= end:
            raise RuleError(f"business_hours.weekly.{day}[{index}]", [start, end], _WINDOW_RULE)


Windows = list[tuple[str, str]] | None


class Weekly(Struct, gc=False):
    """Opening windows of each day of the week, local time; a missing day is closed."""

    mon: Windows = None
    tue: Windows = None
    wed: Windows = None
    thu: Windows = None
    fri: Windows = None
    sat: Windows = None
    sun: Windows = None

    def days(self) -> list[Windows]:
        """Monday to Sunday."""
        return [self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun]


class BusinessHours(Struct, gc=False):
    """When a channel is open. Overlapping windows count once; a holiday closes the windows that
    start on that local date."""

    time_zone: str
    weekly: Weekly
    holidays: list[str] | None = None

    def __post_init__(self) -> None:
        try:
            zones.zone(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise RuleError(
                "business_hours.time_zone",
                self.time_zone,
                Text("an IANA time zone such as Europe/Paris"),
            ) from None
        for day in self.weekly.__struct_fields__:
            _check_windows(day, getattr(self.weekly, day))
        for index, holiday in enumerate(self.holidays or ()):
            try:
                if _DATE.fullmatch(holiday) is None:
                    raise ValueError
                datetime.date.fromisoformat(holiday)
            except ValueError:
                raise RuleError(
                    f"business_hours.holidays[{index}]", holiday, Text("a date YYYY-MM-DD")
                ) from None


def _check_medium(medium: str) -> None:
    if medium != medium.lower():
        raise RuleError(
            "medium", medium, Text("a lower-case id such as twitter, whatsapp or email")
        )


class ChannelSaved(EventData, gc=False):
    """A channel is announced or changed. The last one wins, as a whole."""

    event_type = "channel.saved"
    family = "reference"
    channel_id: Id
    medium: Id
    name: str
    display_name: str | None = None
    business_hours: BusinessHours | None = None

    def __post_init__(self) -> None:
        _check_medium(self.medium)


class TeamSaved(EventData, gc=False):
    """A team is announced or renamed."""

    event_type = "team.saved"
    family = "reference"
    team_id: Id
    name: str


class AgentSaved(EventData, gc=False):
    """An agent, human or virtual, is announced or changed. A missing `kind` keeps the last one
    given (at first `human`)."""

    event_type = "agent.saved"
    family = "reference"
    agent_id: Id
    name: str
    email: str | None = None
    reference: str | None = None
    kind: Literal["human", "virtual"] | None = None


class TopicSaved(EventData, gc=False):
    """A topic is announced, renamed, or brought back after a deletion."""

    event_type = "topic.saved"
    family = "reference"
    topic_id: Id
    name: str


class TopicDeleted(EventData, gc=False):
    """A topic is deleted: it is applied to no conversation any more and keeps its last name."""

    event_type = "topic.deleted"
    family = "reference"
    topic_id: Id


class TagSaved(EventData, gc=False):
    """A tag is announced, renamed, or brought back after a deletion."""

    event_type = "tag.saved"
    family = "reference"
    tag_id: Id
    name: str


class TagDeleted(EventData, gc=False):
    """A tag is deleted: it is applied to no message any more and keeps its last name."""

    event_type = "tag.deleted"
    family = "reference"
    tag_id: Id


# --- contacts -----------------------------------------------------------------------------------


class ContactSaved(EventData, gc=False):
    """A contact is announced or changed. The last one wins, as a whole."""

    event_type = "contact.saved"
    family = "contact"
    contact_id: Id
    medium: Id
    primary_identifier: str
    secondary_identifier: str | None = None

    def __post_init__(self) -> None:
        _check_medium(self.medium)


class ContactAttributeSet(EventData, gc=False):
    """An attribute of a contact gets a value."""

    event_type = "contact.attribute_set"
    family = "contact"
    contact_id: Id
    attribute_id: Id
    name: str
    value: str
    attribute_type: Literal["default", "custom", "medium", "crm"]
    set_by: Literal["agent", "bot", "crm", "medium"]


class ContactAttributeCleared(EventData, gc=False):
    """An attribute of a contact loses its value."""

    event_type = "contact.attribute_cleared"
    family = "contact"
    contact_id: Id
    attribute_id: Id


class ContactErased(EventData, gc=False):
    """The person's data must go: no row of any export is about this contact from now on, and
    what arrives for it later is erased too."""

    event_type = "contact.erased"
    family = "contact"
    contact_id: Id


# --- conversations ------------------------------------------------------------------------------


class ConversationCreated(EventData, gc=False):
    """A conversation begins; its status is `new`. The first one by order counts, later ones for
    the same conversation are ignored."""

    event_type = "conversation.created"
    family = "conversation"
    conversation_id: Id
    channel_id: Id
    contact_id: Id
    url: str | None = None
    language: str | None = None


class ConversationUpdated(EventData, gc=False):
    """URL or language of a conversation change; a missing field stays as it was."""

    event_type = "conversation.updated"
    family = "conversation"
    conversation_id: Id
    url: str | None = None
    language: str | None = None


CAUSES: dict[str, tuple[str, ...]] = {
    "new": ("inbound_message", "handover", "boomerang", "set_to_new"),
    "pending": ("agent",),
    "resolved": ("agent", "bulk", "virtual_agent", "automation", "auto_resolve", "csat"),
}
"""The causes a change to each status may have."""


class ConversationStatusChanged(EventData, gc=False):
    """The status of a conversation is set, also to the one it already has."""

    event_type = "conversation.status_changed"
    family = "status"
    conversation_id: Id
    status: Literal["new", "pending", "resolved"]
    cause: Literal[
        "inbound_message", "handover", "boomerang", "set_to_new",
        "agent", "bulk", "virtual_agent", "automation", "auto_resolve", "csat",
    ]  # fmt: skip
    agent_id: Id | None = None
    team_id: Id | None = None
    reason: str | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.cause not in CAUSES[self.status]:
            allowed = Text("for status {status}: {causes}",
                           status=self.status, causes=", ".join(CAUSES[self.status]))  # fmt: skip
            raise RuleError("cause", self.cause, allowed)


class ConversationLocked(EventData, gc=False):
    """An agent takes a conversation to work on it."""

    event_type = "conversation.locked"
    family = "lock"
    conversation_id: Id
    agent_id: Id
    team_id: Id | None = None


class ConversationUnlocked(EventData, gc=False):
    """An agent lets a conversation go."""

    event_type = "conversation.unlocked"
    family = "lock"
    conversation_id: Id
    agent_id: Id


class ConversationVirtualAgentAssigned(EventData, gc=False):
    """A virtual agent takes the conversation."""

    event_type = "conversation.virtual_agent_assigned"
    family = "status"
    conversation_id: Id
    agent_id: Id


class ConversationHandedOver(EventData, gc=False):
    """A virtual agent hands the conversation to the human agents."""

    event_type = "conversation.handed_over"
    family = "status"
    conversation_id: Id
    agent_id: Id
    reason: (
        Literal[
            "requested", "escape_word", "va_timeout", "contact_timeout", "error", "taken_by_agent"
        ]
        | None
    ) = None


class TopicApplied(EventData, gc=False):
    """A topic is put on a conversation."""

    event_type = "topic.applied"
    family = "label"
    conversation_id: Id
    topic_id: Id
    agent_id: Id | None = None
    team_id: Id | None = None


class TopicRemoved(EventData, gc=False):
    """A topic is taken off a conversation."""

    event_type = "topic.removed"
    family = "label"
    conversation_id: Id
    topic_id: Id
    agent_id: Id | None = None
    team_id: Id | None = None


class CsatSent(EventData, gc=False):
    """A satisfaction survey goes out; the first one of a survey counts."""

    event_type = "csat.sent"
    family = "survey"
    survey_id: Id
    conversation_id: Id


class CsatAnswered(EventData, gc=False):
    """A survey is answered. May come again for the same survey: the last one gives the score,
    the first one the date."""

    event_type = "csat.answered"
    family = "survey"
    survey_id: Id
    conversation_id: Id
    score: Score
    follow_up_question: str | None = None
    follow_up_response: str | None = None


class CsatExpired(EventData, gc=False):
    """A survey can no longer be answered."""

    event_type = "csat.expired"
    family = "survey"
    survey_id: Id
    conversation_id: Id


# --- messages -----------------------------------------------------------------------------------

OUTBOUND_TYPES = ("agent", "virtual_agent", "auto_responder", "proactive", "csat", "native")


class MessageCreated(EventData, gc=False):
    """A message is received (`inbound`) or sent (`outbound`). The first one by order counts,
    later ones for the same message are ignored."""

    event_type = "message.created"
    family = "message"
    message_id: Id
    conversation_id: Id
    direction: Literal["inbound", "outbound"]
    outbound_type: (
        Literal["agent", "virtual_agent", "auto_responder", "proactive", "csat", "native"] | None
    ) = None
    agent_id: Id | None = None
    team_id: Id | None = None
    message_type: str | None = None
    origin: str | None = None
    content: str | None = None
    post_url: str | None = None

    def __post_init__(self) -> None:
        if (self.direction == "outbound") is (self.outbound_type is None):
            if self.outbound_type is None:
                allowed = Text("for direction outbound: {types}", types=", ".join(OUTBOUND_TYPES))
            else:
                allowed = Text("for direction inbound: absent or null")
            raise RuleError("outbound_type", self.outbound_type, allowed)


class MessageUpdated(EventData, gc=False):
    """The content of a message changes; a missing content stays as it was."""

    event_type = "message.updated"
    family = "message_change"
    message_id: Id
    conversation_id: Id
    content: str | None = None


class MessageDeleted(EventData, gc=False):
    """A message is deleted; its content is gone for good."""

    event_type = "message.deleted"
    family = "message_change"
    message_id: Id
    conversation_id: Id


class TagApplied(EventData, gc=False):
    """A tag is put on a message."""

    event_type = "tag.applied"
    family = "label"
    message_id: Id
    conversation_id: Id
    tag_id: Id
    agent_id: Id | None = None
    team_id: Id | None = None


class TagRemoved(EventData, gc=False):
    """A tag is taken off a message."""

    event_type = "tag.removed"
    family = "label"
    message_id: Id
    conversation_id: Id
    tag_id: Id
    agent_id: Id | None = None
    team_id: Id | None = None


# --- presence -----------------------------------------------------------------------------------


class PresenceChanged(EventData, gc=False):
    """An agent becomes available, away (with the name of an away state) or offline."""

    event_type = "presence.changed"
    family = "presence"
    agent_id: Id
    presence: Literal["available", "away", "offline"]
    away_state: str | None = None


DATA_TYPES: tuple[type[EventData], ...] = (
    ChannelSaved, TeamSaved, AgentSaved, TopicSaved, TopicDeleted, TagSaved, TagDeleted,
    ContactSaved, ContactAttributeSet, ContactAttributeCleared, ContactErased,
    ConversationCreated, ConversationUpdated, ConversationStatusChanged, ConversationLocked,
    ConversationUnlocked, ConversationVirtualAgentAssigned, ConversationHandedOver,
    TopicApplied, TopicRemoved, CsatSent, CsatAnswered, CsatExpired,
    MessageCreated, MessageUpdated, MessageDeleted, TagApplied, TagRemoved, PresenceChanged,
)  # fmt: skip
"""Every event type, in the order of the documentation."""

EVENT_TYPES: dict[str, type[EventData]] = {data.event_type: data for data in DATA_TYPES}

FAMILIES: dict[str, list[type[EventData]]] = {}
"""Event types that are stored and read together."""
for _data in DATA_TYPES:
    FAMILIES.setdefault(_data.family, []).append(_data)


CONVERSATION_FAMILIES = tuple(
    family
    for family, types in FAMILIES.items()
    if all("conversation_id" in data.__struct_fields__ for data in types)
)
"""The families whose events name a conversation."""


class Envelope(Struct, gc=False, kw_only=True, tag_field="type"):
    """What every event carries beside its data (CloudEvents 1.0)."""

    specversion: Literal["1.0"]
    source: Annotated[str, Meta(min_length=1, max_length=256)]
    id: Annotated[str, Meta(min_length=1, max_length=256)]
    time: str
    sequence: str | None = None
    data: EventData


def _event_class(data: type[EventData]) -> type[Envelope]:
    event_class = msgspec.defstruct(
        data.__name__ + "Event",
        [("data", data)],
        bases=(Envelope,),
        tag=data.event_type,
        tag_field="type",
        kw_only=True,
        gc=False,
        namespace={"__doc__": data.__doc__},
    )
    return cast(type[Envelope], event_class)


EVENT_CLASSES: dict[str, type[Envelope]] = {
    name: _event_class(data) for name, data in EVENT_TYPES.items()
}
"""The whole event of each type: envelope and data."""
