"""What to simulate: how many conversations, between which instants, from which seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from tawny.errors import RequestError

MAX_CONVERSATIONS = 100_000_000
MAX_SEED = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1990, 2200


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970 in UTC, finer digits cut off; exact, no floating point."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True)
class SampleRequest:
    """A care centre over `[start, end)`; both instants carry an offset.

    `conversations` is the exact number created in the range, those still open at `end` included.
    """

    conversations: int
    start: datetime
    end: datetime
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.conversations <= MAX_CONVERSATIONS:
            raise RequestError(
                "conversations: found {conversations}; allowed: a whole number from 1 to "
                "{max_conversations}",
                conversations=self.conversations,
                max_conversations=MAX_CONVERSATIONS,
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise RequestError(
                "seed: found {seed}; allowed: a whole number from 0 to {max_seed}",
                seed=self.seed,
                max_seed=MAX_SEED,
            )
        for name, instant in (("from", self.start), ("to", self.end)):
            if instant.utcoffset() is None:
                raise RequestError(
                    "{name}: found {instant} without an offset; allowed: an instant such as "
                    "2026-01-01T00:00:00+00:00",
                    name=name,
                    instant=instant.isoformat(),
                )
            if not FIRST_YEAR <= instant.year <= LAST_YEAR:
                raise RequestError(
                    "{name}: found the year {year}; allowed: {first_year} to {last_year}",
                    name=name,
                    year=instant.year,
                    first_year=FIRST_YEAR,
                    last_year=LAST_YEAR,
                )
        if to_ms(self.start) >= to_ms(self.end):
            raise RequestError(
                "from: found {start}, which is not before to ({end}); choose a later --to",
                start=self.start.isoformat(),
                end=self.end.isoformat(),
            )

    @cached_property
    def start_ms(self) -> int:
        """First instant, milliseconds since 1970 in UTC."""
        return to_ms(self.start)

    @cached_property
    def end_ms(self) -> int:
        """First instant that is outside, milliseconds since 1970 in UTC."""
        return to_ms(self.end)

    @cached_property
    def mark(self) -> str:
        """Short text inside every id, so that two different samples can live in one log."""
        text = f"{self.seed} {self.conversations} {self.start_ms} {self.end_ms}"
        return f"{zlib.crc32(text.encode()):08x}-"
