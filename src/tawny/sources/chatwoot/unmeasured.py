"""What no record of Chatwoot tells, in the words of the exports, and what will be asked about."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.sources.unmeasured import (
    LANGUAGE,
    LOCKS,
    PRESENCE,
    REFERENCES,
    TAGS,
    UNSAID,
    Unmeasured,
)
from tawny.text import Text

NOT_MEASURED: Sequence[Unmeasured] = (
    (
        LOCKS,
        Text("Chatwoot has no locks: assigned is not open on the screen"),
    ),
    (
        PRESENCE,
        Text("who was available when is not kept, only what is set at present"),
    ),
    (
        TAGS,
        Text("messages have no tags; labels are topics"),
    ),
    (
        LANGUAGE,
        Text("only where Chatwoot has detected it"),
    ),
    (
        ("resolved-conversations.resolved_by",),
        Text("never bulk_resolve: a bulk action leaves the same trace as any other"),
    ),
    (
        ("response-times.handover_reason", "virtual-agents.handed_over_error"),
        Text("only taken_by_agent and error are recorded"),
    ),
    (
        ("resolved-conversations.resolve_reason",),
        Text("only that of Captain, and that the contact resolved it, was blocked or is gone"),
    ),
    REFERENCES,
    *UNSAID,
)
"""Columns, or whole exports, by their keys, and why they are empty or hold less."""

NOTES = (
    Text(
        "team figures may differ from Chatwoot's own after a transfer: Tawny credits the team of "
        "the moment, Chatwoot the present one"
    ),
    Text(
        "first response times may differ from Chatwoot's own: there they begin at the handoff or "
        "the last opening, and its reports count by the time of the reporting event"
    ),
)

API_NOT_MEASURED = (
    *NOT_MEASURED,
    (
        ("messages.outbound_type",),
        Text("over the API campaigns are told of only where the version of the desk tells them"),
    ),
)
"""The same of a desk that is read by its API."""

API_NOTES = (
    Text(
        "over the API messages have whole seconds, and a label is dated by the note that tells of "
        "it, or observed"
    ),
    Text(
        "over the API people who were deleted have no name, bots of Captain and Dialogflow and "
        "labels of contacts are not listed, and a contact that was changed in silence is read "
        "again when a webhook tells of it"
    ),
)
