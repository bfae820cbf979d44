"""Rows of sources: what they are called, how they are read, how far they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError, UnknownValueError
from tawny.model.zones import current_ms
from tawny.sources.events import Fact, Facts
from tawny.state.database import Database
from tawny.state.tables import source_records, sources
from tawny.text import Text

import msgspec  # isort: skip

_facts = msgspec.msgpack.Decoder(dict[str, Fact])
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One source. Times in milliseconds since 1970 UTC."""

    id: int
    name: str
    kind: str
    address: str
    """The `source` of its events; with the prefix fixed for good."""
    prefix: str
    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    """References, or secrets encrypted, by option."""
    paused: bool
    created_ms: int
    position: Mapping[str, Any] | None
    log_version: int
    """The version of the log up to which the ledger knows this source's events."""
    live_since_ms: int | None
    newest_ms: int | None
    """The newest record that was read."""
    ended_ms: int | None
    """When the last sync ended."""
    report: Mapping[str, Any] | None
    error: str | None
    """Why the last sync failed, as a stored text."""
    changes: Mapping[str, int]
    """Since when an option is as it is, for those that were changed."""
    asked: Mapping[str, Any] | None
    """The sync that somebody asked a server for, until it has ended."""


class SourceStore:
    """The sources of an installation and what was sent of their records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Source]:
        """Those that are set up, by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(sources).where(sources.c.name.is_not(None)).order_by(sources.c.name)
            )
            return [_source(row) for row in rows]

    def get(self, name: str) -> Source:
        """One by its name. Raises `UnknownValueError`."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(sources).where(sources.c.name == name)).one_or_none()
        if row is None:
            raise UnknownValueError(
                Text("source"), name, [one.name for one in self.all()],
                Text("tawny sources list shows what is there"),
            )  # fmt: skip
        return _source(row)

    def find(self, name: str) -> Source:
        """One by its name. Raises `NotFoundError`."""
        found = next((one for one in self.all() if one.name == name), None)
        if found is None:
            raise NotFoundError("there is no source {name}", name=name[:80])
        return found

    def known_address(self, address: str) -> tuple[str | None, str] | None:
        """Name (none = removed) and prefix of the source that has, or had, an address."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(sources.c.name, sources.c.prefix).where(sources.c.address == address)
            ).one_or_none()
        return None if row is None else (row.name, row.prefix)

    def prefixes(self) -> Sequence[str]:
        """Of every source there is or ever was."""
        with self._database.read() as connection:
            return list(connection.execute(sa.select(sources.c.prefix)).scalars())

    def add(
        self,
        name: str,
        kind: str,
        address: str,
        prefix: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str],
    ) -> None:
        """Set up a source; a known address is taken over with its ledger."""
        values = {
            "name": name,
            "kind": kind,
            "options": json.dumps(options),
            "secrets": json.dumps(secrets),
            "paused": False,
            "position": None,
            "error": None,
            "changes": "{}",
            "asked": None,
        }
        with self._database.write() as connection:
            if connection.execute(sa.select(sources.c.id).where(sources.c.name == name)).first():
                raise ConflictError(
                    "source: found {name!r}, which is there already; allowed a new name, or "
                    "tawny sources set to change it",
                    name=name,
                )
            taken = connection.execute(
                sources.update()
                .where(sources.c.address == address, sources.c.name.is_(None))
                .values(**values)
            )
            if not taken.rowcount:
                connection.execute(
                    sources.insert().values(
                        **values,
                        address=address,
                        prefix=prefix,
                        created_ms=current_ms(),
                    )
                )

    def change(self, source: Source, **values: object) -> None:
        """Change columns of a source; what is no text, number or truth is stored as JSON."""
        stored = {
            name: json.dumps(value) if isinstance(value, (dict, list)) else value
            for name, value in values.items()
        }
        with self._database.write() as connection:
            connection.execute(sources.update().where(sources.c.id == source.id).values(**stored))

    def ask(self, source: Source, request: Mapping[str, Any]) -> bool:
        """Keep a sync that a server is asked for, until it has ended; false when another one was
        asked for before."""
        return self._asked(source, None, json.dumps(request))

    def answered(self, source: Source) -> None:
        """The sync that was asked for has ended."""
        if source.asked is not None:
            self._asked(source, json.dumps(source.asked), None)

    def _asked(self, source: Source, before: str | None, after: str | None) -> bool:
        with self._database.write() as connection:
            changed = connection.execute(
                sources.update()
                .where(sources.c.id == source.id, sources.c.name.is_not(None),
                       sources.c.asked.is_not_distinct_from(before))
                .values(asked=after)
            )  # fmt: skip
            return bool(changed.rowcount)

    def remove(self, source: Source) -> None:
        """Forget settings, secrets, position and ledger; the address and the prefix stay."""
        with self._database.write() as connection:
            connection.execute(
                source_records.delete().where(source_records.c.source_id == source.id)
            )
            connection.execute(
                sources.update()
                .where(sources.c.id == source.id)
                .values(
                    name=None, options="{}", secrets="{}", position=None, report=None, error=None,
                    live_since_ms=None, newest_ms=None, ended_ms=None, log_version=-1,
                    asked=None,
                )
            )  # fmt: skip

    # --- records --------------------------------------------------------------------------------

    def facts(self, source: Source, records: Sequence[str]) -> dict[str, Facts]:
        """What was sent of some records; those of which nothing was are not there."""
        found: dict[str, Facts] = {}
        with self._database.read() as connection:
            for start in range(0, len(records), _PAGE):
                rows = connection.execute(
                    sa.select(source_records.c.record, source_records.c.facts).where(
                        source_records.c.source_id == source.id,
                        source_records.c.record.in_(records[start : start + _PAGE]),
                    )
                )
                found |= {row.record: _facts.decode(row.facts) for row in rows}
        return found

    def records(self, source: Source, kind: str, size: int) -> Iterator[dict[str, Facts]]:
        """Pages of all records of a kind, by their names."""
        last = f"{kind}/"
        while True:
            with self._database.read() as connection:
                rows = connection.execute(
                    sa.select(source_records.c.record, source_records.c.facts)
                    .where(
                        source_records.c.source_id == source.id,
                        source_records.c.record > last,
                        source_records.c.record < f"{kind}0",  # the character after the slash
                    )
                    .order_by(source_records.c.record)
                    .limit(size)
                ).all()
            if not rows:
                return
            last = rows[-1].record
            yield {row.record: _facts.decode(row.facts) for row in rows}

    def save(self, source: Source, records: Mapping[str, Facts], **values: object) -> None:
        """Keep what was sent of records, and how far the source is, in one step."""
        rows = [
            {"source_id": source.id, "record": record, "facts": msgspec.msgpack.encode(facts)}
            for record, facts in records.items()
        ]
        stored = {
            name: json.dumps(value) if isinstance(value, (dict, list)) else value
            for name, value in values.items()
        }
        with self._database.write() as connection:
            for start in range(0, len(rows), _PAGE):
                page = rows[start : start + _PAGE]
                connection.execute(
                    source_records.delete().where(
                        source_records.c.source_id == source.id,
                        source_records.c.record.in_([row["record"] for row in page]),
                    )
                )
                connection.execute(source_records.insert(), page)
            if stored:
                connection.execute(
                    sources.update().where(sources.c.id == source.id).values(**stored)
                )


def _source(row: Any) -> Source:
    return Source(
        id=row.id,
        name=row.name,
        kind=row.kind,
        address=row.address,
        prefix=row.prefix,
        options=json.loads(row.options),
        secrets=json.loads(row.secrets),
        paused=row.paused,
        created_ms=row.created_ms,
        position=None if row.position is None else json.loads(row.position),
        log_version=row.log_version,
        live_since_ms=row.live_since_ms,
        newest_ms=row.newest_ms,
        ended_ms=row.ended_ms,
        report=None if row.report is None else json.loads(row.report),
        error=row.error,
        changes=json.loads(row.changes),
        asked=None if row.asked is None else json.loads(row.asked),
    )
