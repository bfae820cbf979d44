"""What every list of one sync is read with: how far it is, and what it is told in."""

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


@dataclass(frozen=True, slots=True)
class ApiReading:
    """One reading of everything that is new; `cursors` is how far it is."""

    cursors: Cursors
    window: Window
    ledger: Ledger
    report: GapReport
    excluded: frozenset[str]
    """Channels that are left out."""
    has_content: bool

    def page(
        self, records: Sequence[Record], newest_us: int | None = None, share: float | None = None
    ) -> Page:
        """Some records, with how far the sync is."""
        return Page(records, dict(self.cursors), newest_us, share)

    def one(self, kind: str, row: Any) -> AbstractContextManager[None]:
        """One bad record never stops the rest."""
        name = f"{kind}/{row.get('id')}" if isinstance(row, dict) else kind
        return self.report.one(name)

    @contextlib.contextmanager
    def optional(self, kind: str) -> Iterator[None]:
        """What some plans do not have, or the secret may not read, is not there."""
        try:
            yield
        except StatusError as error:
            if error.status not in (403, 404):
                raise
            self.report.ignored[f"{kind}_not_available"] += 1
