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

import functools
from collections.abc import Collection

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.file_ids import NAMED
from tawny.engine.fresh_events import UNKNOWN_STEP, EventsRead, FreshEvents, LogState, Steps
from tawny.engine.lock_touches import LockTouches
from tawny.engine.neighbours import Neighbours
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
        self._locks = LockTouches(duck, snapshot, self.events)
        self._neighbours = Neighbours(duck, snapshot, self.events)
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
        if self.events.steps == "instants":
            duck.make_step("touches", _first_touches("\nUNION ALL\n".join(parts)), {}, reads=1)
        else:
            duck.make_step("touches", "\nUNION\n".join(parts), {}, reads=1)
        if not self.everything:
            neighbours = self._neighbours.of("touches")
            if neighbours:
                duck.make_step("direct_touches", "SELECT * FROM touches", {}, reads=1)
                all_touches = (
                    "SELECT * FROM direct_touches UNION SELECT neighbours.neighbour_id AS "
                    "conversation_id, neighbours.message_id, direct_touches.step "
                    f"FROM ({neighbours}) AS neighbours INNER JOIN direct_touches "
                    "ON direct_touches.conversation_id = neighbours.conversation_id"
                )
                if self.events.steps == "instants":
                    all_touches = _first_touches(all_touches)
                duck.make_step("touches", all_touches, {}, reads=1)
                duck.drop_steps(["direct_touches"])

    def _message_id(self, family: str, relation: str) -> str:
        # Whether there was a state in between is no question where steps are instants.
        named = family in ("message", "message_change", "label") and self.events.steps == "versions"
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
        came = {
            str(name)
            for of in ("reference", "contact")
            if of in self.events.families
            for (name,) in self._duck.rows(f"SELECT DISTINCT type FROM fresh_events_{of}")
        }

        @functools.cache
        def naming(family: str, column: str, of: str) -> str:
            if column != NAMED.get(family):
                return f"all_{family}"
            ids = f"SELECT {column} FROM fresh_{of}"
            return self.events.make_holding(f"{family}_of_{of}", family, column, ids)

        def named_by(
            event_types: Collection[str], column: str, families: Collection[str], of: str
        ) -> None:
            wanted = [name for name in event_types if name in came and self.events.reads(name)]
            if not wanted:
                return
            types = ", ".join(f"'{name}'" for name in wanted)
            parts.extend(
                f"SELECT events.conversation_id, {self._message_id(family, 'events')}, fresh.step "
                f"FROM (SELECT DISTINCT {column}, step FROM fresh_{of} WHERE type IN ({types})) "
                f"AS fresh INNER JOIN {naming(family, column, of)} AS events "
                f"ON events.{column} = fresh.{column}"
                for family in families
                if family in self.events.families
            )

        named_by(["channel.saved"], "channel_id", ["conversation"], "reference")
        by_people = ("message", "status", "lock", "label")
        named_by(["agent.saved"], "agent_id", by_people, "reference")
        named_by(["team.saved"], "team_id", by_people, "reference")
        for label in ("topic", "tag"):
            changed = [f"{label}.saved", f"{label}.deleted"]
            named_by(changed, f"{label}_id", ["label"], "reference")
        of_contacts = [data.event_type for data in FAMILIES["contact"]]
        named_by(of_contacts, "contact_id", ["conversation"], "contact")
        if "lock" in self.events.families:
            parts += self._locks.selects()
        return parts

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
        return "lock_measurement" in steps and self._locks.newly_measured()

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

    def touches_any(self, table: str) -> bool:
        """Whether any of the conversations in a table (`conversation_id`) is touched."""
        found = self._duck.rows(
            "SELECT count(*) > 0 FROM touches WHERE conversation_id IN "
            f"(SELECT conversation_id FROM {table})"
        )
        return found == [(True,)]

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
        neighbours = self._neighbours.of("part_conversations")
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


def _first_touches(touches: str) -> str:
    """Of touches at instants the first of each conversation: whether there was a state in between
    is no question then."""
    return (
        "SELECT conversation_id, CAST(NULL AS VARCHAR) AS message_id, min(step) AS step "
        f"FROM ({touches}) AS touches GROUP BY conversation_id"
    )
