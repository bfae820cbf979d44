"""Events of a message and its tags."""

from __future__ import annotations

from typing import Literal

from tawny.model.event_data import Broken, EventData, Id, RuleError
from tawny.text import Text

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
            raise RuleError(Broken("outbound_type", self.outbound_type, allowed))


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


TYPES: tuple[type[EventData], ...] = (
    MessageCreated,
    MessageUpdated,
    MessageDeleted,
    TagApplied,
    TagRemoved,
)
