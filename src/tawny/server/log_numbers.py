"""What is in the log, as much of it as a caller may know. Instants are milliseconds since 1970
UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tawny.completeness.rule import Completeness


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Events of one type in the log."""

    type: str
    events: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class LogNumbers:
    """What came in. Numbers over all channels are None, and `types` empty, for a caller who may
    not see all of them."""

    as_of_ms: int
    """When all of it was so."""
    is_current: bool
    """Whether nothing has changed since."""
    version: int | None
    events: int | None
    size_bytes: int | None
    files: int | None
    refused: int | None
    waiting: int | None
    """Acknowledged events that are not in the log yet."""
    types: Sequence[TypeCount]
    channels: Sequence[Completeness]
    """Up to when each channel is complete, seen from `as_of_ms`."""


@dataclass(frozen=True, slots=True)
class LogFigures:
    """How large the log is."""

    version: int
    events: int
    size_bytes: int
    files: int
