"""What a kind of source gives: pages of records, each of which turns into events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tawny.errors import FailureError
from tawny.sources.events import Event, Facts
from tawny.sources.ledger import Ledger
from tawny.sources.report import GapReport
from tawny.text import Text

Cursors = dict[str, Any]
"""How far each kind of record was read, as JSON holds it."""


class SourceError(FailureError):
    """The desk cannot be reached, or does not let itself be read."""

    retry = True


@dataclass(frozen=True, slots=True)
class Window:
    """Which records a sync reads. Instants in microseconds since 1970 UTC."""

    now_us: int
    """The desk's clock."""
    horizon_us: int
    """Records after it are left for the next sync, until they have settled."""
    since_us: int | None
    """Records that were last changed before it are not read."""
    overlap_us: int
    """So much before the last position is read again."""
    full: bool
    """Everything is read again, and what is gone is looked for."""
    look_for_gone: bool
    accept_deletions: bool
    future_us: int
    """A record after this instant was stamped by a wrong clock: it is kept and counted."""
    announced: frozenset[str] = frozenset()
    """Records that a webhook announced: they are read although nothing else tells of a change."""
    on_wait: Callable[[float], None] = lambda _: None
    """Is told of a wait for the limits of the desk before it begins, in seconds."""

    def is_young(self, instant_us: int) -> bool:
        """Whether a record is left for the next sync."""
        return self.horizon_us < instant_us <= self.future_us


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the desk; `events` maps it, given what was sent of it before."""

    name: str
    events: Callable[[Facts], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and how far the source is when their events are durable."""

    records: Sequence[Record]
    cursors: Cursors
    newest_us: int | None = None
    share: float | None = None
    """How much of everything is read, from 0 to 1, where that is known."""


@dataclass(frozen=True, slots=True)
class DeskAccess:
    """What a test of the access says of a desk."""

    account: str
    version: str
    counts: Mapping[str, int]
    oldest_us: int | None
    newest_us: int | None
    clock_difference_s: float
    not_measured: Sequence[tuple[Sequence[str], Text]] = ()
    """Columns of the exports that stay empty, and why."""
    notes: Sequence[Text] = ()
    """What a person should know: rights, differences from the desk's own reports."""
    address: str | None = None
    """By which the account is known, where only the desk itself tells it."""


class DeskReader(Protocol):
    """One open desk."""

    def access(self) -> DeskAccess:
        """Test the access and look what is there. Raises `SourceError`."""

    def now_us(self) -> int:
        """The desk's clock."""

    def pages(
        self, cursors: Cursors, window: Window, ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """All records of the window after the cursors; what is seen is counted in the report."""

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """How many records there are by kind and UTC month, in the desk's own terms."""

    def close(self) -> None:
        """Let go of the desk."""
