"""What stays empty because a mapping tells no event of a type, in the words of the exports."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tawny.text import Text

_LOCKS = ("handle_time", "no_response_time", "cherry_picking_time")
_CSAT = ("csat_score", "csat_completed_state")

_NEEDED: Sequence[tuple[tuple[str, ...], tuple[str, ...]]] = (
    (
        ("conversation.created",),
        ("resolved-conversations", "open-conversations", "contacts", "topics"),
    ),
    (("conversation.status_changed",), ("resolved-conversations",)),
    (("message.created",), ("messages", "response-times", "tags")),
    (
        ("conversation.locked", "conversation.unlocked"),
        (
            *(f"resolved-conversations.{key}" for key in _LOCKS),
            *(f"open-conversations.{key}" for key in _LOCKS),
            *(f"teams.{key}" for key in (*_LOCKS, "average_handle_time")),
            *(f"users.{key}" for key in (*_LOCKS, "average_handle_time", "utilization")),
        ),
    ),
    (
        ("presence.changed",),
        ("user-presence", "users.available_time", "users.away_time", "users.utilization"),
    ),
    (
        ("csat.sent", "csat.answered"),
        (
            *(f"resolved-conversations.{key}" for key in _CSAT),
            *(f"{export}.csat_score_{score}" for export in ("teams", "users")
              for score in range(1, 6)),
        ),
    ),
    (("topic.applied",), ("topics", "resolved-conversations.topic_ids")),
    (("tag.applied",), ("tags", "messages.tag_ids", "messages.tag_names")),
    (("contact.attribute_set",), ("contact-attributes",)),
    (("channel.saved",), ("messages.channel", "resolved-conversations.channel")),
    (("agent.saved",), ("users.user_name",)),
)  # fmt: skip
"""Columns, or whole exports, by their keys, that need an event of each of some types."""


def not_measured(types: Collection[str]) -> Sequence[tuple[Sequence[str], Text]]:
    """Columns that stay empty when only events of these types are told, and why."""
    found: list[tuple[Sequence[str], Text]] = []
    for needed, columns in _NEEDED:
        missing = [one for one in needed if one not in types]
        if missing:
            found.append((columns, Text("the mapping tells no {types}", types=", ".join(missing))))
    return found
