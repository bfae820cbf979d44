"""What every export of one sync is read with: where it begins, what it is told in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tawny.sources.http.client import StatusError
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Cursors, Page, Record, Window
from tawny.sources.report import GapReport
from tawny.sources.zendesk.desk import LEAST_AGE_S, ZendeskAccount
from tawny.sources.zendesk.directory import ZendeskDirectory


@dataclass(frozen=True, slots=True)
class SyncContext:
    """One reading of everything that is new; `cursors` is how far it is."""

    desk: ZendeskAccount
    directory: ZendeskDirectory
    cursors: Cursors
    window: Window
    ledger: Ledger
    report: GapReport
    excluded: frozenset[str]
    """Channels that are left out."""
    has_content: bool

    @property
    def newest_start_s(self) -> int:
        """The exports refuse to begin later: seconds since 1970 UTC."""
        return self.window.now_us // 1_000_000 - LEAST_AGE_S - 1

    @property
    def since_s(self) -> int:
        """Where everything begins: seconds since 1970 UTC."""
        return max(0, min((self.window.since_us or 0) // 1_000_000, self.newest_start_s))

    def page(
        self, records: Sequence[Record], newest_us: int | None = None, share: float | None = None
    ) -> Page:
        """Some records, with how far the sync is."""
        return Page(records, dict(self.cursors), newest_us, share)

    def start_s(self, name: str) -> int:
        """Where a list that is read by time begins: some time before it ended."""
        reached = self.cursors.get(name)
        if reached is None:
            return self.since_s
        start_s = int(reached) - self.window.overlap_us // 1_000_000
        return max(0, min(start_s, self.newest_start_s))

    def reached_s(self, end: str) -> int:
        """What counts as read of a list that was read up to a moment."""
        return min(int(end), self.window.horizon_us // 1_000_000)

    def one(self, kind: str, row: Any) -> AbstractContextManager[None]:
        """One bad record never stops the rest."""
        name = f"{kind}/{row.get('id')}" if isinstance(row, dict) else kind
        return self.report.one(name)

    @contextlib.contextmanager
    def optional(self, kind: str) -> Iterator[None]:
        """What some plans do not have is not there."""
        try:
            yield
        except StatusError as error:
            if error.status not in (403, 404):
                raise
            self.report.ignored[f"{kind}_not_available"] += 1
