"""How fresh the channels are: read by a worker process, kept while the log is the same, and seen
from now by whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.completeness.rule import ChannelFacts, Completeness, completeness
from tawny.people.callers import Caller, Scope
from tawny.server.cached_reading import PATIENCE_S, PROGRAM_PATIENCE_S, CachedReading

_PATIENCE_S = 1.0
"""So long schedules that wait for events stand still for a first look at them."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when each channel that somebody may see is complete."""

    as_of_ms: int
    """The instant from which it is seen."""
    channels: Sequence[Completeness]
    """Those that have conversations or a watermark, by id."""
    is_current: bool
    """Whether nothing has come in since."""


class FreshnessReader:
    """Reads it, and keeps it. `log_state` is quick, and different whenever the log is."""

    def __init__(
        self, read: Callable[[], dict[str, Any]], log_state: Callable[[], Hashable]
    ) -> None:
        self._reading = CachedReading(
            read, log_state, says_nothing=lambda found: not found["channels"]
        )

    def look(self) -> None:
        """Read it ahead of who asks first. Raises `TawnyError` for a log that cannot be read."""
        self._reading.get()

    def get(
        self,
        caller: Caller,
        patience_s: float,
        up_to_ms: int | None = None,
        newer_within_s: float = PATIENCE_S,
    ) -> Freshness | None:
        """That of the channels of a caller, asked for up to an instant (now); None when it takes
        longer than that the first time (it goes on), and the one before when something newer does.
        Raises `TawnyError` for a log that cannot be read."""
        caller.need(Scope.EXPORTS_READ)
        found = self.of_all(patience_s, up_to_ms, newer_within_s)
        if found is None:
            return None
        seen = [one for one in found.channels if caller.sees_channel(one.channel_id)]
        return Freshness(found.as_of_ms, seen, found.is_current)

    def known(self, up_to_ms: int) -> Sequence[Completeness] | None:
        """That of every channel, for schedules that wait for it; None when it is not known yet."""
        found = self.of_all(_PATIENCE_S, up_to_ms, PROGRAM_PATIENCE_S)
        return None if found is None else found.channels

    def of_all(
        self, patience_s: float, up_to_ms: int | None = None, newer_within_s: float = PATIENCE_S
    ) -> Freshness | None:
        """That of every channel; for metrics, whose route asks for the right."""
        reading = self._reading.get_within(patience_s, newer_within_s)
        if reading is None:
            return None
        facts = [ChannelFacts(**row) for row in reading.found["channels"]]
        return Freshness(
            reading.as_of_ms,
            [completeness(one, reading.as_of_ms, up_to_ms) for one in facts],
            reading.is_current,
        )
