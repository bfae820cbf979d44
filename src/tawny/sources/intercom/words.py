"""Words of Intercom's API and what they mean here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA: Mapping[str, str] = {
    "conversation": "messenger", "email": "email", "facebook": "facebook",
    "instagram": "instagram", "whatsapp": "whatsapp", "sms": "sms", "twitter": "twitter",
    "phone_call": "voice", "phone_switch": "voice", "push": "push",
}  # fmt: skip
"""Media by the `source.type` of a conversation."""
WITHOUT_TEXTS = frozenset({"twitter"})
"""Types of which the API gives a notice instead of what was written."""

STATUSES: Mapping[str, str] = {"open": "new", "snoozed": "pending", "closed": "resolved"}
"""Statuses of the log by the states of a conversation."""

CAMPAIGNS = frozenset({"automated", "campaigns_initiated"})
"""`source.delivered_as` of messages that were sent to many."""
OUTREACH = CAMPAIGNS | {"admin_initiated"}
"""The same of those that answer nobody."""

CONTACTS = frozenset({"user", "lead", "contact", "visitor"})
"""Types of authors who are customers."""

SOURCE = "source"
"""The first message of a conversation, which is no part of it."""
COMMENTS = frozenset({SOURCE, "comment", "quick_reply"})
AUTOMATIC = frozenset({"channel_and_reply_time_expectation", "email_collector", "collect_email"})
"""Texts of workflows that answer nothing."""
RATING_REQUESTS = frozenset({"conversation_rating_request", "rating_request"})
ASSIGNMENTS = frozenset({"assignment", "assign_and_reopen", "assign_and_unsnooze"})
REOPENINGS = frozenset({"open", "assign_and_reopen", "note_and_reopen"})
UNSNOOZINGS = frozenset({"unsnoozed", "assign_and_unsnooze"})
TIMER = "timer_unsnooze"
CLOSE, SNOOZE = "close", "snoozed"
MERGED = frozenset({"conversations_merged", "merged_secondary_conversation"})
MESSAGES = COMMENTS | AUTOMATIC | RATING_REQUESTS | {"assignment", "open", "close",
                                                    "assign_and_reopen"}  # fmt: skip
"""Types of parts that are a message where they have a text."""

TAGS = "conversation_tags_updated"
LANGUAGE = "language_detection_details"
RATED = frozenset({"conversation_rating_changed", "conversation_rating_remark_added"})
NOTES = frozenset({"note", "note_and_reopen"})

TELLING = (
    MESSAGES | ASSIGNMENTS | REOPENINGS | UNSNOOZINGS | MERGED | RATED
    | {TIMER, CLOSE, SNOOZE, TAGS, LANGUAGE}
)  # fmt: skip
"""Types of parts that tell something."""
TOLD_OTHERWISE = frozenset(
    {
        *("default_assignment", "away_mode_assignment", "participant_added"),
        *("participant_removed", "priority_changed", "operator_workflow_event", "call_summary"),
        *("custom_answer_applied", "merged_primary_conversation", "title_changed"),
        *("conversation_title_updated", "ticket_state_updated_by_admin", "message_strategy"),
    }
)
"""Types that are known and tell nothing that is sent, but for who is assigned."""
_SILENT = ("_details", "sla", "attribute", "custom_action", "fin_guidance")
"""Words in the types of further parts that tell nothing."""

_INACTIVE = ("inactiv", "unresponsive", "no_reply", "no reply", "auto_close", "autoclose")
_LATEST_S = 253_402_300_800
"""The year 10000."""


def is_silent(kind: str) -> bool:
    """Whether a part of a type tells nothing.

    >>> is_silent("conversation_attribute_updated_by_admin"), is_silent("teleport")
    (True, False)
    """
    return kind in TOLD_OTHERWISE or any(word in kind for word in _SILENT)


def instant_ms(value: Any) -> int:
    """Seconds since 1970 UTC, as the API has them, in milliseconds. Raises `ValueError`.

    >>> instant_ms(1780912800)
    1780912800000
    """
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("an instant")
    if not 0 <= value < _LATEST_S:
        raise ValueError("an instant")
    return int(value * 1000)


def id_of(value: Any) -> str | None:
    """An id of a record, a number or a text; 0 stands for none. Raises `ValueError`.

    >>> id_of(5), id_of("5ba6"), id_of(0), id_of(None)
    ('5', '5ba6', None, None)
    """
    if value is None or value in ("", 0, "0"):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("an id")
    return str(value)


def needed_id(value: Any) -> str:
    """The same where there has to be one. Raises `ValueError`."""
    found = id_of(value)
    if found is None:
        raise ValueError("an id")
    return found


def listed(holder: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list that stands in an object of its own, such as `tags.tags`."""
    if isinstance(holder, dict):
        holder = holder.get(name)
    return [one for one in holder if isinstance(one, dict)] if isinstance(holder, list) else []


def words_of(details: Any) -> str:
    """All that stands in the details of a part, in small letters, to look for a word in it."""
    if isinstance(details, dict):
        return " ".join(f"{key} {words_of(value)}" for key, value in details.items()).lower()
    if isinstance(details, list):
        return " ".join(words_of(one) for one in details)
    return str(details).lower() if isinstance(details, (str, int)) else ""


def is_inactivity(details: Any) -> bool:
    """Whether nobody's writing was why a rule closed a conversation."""
    text = words_of(details)
    return any(word in text for word in _INACTIVE)


def handover_reason(details: Any) -> str | None:
    """Why a bot handed over, where the details say so.

    >>> handover_reason({"reason": "Escape word"}), handover_reason({"workflow": {"name": "A"}})
    ('escape_word', None)
    """
    text = words_of(details)
    if "escape" in text:
        return "escape_word"
    return "requested" if "requested" in text else None
