"""Events of the presence of agents."""

from __future__ import annotations

from typing import Literal

from tawny.model.event_data import EventData, Id


class PresenceChanged(EventData, gc=False):
    """An agent becomes available, away (with the name of an away state) or offline."""

    event_type = "presence.changed"
    family = "presence"
    agent_id: Id
    presence: Literal["available", "away", "offline"]
    away_state: str | None = None


TYPES: tuple[type[EventData], ...] = (PresenceChanged,)
