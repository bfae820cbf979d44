"""Objects of Chatwoot's API as rows with the names of its database's columns.

Words become the numbers that the database holds. Times are whole seconds mostly, as numbers or as
texts; instants are microseconds since 1970 UTC. Raises `ValueError`, `TypeError`, `KeyError` or
`AttributeError` for an object that is none of its kind.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from tawny.sources.chatwoot.enumerations import (
    ACTIVITY,
    CONTENT_TYPES,
    FILE_TYPES,
    MESSAGE_TYPES,
    STATUSES,
)

Json = Mapping[str, Any]

_LATEST_US = 253_402_300_800_000_000
_MESSAGE_STATUSES = {0: "sent", 1: "delivered", 2: "read", 3: "failed"}
_SENDERS = {
    "user": "User",
    "contact": "Contact",
    "agent_bot": "AgentBot",
    "captain_assistant": "Captain::Assistant",
}


def instant_us(value: Any) -> int | None:
    """Microseconds since 1970 UTC of seconds or an ISO 8601 text; None of nothing, and of what is
    no date of the years 1 to 9999.

    >>> instant_us(1_780_000_000.25), instant_us("2026-06-08T08:00:00Z"), instant_us(None)
    (1780000000250000, 1780905600000000, None)
    """
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) <= 12:
            return int(value) * 1_000_000
        try:
            parsed = datetime.datetime.fromisoformat(value.replace(" UTC", "Z"))
        except ValueError:
            return None
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        return (aware - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    found = round(value * 1_000_000) if abs(value) < _LATEST_US else None
    return found if found is not None and abs(found) < _LATEST_US else None


def number(value: Any) -> int:
    """The id of a record. Raises `ValueError`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("an id")
    return value


def _numbered(words: Mapping[int, str], value: Any) -> Any:
    """The number of a word; what is no known word stays."""
    if isinstance(value, str):
        return next((one for one, word in words.items() if word == value), value)
    return value


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _id_in(value: Any) -> int | None:
    found = _object(value).get("id")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def conversation_row(found: Json) -> SimpleNamespace:
    """A conversation, known by the number that people see."""
    meta = _object(found.get("meta"))
    display_id = number(found["id"])
    created_us = instant_us(found.get("created_at"))
    activity_us = instant_us(found.get("last_activity_at") or found.get("timestamp"))
    return SimpleNamespace(
        id=display_id,
        display_id=display_id,
        inbox_id=found["inbox_id"],
        status=_numbered(STATUSES, found.get("status")),
        assignee_id=_id_in(meta.get("assignee")),
        assignee_name=_object(meta.get("assignee")).get("name"),
        contact_id=_id_in(meta.get("sender")),
        team_id=_id_in(meta.get("team")),
        campaign_id=found.get("campaign_id"),
        additional_attributes=found.get("additional_attributes"),
        created_at=created_us,
        updated_at=instant_us(found.get("updated_at")) or activity_us or created_us,
        activity_us=activity_us or created_us,
        labels=[one for one in found.get("labels") or () if isinstance(one, str) and one],
        blocked=_object(meta.get("sender")).get("blocked") is True,
    )


def message_row(found: Json, conversation: SimpleNamespace, *, content: bool) -> SimpleNamespace:
    """A message. Where no time of its update is told it is that of the conversation's. Without
    content only the sentences of the desk itself are taken."""
    created_us = instant_us(found.get("created_at"))
    updated_us = instant_us(found.get("updated_at"))
    if updated_us is None and created_us is not None:
        updated_us = max(created_us, conversation.updated_at or created_us)
    kind = _numbered(MESSAGE_TYPES, found["message_type"])
    text = found.get("content")
    sender = _object(found.get("sender"))
    sender_type = found.get("sender_type") or _SENDERS.get(str(sender.get("type")))
    return SimpleNamespace(
        id=number(found["id"]),
        conversation_id=conversation.id,
        message_type=kind,
        created_at=created_us,
        updated_at=updated_us,
        private=found.get("private") is True,
        status=_numbered(_MESSAGE_STATUSES, found.get("status")),
        content_type=_numbered(CONTENT_TYPES, found.get("content_type")),
        content_attributes=found.get("content_attributes"),
        additional_attributes=found.get("additional_attributes"),
        sender_type=sender_type,
        sender_id=found.get("sender_id") or _id_in(sender),
        sender_name=sender.get("name"),
        content=text if content or kind == ACTIVITY else None,
        has_text=bool(text),
    )


def file_type(found: Json) -> int | None:
    """What the first attachment of a message is."""
    attachments = found.get("attachments")
    if not isinstance(attachments, list) or not attachments:
        return None
    value = _numbered(FILE_TYPES, _object(attachments[0]).get("file_type"))
    return value if isinstance(value, int) else None


def signal_row(found: Json) -> SimpleNamespace:
    """A reporting event."""
    return SimpleNamespace(
        id=number(found["id"]),
        name=found.get("name"),
        created_at=instant_us(found.get("created_at")),
        event_end_time=instant_us(found.get("event_end_time")),
    )


def answer_row(found: Json) -> SimpleNamespace:
    """An answer to a survey."""
    created_us = instant_us(found.get("created_at"))
    return SimpleNamespace(
        id=number(found["id"]),
        conversation_id=number(found["conversation_id"]),
        message_id=number(found["message_id"]),
        rating=found.get("rating"),
        feedback_message=found.get("feedback_message"),
        assigned_agent_id=_id_in(found.get("assigned_agent")),
        created_at=created_us,
        updated_at=instant_us(found.get("updated_at")) or created_us,
    )


def contact_row(found: Json) -> SimpleNamespace:
    """A contact, last updated when it was last heard of: no time of its update is told."""
    created_us = instant_us(found.get("created_at"))
    return SimpleNamespace(
        id=number(found["id"]),
        name=found.get("name"),
        last_name=found.get("last_name"),
        email=found.get("email"),
        phone_number=found.get("phone_number"),
        identifier=found.get("identifier"),
        blocked=found.get("blocked") is True,
        created_at=created_us,
        updated_at=instant_us(found.get("last_activity_at")) or created_us,
        additional_attributes=found.get("additional_attributes"),
        custom_attributes=found.get("custom_attributes"),
        inboxes=[
            SimpleNamespace(
                contact_id=number(found["id"]),
                inbox_id=_id_in(_object(one).get("inbox")),
                source_id=_object(one).get("source_id"),
            )
            for one in found.get("contact_inboxes") or ()
        ],
    )
