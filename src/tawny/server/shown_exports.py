"""What the pages and the API show of exports before they are made and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tawny.queries.columns import Column


@dataclass(frozen=True, slots=True)
class ExportTypeAccess:
    """One of the twelve types, as the caller may use it."""

    name: str
    description: Mapping[str, str]
    """What a row is, in `en` and `fr`."""
    takes_range: bool
    allowed: bool
    """Whether the caller may run it (presence is a right of its own)."""
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class EstimatedExport:
    """How much an export would hold, and the exact bounds the request means."""

    rows: int | None
    """None when counting took longer than a person waits."""
    from_ms: int | None
    to_ms: int | None
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a run as they are in its CSV, with the columns to explain them."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | None]]
