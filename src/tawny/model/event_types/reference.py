"""Events that announce, change and delete what others name: channels, teams, agents, topics and
tags."""

from __future__ import annotations

from typing import Literal

from tawny.model.business_hours import BusinessHours
from tawny.model.event_data import EventData, Id, check_medium


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
        check_medium(self.medium)


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


TYPES: tuple[type[EventData], ...] = (
    ChannelSaved,
    TeamSaved,
    AgentSaved,
    TopicSaved,
    TopicDeleted,
    TagSaved,
    TagDeleted,
)
