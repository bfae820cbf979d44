"""Refused events, kept so that somebody can look later: how many, and why.

They live in the state database (SQLite in the data folder), not in the log: a refused event never
was one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tawny.errors import StorageError
from tawny.model.explanation import Refusal

KEPT = 10_000
"""The newest refusals are kept with their reasons; all are counted."""

_metadata = sa.MetaData()

_refusals = sa.Table(
    "refusals",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("input", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("found", sa.Text, nullable=False),
    sa.Column("allowed", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class KeptRefusal:
    """A refusal with where and when it came in (milliseconds since 1970 UTC)."""

    at_ms: int
    input: str
    refusal: Refusal


class RefusalStore:
    """The refusals of a data folder."""

    def __init__(self, home: Path) -> None:
        self._path = home / "state.db"
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self._path)), connect_args={"timeout": 30}
        )

    def add(self, name: str, refusals: Sequence[Refusal]) -> None:
        """Remember refusals of an input; the oldest beyond `KEPT` lose their reasons."""
        now_ms = int(time.time() * 1000)
        rows = [
            {
                "at_ms": now_ms,
                # A file's name may be no text; the database holds texts only.
                "input": name.encode("utf-8", "backslashreplace").decode(),
                "number": refusal.number,
                "field": refusal.field,
                "found": refusal.found,
                "allowed": refusal.allowed,
            }
            for refusal in refusals
        ]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
                connection.execute(_refusals.insert(), rows)
                newest = sa.select(sa.func.max(_refusals.c.id)).scalar_subquery()
                connection.execute(_refusals.delete().where(_refusals.c.id <= newest - KEPT))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise StorageError(f"{self._path}: {_reason(error)}") from error

    def count(self) -> int:
        """How many events were ever refused."""
        if not self._path.exists():
            return 0
        try:
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
                # Ids are given in order and never again, so the largest counts them all.
                return connection.execute(sa.select(sa.func.max(_refusals.c.id))).scalar() or 0
        except sa.exc.SQLAlchemyError as error:
            raise StorageError(f"{self._path}: {_reason(error)}") from error

    def newest(self, limit: int) -> list[KeptRefusal]:
        """The newest refusals, newest first."""
        if not self._path.exists():
            return []
        try:
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
                rows = connection.execute(
                    sa.select(_refusals).order_by(_refusals.c.id.desc()).limit(limit)
                ).all()
        except sa.exc.SQLAlchemyError as error:
            raise StorageError(f"{self._path}: {_reason(error)}") from error
        return [
            KeptRefusal(
                row.at_ms, row.input, Refusal(row.number, row.field, row.found, row.allowed)
            )
            for row in rows
        ]


def _reason(error: Exception) -> str:
    original = getattr(error, "orig", None)
    return str(original or error).splitlines()[0]
