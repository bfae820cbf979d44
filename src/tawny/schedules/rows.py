"""Schedules, slots and deliveries as people see them. All times are milliseconds since 1970 UTC."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.completeness.words import Incompleteness
from tawny.model.periods import Period, request_texts
from tawny.model.zones import moment_ms, requested_zone
from tawny.schedules.choice import ScheduleChoice
from tawny.schedules.planner import Pause, Timing
from tawny.text import Text


class DeliveryState(enum.StrEnum):
    """Where a delivery is; a slot, while its file is made, is in one of them too."""

    WAITING = "waiting"
    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"
    """It is tried again."""
    GIVEN_UP = "given_up"
    SKIPPED = "skipped"


class Cause(enum.StrEnum):
    """Why a revision is made by itself."""

    CORRECTION = "correction"
    """Events came in late."""
    ERASURE = "erasure"
    """Somebody in it was erased."""


class Erasure(enum.StrEnum):
    """What becomes of delivered files that hold somebody who was erased since."""

    DUE = "due"
    """They are taken back, as soon as the next revision is there."""
    FOLLOWED = "followed"
    SENT = "sent"
    """What was mailed cannot be taken back."""
    GONE = "gone"
    """The destination was removed: nobody knows any more how to get there."""


ONCE = "once"
"""The frequency of what somebody sends once: an export that is there already."""

MADE = "made"
"""The state of a slot whose file is there; what follows is the business of its deliveries."""


@dataclass(frozen=True, slots=True)
class ExportSchedule:
    """A schedule of somebody."""

    id: int
    owner_id: int
    """`OPERATOR_ID` where nobody had an account yet."""
    owner: str
    choice: ScheduleChoice
    active: bool
    pauses: Sequence[Pause]
    created_ms: int
    planned_to_ms: int | None
    next_due_ms: int
    stopped: Text | None
    """Why it does not run, though it is active: its owner may not see any more what it shows."""
    removed: bool

    @property
    def timing(self) -> Timing:
        """When its slots are due."""
        return self.choice.timing(self.created_ms, self.pauses)

    @property
    def once(self) -> bool:
        """Whether it is no schedule, but an export that somebody sends once."""
        return self.choice.frequency == ONCE


@dataclass(frozen=True, slots=True)
class Slot:
    """A range of a schedule whose time has come."""

    id: int
    schedule_id: int
    range: Period
    state: str
    reason: Text | None
    revision: int
    as_of_ms: int | None
    """Fixed when it first runs."""
    run_id: str | None
    tries: int
    first_try_ms: int | None
    next_try_ms: int | None
    at_once: bool
    """Whether somebody wants it made without waiting for channels to be complete."""
    cause: str | None
    """One of `Cause` where its present revision is made by itself."""
    corrects: str | None
    """The run of the revision before."""
    cursor: str | None
    """Up to where its file leads, of a schedule of changes."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A slot, its revision and a destination."""

    id: int
    schedule_id: int
    schedule: str
    exports: Sequence[str]
    time_zone: str
    frequency: str
    """`ONCE` for an export that somebody sends, which is of no schedule."""
    slot_id: int
    range: Period
    revision: int
    destination_id: int
    destination: str
    state: DeliveryState
    reason: Text | None
    """Why it is not delivered."""
    run_id: str | None
    files: Sequence[Mapping[str, Any]]
    """Name, rows, bytes and SHA-256 of what is there; an earlier version kept no rows."""
    incomplete: Incompleteness | None
    """Of which channels the files may lack events; None = of none, or they are not made."""
    tries: int
    first_try_ms: int | None
    next_try_ms: int | None
    delivered_ms: int | None
    changes: Mapping[str, int] | None
    """How many rows of a revision are `added`, `removed`, `changed` against the one before."""
    erasure: str | None
    """One of `Erasure`: what becomes of its files, which hold somebody who was erased since."""

    @property
    def once(self) -> bool:
        """Whether somebody sent it once."""
        return self.frequency == ONCE

    @property
    def range_texts(self) -> tuple[str, str]:
        """Begin and end of its range: dates, or for hours instants with offset; of what was sent
        dates where both are midnights."""
        zone = requested_zone(self.time_zone)
        if not self.once:
            return request_texts(self.frequency, zone, self.range)
        days = request_texts("daily", zone, self.range)
        if tuple(moment_ms("from", day, zone) for day in days) == (
            self.range.from_ms, self.range.to_ms,
        ):  # fmt: skip
            return days
        return request_texts("hourly", zone, self.range)
