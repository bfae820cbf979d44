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
            f"AS last_ms, touches.step FROM {self._near(family, within)} AS events INNER JOIN "
            "(SELECT DISTINCT conversation_id, step FROM touches) AS touches "
            "ON touches.conversation_id = events.conversation_id"
            for family in self._events.own_families()
        ]
        if "lock" in self._events.families:
            selects += self._session_spans()
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

    def _near(self, family: str, within: tuple[int, int] | None) -> str:
        return f"all_{family}" if within is None else self._events.make_near(family, *within)

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

    def _session_spans(self) -> list[str]:
        moments = (
            "SELECT agent_id, time_ms, log_version FROM all_lock WHERE type = 'conversation.locked'"
        )
        if "presence" in self._events.families:
            moments += (
                " UNION ALL SELECT agent_id, time_ms, log_version FROM all_presence "
                "WHERE presence = 'offline'"
            )
        self._next_of_agent("agent_moments", moments)
        self._duck.make_step(
            "last_of_conversations",
            "SELECT conversation_id, max(time_ms) AS last_ms FROM ("
            "SELECT conversation_id, time_ms FROM all_status UNION ALL "
            "SELECT conversation_id, time_ms FROM all_lock) AS events "
            "WHERE conversation_id IN (SELECT conversation_id FROM touches) "
            "GROUP BY conversation_id",
            {},
            reads=1,
        )
        begins = (
            "SELECT locks.agent_id, locks.time_ms, touches.step, last.last_ms "
            "FROM all_lock AS locks INNER JOIN "
            "(SELECT DISTINCT conversation_id, step FROM touches) AS touches "
            "ON touches.conversation_id = locks.conversation_id "
            "INNER JOIN last_of_conversations AS last "
            "ON last.conversation_id = locks.conversation_id "
            "WHERE locks.type = 'conversation.locked'"
        )
        return [self._until_next(begins, "agent_moments", "begins.last_ms")]

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
