"""Refused events, kept so that somebody can look later: how many, and why.

They live in the state database (SQLite in the data folder), not in the log: a refused event never
was one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tawny.model.explanation import Refusal
from tawny.settings import Settings
from tawny.state.database import Database, open_database, open_database_for_reading
from tawny.state.tables import refusals
from tawny.text import Text, from_json, to_json

KEPT = 10_000
"""The newest refusals are kept with their reasons; all are counted."""


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

    def add(self, name: str, found: Sequence[Refusal]) -> None:
        """Remember refusals of an input; the oldest beyond `KEPT` lose their reasons."""
        if not found:
            return
        now_ms = int(time.time() * 1000)
        rows = [
            {
                "at_ms": now_ms,
                # A file's name may be no text; the database holds texts only.
                "input": name.encode("utf-8", "backslashreplace").decode(),
                "number": refusal.number,
                "field": refusal.field,
                "found": str(refusal.found),
                "allowed": str(refusal.allowed),
                "texts": to_json([refusal.found, refusal.allowed]),
            }
            for refusal in found
        ]
        with self._opened() as database, database.write() as connection:
            connection.execute(refusals.insert(), rows)
            newest = sa.select(sa.func.max(refusals.c.id)).scalar_subquery()
            connection.execute(refusals.delete().where(refusals.c.id <= newest - KEPT))

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
        return [
            KeptRefusal(row.at_ms, row.input, Refusal(row.number, row.field, *_texts(row)))
            for row in rows
        ]

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


def _texts(row: Any) -> tuple[Text | str, Text | str]:
    """What was found and what is allowed, in a form that can be said in French when they were kept
    in one."""
    if row.texts is None:
        return row.found, row.allowed
    found, allowed = from_json(row.texts)
    return found, allowed
