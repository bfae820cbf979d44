"""Events of a conversation: its beginning, its status, who works on it, its topics."""

from __future__ import annotations

from typing import Literal

from tawny.model.event_data import Broken, EventData, Id, RuleError
from tawny.text import Text


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
    "new": ("inbound_message", "handover", "boomerang", "set_to_new", "automation", "unknown"),
    "pending": ("agent", "automation", "unknown"),
    "resolved": ("agent", "bulk", "virtual_agent", "automation", "auto_resolve", "csat", "unknown"),
}
"""The causes a change to each status may have; `unknown` is one that nobody recorded."""


class ConversationStatusChanged(EventData, gc=False):
    """The status of a conversation is set, also to the one it already has."""

    event_type = "conversation.status_changed"
    family = "status"
    conversation_id: Id
    status: Literal["new", "pending", "resolved"]
    cause: Literal[
        "inbound_message", "handover", "boomerang", "set_to_new",
        "agent", "bulk", "virtual_agent", "automation", "auto_resolve", "csat", "unknown",
    ]  # fmt: skip
    agent_id: Id | None = None
    team_id: Id | None = None
    reason: str | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.cause not in CAUSES[self.status]:
            allowed = Text("for status {status}: {causes}",
                           status=self.status, causes=", ".join(CAUSES[self.status]))  # fmt: skip
            raise RuleError(Broken("cause", self.cause, allowed))


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


TYPES: tuple[type[EventData], ...] = (
    ConversationCreated,
    ConversationUpdated,
    ConversationStatusChanged,
    ConversationLocked,
    ConversationUnlocked,
    ConversationVirtualAgentAssigned,
    ConversationHandedOver,
    TopicApplied,
    TopicRemoved,
)
