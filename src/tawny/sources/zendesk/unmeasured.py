"""What no record of Zendesk tells, in the words of the exports, and what will be asked about."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.sources.unmeasured import (
    LANGUAGE,
    LOCKS,
    PRESENCE,
    TAGS,
    UNSAID,
    Unmeasured,
)
from tawny.text import Text

_PRESENCE = (
    PRESENCE,
    Text("who was available when is known of Zendesk Chat only, which this account does not have"),
)

_ALWAYS: Sequence[Unmeasured] = (
    (
        LOCKS,
        Text("Zendesk does not keep who looked at a ticket"),
    ),
    (
        TAGS,
        Text("comments have no tags; the tags of tickets are topics"),
    ),
    (
        LANGUAGE,
        Text("Zendesk keeps the language of a person, not of a conversation"),
    ),
    (
        ("resolved-conversations.resolved_by",),
        Text("bulk_resolve only where the update says that it was one"),
    ),
    (
        ("response-times.handover_reason", "virtual-agents.handed_over_error"),
        Text("why a bot handed over is not recorded"),
    ),
    (
        ("resolved-conversations.resolve_reason",),
        Text("only that the requester solved it, and that it was merged or deleted"),
    ),
    *UNSAID,
)


def not_measured(*, has_chat: bool) -> Sequence[Unmeasured]:
    """Columns, or whole exports, by their keys, and why they are empty or hold less."""
    return _ALWAYS if has_chat else (*_ALWAYS, _PRESENCE)


NOTES = (
    Text("ratings of Zendesk have two steps: good is told as 5, bad as 1"),
    Text("a chat that was put into one comment is one message; what was said in it is not apart"),
    Text(
        "an export of a million updates takes 100 minutes at least, at half the budget 200: "
        "Zendesk allows 10 calls a minute"
    ),
    Text(
        "not yet confirmed with an account in use: merges, bulk edits, chats, bots and the surveys "
        "that followed the ratings of two steps"
    ),
)
