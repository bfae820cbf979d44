"""Rows of schedules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, UnknownValueError
from tawny.exports.request import request_json, request_of_json
from tawny.model.zones import current_ms
from tawny.schedules.choice import ScheduleChoice
from tawny.schedules.planner import Plan
from tawny.schedules.rows import DeliveryState, ExportSchedule
from tawny.state.database import Database
from tawny.state.delivery_tables import (
    destinations,
    schedule_destinations,
    schedule_people,
    schedules,
    slots,
)
from tawny.state.tables import users
from tawny.text import Text, from_json, to_json


class UnknownDestinationError(UnknownValueError, ConflictError):
    """A name that no destination has, or has any more."""


class ScheduleStore:
    """The schedules of one installation, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, owner_id: int | None = None) -> Sequence[ExportSchedule]:
        """Those that are there, by name; of everybody or one person."""
        query = _live().order_by(sa.func.lower(schedules.c.name), schedules.c.id)
        if owner_id is not None:
            query = query.where(schedules.c.owner_id == owner_id)
        with self._database.read() as connection:
            return _schedules(connection, query)

    def due(self, now_ms: int) -> Sequence[ExportSchedule]:
        """Those of which a slot is to be decided, longest due first."""
        query = _live().where(schedules.c.next_due_ms <= now_ms).order_by(schedules.c.next_due_ms)
        with self._database.read() as connection:
            return _schedules(connection, query)

    def find(self, schedule_id: int) -> ExportSchedule | None:
        """One, also one that was removed."""
        with self._database.read() as connection:
            query = sa.select(schedules).where(schedules.c.id == schedule_id)
            return next(iter(_schedules(connection, query)), None)

    def add(
        self, connection: sa.Connection, owner_id: int, owner: str, choice: ScheduleChoice,
        active: bool,
    ) -> int:  # fmt: skip
        """Add one; returns its number. Raises `ConflictError` for a name that is taken."""
        _named_once(connection, choice.name)
        now_ms = current_ms()
        schedule_id: int = connection.execute(
            schedules.insert()
            .values(
                owner_id=owner_id,
                owner=owner,
                active=active,
                pauses=json.dumps([] if active else [[now_ms, None]]),
                created_ms=now_ms,
                next_due_ms=0,
                **_columns_of(choice),
            )
            .returning(schedules.c.id)
        ).scalar_one()
        _set_destinations(connection, schedule_id, choice.destinations)
        _set_people(connection, schedule_id, choice.notify)
        return schedule_id

    def change(
        self, connection: sa.Connection, schedule: ExportSchedule, choice: ScheduleChoice
    ) -> None:
        """Set it otherwise, for slots that have not run."""
        _named_once(connection, choice.name, schedule.id)
        connection.execute(
            schedules.update()
            .where(schedules.c.id == schedule.id)
            # What is due is looked at anew, by whatever delay it has now.
            .values(next_due_ms=0, stopped=None, **_columns_of(choice))
        )
        _set_destinations(connection, schedule.id, choice.destinations)
        _set_people(connection, schedule.id, choice.notify)

    def set_owner(
        self, connection: sa.Connection, schedule: ExportSchedule, owner_id: int, owner: str
    ) -> None:
        """Give it to somebody else."""
        connection.execute(
            schedules.update()
            .where(schedules.c.id == schedule.id)
            .values(owner_id=owner_id, owner=owner, stopped=None)
        )

    def set_active(self, connection: sa.Connection, schedule: ExportSchedule, active: bool) -> None:
        """Begin or end a pause."""
        now_ms = current_ms()
        pauses: list[tuple[int, int | None]] = list(schedule.pauses)
        if active:
            since_ms = pauses[-1][0]
            pauses[-1] = since_ms, max(since_ms, now_ms)
        else:
            pauses.append((now_ms, None))
        connection.execute(
            schedules.update()
            .where(schedules.c.id == schedule.id)
            .values(active=active, pauses=json.dumps(pauses))
        )

    def remove(self, connection: sa.Connection, schedule: ExportSchedule) -> None:
        """Take it out of every list; what was delivered is remembered, what waits is skipped."""
        reason = to_json(Text("the schedule was removed"))
        connection.execute(
            schedules.update()
            .where(schedules.c.id == schedule.id)
            .values(removed_ms=current_ms(), active=False)
        )
        connection.execute(
            slots.update()
            .where(
                slots.c.schedule_id == schedule.id,
                slots.c.state.in_((DeliveryState.WAITING, DeliveryState.FAILED)),
            )
            .values(state=DeliveryState.SKIPPED, reason=reason, next_try_ms=None)
        )

    def stop(self, schedule: ExportSchedule, why: Text | None) -> None:
        """Say why it does not run, or that it does again."""
        if schedule.stopped == why:
            return
        with self._database.write() as connection:
            connection.execute(
                schedules.update()
                .where(schedules.c.id == schedule.id)
                .values(stopped=None if why is None else to_json(why))
            )

    def planned(self, connection: sa.Connection, schedule: ExportSchedule, plan: Plan) -> bool:
        """Remember how far it is decided; False when somebody else was quicker, or changed it."""
        done = connection.execute(
            schedules.update()
            .where(
                schedules.c.id == schedule.id,
                schedules.c.planned_to_ms.is_not_distinct_from(schedule.planned_to_ms),
                schedules.c.delay == schedule.choice.delay,
                schedules.c.pauses == json.dumps(schedule.pauses),
                schedules.c.removed_ms.is_(None),
            )
            .values(planned_to_ms=plan.planned_to_ms, next_due_ms=plan.next_due_ms)
        )
        return done.rowcount == 1


def _live() -> sa.Select[Any]:
    return sa.select(schedules).where(schedules.c.removed_ms.is_(None))


def _named_once(connection: sa.Connection, name: str, but: int | None = None) -> None:
    taken = connection.execute(
        sa.select(schedules.c.id).where(schedules.c.name == name, schedules.c.removed_ms.is_(None))
    ).scalar()
    if taken not in (None, but):
        raise ConflictError("name: found {name!r}, which is taken; choose another", name=name)


def _set_destinations(connection: sa.Connection, schedule_id: int, names: Sequence[str]) -> None:
    rows = connection.execute(sa.select(destinations.c.name, destinations.c.id)).all()
    known: dict[str, int] = {row.name: row.id for row in rows}
    for name in names:
        if name not in known:
            raise UnknownDestinationError(
                "destinations", name, known, Text("tawny destinations list shows them")
            )
    connection.execute(
        schedule_destinations.delete().where(schedule_destinations.c.schedule_id == schedule_id)
    )
    for name in names:
        connection.execute(
            schedule_destinations.insert().values(
                schedule_id=schedule_id, destination_id=known[name]
            )
        )


def _set_people(connection: sa.Connection, schedule_id: int, names: Sequence[str]) -> None:
    """Who has left in the meantime is not named."""
    connection.execute(schedule_people.delete().where(schedule_people.c.schedule_id == schedule_id))
    connection.execute(
        schedule_people.insert().from_select(
            ["schedule_id", "user_id"],
            sa.select(sa.literal(schedule_id, sa.BigInteger), users.c.id).where(
                users.c.name.in_(names)
            ),
        )
    )


def _columns_of(choice: ScheduleChoice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "request": json.dumps(request_json(choice.request), ensure_ascii=False),
        "frequency": choice.frequency,
        "delay": choice.delay,
        "wait": choice.wait,
        "corrections": choice.corrections,
        "changes": choice.changes,
    }


def _schedules(connection: sa.Connection, query: sa.Select[Any]) -> list[ExportSchedule]:
    rows = connection.execute(query).all()
    only = rows[0].id if len(rows) == 1 else None
    if not rows:
        return []
    places = _names_beside(connection, schedule_destinations, destinations, only)
    people = _names_beside(connection, schedule_people, users, only)
    return [_of_row(row, places.get(row.id, []), people.get(row.id, [])) for row in rows]


def _names_beside(
    connection: sa.Connection, pairs: sa.Table, named: sa.Table, only: int | None
) -> dict[int, list[str]]:
    """The names of what schedules are paired with, by the number of the schedule; of all, or of
    one."""
    query = sa.select(pairs.c.schedule_id, named.c.name).join(named).order_by(named.c.name)
    if only is not None:
        query = query.where(pairs.c.schedule_id == only)
    found: dict[int, list[str]] = {}
    for schedule_id, name in connection.execute(query):
        found.setdefault(schedule_id, []).append(name)
    return found


def _of_row(row: Any, places: Sequence[str], people: Sequence[str]) -> ExportSchedule:
    return ExportSchedule(
        id=row.id,
        owner_id=row.owner_id,
        owner=row.owner,
        choice=ScheduleChoice(
            name=row.name,
            request=request_of_json(json.loads(row.request)),
            frequency=row.frequency,
            destinations=tuple(places),
            delay=row.delay,
            wait=row.wait,
            corrections=row.corrections,
            changes=row.changes,
            notify=tuple(people),
        ),
        active=row.active,
        pauses=[(since_ms, until_ms) for since_ms, until_ms in json.loads(row.pauses)],
        created_ms=row.created_ms,
        planned_to_ms=row.planned_to_ms,
        next_due_ms=row.next_due_ms,
        stopped=None if row.stopped is None else from_json(row.stopped),
        removed=row.removed_ms is not None,
    )
