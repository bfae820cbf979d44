"""What every export of one sync is read with: where it begins, what it is told in."""

from __future__ import annotations

from dataclasses import dataclass

from tawny.sources.http.reading import ApiReading
from tawny.sources.zendesk.desk import LEAST_AGE_S, ZendeskAccount
from tawny.sources.zendesk.directory import ZendeskDirectory


@dataclass(frozen=True, slots=True)
class SyncContext(ApiReading):
    """One reading of an account."""

    desk: ZendeskAccount
    directory: ZendeskDirectory

    @property
    def newest_start_s(self) -> int:
        """The exports refuse to begin later: seconds since 1970 UTC."""
        return self.window.now_us // 1_000_000 - LEAST_AGE_S - 1

    @property
    def since_s(self) -> int:
        """Where everything begins: seconds since 1970 UTC."""
        return max(0, min((self.window.since_us or 0) // 1_000_000, self.newest_start_s))

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
