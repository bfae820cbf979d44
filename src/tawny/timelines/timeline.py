"""A conversation over time: what happened, what lasted, and between which instants its times run.

All instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Lane = Literal["status", "virtual_agent", "lock", "response"]
"""What a span is of."""


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """Something that happened at one instant."""

    time_ms: int
    kind: str
    """`created`, `inbound`, `reply`, `outbound`, a status, `assigned`, `handed_over`, `locked`,
    `unlocked`, `survey_sent`, `survey_answered`, `survey_expired`."""
    agent_id: str | None = None
    agent: str | None = None
    """The agent's name, the id where it has none."""
    message_id: str | None = None
    cause: str | None = None
    """Of a status its cause, of an outbound message its type."""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """Something that lasted."""

    lane: Lane
    start_ms: int
    end_ms: int | None
    """None = it lasts still at the as-of instant."""
    kind: str
    """The status, the kind of the lock session, or what opened the wait."""
    agent_id: str | None = None
    agent: str | None = None
    message_id: str | None = None
    """The reply that ends the wait."""


@dataclass(frozen=True, slots=True)
class MetricRun:
    """Between which instants a time runs. `length_ms` is what counts of it: closed hours do not."""

    start_ms: int
    end_ms: int
    length_ms: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A time of the conversation, by the key of its column: the value as a file has it, which is
    empty where it is None, and the runs that it adds up."""

    column: str
    value: int | None
    runs: Sequence[MetricRun]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it, as of an instant."""

    conversation: str
    channel_id: str
    channel: str
    """Its name, its id where it has none."""
    zone: zoneinfo.ZoneInfo
    time_zone: str
    as_of_ms: int
    log_version: int
    created_ms: int
    status: str
    resolved_ms: int | None
    """When it was first resolved."""
    inbound_messages: int
    outbound_messages: int
    marks: Sequence[TimelineMark]
    spans: Sequence[TimelineSpan]
    metrics: Sequence[Metric]
    open_hours: Sequence[tuple[int, int]] | None
    """When the channel was open, from before the first mark to after the last; None = always."""

    @property
    def first_ms(self) -> int:
        """When its first event was."""
        return self.marks[0].time_ms

    @property
    def last_ms(self) -> int:
        """Up to when there is something to see: the as-of instant of what is not resolved."""
        ends = [span.end_ms for span in self.spans if span.end_ms is not None]
        last = max([self.marks[-1].time_ms, *ends])
        return last if self.status == "resolved" else max(last, self.as_of_ms)

    def of_lane(self, lane: Lane) -> list[TimelineSpan]:
        """Its spans of a lane in order."""
        return [span for span in self.spans if span.lane == lane]
