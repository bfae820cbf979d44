"""Words of Zendesk's API and what they mean here."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tawny.toml_file import read_toml

MEDIA: Mapping[str, str] = {
    "email": "email", "web": "web", "mobile": "web", "mobile_sdk": "web", "api": "api",
    "chat": "chat", "native_messaging": "messaging", "messaging": "messaging",
    "whatsapp": "whatsapp", "twitter": "twitter", "facebook": "facebook",
    "instagram_dm": "instagram", "instagram": "instagram", "line": "line", "sms": "sms",
    "voice": "voice", "phone": "voice",
}  # fmt: skip
"""Media by a ticket's `via.channel`."""
SAMPLE = "sample_ticket"
"""The channel of the tickets that every new account has."""

STATUSES: Mapping[str, str] = {
    "new": "new", "open": "new", "pending": "pending", "hold": "pending",
    "solved": "resolved", "closed": "resolved", "deleted": "resolved",
}  # fmt: skip
"""Statuses of the log by those of a ticket."""
PUT_ASIDE = frozenset({"pending", "hold"})

MERGE_TAG = "closed_by_merge"
SYSTEM_IDS = frozenset({-1, 0})
CHAT_WORDS = frozenset({"chat", "native messaging", "messaging"})

MESSAGES = "Comment"
FIELD_CHANGES = frozenset({"Create", "Change"})
RATING = "SatisfactionRating"
PRIVACY = "CommentPrivacyChange"
REDACTION = "CommentRedaction"
"""How the types of its children begin."""

TOLD_OTHERWISE = frozenset(
    {
        *("Notification", "NotificationWithCcs", "Cc", "FollowerChange", "EmailCcChange"),
        *("FollowerNotification", "OrganizationSubscriptionNotification", "Push", "External"),
        *("VoiceComment", "VoiceApiComment", "Tweet", "FacebookEvent", "FacebookComment"),
        *("ChannelBackEvent", "ChannelBackFailedEvent", "AnyChannel", "ChatStarted"),
        *("ChatStartedEvent", "ChatEnded", "ChatEndedEvent", "TicketSharingEvent", "Error"),
        *("AttachmentRedactionEvent", "KnowledgeLinked", "KnowledgeLinkAccepted"),
        *("KnowledgeLinkRejected", "SmsNotification", "TranslatableError", "LogMeInTranscript"),
        *("UserCustomFieldEvent", "AgentMacroReference", "AssociateAttValsEvent"),
        *("ScheduleAssignment", "TicketMetricEvent", "MessagingCsatEvent", "CollabThreadEvent"),
    }
)
"""Types of children that are known and tell nothing that is sent."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def instant_ms(value: Any) -> int:
    """An instant of the API, ISO text or seconds since 1970 UTC, in milliseconds. Raises
    `ValueError`.

    >>> instant_ms("2026-06-08T10:00:00Z"), instant_ms(1780912800)
    (1780912800000, 1780912800000)
    """
    if isinstance(value, bool):
        raise ValueError("an instant")
    if isinstance(value, (int, float)):
        return ((_EPOCH + datetime.timedelta(seconds=value)) - _EPOCH) // _MILLISECOND
    if not isinstance(value, str):
        raise ValueError("an instant")
    found = datetime.datetime.fromisoformat(value)
    aware = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    return (aware - _EPOCH) // _MILLISECOND


def id_of(value: Any) -> int | None:
    """A number of a record, also where it stands as text. Raises `ValueError`."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("a number")
    return int(value)


def number_of(value: Any) -> int:
    """The same where there has to be one. Raises `ValueError`."""
    found = id_of(value)
    if found is None:
        raise ValueError("a number")
    return found


def channel_word(via: Any) -> str:
    """How something came: `via` is a text, or an object with a channel.

    >>> channel_word("Web form"), channel_word({"channel": "native_messaging"})
    ('web form', 'native messaging')
    """
    word = via.get("channel") if isinstance(via, dict) else via
    return str(word).lower().replace("_", " ") if isinstance(word, (str, int)) else ""


def relation(via: Any) -> str:
    """The `rel` of where something came from; empty for none."""
    source = via.get("source") if isinstance(via, dict) else None
    found = source.get("rel") if isinstance(source, dict) else None
    return found if isinstance(found, str) else ""


def tag_list(value: Any) -> list[str]:
    """Tags, which stand as a list or as a text with blanks between them.

    >>> tag_list("a b"), tag_list(["a"]), tag_list(None)
    (['a', 'b'], ['a'], [])
    """
    if isinstance(value, str):
        value = value.split()
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("tags")
    return list(dict.fromkeys(str(one) for one in value if str(one)))


@cache
def zone_names() -> Mapping[str, str]:
    """IANA names of time zones by what Zendesk calls them."""
    return read_toml(Path(__file__).with_name("zones.toml"))
