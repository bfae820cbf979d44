"""Saved exports: a choice of exports with a relative period, under a name, private or shared.

Whoever runs one does so with own rights, so that sharing gives nobody anything to see: the channels
that are named are answered for as in any other request.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from msgspec import structs

from tawny.errors import (
    ConflictError,
    NotAllowedError,
    NotFoundError,
    RequestError,
    UnknownValueError,
)
from tawny.exports.periods import PERIODS, period
from tawny.exports.request import ExportRequest, request_json, request_of_json
from tawny.exports.undated import without_range
from tawny.model.zones import current_ms, requested_zone
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.people.names import shown_name
from tawny.state.database import Database
from tawny.state.tables import saved_exports, users
from tawny.text import Text

LONGEST_NAME = 255
LOOKING_AT_SAVED = (Scope.EXPORTS_READ, Scope.SCHEDULES_WRITE)
"""Who may save one sees what is saved."""


@dataclass(frozen=True, slots=True)
class SavedChoice:
    """What somebody saves."""

    name: str
    period: str
    """One of `PERIODS`."""
    shared: bool
    request: ExportRequest
    """Without a range; `all` stands for what whoever runs it may run."""

    def request_at(self, now_ms: int) -> ExportRequest:
        """The request it means at an instant (milliseconds since 1970 UTC)."""
        zone = requested_zone(self.request.time_zone)
        start, end = period(self.period, now_ms, zone)
        return structs.replace(self.request, start=start.isoformat(), end=end.isoformat())


@dataclass(frozen=True, slots=True)
class SavedExportRow:
    """A saved export of somebody. Times are milliseconds since 1970 UTC."""

    id: int
    owner_id: int
    owner: str
    choice: SavedChoice
    created_ms: int


class SavedExports:
    """The saved exports of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def list(self, caller: Caller) -> list[SavedExportRow]:
        """The caller's own and those that others share, by name."""
        caller.need(*LOOKING_AT_SAVED)
        with self._database.read() as connection:
            rows = connection.execute(
                _select()
                .where(_visible(caller))
                .order_by(sa.func.lower(saved_exports.c.name), saved_exports.c.id)
            ).all()
        return [_of_row(row) for row in rows]

    def get(self, caller: Caller, saved_id: int) -> SavedExportRow:
        """One the caller may see."""
        caller.need(*LOOKING_AT_SAVED)
        with self._database.read() as connection:
            row = connection.execute(
                _select().where(saved_exports.c.id == saved_id, _visible(caller))
            ).first()
        if row is None:
            raise NotFoundError(
                "there is no saved export {id}, or none that you may see", id=saved_id
            )
        return _of_row(row)

    def add(self, caller: Caller, choice: SavedChoice) -> SavedExportRow:
        """Save a choice. Raises `RequestError` for one that could not be run."""
        caller.need(Scope.SCHEDULES_WRITE)
        choice = checked_saved(choice)
        with self._database.write() as connection:
            _named_once(connection, choice.name)
            saved_id = connection.execute(
                saved_exports.insert()
                .values(user_id=caller.user_id, created_ms=current_ms(), **_columns_of(choice))
                .returning(saved_exports.c.id)
            ).scalar_one()
            self._audit.add(connection, caller, "export_saved", str(saved_id), name=choice.name)
        return self.get(caller, saved_id)

    def change(self, caller: Caller, saved_id: int, choice: SavedChoice) -> SavedExportRow:
        """Save another choice in its place; its owner or an administrator may."""
        saved = self._own(caller, saved_id)
        choice = checked_saved(choice)
        with self._database.write() as connection:
            _named_once(connection, choice.name, saved.id)
            connection.execute(
                saved_exports.update()
                .where(saved_exports.c.id == saved.id)
                .values(**_columns_of(choice))
            )
            self._audit.add(
                connection, caller, "saved_export_changed", str(saved_id), name=choice.name
            )
        return self.get(caller, saved_id)

    def delete(self, caller: Caller, saved_id: int) -> None:
        """Forget it; its runs stay."""
        saved = self._own(caller, saved_id)
        with self._database.write() as connection:
            connection.execute(saved_exports.delete().where(saved_exports.c.id == saved.id))
            self._audit.add(
                connection, caller, "saved_export_deleted", str(saved_id), name=saved.choice.name
            )

    def _own(self, caller: Caller, saved_id: int) -> SavedExportRow:
        caller.need(Scope.SCHEDULES_WRITE)
        saved = self.get(caller, saved_id)
        if saved.owner_id != caller.user_id and not caller.administrator:
            raise NotAllowedError("this saved export is {owner}'s; ask that person",
                                  owner=saved.owner)  # fmt: skip
        return saved


def _named_once(connection: sa.Connection, name: str, but: int | None = None) -> None:
    """Raise `ConflictError` when there is another saved export of that name, whosever it is: a
    name alone says which is meant."""
    taken = connection.execute(
        sa.select(saved_exports.c.id).where(saved_exports.c.name == name)
    ).scalar()
    if taken not in (None, but):
        raise ConflictError("name: found {name!r}, which is taken; choose another", name=name)


def checked_saved(choice: SavedChoice) -> SavedChoice:
    """The choice as it is kept. Raises `RequestError`."""
    name = shown_name("name", choice.name)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise RequestError("name: found nothing or too much; allowed 1 to 255 characters")
    if choice.period not in PERIODS:
        raise UnknownValueError("period", choice.period, PERIODS)
    request = without_range(
        choice.request, Text("a saved export has a period instead, leave it out")
    )
    return SavedChoice(name, choice.period, choice.shared, request)


def _columns_of(choice: SavedChoice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "period": choice.period,
        "shared": choice.shared,
        "request": json.dumps(request_json(choice.request), ensure_ascii=False),
    }


def _select() -> sa.Select[Any]:
    return sa.select(saved_exports, users.c.name.label("owner")).join(
        users, users.c.id == saved_exports.c.user_id
    )


def _visible(caller: Caller) -> sa.ColumnElement[bool]:
    return sa.or_(saved_exports.c.user_id == caller.user_id, saved_exports.c.shared)


def _of_row(row: Any) -> SavedExportRow:
    return SavedExportRow(
        id=row.id,
        owner_id=row.user_id,
        owner=row.owner,
        choice=SavedChoice(
            row.name, row.period, bool(row.shared), request_of_json(json.loads(row.request))
        ),
        created_ms=row.created_ms,
    )
