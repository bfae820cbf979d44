"""What the events that came into the log between two of its states can have changed: which
conversations, contacts and agents, for the change feed.

A superset does no harm: rows of what is found here are computed for both states by the export's own
statement and compared. What is missing would be missed, so every way in which a row depends on
events elsewhere has its line here: a message names another conversation, an agent's next lock ends
a session, a survey is shared, a channel begins to report locks, somebody gets another name.

A *step* is the version with which an event came into sight. Where two steps touched the same row,
it may have been a third one in between (`restless`): a consumer who reads a cursor again may have
seen that, and is told how it is now even where both ends are equal.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.duplicate_ids import create_rare_tables
from tawny.engine.fresh_events import UNKNOWN_STEP, EventsRead, FreshEvents, LogState, Steps
from tawny.log.files import Snapshot
from tawny.model.events import FAMILIES


class Touched:
    """What is touched between two states, as tables on a connection of the embedded engine:
    `touches (conversation_id, message_id, step)`, and those of `FreshEvents`."""

    def __init__(
        self,
        duck: Duck,
        snapshot: Snapshot,
        read: EventsRead,
        before: LogState | None,
        now: LogState,
        steps: Steps = "versions",
    ) -> None:
        """`before` is None for who has seen nothing yet: everything is touched."""
        self.events = FreshEvents(duck, snapshot, read, before, now, steps)
        self._duck = duck
        self._snapshot = snapshot
        self._steps = read.steps
        self.everything = before is None or self._begins_to_measure()
        """Whether all there is may have changed."""
        self._make_touches()

    # --- conversations ----------------------------------------------------------------------------

    def _make_touches(self) -> None:
        duck = self._duck
        if self.everything:
            parts = [
                f"SELECT DISTINCT conversation_id, CAST(NULL AS VARCHAR) AS message_id, "
                f"{self.events.unknown_step} AS step FROM all_{family}"
                for family in self.events.own_families()
            ]
        else:
            parts = [*self._own_touches(), *self._touches_of_others()]
        if not parts:
            parts = [
                "SELECT CAST(NULL AS VARCHAR) AS conversation_id, CAST(NULL AS VARCHAR) AS "
                "message_id, CAST(NULL AS BIGINT) AS step WHERE false"
            ]
        duck.make_step("touches", "\nUNION\n".join(parts), {}, reads=1)
        if not self.everything:
            neighbours = self.neighbours_of("touches")
            if neighbours:
                duck.make_step("direct_touches", "SELECT * FROM touches", {}, reads=1)
                duck.make_step(
                    "touches",
                    "SELECT * FROM direct_touches UNION SELECT neighbours.neighbour_id AS "
                    "conversation_id, neighbours.message_id, direct_touches.step "
                    f"FROM ({neighbours}) AS neighbours INNER JOIN direct_touches "
                    "ON direct_touches.conversation_id = neighbours.conversation_id",
                    {},
                    reads=1,
                )
                duck.drop_steps(["direct_touches"])
        if self.events.steps == "instants":
            # Whether there was a state in between is no question then.
            duck.make_step("all_touches", "SELECT * FROM touches", {}, reads=1)
            duck.make_step(
                "touches",
                "SELECT conversation_id, CAST(NULL AS VARCHAR) AS message_id, min(step) AS step "
                "FROM all_touches GROUP BY conversation_id",
                {},
                reads=1,
            )
            duck.drop_steps(["all_touches"])

    def _message_id(self, family: str, relation: str) -> str:
        named = family in ("message", "message_change", "label")
        return f"{relation}.message_id" if named else "CAST(NULL AS VARCHAR) AS message_id"

    def _own_touches(self) -> list[str]:
        types = ", ".join(f"'{name}'" for name in sorted(self.events.types))
        return [
            f"SELECT conversation_id, {self._message_id(family, f'fresh_{family}')}, step "
            f"FROM fresh_{family} WHERE type IN ({types})"
            for family in self.events.own_families()
        ]

    def _touches_of_others(self) -> list[str]:
        """What is called otherwise now, or is gone, or ends a session elsewhere."""
        parts: list[str] = []

        def named_by(event_type: str, column: str, families: Collection[str], of: str) -> None:
            if not self.events.reads(event_type):
                return
            parts.extend(
                f"SELECT events.conversation_id, {self._message_id(family, 'events')}, fresh.step "
                f"FROM fresh_{of} AS fresh INNER JOIN all_{family} AS events "
                f"ON events.{column} = fresh.{column} WHERE fresh.type = '{event_type}'"
                for family in families
                if family in self.events.families
            )

        named_by("channel.saved", "channel_id", ["conversation"], "reference")
        by_people = ("message", "status", "lock", "label")
        named_by("agent.saved", "agent_id", by_people, "reference")
        named_by("team.saved", "team_id", by_people, "reference")
        for label in ("topic", "tag"):
            for verb in ("saved", "deleted"):
                named_by(f"{label}.{verb}", f"{label}_id", ["label"], "reference")
        for data in FAMILIES["contact"]:
            named_by(data.event_type, "contact_id", ["conversation"], "contact")
        if "lock" in self.events.families:
            parts += self._lock_touches()
        return parts

    def _lock_touches(self) -> list[str]:
        """Conversations whose lock sessions an agent's lock elsewhere or going offline ends, or
        whose channel begins to report locks."""
        duck = self._duck
        moments = (
            "SELECT agent_id, time_ms, step FROM fresh_lock WHERE type = 'conversation.locked'"
        )
        if "presence" in self.events.families:
            moments += (
                " UNION ALL SELECT agent_id, time_ms, step FROM fresh_presence "
                "WHERE type = 'presence.changed' AND presence = 'offline'"
            )
        duck.make_step("lock_moments", moments, {}, reads=1)
        duck.make_step(
            "locks_near",
            "SELECT agent_id, conversation_id, time_ms FROM all_lock "
            "WHERE type = 'conversation.locked' "
            "AND agent_id IN (SELECT agent_id FROM lock_moments)",
            {},
            reads=1,
        )
        parts = []
        for sign in ("<", ">", "="):
            nearest = (
                "SELECT lock_moments.agent_id, locks_near.time_ms, lock_moments.step "
                f"FROM lock_moments {'ASOF' if sign != '=' else 'INNER'} JOIN locks_near "
                "ON locks_near.agent_id = lock_moments.agent_id "
                f"AND lock_moments.time_ms {'>' if sign == '<' else '<' if sign == '>' else '='} "
                "locks_near.time_ms"
            )
            parts.append(
                "SELECT locks_near.conversation_id, CAST(NULL AS VARCHAR) AS message_id, "
                f"nearest.step FROM ({nearest}) AS nearest INNER JOIN locks_near "
                "ON locks_near.agent_id = nearest.agent_id "
                "AND locks_near.time_ms = nearest.time_ms"
            )
        if self._newly_measured():
            parts.append(
                "SELECT conversation_id, CAST(NULL AS VARCHAR) AS message_id, "
                f"{self.events.unknown_step} AS step FROM all_conversation "
                "WHERE type = 'conversation.created' "
                "AND channel_id IN (SELECT channel_id FROM newly_measured)"
            )
        return parts

    def _newly_measured(self) -> bool:
        """Whether there are channels that may have begun to report locks; they are in the table
        `newly_measured`."""
        duck = self._duck
        duck.make_step(
            "locked_now",
            "SELECT DISTINCT conversation_id FROM all_lock WHERE type = 'conversation.locked' "
            "AND conversation_id IN (SELECT conversation_id FROM fresh_lock "
            "UNION SELECT conversation_id FROM fresh_conversation)",
            {},
            reads=1,
        )
        duck.make_step(
            "newly_measured",
            "SELECT DISTINCT channel_id FROM all_conversation "
            "WHERE type = 'conversation.created' "
            "AND conversation_id IN (SELECT conversation_id FROM locked_now)",
            {},
            reads=1,
        )
        if duck.rows("SELECT count(*) FROM newly_measured") == [(0,)]:
            return False
        # Those that surely did before: by a lock in a conversation of one creation.
        was_there = self.events.was_there_before(("lock", "conversation"))
        duck.execute(
            "DELETE FROM newly_measured WHERE channel_id IN ("
            "SELECT min(channel_id) FROM all_conversation WHERE type = 'conversation.created' "
            "AND conversation_id IN (SELECT conversation_id FROM all_lock "
            f"WHERE type = 'conversation.locked' AND {was_there}) "
            f"GROUP BY conversation_id HAVING count(*) = 1 AND bool_and({was_there}))"
        )
        return duck.rows("SELECT count(*) FROM newly_measured") != [(0,)]

    def _begins_to_measure(self) -> bool:
        """Whether a fact about the log as a whole may have changed, on which every row of an export
        depends: that anybody's presence or any lock was ever reported."""
        steps, duck = self._steps, self._duck
        if "presence_measurement" in steps:
            was_there = self.events.was_there_before(["presence"])
            if duck.rows(
                f"SELECT count(*) FILTER ({was_there}) = 0 AND count(*) > 0 FROM all_presence"
            ) == [(True,)]:
                return True
        return "lock_measurement" in steps and self._newly_measured()

    def neighbours_of(self, table: str) -> str:
        """A select of `(conversation_id, neighbour_id, message_id)`: what the rows of the
        conversations in a table are read from elsewhere, by a message or survey of which the
        events name several; empty where that cannot be."""
        parts = []
        with_messages = [
            family
            for family in ("message", "message_change", "label")
            if family in self.events.families
            and (family != "label" or self.events.reads("tag.applied"))
        ]
        if len(with_messages) > 1:
            named = " UNION ".join(
                f"SELECT message_id, conversation_id FROM all_{family} "
                f"WHERE message_id IS NOT NULL AND {{where}}"
                for family in with_messages
            )
            here = named.format(where=f"conversation_id IN (SELECT conversation_id FROM {table})")
            self._duck.make_step("messages_named_here", here, {}, reads=1)
            there = named.format(where="message_id IN (SELECT message_id FROM messages_named_here)")
            parts.append(
                "SELECT here.conversation_id, there.conversation_id AS neighbour_id, "
                "here.message_id FROM messages_named_here AS here "
                f"INNER JOIN ({there}) AS there ON there.message_id = here.message_id "
                "AND there.conversation_id <> here.conversation_id"
            )
        if "survey" in self.events.families:
            create_rare_tables(self._duck, self._snapshot, frozenset(["shared_survey_ids"]))
            shared = (
                "SELECT DISTINCT survey_id, conversation_id FROM all_survey "
                "WHERE survey_id IN (SELECT survey_id FROM shared_survey_ids)"
            )
            parts.append(
                "SELECT here.conversation_id, there.conversation_id AS neighbour_id, "
                f"CAST(NULL AS VARCHAR) AS message_id FROM ({shared}) AS here "
                f"INNER JOIN ({shared}) AS there ON there.survey_id = here.survey_id "
                "AND there.conversation_id <> here.conversation_id "
                f"WHERE here.conversation_id IN (SELECT conversation_id FROM {table})"
            )
        return "\nUNION\n".join(parts)

    # --- what is asked for ------------------------------------------------------------------------

    def make_conversations(self) -> int:
        """Make `feed_candidates (place, entity_id, is_restless)`: the touched conversations, in an
        order that is always the same for these states; returns how many."""
        return self._make_candidates(
            "SELECT touched.conversation_id AS entity_id, touched.is_restless, "
            "coalesce(created.time_ms, 0) AS time_ms FROM ("
            f"SELECT conversation_id, {_RESTLESS} AS is_restless FROM touches "
            "GROUP BY conversation_id) AS touched LEFT JOIN ("
            "SELECT conversation_id, min(time_ms) AS time_ms FROM all_conversation "
            "WHERE conversation_id IN (SELECT conversation_id FROM touches) "
            "GROUP BY conversation_id) AS created "
            "ON created.conversation_id = touched.conversation_id"
        )

    def make_agents(self) -> int:
        """The same of agents whose presence or name is touched."""
        events = "all" if self.everything else "fresh"
        step = str(self.events.unknown_step) if self.everything else "step"
        return self._make_candidates(
            f"SELECT agent_id AS entity_id, {_RESTLESS} AS is_restless, 0 AS time_ms FROM ("
            f"SELECT agent_id, {step} AS step FROM {events}_presence UNION "
            f"SELECT agent_id, {step} AS step FROM {events}_reference WHERE type = 'agent.saved'"
            ") AS touched GROUP BY agent_id"
        )

    def _make_candidates(self, select: str) -> int:
        self._duck.make_step(
            "feed_candidates",
            "SELECT row_number() OVER (ORDER BY time_ms, entity_id) - 1 AS place, entity_id, "
            f"is_restless FROM ({select}) AS found",
            {},
            reads=1,
        )
        [[count]] = self._duck.rows("SELECT count(*) FROM feed_candidates")
        return int(str(count))

    def make_part(self, place: int, size: int) -> pa.Table:
        """Make `part (entity_id, is_restless)` of so many candidates from a place on, and
        `restless_conversations` of it; returns the ids."""
        duck = self._duck
        duck.make_step(
            "part",
            "SELECT entity_id, is_restless FROM feed_candidates "
            f"WHERE place >= {int(place)} AND place < {int(place + size)}",
            {},
            reads=1,
        )
        duck.make_step(
            "restless_conversations",
            "SELECT entity_id AS conversation_id FROM part WHERE is_restless",
            {},
            reads=1,
        )
        return duck.table("SELECT entity_id FROM part")

    def make_part_until(self, last_ms: int) -> pa.Table:
        """Make `part` of the conversations that something touched which is dated up to an instant,
        where steps are instants; returns the ids."""
        self._duck.make_step(
            "part",
            "SELECT DISTINCT conversation_id AS entity_id FROM touches "
            f"WHERE step <= {int(last_ms)}",
            {},
            reads=1,
        )
        return self._duck.table("SELECT entity_id FROM part")

    def first_of_agents(self) -> str:
        """A select of `first_step`, the first step that touched anybody's presence or name; no row
        where none did."""
        if not self.events.reads("presence.changed"):
            return "SELECT 0 AS first_step WHERE false"
        return (
            "SELECT min(step) AS first_step FROM (SELECT step FROM fresh_presence UNION ALL "
            "SELECT step FROM fresh_reference WHERE type = 'agent.saved') AS touched "
            "HAVING count(*) > 0"
        )

    def scope_of_part(self) -> pa.Table:
        """The conversations of `part`, and those from which their rows are read."""
        duck = self._duck
        duck.make_step(
            "part_conversations", "SELECT entity_id AS conversation_id FROM part", {}, reads=1
        )
        neighbours = self.neighbours_of("part_conversations")
        select = "SELECT conversation_id FROM part_conversations"
        if neighbours:
            select += f" UNION SELECT neighbour_id FROM ({neighbours}) AS neighbours"
        return duck.table(select)

    def make_restless_conversations(self) -> None:
        """Make `restless_conversations (conversation_id)`: those that several steps touched."""
        self._duck.make_step(
            "restless_conversations",
            f"SELECT conversation_id FROM touches GROUP BY conversation_id HAVING {_RESTLESS}",
            {},
            reads=1,
        )

    def make_restless_messages(self) -> None:
        """Make `restless (entity_id)`: the messages that several steps touched."""
        self._duck.make_step(
            "restless",
            f"SELECT message_id AS entity_id FROM ("
            "SELECT message_id, step FROM touches WHERE message_id IS NOT NULL UNION "
            "SELECT messages.message_id, touches.step FROM all_message AS messages "
            "INNER JOIN touches ON touches.conversation_id = messages.conversation_id "
            "WHERE touches.message_id IS NULL AND messages.conversation_id IN "
            "(SELECT entity_id FROM feed_candidates)"
            f") AS steps GROUP BY message_id HAVING {_RESTLESS}",
            {},
            reads=1,
        )

    def make_restless_contacts(self) -> None:
        """Make `restless (entity_id)`: the contacts that several steps touched."""
        self._duck.make_step(
            "restless",
            "SELECT contact_id AS entity_id FROM (SELECT creations.contact_id, touches.step "
            "FROM all_conversation AS creations INNER JOIN touches "
            "ON touches.conversation_id = creations.conversation_id "
            "WHERE creations.contact_id IS NOT NULL) AS steps "
            f"GROUP BY contact_id HAVING {_RESTLESS}",
            {},
            reads=1,
        )


_RESTLESS = f"(min(step) <> max(step) OR min(step) = {UNKNOWN_STEP})"
"""Of grouped touches: whether there may have been a state in between."""
