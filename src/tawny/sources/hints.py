"""Records that desks announced as changed, until they are read, and how many webhooks came.

A record has one row, however often it is announced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tawny.sources.store import Source
from tawny.state.database import Database
from tawny.state.tables import source_hints, source_webhooks

MOST_HINTS = 10_000
"""So many records of a source are remembered; of more only that there are some."""
SOME = ""
"""The record of those that are not remembered by name."""

COUNTERS = ("received", "unverified", "repeated", "unknown")


@dataclass(frozen=True, slots=True)
class WebhookState:
    """What came to a source by webhooks."""

    token_hash: str | None
    """Of its secret address, if it has one."""
    last_ms: int | None
    """When the last one came that was the desk's: milliseconds since 1970 UTC."""
    counts: Mapping[str, int]
    """By `COUNTERS`, since the last sync."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sync has to read of hints."""

    records: frozenset[str]
    until_ms: int
    """Those that were heard up to then: milliseconds since 1970 UTC."""
    counts: Mapping[str, int]
    """Webhooks by `COUNTERS`, since the last sync."""


class HintStore:
    """The hints of an installation. Times in milliseconds since 1970 UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hear(
        self, source: Source, records: Sequence[str], at_ms: int, counts: Mapping[str, int]
    ) -> None:
        """A webhook came: its records are to be read again. Durable when it returns."""
        with self._database.write() as connection:
            for record in records:
                if not _renewed(connection, source, record, at_ms):
                    known = _has_room(connection, source)
                    if known or not _renewed(connection, source, SOME, at_ms):
                        connection.execute(
                            source_hints.insert().values(
                                source_id=source.id, record=record if known else SOME,
                                heard_ms=at_ms, last_ms=at_ms,
                            )
                        )  # fmt: skip
            _count(connection, source.id, counts, last_ms=at_ms)

    def count(self, source_id: int, counts: Mapping[str, int]) -> None:
        """Count what was not the desk's."""
        with self._database.write() as connection:
            _count(connection, source_id, counts)

    def oldest(self) -> Mapping[int, int]:
        """When the oldest hint of each source was heard, by the number of the source."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(source_hints.c.source_id, sa.func.min(source_hints.c.heard_ms)).group_by(
                    source_hints.c.source_id
                )
            )
            return {row[0]: int(row[1]) for row in rows}

    def announced(self, source: Source, until_ms: int) -> Announced:
        """What was announced of a source up to an instant."""
        counts = self.state(source).counts
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(source_hints.c.record).where(
                    source_hints.c.source_id == source.id, source_hints.c.heard_ms <= until_ms
                )
            )
            return Announced(frozenset(row.record for row in rows), until_ms, counts)

    def read(self, source: Source, announced: Announced) -> None:
        """A sync has read what was announced, and told the counts."""
        until_ms = announced.until_ms
        mine = source_hints.c.source_id == source.id, source_hints.c.heard_ms <= until_ms
        hints = source_hints.c
        with self._database.write() as connection:
            connection.execute(source_hints.delete().where(*mine, hints.last_ms <= until_ms))
            # What was announced again since then is read again. Between the second and the last
            # time nothing is remembered: it may have been at once.
            connection.execute(
                source_hints.update()
                .where(*mine)
                .values(
                    heard_ms=sa.case((hints.next_ms > until_ms, hints.next_ms), else_=until_ms + 1),
                    next_ms=sa.case((hints.next_ms < hints.last_ms, hints.last_ms)),
                )
            )
            _count(connection, source.id, {name: -n for name, n in announced.counts.items()})

    def state(self, source: Source) -> WebhookState:
        """What came to a source."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(source_webhooks).where(source_webhooks.c.source_id == source.id)
            ).one_or_none()
        if row is None:
            return WebhookState(None, None, dict.fromkeys(COUNTERS, 0))
        return WebhookState(
            row.token_hash, row.last_ms, {name: getattr(row, name) for name in COUNTERS}
        )

    def set_token(self, source: Source, token_hash: str | None) -> None:
        """Give a source another secret address, or none."""
        with self._database.write() as connection:
            _count(connection, source.id, {})
            connection.execute(
                source_webhooks.update()
                .where(source_webhooks.c.source_id == source.id)
                .values(token_hash=token_hash)
            )

    def forget(self, source: Source) -> None:
        """Forget everything of a source."""
        with self._database.write() as connection:
            for table in (source_hints, source_webhooks):
                connection.execute(table.delete().where(table.c.source_id == source.id))


def _renewed(connection: sa.Connection, source: Source, record: str, at_ms: int) -> bool:
    """Whether a record that is announced again has a row."""
    hints = source_hints.c
    changed = connection.execute(
        source_hints.update()
        .where(hints.source_id == source.id, hints.record == record)
        .values(last_ms=at_ms, next_ms=sa.func.coalesce(hints.next_ms, at_ms))
    )
    return bool(changed.rowcount)


def _has_room(connection: sa.Connection, source: Source) -> bool:
    rows = connection.execute(
        sa.select(sa.func.count()).where(source_hints.c.source_id == source.id)
    ).scalar_one()
    return int(rows) < MOST_HINTS


def _count(
    connection: sa.Connection, source_id: int, counts: Mapping[str, int],
    last_ms: int | None = None,
) -> None:  # fmt: skip
    columns = source_webhooks.c
    values: dict[str, object] = {name: columns[name] + count for name, count in counts.items()}
    if last_ms is not None:
        values["last_ms"] = last_ms
    mine = columns.source_id == source_id
    if not connection.execute(sa.select(columns.source_id).where(mine)).first():
        connection.execute(source_webhooks.insert().values(source_id=source_id))
    if values:
        connection.execute(source_webhooks.update().where(mine).values(**values))
