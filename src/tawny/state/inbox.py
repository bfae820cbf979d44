"""The inbox: acknowledged events on their way into the log, a batch of NDJSON lines a row.

A row is on the disk before anybody is told so, and goes when its events are in the log. The log
leaves repetitions out, so a row that is moved twice after a crash changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.model.zones import current_ms
from tawny.state.database import Database
from tawny.state.tables import inbox

ROW_BYTES = 4 << 20
"""A row holds about that much at most, so that nobody has to hold more of what waits at a time."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One batch: whole lines, how many events they are, and the request that brought them."""

    id: int
    body: bytes
    events: int
    request_id: str | None


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

    def add(self, batches: Iterable[tuple[bytes, int, str]]) -> list[int]:
        """Keep batches of lines with their numbers of events and the ids of their requests, in one
        transaction; returns their ids. When it returns, they are durable."""
        ids: list[int] = []
        with self._database.write() as connection:
            for group in _groups(batches):
                result = connection.execute(
                    inbox.insert().returning(inbox.c.id, sort_by_parameter_order=True), group
                )
                ids += result.scalars()
        return ids

    def since(self, last_id: int, most_events: int) -> list[InboxRow]:
        """The first rows that came after one, as many as hold about that many events."""
        return self._first(inbox.c.id > last_id, most_events)

    def oldest_id(self) -> int | None:
        """The id of the oldest row; none when all is moved."""
        with self._database.read() as connection:
            return connection.execute(sa.select(sa.func.min(inbox.c.id))).scalar()

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

    def size_bytes(self) -> int:
        """How many bytes of lines there are to be moved."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(sa.func.sum(sa.func.length(inbox.c.body))))
            return int(found.scalar() or 0)

    def first(self, up_to_id: int, most_events: int) -> list[InboxRow]:
        """The oldest rows up to an id, as many as hold about that many events."""
        return self._first(inbox.c.id <= up_to_id, most_events)

    def _first(self, which: sa.ColumnElement[bool], most_events: int) -> list[InboxRow]:
        taken: list[InboxRow] = []
        events = 0
        with self._database.read() as connection:
            result = connection.execute(sa.select(inbox).where(which).order_by(inbox.c.id))
            for row in result.yield_per(100):
                taken.append(_row(row))
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


def _groups(batches: Iterable[tuple[bytes, int, str]]) -> Iterator[list[dict[str, object]]]:
    """Rows for the table, as many as hold about `ROW_BYTES` at a time."""
    now_ms = current_ms()
    group: list[dict[str, object]] = []
    group_bytes = 0
    for body, events, request_id in batches:
        group.append(
            {"received_ms": now_ms, "events": events, "body": body, "request_id": request_id}
        )
        group_bytes += len(body)
        if group_bytes >= ROW_BYTES:
            yield group
            group, group_bytes = [], 0
    if group:
        yield group


def _row(row: Any) -> InboxRow:
    return InboxRow(row.id, row.body, row.events, row.request_id)
