"""Which slots of a schedule are due: a function of schedule, clock and state, and of nothing else.

A slot is a schedule and one of its ranges. The slots of a schedule are decided in their order, each
once: up to `planned_to_ms` all are, whatever the clock, the pauses or the delay do afterwards. What
is decided is that a slot is to be made, or that it is skipped, and why. All instants are
milliseconds since 1970 UTC.
"""

from __future__ import annotations

import itertools
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tawny.model.periods import Period, border_until, ranges

WhySkipped = Literal["pause", "catch_up"]

Pause = tuple[int, int | None]
"""Since when and until when; None = it lasts."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a schedule says when its slots are due."""

    frequency: str
    """One of `FREQUENCIES`."""
    zone: zoneinfo.ZoneInfo
    delay_ms: int
    """How long after its end a slot is made."""
    created_ms: int
    """The first slot is the first that ends at or after it."""
    pauses: Sequence[Pause] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A slot whose time has come."""

    range: Period
    skipped: WhySkipped | None
    """None = it is to be made."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided at an instant."""

    decisions: Sequence[Decision]
    """In the order of their ranges."""
    planned_to_ms: int | None
    """The end of the last slot that is decided; None before the first."""
    next_range: Period
    """The first that is not decided."""
    next_due_ms: int
    """When it is."""


def plan(timing: Timing, planned_to_ms: int | None, now_ms: int, catch_up_slots: int) -> Plan:
    """Decide the slots that are due and were not decided yet.

    Those that end within a pause are skipped. Of the others, which are more than one only when
    nobody looked for a while, the newest `catch_up_slots` are made and the older skipped.
    """
    due: list[Period] = []
    for following in _undecided(timing, planned_to_ms):
        if following.to_ms + timing.delay_ms > now_ms:
            break
        due.append(following)
    paused = {slot for slot in due if _is_paused(timing.pauses, slot.to_ms)}
    awake = [slot for slot in due if slot not in paused]
    too_old = set(awake[: max(0, len(awake) - catch_up_slots)])
    decisions = [
        Decision(slot, "pause" if slot in paused else "catch_up" if slot in too_old else None)
        for slot in due
    ]
    return Plan(
        decisions=decisions,
        planned_to_ms=due[-1].to_ms if due else planned_to_ms,
        next_range=following,
        next_due_ms=following.to_ms + timing.delay_ms,
    )


def next_range(timing: Timing, planned_to_ms: int | None) -> Period:
    """The first slot that is not decided."""
    return next(_undecided(timing, planned_to_ms))


def next_due_ms(timing: Timing, planned_to_ms: int | None) -> int:
    """When the first slot that is not decided is due, or was."""
    return next_range(timing, planned_to_ms).to_ms + timing.delay_ms


def last_range(timing: Timing, now_ms: int) -> Period | None:
    """The last slot that was due at an instant and not within a pause; None where there is none."""
    end_ms = border_until(timing.frequency, timing.zone, now_ms - timing.delay_ms)
    slot = next(ranges(timing.frequency, timing.zone, end_ms))
    if slot.to_ms < timing.created_ms or _is_paused(timing.pauses, slot.to_ms):
        return None
    return slot


def past_ranges(timing: Timing, from_ms: int, to_ms: int, now_ms: int) -> list[Period]:
    """The ranges that lie within `[from_ms, to_ms)` and whose time has come, also those of before
    the schedule was created."""
    latest_ms = min(to_ms, now_ms - timing.delay_ms)
    after_start = itertools.dropwhile(
        lambda slot: slot.from_ms < from_ms, ranges(timing.frequency, timing.zone, from_ms + 1)
    )
    return list(itertools.takewhile(lambda slot: slot.to_ms <= latest_ms, after_start))


def _undecided(timing: Timing, planned_to_ms: int | None) -> Iterator[Period]:
    first_to_ms = timing.created_ms
    if planned_to_ms is not None:
        first_to_ms = max(first_to_ms, planned_to_ms + 1)
    return ranges(timing.frequency, timing.zone, first_to_ms)


def _is_paused(pauses: Sequence[Pause], instant_ms: int) -> bool:
    return any(
        since_ms <= instant_ms and (until_ms is None or instant_ms < until_ms)
        for since_ms, until_ms in pauses
    )
