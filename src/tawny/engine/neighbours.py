"""From which conversations the rows of others are read too: those whose events name the same
message or survey. That is rare, and found by the ids that are kept of each file of the log."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.engine.duck import Duck
from tawny.engine.duplicate_ids import create_rare_tables
from tawny.engine.fresh_events import FreshEvents
from tawny.errors import StorageError
from tawny.log.files import Snapshot


class Neighbours:
    """Finds them among the events of the log."""

    def __init__(self, duck: Duck, snapshot: Snapshot, events: FreshEvents) -> None:
        self._duck = duck
        self._snapshot = snapshot
        self._events = events

    def of(self, table: str) -> str:
        """A select of `(conversation_id, neighbour_id, message_id)`: what the rows of the
        conversations in a table are read from elsewhere, by a message or survey of which the
        events name several; empty where that cannot be."""
        parts = []
        with_messages = [
            family
            for family in ("message", "message_change", "label")
            if family in self._events.families
            and (family != "label" or self._events.reads("tag.applied"))
        ]
        if len(with_messages) > 1:
            parts += self._by_messages(table, with_messages)
        if "survey" in self._events.families:
            parts += self._by_surveys(table)
        return "\nUNION\n".join(parts)

    def _by_messages(self, table: str, families: Sequence[str]) -> list[str]:
        views = {family: (f"all_{family}", "message_id IS NOT NULL") for family in families}
        try:
            if not self._events.ids.make_shared(
                "shared_numbers", families, f"SELECT conversation_id FROM {table}"
            ):
                return []
        except StorageError:
            # Where the data folder cannot be written all events are looked at.
            pass
        else:
            condition = "hash(message_id) IN (SELECT named FROM shared_numbers)"
            views = {family: (f"all_{family}", condition) for family in families}
        named = " UNION ".join(
            f"SELECT message_id, conversation_id FROM {view} WHERE {condition} AND {{where}}"
            for view, condition in views.values()
        )
        here = named.format(where=f"conversation_id IN (SELECT conversation_id FROM {table})")
        self._duck.make_step("messages_named_here", here, {}, reads=1)
        there = named.format(where="message_id IN (SELECT message_id FROM messages_named_here)")
        return [
            "SELECT here.conversation_id, there.conversation_id AS neighbour_id, "
            "here.message_id FROM messages_named_here AS here "
            f"INNER JOIN ({there}) AS there ON there.message_id = here.message_id "
            "AND there.conversation_id <> here.conversation_id"
        ]

    def _by_surveys(self, table: str) -> list[str]:
        duck = self._duck
        create_rare_tables(duck, self._snapshot, frozenset(["shared_survey_ids"]))
        if duck.rows("SELECT count(*) FROM shared_survey_ids") == [(0,)]:
            return []
        shared = (
            "SELECT DISTINCT survey_id, conversation_id FROM all_survey "
            "WHERE survey_id IN (SELECT survey_id FROM shared_survey_ids)"
        )
        return [
            "SELECT here.conversation_id, there.conversation_id AS neighbour_id, "
            f"CAST(NULL AS VARCHAR) AS message_id FROM ({shared}) AS here "
            f"INNER JOIN ({shared}) AS there ON there.survey_id = here.survey_id "
            "AND there.conversation_id <> here.conversation_id "
            f"WHERE here.conversation_id IN (SELECT conversation_id FROM {table})"
        ]
