"""What locks touch in other conversations than their own: an agent's next lock, or going offline,
ends a session; with its first lock a channel begins to report them, and every row of its
conversations shows times it did not have."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.engine.duck import Duck
from tawny.engine.fresh_events import FreshEvents
from tawny.log.files import Snapshot

_NEAR_MS = 31 * 86_400_000
"""An agent's next lock is looked for so far away first."""
_MOST_LOCKS = 5_000
"""So many are looked at of a file to see which channels reported locks before."""
_MOST_FILES = 3

_LOCKED = "type = 'conversation.locked'"
_NO_LOCKS = (
    "SELECT CAST(NULL AS VARCHAR) AS agent_id, CAST(NULL AS VARCHAR) AS conversation_id, "
    "CAST(NULL AS BIGINT) AS time_ms WHERE false"
)


class LockTouches:
    """Finds them for the events that are fresh."""

    def __init__(self, duck: Duck, snapshot: Snapshot, events: FreshEvents) -> None:
        self._duck = duck
        self._snapshot = snapshot
        self._events = events
        self._newly_measured: bool | None = None

    def selects(self) -> list[str]:
        """Selects of `(conversation_id, message_id, step)`."""
        self._make_moments()
        self._make_locks_near()
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
        if self.newly_measured():
            parts.append(
                "SELECT conversation_id, CAST(NULL AS VARCHAR) AS message_id, "
                f"{self._events.unknown_step} AS step FROM all_conversation "
                "WHERE type = 'conversation.created' "
                "AND channel_id IN (SELECT channel_id FROM newly_measured)"
            )
        return parts

    def _make_moments(self) -> None:
        """Make `lock_moments (agent_id, time_ms, step)`: when fresh events end sessions."""
        moments = f"SELECT agent_id, time_ms, step FROM fresh_lock WHERE {_LOCKED}"
        if "presence" in self._events.families:
            moments += (
                " UNION ALL SELECT agent_id, time_ms, step FROM fresh_presence "
                "WHERE type = 'presence.changed' AND presence = 'offline'"
            )
        self._duck.make_step("lock_moments", moments, {}, reads=1)

    def _make_locks_near(self) -> None:
        """Make `locks_near (agent_id, conversation_id, time_ms)`: locks of the same agents, among
        them the nearest before and after each moment, and those of the same time."""
        duck, events = self._duck, self._events
        [[first, last]] = duck.rows("SELECT min(time_ms), max(time_ms) FROM lock_moments")
        if first is None:
            duck.make_step("locks_near", _NO_LOCKS, {}, reads=1)
            return
        first_ms, last_ms = int(str(first)) - _NEAR_MS, int(str(last)) + _NEAR_MS
        near = events.make_near("near_lock", "lock", first_ms, last_ms)
        duck.make_step("locks_near", _locks_of(near, "lock_moments"), {}, reads=1)
        # Whose nearest lock may be further away.
        duck.make_step(
            "far_agents",
            "SELECT moments.agent_id FROM (SELECT agent_id, min(time_ms) AS first_ms, "
            "max(time_ms) AS last_ms FROM lock_moments GROUP BY agent_id) AS moments "
            "LEFT JOIN (SELECT agent_id, min(time_ms) AS first_ms, max(time_ms) AS last_ms "
            "FROM locks_near GROUP BY agent_id) AS locks ON locks.agent_id = moments.agent_id "
            "WHERE locks.agent_id IS NULL OR locks.first_ms >= moments.first_ms "
            "OR locks.last_ms <= moments.last_ms",
            {}, reads=1,
        )  # fmt: skip
        outside = [
            path
            for path in events.ids.paths("lock", "agent_id", "SELECT agent_id FROM far_agents")
            if path in self._outside(first_ms, last_ms)
        ]
        if outside:
            far = events.make_part("far_lock", "lock", outside)
            duck.execute(
                f"INSERT INTO locks_near {_locks_of(far, 'far_agents')} "
                f"AND (time_ms < {first_ms} OR time_ms > {last_ms})"
            )

    def _outside(self, first_ms: int, last_ms: int) -> set[str]:
        return {
            *self._snapshot.paths("lock", None, first_ms - 1),
            *self._snapshot.paths("lock", last_ms + 1, None),
        }

    # --- channels that begin to report locks ------------------------------------------------------

    def newly_measured(self) -> bool:
        """Whether there are channels that may have begun to report locks; they are in the table
        `newly_measured (channel_id)`."""
        if self._newly_measured is None:
            self._newly_measured = self._find_newly_measured()
        return self._newly_measured

    def _find_newly_measured(self) -> bool:
        duck, events = self._duck, self._events
        fresh = (
            "SELECT conversation_id FROM fresh_lock UNION "
            "SELECT conversation_id FROM fresh_conversation"
        )
        locks = events.make_holding("fresh_ones_lock", "lock", "conversation_id", fresh)
        duck.make_step(
            "locked_now",
            f"SELECT DISTINCT conversation_id FROM {locks} WHERE {_LOCKED} "
            f"AND conversation_id IN ({fresh})",
            {},
            reads=1,
        )
        locked = "SELECT conversation_id FROM locked_now"
        creations = events.make_holding(
            "locked_conversation", "conversation", "conversation_id", locked
        )
        duck.make_step(
            "newly_measured",
            f"SELECT DISTINCT channel_id FROM {creations} "
            f"WHERE type = 'conversation.created' AND conversation_id IN ({locked})",
            {},
            reads=1,
        )
        if not self._are_there():
            return False
        was_there = events.was_there_before(("lock", "conversation"))
        for path in self._files_before():
            locks = events.make_part("some_lock", "lock", [path])
            self._forget_measured(locks, was_there, f"LIMIT {_MOST_LOCKS}")
            if not self._are_there():
                return False
        self._forget_measured("all_lock", was_there)
        return self._are_there()

    def _files_before(self) -> Sequence[str]:
        """The newest files of locks that were there before, where most channels will be found."""
        files = [
            file
            for file in self._snapshot.files
            if file.family == "lock" and file.first_ms <= self._events.since_ms
        ]
        files.sort(key=lambda file: (file.month, file.rows), reverse=True)
        return [str(self._snapshot.folder / file.path) for file in files[:_MOST_FILES]]

    def _are_there(self) -> bool:
        return self._duck.rows("SELECT count(*) FROM newly_measured") != [(0,)]

    def _forget_measured(self, locks: str, was_there: str, limit: str = "") -> None:
        """Take out of `newly_measured` which channels surely reported some locks before: one in a
        conversation of one creation."""
        duck = self._duck
        duck.make_step(
            "locked_before",
            f"SELECT DISTINCT conversation_id FROM (SELECT conversation_id FROM {locks} "
            f"WHERE {_LOCKED} AND {was_there} {limit}) AS locks",
            {},
            reads=1,
        )
        before = "SELECT conversation_id FROM locked_before"
        creations = self._events.make_holding(
            "locked_conversation", "conversation", "conversation_id", before
        )
        duck.execute(
            "DELETE FROM newly_measured WHERE channel_id IN ("
            f"SELECT min(channel_id) FROM {creations} WHERE type = 'conversation.created' "
            f"AND conversation_id IN ({before}) "
            f"GROUP BY conversation_id HAVING count(*) = 1 AND bool_and({was_there}))"
        )


def _locks_of(locks: str, agents: str) -> str:
    return (
        f"SELECT agent_id, conversation_id, time_ms FROM {locks} WHERE {_LOCKED} "
        f"AND agent_id IN (SELECT agent_id FROM {agents})"
    )
