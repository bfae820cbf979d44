"""Rows whose causes are those of a row before, so that they are not looked up again.

A channel that is renamed changes thousands of rows, and the events behind each say the same. It is
so where only names of channels, agents, teams, topics and tags differ, and nothing moved that is
about the conversation, the message or the contact of the row: then the causes hang on which
channel, agent, and so on it is, and on nothing else of the row.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from tawny.differences.cause import DifferenceCause
from tawny.engine.moved_events import MovedEvents
from tawny.explanations.rules import rule_of
from tawny.queries.columns import Column

Cells = Mapping[str, str | None]
Differing = Sequence[tuple[Column, str | None, str | None]]
"""Columns with what their cells were and are."""

_NAMED_BY: Mapping[str, Sequence[str]] = {
    "channel": ("conversation_id",),
    "agent": ("agent_id", "response_agent_id"),
    "team": ("team_id",),
    "changer": ("last_status_change_agent_id",),
    "changing_team": ("last_status_change_team_id",),
    "resolver": ("resolved_agent_id",),
    "topic_names": ("topic_ids",),
    "tag_names": ("tag_ids",),
}
"""Rules of names, and the columns that say whose; of a conversation its channel counts."""

_OF_ROW = {
    "conversation_id": "conversation_id",
    "contact_profile_id": "contact_id",
    "message_id": "message_id",
    "inbound_message_id": "message_id",
    "outbound_message_id": "message_id",
}
"""What a row is about, and how events call it."""

_REFERENCE = {
    *("channel.saved", "agent.saved", "team.saved", "topic.saved", "tag.saved"),
    *("topic.deleted", "tag.deleted"),
}


class AlikeRows:
    """Knows them of an export, among rows that were looked over together."""

    def __init__(self, moved: MovedEvents, export_type: str) -> None:
        self._moved = moved
        self._export_type = export_type
        self._touched: set[tuple[str, str]] = set()
        self._channels: Mapping[str, str] = {}
        self._known: dict[Hashable, Sequence[Sequence[DifferenceCause]]] = {}

    def look_over(self, rows: Sequence[Cells]) -> None:
        """Look at once what moved of what some rows are about."""
        if not any("conversation_id" in row for row in rows):
            return
        self._touched = self._moved.touched({link for row in rows for link in _links(row)})
        conversations = {str(row["conversation_id"]) for row in rows if row["conversation_id"]}
        self._channels = self._moved.channels(conversations)

    def kind_of(self, cells: Cells, differing: Differing) -> Hashable | None:
        """The same for rows with the same causes; None for a row that has its own."""
        channel = self._channels.get(cells.get("conversation_id") or "")
        if channel is None or not self._touched.isdisjoint(_links(cells)):
            return None
        kind: list[Hashable] = []
        for column, before, now in differing:
            rule = rule_of(self._export_type, column.key)
            if rule is None or rule.name not in _NAMED_BY:
                return None
            ids = [cells.get(name) for name in _NAMED_BY[rule.name]]
            whose = [channel] if rule.name == "channel" else ids
            kind.append((column.key, before, now, tuple(whose)))
        return tuple(kind)

    def causes(self, kind: Hashable | None) -> Sequence[Sequence[DifferenceCause]] | None:
        """The causes of the cells of rows of a kind, where they are known."""
        return None if kind is None else self._known.get(kind)

    def keep(self, kind: Hashable | None, causes: Sequence[Sequence[DifferenceCause]]) -> None:
        """Know the causes of the cells of rows of a kind from now on."""
        every = [cause.event for some in causes for cause in some]
        if kind is not None and all(one and one["type"] in _REFERENCE for one in every):
            self._known[kind] = causes


def _links(cells: Cells) -> list[tuple[str, str]]:
    return [(name, cells[key] or "") for key, name in _OF_ROW.items() if cells.get(key)]
