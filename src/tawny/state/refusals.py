"""Refused events, kept so that somebody can look later: how many, and why.

They live in the state database (SQLite in the data folder), not in the log: a refused event never
was one. What stood in it may be about a person, and nobody can tell about whom: a broken line, a
name in the wrong field. So the values go after some days (setting `keep_refused_days`), and all of
them when somebody is erased; which line of which input it was, the field and what is allowed there
stay.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tawny.model.refusals import Mistake, Refusal
from tawny.model.zones import current_ms
from tawny.settings import Settings
from tawny.state.database import Database, open_database, open_database_for_reading
from tawny.state.tables import refusals
from tawny.text import Text, from_json, to_json

KEPT = 10_000
"""The newest refusals are kept with their reasons; all are counted."""

GONE = Text("a value that is no longer kept")
"""Said in the place of what stood in a refused event."""


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    """A refusal with where and when it came in (milliseconds since 1970 UTC)."""

    at_ms: int
    input: str
    refusal: Refusal


class RefusalStore:
    """The refusals of a data folder; its state database is opened when it is needed, unless it is
    given."""

    def __init__(self, home: Path, settings: Settings, database: Database | None = None) -> None:
        self._home = home
        self._settings = settings
        self._database = database

    def add(self, name: str, found: Sequence[Refusal], refused: int = 0) -> None:
        """Remember refusals of an input; the oldest beyond `KEPT` lose their reasons. `refused`
        counts all of the input where `found` has the first of them only."""
        if not found:
            return
        now_ms = current_ms()
        rows = [
            {
                "at_ms": now_ms,
                # A file's name may be no text; the database holds texts only.
                "input": name.encode("utf-8", "backslashreplace").decode(),
                "number": refusal.number,
                "field": refusal.field,
                "found": str(refusal.found),
                "allowed": str(refusal.allowed),
                "texts": _texts(refusal),
            }
            for refusal in found
        ]
        with self._opened() as database, database.write() as connection:
            connection.execute(refusals.insert(), rows)
            if refused > len(rows):
                _count(connection, refused - len(rows))
            beyond = sa.select(refusals.c.id).order_by(refusals.c.id.desc()).offset(KEPT).limit(1)
            connection.execute(refusals.delete().where(refusals.c.id <= beyond.scalar_subquery()))

    def drop_values(self, *, of_all: bool = False) -> int:
        """Forget what stood in refused events whose days are over, or in all of them; returns how
        many they were."""
        if not self._exists():
            return 0
        old = sa.true() if of_all else refusals.c.at_ms <= self._oldest_ms()
        with self._opened() as database, database.write() as connection:
            rows = connection.execute(sa.select(refusals).where(old, refusals.c.found != "")).all()
            for row in rows:
                connection.execute(
                    refusals.update()
                    .where(refusals.c.id == row.id)
                    .values(found="", texts=_texts(_refusal(row, values=False)))
                )
        return len(rows)

    def count(self) -> int:
        """How many events were ever refused."""
        if not self._exists():
            return 0
        with self._opened_for_reading() as database, database.read() as connection:
            # Ids are given in order and never again, so the largest counts them all.
            return connection.execute(sa.select(sa.func.max(refusals.c.id))).scalar() or 0

    def newest(self, limit: int) -> list[KeptRefusal]:
        """The newest refusals, newest first."""
        if not self._exists():
            return []
        with self._opened_for_reading() as database, database.read() as connection:
            rows = connection.execute(
                sa.select(refusals).order_by(refusals.c.id.desc()).limit(limit)
            ).all()
        oldest_ms = self._oldest_ms()
        return [
            KeptRefusal(row.at_ms, row.input, _refusal(row, values=row.at_ms > oldest_ms))
            for row in rows
        ]

    def _oldest_ms(self) -> int:
        """Refusals up to that instant are too old for their values."""
        days = self._settings.number("keep_refused_days")
        return current_ms() - days * 86_400_000

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Database]:
        if self._database is not None:
            yield self._database
            return
        with contextlib.closing(open_database(self._home, self._settings)) as database:
            yield database

    @contextlib.contextmanager
    def _opened_for_reading(self) -> Iterator[Database]:
        if self._database is not None:
            yield self._database
            return
        with contextlib.closing(open_database_for_reading(self._home, self._settings)) as database:
            yield database

    def _exists(self) -> bool:
        """Reading what was never written must not create a folder."""
        return (
            self._database is not None
            or bool(self._settings.text("state_url"))
            or (self._home / "state.db").exists()
        )


def _count(connection: sa.Connection, more: int) -> None:
    """Have the newest refusal counted as the last of `more` that are not kept: ids are given in
    order, and the largest counts them all."""
    newest = connection.execute(sa.select(sa.func.max(refusals.c.id))).scalar_one()
    connection.execute(refusals.update().where(refusals.c.id == newest).values(id=newest + more))
    if connection.dialect.name == "postgresql":
        # SQLite goes on from the largest id by itself.
        sequence = sa.func.pg_get_serial_sequence(refusals.name, "id")
        connection.execute(sa.select(sa.func.setval(sequence, newest + more)))


def _texts(refusal: Refusal) -> str:
    """What was found and what is allowed, of the first mistake and of the others, as it is kept."""
    more = [[one.field, one.found, one.allowed] for one in refusal.more]
    return to_json([refusal.found, refusal.allowed, *more])


def _refusal(row: Any, *, values: bool = True) -> Refusal:
    """A kept refusal, in a form that can be said in French when it was kept in one; without
    `values`, nothing of what was found."""
    kept = [row.found, row.allowed] if row.texts is None else from_json(row.texts)
    found, allowed, *more = kept
    return Refusal(
        row.number,
        row.field,
        found if values else GONE,
        allowed,
        tuple(Mistake(field, one if values else GONE, rule) for field, one, rule in more),
    )
