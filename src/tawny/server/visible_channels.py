"""Channels as those who may see them see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class VisibleChannel:
    """A channel the caller may see."""

    id: str
    medium: str
    """Empty while the channel was never saved."""
    name: str
    display_name: str
    business_hours: Mapping[str, Any] | None
    """When it is open, as its last event says: `time_zone`, `weekly`, `holidays`; None = always."""

    @property
    def title(self) -> str:
        """What it is called wherever people read of it."""
        return self.display_name or self.name or self.id

    @property
    def other_names(self) -> list[str]:
        """Its name and its id, where they say something else."""
        return [one for one in (self.name, self.id) if one not in ("", self.title)]
