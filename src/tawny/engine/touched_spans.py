"""In which spans of time the events between two states of the log can have changed something, for
the change feed of exports whose rows sum up a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tawny.engine.duck import Duck
from tawny.engine.fresh_events import EventsRead
from tawny.engine.touched import Touched

BUCKET_MS = 900_000
"""Times of events are told in quarters of an hour: periods have borders there, but for old local
times, where a quarter touches both."""

_NEAR_MS = 31 * 86_400_000
"""Sessions that reach into a span of time are looked for so long before it first."""

_LOCKED = "type = 'conversation.locked'"


@dataclass(frozen=True, slots=True)
class TouchedSpan:
    """A span of time in which something may have changed, both ends included, and the first and
    last step that touched it."""

    first_ms: int
    last_ms: int
    first_step: int
    last_step: int


class TouchedSpans:
    """Finds the spans of what is touched."""

    def __init__(self, duck: Duck, read: EventsRead, touched: Touched) -> None:
        self._duck = duck
        self._steps = read.steps
        self._events = touched.events
        self._everything = touched.everything

    def spans(self) -> Sequence[TouchedSpan]:
        """The times at which anything happened to touched conversations, and those in between that
        a session or an interval of presence covers."""
        rows = self._duck.rows(
            "SELECT first_ms, last_ms, first_step, last_step "
            f"FROM {self.make_spans()} ORDER BY first_ms, last_ms"
        )
        return [TouchedSpan(*(int(str(cell)) for cell in row)) for row in rows]

    def make_spans(self, within: tuple[int, int] | None = None) -> str:
        """Make a table of them, with the fields of `TouchedSpan`; returns its name. Of single
        events only those of a span of time, both ends included, where one is given."""
        bucket = f"CAST(floor(time_ms / {BUCKET_MS}.0) AS BIGINT)"
        selects = [
            f"SELECT {bucket} * {BUCKET_MS} AS first_ms, {bucket} * {BUCKET_MS} + {BUCKET_MS - 1} "
            f"AS last_ms, touches.step FROM {self._of_touched(family, within, 'spanned')} "
            "AS events INNER JOIN (SELECT DISTINCT conversation_id, step FROM touches) AS touches "
            "ON touches.conversation_id = events.conversation_id"
            for family in self._events.own_families()
        ]
        if "lock" in self._events.families:
            selects += self._session_spans(within)
        if "presence_totals" in self._steps:
            selects += self._presence_spans()
        self._duck.make_step(
            "touched_spans",
            "SELECT first_ms, last_ms, min(step) AS first_step, max(step) AS last_step FROM (\n"
            + "\nUNION ALL\n".join(selects)
            + "\n) AS spans GROUP BY first_ms, last_ms",
            {},
            reads=1,
        )
        return "touched_spans"

    def _of_touched(
        self, family: str, within: tuple[int, int] | None = None, name: str = "touched"
    ) -> str:
        """A view of events of a family that has those of touched conversations; all events, where
        all conversations are touched and no span of time is given."""
        if not self._everything:
            ids = "SELECT conversation_id FROM touches"
            return self._events.make_holding(
                f"{name}_{family}", family, "conversation_id", ids, within
            )
        if within is None:
            return f"all_{family}"
        return self._events.make_near(f"{name}_{family}", family, *within)

    def _next_of_agent(self, name: str, events: str) -> None:
        """Make steps of the instants at which something of an agent begins or ends: all of them,
        and those that were in sight before."""
        self._duck.make_step(
            name, f"SELECT agent_id, time_ms, {self._events.was_there()} AS was FROM ({events})",
            {}, reads=2,
        )  # fmt: skip

    def _until_next(self, begins: str, moments: str, otherwise: str) -> str:
        """A select of spans from `begins (agent_id, time_ms, step, last_ms)` to the next moment of
        the agent, as it was before or is now, whichever is later; without one to `otherwise`."""
        return (
            "SELECT begins.time_ms AS first_ms, "
            f"greatest(begins.time_ms, coalesce(before.time_ms, after.time_ms, {otherwise})) "
            f"AS last_ms, begins.step FROM ({begins}) AS begins "
            f"ASOF LEFT JOIN {moments} AS after ON after.agent_id = begins.agent_id "
            "AND begins.time_ms < after.time_ms "
            f"ASOF LEFT JOIN (SELECT * FROM {moments} WHERE was) AS before "
            "ON before.agent_id = begins.agent_id AND begins.time_ms < before.time_ms"
        )

    def _session_spans(self, within: tuple[int, int] | None) -> list[str]:
        """Sessions of touched conversations; of a span of time those that may reach into it."""
        duck, events = self._duck, self._events
        begins = self._of_touched("lock", within and (within[0] - _NEAR_MS, within[1]))
        locks = f"SELECT agent_id, conversation_id, time_ms FROM {begins} WHERE {_LOCKED}"
        if within is not None and (earlier := self._locks_before(within[0])):
            locks += f" UNION ALL {earlier}"
        duck.make_step(
            "session_begins",
            "SELECT locks.agent_id, locks.conversation_id, locks.time_ms, touches.step "
            f"FROM ({locks}) AS locks INNER JOIN "
            "(SELECT DISTINCT conversation_id, step FROM touches) AS touches "
            "ON touches.conversation_id = locks.conversation_id",
            {},
            reads=1,
        )
        [[first]] = duck.rows("SELECT min(time_ms) FROM session_begins")
        # No session of theirs ends before it began.
        later = (0 if first is None else int(str(first)), events.until_ms)
        last = " UNION ALL ".join(
            f"SELECT conversation_id, time_ms FROM {self._of_touched(family, later, 'ending')}"
            for family in ("status", "lock")
        )
        duck.make_step(
            "last_of_conversations",
            f"SELECT conversation_id, max(time_ms) AS last_ms FROM ({last}) AS events "
            "WHERE conversation_id IN (SELECT conversation_id FROM session_begins) "
            "GROUP BY conversation_id",
            {},
            reads=1,
        )
        self._next_of_agent("agent_moments", self._agent_moments("later", *later))
        begun = (
            "SELECT begins.agent_id, begins.time_ms, begins.step, last.last_ms "
            "FROM session_begins AS begins INNER JOIN last_of_conversations AS last "
            "ON last.conversation_id = begins.conversation_id"
        )
        return [self._until_next(begun, "agent_moments", "begins.last_ms")]

    def _agent_moments(self, name: str, first_ms: int, last_ms: int) -> str:
        """A select of when sessions of agents can end in a span of time: at their next lock, or
        when they go offline."""
        locks = self._events.make_near(f"{name}_lock", "lock", first_ms, last_ms)
        moments = f"SELECT agent_id, time_ms, log_version FROM {locks} WHERE {_LOCKED}"
        if "presence" in self._events.families:
            presence = self._events.make_near(f"{name}_presence", "presence", first_ms, last_ms)
            moments += (
                f" UNION ALL SELECT agent_id, time_ms, log_version FROM {presence} "
                "WHERE presence = 'offline'"
            )
        return moments

    def _locks_before(self, first_ms: int) -> str:
        """A select of locks of touched conversations, long before an instant, whose sessions may
        last until then: those of agents whom nothing ended one between."""
        near_ms = first_ms - _NEAR_MS
        self._duck.make_step(
            "near_agents",
            f"SELECT DISTINCT agent_id FROM ({self._agent_moments('recent', near_ms, first_ms - 1)}"
            f") AS moments WHERE agent_id IS NOT NULL AND {self._events.was_there()}",
            {}, reads=1,
        )  # fmt: skip
        touched = "SELECT conversation_id FROM touches"
        if self._everything:
            paths = self._events.paths("lock", None, near_ms)
        else:
            paths = self._events.ids.paths_without(
                "lock", touched, "SELECT agent_id FROM near_agents", near_ms
            )
        if not paths:
            return ""
        locks = self._events.make_part("earlier_lock", "lock", paths)
        return (
            f"SELECT agent_id, conversation_id, time_ms FROM {locks} WHERE {_LOCKED} "
            f"AND time_ms < {near_ms} "
            "AND agent_id NOT IN (SELECT agent_id FROM near_agents) "
            f"AND conversation_id IN ({touched})"
        )

    def _presence_spans(self) -> list[str]:
        self._next_of_agent(
            "presence_moments", "SELECT agent_id, time_ms, log_version FROM all_presence"
        )
        last, unknown = str(self._events.until_ms), self._events.unknown_step
        if self._everything:
            begins = f"SELECT agent_id, time_ms, {unknown} AS step FROM all_presence"
            return [self._until_next(begins, "presence_moments", last)]
        saved = (
            "SELECT presence.agent_id, presence.time_ms, saved.step FROM all_presence AS presence "
            "INNER JOIN fresh_reference AS saved ON saved.agent_id = presence.agent_id "
            "WHERE saved.type = 'agent.saved'"
        )
        fresh = "SELECT agent_id, time_ms, step FROM fresh_presence"
        spans = [self._until_next(f"{fresh} UNION ALL {saved}", "presence_moments", last)]
        if self._events.since_ms < self._events.until_ms:
            # An open interval lasts until the commit.
            spans.append(
                f"SELECT {self._events.since_ms} AS first_ms, {last} AS last_ms, {unknown} AS step "
                "FROM (SELECT count(*) AS intervals FROM all_presence) AS open WHERE intervals > 0"
            )
        return spans
