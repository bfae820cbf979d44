"""Columns that no desk, or hardly one, has a record for, in the words of the exports."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.text import Text

Unmeasured = tuple[Sequence[str], Text]
"""Columns, or whole exports, by their keys, and why they are empty or hold less."""

_LOCK_TIMES = ("handle_time", "no_response_time", "cherry_picking_time")

LOCKS = (
    *(f"resolved-conversations.{key}" for key in _LOCK_TIMES),
    *(f"open-conversations.{key}" for key in _LOCK_TIMES),
    *(f"teams.{key}" for key in (*_LOCK_TIMES, "average_handle_time")),
    *(f"users.{key}" for key in (*_LOCK_TIMES, "average_handle_time", "utilization")),
)
"""What is measured by who had a conversation open."""

PRESENCE = ("users.available_time", "users.away_time", "user-presence")

TAGS = (
    *("tags", "messages.tag_ids", "messages.tag_names", "users.tags_added"),
    *("virtual-agents.tagged_messages", "virtual-agents.tags_applied"),
)
"""What hangs on tags of messages; numbers among them are always 0."""

LANGUAGE = ("resolved-conversations.language", "open-conversations.language")

REFERENCES: Unmeasured = (
    (
        "users.user_reference",
        "messages.agent_reference",
        "resolved-conversations.resolved_agent_reference",
        "resolved-conversations.last_status_change_agent_reference",
        "open-conversations.resolved_agent_reference",
        "open-conversations.last_status_change_agent_reference",
        "response-times.response_agent_reference",
    ),
    Text("people have no reference there, such as a staff number"),
)

UNSAID: Sequence[Unmeasured] = (
    (("messages.post_url",), Text("messages have no address of their own there")),
    (("resolved-conversations.resolve_comment",), Text("nobody comments on a resolve there")),
    (
        ("resolved-conversations.csat_follow_up_question",),
        Text("an answer does not say which question it was given to"),
    ),
)
"""What none of the desks tells."""
