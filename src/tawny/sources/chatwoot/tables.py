"""What reading needs of an account, however it is read: rows of its small tables, and of those that
belong to some contacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class DeskTables(Protocol):
    """An account by its database or by its API. Rows have the names of the database's columns, and
    instants in microseconds since 1970 UTC; what cannot be read has no rows."""

    def has(self, table: str) -> bool:
        """Whether a table can be read."""

    def of_account(self, table: str, *columns: str) -> Sequence[Any]:
        """All rows of a small table that belong to the account."""

    def of_inboxes(self, table: str, *columns: str) -> Sequence[Any]:
        """All rows of a small table that belong to an inbox of the account."""

    def users(self) -> Sequence[Any]:
        """Those who are in the account now."""

    def team_members(self) -> Sequence[Any]:
        """Who is in which of the account's teams."""

    def agent_bots(self) -> Sequence[Any]:
        """The account's bots, and the global ones that its inboxes use."""

    def taggings(self, kind: str, ids: Sequence[int]) -> Sequence[Any]:
        """The labels on conversations or contacts."""

    def contact_inboxes(self, contact_ids: Sequence[int]) -> Sequence[Any]:
        """Where contacts are reached, the earliest first."""

    def there(self, table: str, column: str, numbers: Sequence[int]) -> frozenset[int]:
        """Which of some records of the account are there."""
