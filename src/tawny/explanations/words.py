"""What explanations say: what an event is, why it is there, why a cell is empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tawny.explanations.gathering import EvidencePart
from tawny.text import N_, Text

Json = dict[str, Any]


class Words(NamedTuple):
    """What is said of a part."""

    says: Text
    counts: bool = True
    """Whether the cell would be another one without these parts; otherwise they are named as looked
    at and not counted."""


_PARTS: Mapping[str, Words] = {
    "row": Words(Text("makes the row")),
    "created": Words(Text("creates the conversation, with its channel and its contact")),
    "saved": Words(Text("the last saving up to the as-of instant")),
    "last_change": Words(Text("the last change")),
    "first_resolve": Words(Text("the first resolve")),
    "counted": Words(Text("counted")),
    "first": Words(Text("the first one in the range")),
    "conversation": Words(Text("counted: the first of this conversation")),
    "contact": Words(Text("counted: the first of this contact")),
    "message": Words(Text("counted: the first of this message")),
    "first_inbound": Words(Text("the contact's first message; the clock starts later")),
    "starts": Words(Text("starts the clock")),
    "ends": Words(Text("stops the clock")),
    "hours": Words(Text("the opening hours when the clock started; closed hours do not count")),
    "open_hours": Words(
        Text("the opening hours when the clock started: it was open all the while"), counts=False
    ),
    "looked_at": Words(Text("looked at: it gives no value"), counts=False),
    "zero_session": Words(
        Text("starts a lock session of no length: it adds nothing"), counts=False
    ),
    "session": Words(Text("starts a lock session that counts")),
    "busy": Words(Text("starts a lock session that counts as busy")),
    "other_session": Words(
        Text("starts a lock session of another kind: not counted"), counts=False
    ),
    "unlocked": Words(Text("ends the session: unlocked by its holder")),
    "stolen": Words(Text("ends the session: locked by somebody else")),
    "locked_elsewhere": Words(Text("ends the session: its holder locked another conversation")),
    "status_ended": Words(Text("ends the session: the status changed")),
    "went_offline": Words(Text("ends the session: its holder went offline")),
    "decided_handle": Words(Text("a reply by the holder in the session: it is handling")),
    "decided_no_response": Words(
        Text("resolved by the holder in the session, without a reply: it is no response")
    ),
    "other_end": Words(Text("ends a session that is not counted"), counts=False),
    "other_decided": Words(Text("decides the kind of a session that is not counted"), counts=False),
    "virtual_holder": Words(
        Text("says that a holder is a virtual agent, whose locks are not counted"), counts=False
    ),
    "applied": Words(Text("applied last, and not taken off since")),
    "carries": Words(Text("carries the value")),
    "last_event": Words(Text("the last event that counts for it")),
    "survey": Words(Text("the survey's first event: it says to which conversation it belongs")),
    "sent": Words(
        Text("looked at: sends the survey; whoever resolved last before it is credited"),
        counts=False,
    ),
    "answered": Words(Text("the answer that counts")),
    "last_answer": Words(Text("the last answer: it gives the score")),
    "credited": Words(Text("the last human resolve before: who made it is credited")),
    "expired": Words(Text("the survey expires")),
    "deleted": Words(Text("deletes the message")),
    "before_deletion": Words(
        Text("changed the text before the deletion: not counted"), counts=False
    ),
    "overtaken": Words(
        Text("dated before the message was created, which carries a text: not counted"),
        counts=False,
    ),
    "medium": Words(Text("says the medium, for which the content policy writes contents or not")),
    "inbound_before": Words(Text("the contact's last message before the handover")),
    "no_wait": Words(Text("why that message opened no wait itself")),
    "in_range": Words(Text("applied in the range"), counts=False),
    "still_applied": Words(Text("counted: applied last, and not taken off since")),
    "not_applied": Words(
        Text("the last change; it is not applied any more: not counted"), counts=False
    ),
    "label_deleted": Words(Text("deletes it, and takes it off everything before")),
    "last_set": Words(Text("the last change of the attribute")),
    "same_instant": Words(Text("in the same millisecond before: it gives the row its number")),
    "is_virtual": Words(Text("says that the agent is virtual")),
    "last_resolve": Words(Text("counted: the last resolve of this conversation in the range")),
    "reply_before": Words(Text("the agent reply before it")),
    "interval": Words(Text("starts an interval that counts")),
    "shows_locks": Words(Text("shows that it is measured: the channel reports locks")),
    "shows_presence": Words(Text("shows that it is measured: presence is reported")),
    "names_channel": Words(Text("names the channel that was asked for")),
}

_EMPTY: Mapping[str, Text] = {
    "row": Text("the event that makes the row carries none"),
    "channel": Text("the channel was never saved, or its last saving carries none"),
    "contact": Text("the contact was never saved, or its last saving carries none"),
    "last_change": Text("there was no change to pending or resolved, or the last one names nobody"),
    "changer": Text("nobody is named there, was ever saved, or was saved with it"),
    "changing_team": Text("no team is named there, or it was never saved"),
    "resolve": Text("it was never resolved, or its first resolve carries none"),
    "resolver": Text("nobody is named there, was ever saved, or was saved with it"),
    "agent": Text("nobody is named there, was ever saved, or was saved with it"),
    "team": Text("no team is named there, or it was never saved"),
    "name": Text("it was never saved, or its last saving carries none"),
    "first_response": Text("no agent reply came after a first message of the contact"),
    "resolution": Text("there was no first resolve with a message of the contact before it"),
    "handle": Text("no channel that was asked for reports locks, so that nothing is measured"),
    "handle_ended": Text(
        "no session of handling ended in the range, or no channel that was asked for reports locks"
    ),
    "available": Text("there is no available time in the range, or it is not measured"),
    "away": Text("nobody's presence is reported, so that nothing is measured"),
    "topics": Text("no topic is applied"),
    "topic_names": Text("no topic is applied, or it was never saved"),
    "tags": Text("no tag is applied"),
    "tag_names": Text("no tag is applied, or it was never saved"),
    "url": Text("no event carries one"),
    "language": Text("no event carries one"),
    "survey": Text("there is no survey, no answer to it, or the answer carries none"),
    "content": Text(
        "the message has no text, is deleted, or is of a medium whose contents are not written"
    ),
    "deletion": Text("the message was not deleted"),
    "inbound": Text("no message of the contact opened the wait or came before the handover"),
    "medium": Text("neither the contact nor the channel was saved with one"),
    "first_inbound": Text("the contact wrote nothing in the range"),
    "changes": Text("the contact was never saved, nor any attribute of it"),
    "end": Text("the interval is still open at the as-of instant"),
}

_SAME = {"no_response": "handle", "cherry_picking": "handle"}


def counts(name: str) -> bool:
    """Whether a cell would be another one without its parts of a name."""
    return _PARTS[name].counts


def part_words(part: EvidencePart) -> Text:
    """Why an event is there."""
    return _PARTS[part.name].says


def why_empty(rule: str) -> Text:
    """Why a cell of a rule is empty."""
    return _EMPTY.get(_SAME.get(rule, rule), Text("nothing in the log gives it a value"))


def event_words(event: Json) -> Text:
    """What happened, in one sentence; ids stand for names."""
    data = event["data"]
    template = _EVENTS[event["type"]]
    if event["type"] == "message.created" and data["direction"] == "inbound":
        template = _INBOUND
    elif event["type"] == "message.created" and data["outbound_type"] == "agent":
        template = _REPLY
    elif not data.get("agent_id"):
        template = _WITHOUT_AGENT.get(event["type"], template)
    values = {name: data.get(name) or "–" for name in re.findall(r"{(\w+)", template)}
    return Text(template, **values)


_INBOUND = N_("the contact writes message {message_id} in conversation {conversation_id}")
_REPLY = N_("{agent_id} replies with message {message_id} in {conversation_id}")

_EVENTS: Mapping[str, str] = {
    "channel.saved": N_("channel {channel_id} is saved as {name!r}, medium {medium}"),
    "team.saved": N_("team {team_id} is saved as {name!r}"),
    "agent.saved": N_("agent {agent_id} is saved as {name!r}"),
    "topic.saved": N_("topic {topic_id} is saved as {name!r}"),
    "tag.saved": N_("tag {tag_id} is saved as {name!r}"),
    "topic.deleted": N_("topic {topic_id} is deleted"),
    "tag.deleted": N_("tag {tag_id} is deleted"),
    "contact.saved": N_("contact {contact_id} is saved"),
    "contact.erased": N_("contact {contact_id} is erased"),
    "contact.attribute_set": N_("attribute {attribute_id} of contact {contact_id} is set"),
    "contact.attribute_cleared": N_("attribute {attribute_id} of contact {contact_id} is cleared"),
    "conversation.created": N_(
        "conversation {conversation_id} is created in channel {channel_id} for {contact_id}"
    ),
    "conversation.updated": N_("conversation {conversation_id} is updated"),
    "conversation.status_changed": N_(
        "{conversation_id} is set to {status} (cause {cause}) by {agent_id}"
    ),
    "conversation.locked": N_("{agent_id} locks {conversation_id}"),
    "conversation.unlocked": N_("{agent_id} unlocks {conversation_id}"),
    "conversation.virtual_agent_assigned": N_("virtual agent {agent_id} takes {conversation_id}"),
    "conversation.handed_over": N_("virtual agent {agent_id} hands {conversation_id} over"),
    "topic.applied": N_("topic {topic_id} is applied to {conversation_id} by {agent_id}"),
    "topic.removed": N_("topic {topic_id} is removed from {conversation_id} by {agent_id}"),
    "tag.applied": N_("tag {tag_id} is applied to message {message_id} by {agent_id}"),
    "tag.removed": N_("tag {tag_id} is removed from message {message_id} by {agent_id}"),
    "csat.sent": N_("survey {survey_id} is sent in {conversation_id}"),
    "csat.answered": N_("survey {survey_id} is answered with {score}"),
    "csat.expired": N_("survey {survey_id} expires"),
    "message.created": N_("message {message_id} ({outbound_type}) is sent in {conversation_id}"),
    "message.updated": N_("message {message_id} is changed"),
    "message.deleted": N_("message {message_id} is deleted"),
    "presence.changed": N_("{agent_id} is {presence}"),
}

_WITHOUT_AGENT: Mapping[str, str] = {
    "conversation.status_changed": N_("{conversation_id} is set to {status} (cause {cause})"),
    "topic.applied": N_("topic {topic_id} is applied to {conversation_id}"),
    "topic.removed": N_("topic {topic_id} is removed from {conversation_id}"),
    "tag.applied": N_("tag {tag_id} is applied to message {message_id}"),
    "tag.removed": N_("tag {tag_id} is removed from message {message_id}"),
}
"""What nobody is named for: a rule of the desk did it, or it was not told."""
