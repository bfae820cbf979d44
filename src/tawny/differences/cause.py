"""Why a row or a cell differs: an event that only one of two states of the log has."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tawny.engine.fresh_events import ERASED
from tawny.engine.moved_events import MovedEvent

CauseKind = Literal["arrived", "happened_after", "erased", "time_passed", "among"]
"""An event arrived between the versions; or is dated between the two instants; somebody was erased;
time itself went on; or it is one of those that moved."""


@dataclass(frozen=True, slots=True)
class DifferenceCause:
    """A cause."""

    kind: CauseKind
    is_now: bool = True
    """Whether the second side has the event."""
    event: Mapping[str, Any] | None = None
    """As it would be sent; of a conversation that may not be seen without what names it."""
    is_hidden: bool = False
    """Whether the event is of a conversation elsewhere."""
    arrived_ms: int | None = None
    """When the version was written with which it arrived, in milliseconds since 1970 UTC; None =
    not known any more."""
    time_ms: int = 0
    """When the event is dated."""
    log_version: int = 0

    @property
    def key(self) -> Hashable:
        """The same for the same cause."""
        event = self.event or {}
        return self.kind, self.is_now, event.get("source"), event.get("id")


def kind_of(moved: MovedEvent, before_version: int, now_version: int) -> CauseKind:
    """Which kind of cause an event is, by the versions of the two states."""
    if moved.key.type == ERASED:
        return "erased"
    lacking = before_version if moved.is_now else now_version
    return "arrived" if moved.log_version > lacking else "happened_after"
