"""What no record of Intercom tells, in the words of the exports, and what will be asked about."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.sources.unmeasured import (
    LOCKS,
    PRESENCE,
    REFERENCES,
    UNSAID,
    Unmeasured,
)
from tawny.text import Text

_PRESENCE = (
    PRESENCE,
    Text("who was available when stands in the activity log, which the token may not read"),
)

_ALWAYS: Sequence[Unmeasured] = (
    (
        LOCKS,
        Text("Intercom does not keep who looked at a conversation"),
    ),
    (
        ("resolved-conversations.resolved_by",),
        Text("bulk_resolve never: closing many at once leaves no trace"),
    ),
    (
        ("response-times.handover_reason", "virtual-agents.handed_over_error"),
        Text("only where a part says why a bot handed over"),
    ),
    (
        ("resolved-conversations.resolve_reason",),
        Text("only that the contact closed it, and that it was merged or deleted"),
    ),
    REFERENCES,
    *UNSAID,
    (
        ("messages.content",),
        Text("Twitter's texts are replaced by a notice, which is no content"),
    ),
)


def not_measured(*, has_activities: bool) -> Sequence[Unmeasured]:
    """Columns, or whole exports, by their keys, and why they are empty or hold less."""
    return _ALWAYS if has_activities else (*_ALWAYS, _PRESENCE)


NOTES = (
    Text("a conversation shows its newest 500 parts; older ones that were not read before are "
         "named in the report"),
    Text("ratings of Fin are no surveys of the team and left out"),
    Text("tags that were taken away before version 2.14 of the API are not known"),
    Text("admins, teams and tags carry no time of a change: a new name holds for the past too"),
    Text(
        "not yet confirmed with a workspace in use: merged conversations, tags of messages, the "
        "part that tells of a rating and whose presence an activity is"
    ),
)  # fmt: skip
