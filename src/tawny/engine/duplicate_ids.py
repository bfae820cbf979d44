"""Ids that break a habit, anywhere in the log: messages created more than once, surveys whose
events name more than one conversation.

Of several creations of a message only the first by order counts, wherever it lies, so every export
would have to look for others of each of its messages in all the months there are; the same goes
for the events of a survey. Such ids are rare and the log only grows: this keeps the lists in cache
files for each version of the log, brought up to date from the one before by looking at the new
events alone. The cache is safe to delete.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from tawny.disk import translated_os_errors
from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal
from tawny.errors import StorageError
from tawny.log.files import Snapshot


@dataclass(frozen=True, slots=True)
class _Rare:
    """A list of ids: of the events of a family that meet a condition, those whose group does."""

    table: str
    family: str
    column: str
    reads: str
    """The columns to look at, the id among them."""
    condition: str
    having: str

    def file(self, version: int) -> str:
        """The name of its cache file for a version of the log."""
        return f"{self.table.replace('_', '-')}-{version}.parquet"

    def version_of(self, file: str) -> int | None:
        """The version a cache file is of; none for another file."""
        match = re.fullmatch(re.escape(self.table.replace("_", "-")) + r"-(\d+)\.parquet", file)
        return None if match is None else int(match.group(1))


_LISTS = (
    _Rare(
        table="repeated_messages",
        family="message",
        column="message_id",
        reads="message_id",
        condition="type = 'message.created'",
        having="count(*) > 1",
    ),
    _Rare(
        table="shared_survey_ids",
        family="survey",
        column="survey_id",
        reads="survey_id, conversation_id",
        condition="type IN ('csat.sent', 'csat.answered', 'csat.expired')",
        having="min(conversation_id) <> max(conversation_id)",
    ),
)

RARE_TABLES = frozenset(rare.table for rare in _LISTS)
"""The tables of one column, an id, that this module makes."""

# Grouped by a number first: a count over all ids as texts would need several times the memory.
_ALL = """
WITH events AS (
    SELECT {reads} FROM read_parquet({files}, hive_partitioning = false)
    WHERE {condition}
),
candidates AS (
    SELECT hash({column}) AS number FROM events GROUP BY number HAVING {having}
)
SELECT {column} FROM events
WHERE hash({column}) IN (SELECT number FROM candidates)
GROUP BY {column} HAVING {having}
"""

_SINCE = """
WITH events AS (
    SELECT {reads}, log_version FROM read_parquet({files}, hive_partitioning = false)
    WHERE {condition}
),
since AS (
    SELECT DISTINCT {column} FROM events WHERE log_version > {known}
)
SELECT {column} FROM events
WHERE {column} IN (SELECT {column} FROM since)
GROUP BY {column} HAVING {having}
UNION
SELECT {column} FROM read_parquet({cache})
"""


def create_rare_tables(duck: Duck, snapshot: Snapshot, tables: frozenset[str]) -> None:
    """Create those of `RARE_TABLES` that a query reads, for all of a snapshot, whatever the times
    of its events."""
    for rare in _LISTS:
        if rare.table in tables:
            _create(duck, snapshot, rare)


def _create(duck: Duck, snapshot: Snapshot, rare: _Rare) -> None:
    paths = snapshot.paths(rare.family)
    if not paths:
        duck.execute(
            f"CREATE OR REPLACE TEMP TABLE {rare.table} AS "
            f"SELECT CAST(NULL AS VARCHAR) AS {rare.column} WHERE false"
        )
        return
    folder = snapshot.folder.parent / "cache"
    known = _newest_cache(folder, rare, snapshot.version)
    if known == snapshot.version:
        cache = files_literal([str(folder / rare.file(known))])
        sql = f"SELECT {rare.column} FROM read_parquet({cache})"
    else:
        sql = (_ALL if known is None else _SINCE).format(
            column=rare.column,
            reads=rare.reads,
            condition=rare.condition,
            having=rare.having,
            files=files_literal(paths),
            known=known,
            cache="" if known is None else files_literal([str(folder / rare.file(known))]),
        )
    duck.execute(f"CREATE OR REPLACE TEMP TABLE {rare.table} AS {sql}")
    if known != snapshot.version:
        # A folder that cannot be written costs time at the next export, nothing else.
        with contextlib.suppress(StorageError):
            _keep(duck, folder, rare, snapshot.version)


def _versions(folder: Path, rare: _Rare) -> list[int]:
    if not folder.is_dir():
        return []
    versions = [rare.version_of(path.name) for path in folder.iterdir()]
    return sorted(version for version in versions if version is not None)


def _newest_cache(folder: Path, rare: _Rare, version: int) -> int | None:
    usable = [number for number in _versions(folder, rare) if number <= version]
    return usable[-1] if usable else None


def _keep(duck: Duck, folder: Path, rare: _Rare, version: int) -> None:
    with translated_os_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        work = folder / f".{secrets.token_hex(8)}.part"
        try:
            duck.copy(f"SELECT {rare.column} FROM {rare.table}", work, "FORMAT parquet")
            work.replace(folder / rare.file(version))
        finally:
            work.unlink(missing_ok=True)
        # Another process may still read the one before.
        for old in _versions(folder, rare)[:-3]:
            (folder / rare.file(old)).unlink(missing_ok=True)
