"""The inbox: acknowledged events on their way into the log, a batch of NDJSON lines a row.

A row is on the disk before anybody is told so, and goes when its events are in the log. The log
leaves repetitions out, so a row that is moved twice after a crash changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tawny.state.database import Database
from tawny.state.tables import inbox


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One batch: whole lines, and how many events they are."""

    id: int
    body: bytes
    events: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the inbox; `oldest_ms` in milliseconds since 1970 UTC."""

    last_id: int
    events: int
    oldest_ms: int | None


class Inbox:
    """The inbox of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batches: Sequence[tuple[bytes, int]]) -> None:
        """Keep batches of lines with their numbers of events, in one transaction. When it
        returns, they are durable."""
        now_ms = time.time_ns() // 1_000_000
        with self._database.write() as connection:
            connection.execute(
                inbox.insert(),
                [
                    {"received_ms": now_ms, "events": events, "body": body}
                    for body, events in batches
                ],
            )

    def waiting(self) -> Waiting:
        """How much there is to be moved."""
        with self._database.read() as connection:
            last_id, events, oldest_ms = connection.execute(
                sa.select(
                    sa.func.max(inbox.c.id),
                    sa.func.sum(inbox.c.events),
                    sa.func.min(inbox.c.received_ms),
                )
            ).one()
        return Waiting(last_id or 0, int(events or 0), oldest_ms)

    def first(self, up_to_id: int, most_events: int) -> list[InboxRow]:
        """The oldest rows up to an id, as many as hold about that many events."""
        taken: list[InboxRow] = []
        events = 0
        with self._database.read() as connection:
            result = connection.execute(
                sa.select(inbox).where(inbox.c.id <= up_to_id).order_by(inbox.c.id)
            )
            for row in result.yield_per(100):
                taken.append(InboxRow(row.id, row.body, row.events))
                events += row.events
                if events >= most_events:
                    break
        return taken

    def remove(self, rows: Sequence[InboxRow]) -> None:
        """Forget rows whose events are in the log."""
        ids = [row.id for row in rows]
        with self._database.write() as connection:
            for start in range(0, len(ids), 500):
                connection.execute(inbox.delete().where(inbox.c.id.in_(ids[start : start + 500])))
