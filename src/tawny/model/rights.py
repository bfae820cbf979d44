"""What a person may be given beside channels, and an export may need."""

from __future__ import annotations

import enum


class Right(enum.StrEnum):
    """A right of its own; who has it is the business of `tawny.people.callers`."""

    PRESENCE = "presence"
    """To see who was available when, which belongs to no channel."""
