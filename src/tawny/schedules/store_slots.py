"""Rows of slots: which are decided, how far the making of their files is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.completeness.words import Incompleteness
from tawny.deliveries.tries import next_try_ms
from tawny.model.periods import Period
from tawny.model.zones import current_ms
from tawny.schedules.planner import Plan
from tawny.schedules.rows import MADE, Cause, DeliveryState, ExportSchedule, Slot
from tawny.schedules.store import ScheduleStore
from tawny.state.database import Database
from tawny.state.delivery_tables import (
    deliveries,
    destinations,
    schedule_destinations,
    schedules,
    slots,
)
from tawny.text import Text, from_json, to_json

_UNMADE = (DeliveryState.WAITING, DeliveryState.FAILED)
_INSERTED_AT_ONCE = 500

WHY_SKIPPED = {
    "pause": Text("its schedule was paused when the range ended"),
    "catch_up": Text("the server was down, and newer ranges were to be caught up with first"),
}


class SlotStore:
    """The slots of one installation, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schedules = ScheduleStore(database)

    def decide(self, schedule: ExportSchedule, plan: Plan) -> bool:
        """Keep what was decided, all of it or nothing; False when somebody else was quicker."""
        with self._database.write() as connection:
            if not self._schedules.planned(connection, schedule, plan):
                return False
            decided = {one.range: one.skipped for one in plan.decisions}
            known = _known(connection, schedule, list(decided))
            _add(
                connection, schedule,
                {slot: why for slot, why in decided.items() if slot not in known},
            )  # fmt: skip
        return True

    def add_past(
        self, connection: sa.Connection, schedule: ExportSchedule, wanted: Sequence[Period],
        now_ms: int, *, again: bool, at_once: bool,
    ) -> int:  # fmt: skip
        """Have slots of the past made; returns how many. Those that wait, were skipped or given up
        are made now too, those that were made only `again`, as their next revision. `at_once` =
        without waiting for channels to be complete."""
        known = _known(connection, schedule, wanted)
        fresh = {slot: None for slot in wanted if slot not in known}
        _add(connection, schedule, fresh, at_once=at_once)
        count = len(wanted) - len(known)
        for slot in known.values():
            if slot.state in (*_UNMADE, DeliveryState.SKIPPED, DeliveryState.GIVEN_UP):
                _wait(connection, slot.id, now_ms, at_once=at_once)
                count += 1
            elif again and slot.state == MADE:
                _wait(
                    connection, slot.id, now_ms, run_id=None, revision=slot.revision + 1,
                    cause=None, corrects=slot.run_id,
                )  # fmt: skip
                _add_deliveries(connection, schedule.id, [slot.id], slot.revision + 1)
                count += 1
        return count

    def due(self, schedule_id: int | None = None, *, held: bool = False) -> Sequence[Slot]:
        """Slots whose file is to be made now, oldest first; those of a schedule that is paused wait
        for the end of the pause. With `held` also those that wait for channels to be complete."""
        now_is = slots.c.next_try_ms <= current_ms()
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(slots)
                .join(schedules, schedules.c.id == slots.c.schedule_id)
                .where(
                    slots.c.state.in_(_UNMADE),
                    sa.or_(now_is, slots.c.held) if held else now_is,
                    # An erasure is followed, whatever has become of the schedule.
                    sa.or_(
                        sa.and_(schedules.c.active, schedules.c.removed_ms.is_(None)),
                        slots.c.cause == Cause.ERASURE,
                    ),
                    _of_schedule(schedule_id),
                )
                .order_by(slots.c.to_ms, slots.c.id)
            ).all()
        return [_of_row(row) for row in rows]

    def running(self, schedule_id: int | None = None) -> Sequence[Slot]:
        """Slots whose file is being made."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(slots)
                .where(slots.c.state == DeliveryState.RUNNING, _of_schedule(schedule_id))
                .order_by(slots.c.id)
            ).all()
        return [_of_row(row) for row in rows]

    def before(self, slot: Slot) -> Slot | None:
        """Of the same schedule the slot before one, of those that were made or are to be."""
        over = (DeliveryState.SKIPPED, DeliveryState.GIVEN_UP)
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(slots)
                .where(
                    slots.c.schedule_id == slot.schedule_id,
                    slots.c.from_ms < slot.range.from_ms,
                    slots.c.state.not_in(over),
                )
                .order_by(slots.c.from_ms.desc())
                .limit(1)
            ).first()
        return None if row is None else _of_row(row)

    def begin(self, slot: Slot, as_of_ms: int, now_ms: int) -> Slot | None:
        """Take the making of a file up; the first time fixes as of when it is, and where it is
        delivered to. None when somebody else was quicker."""
        with self._database.write() as connection:
            row = connection.execute(
                slots.update()
                .where(slots.c.id == slot.id, slots.c.state.in_(_UNMADE))
                .values(
                    state=DeliveryState.RUNNING,
                    reason=None,
                    as_of_ms=sa.func.coalesce(slots.c.as_of_ms, as_of_ms),
                    run_id=None,
                    tries=slots.c.tries + 1,
                    first_try_ms=sa.func.coalesce(slots.c.first_try_ms, now_ms),
                    next_try_ms=None,
                    held=False,
                )
                .returning(slots)
            ).first()
            if row is None:
                return None
            _set_destinations(connection, row)
        return _of_row(row)

    def set_run(self, slot: Slot, run_id: str) -> None:
        """Which run makes the file."""
        with self._database.write() as connection:
            connection.execute(slots.update().where(slots.c.id == slot.id).values(run_id=run_id))

    def made(
        self,
        slot: Slot,
        incomplete: Incompleteness | None,
        changes: Mapping[str, int] | None,
        log_version: int,
        now_ms: int,
        cursor: str | None = None,
    ) -> None:
        """The file is there and can be delivered, whatever it lacks; it is what a version of the
        log says."""
        with self._database.write() as connection:
            known = slots.c.erasures_version
            connection.execute(
                slots.update()
                .where(slots.c.id == slot.id, slots.c.state == DeliveryState.RUNNING)
                .values(
                    state=MADE,
                    reason=None,
                    log_version=log_version,
                    cursor=cursor,
                    # The files of revisions before are still to be looked at.
                    erasures_version=log_version if slot.revision == 1 else known,
                )
            )
            connection.execute(
                deliveries.update()
                .where(
                    deliveries.c.slot_id == slot.id,
                    deliveries.c.revision == slot.revision,
                    deliveries.c.state != DeliveryState.DELIVERED,
                )
                .values(
                    state=DeliveryState.WAITING,
                    run_id=slot.run_id,
                    next_try_ms=now_ms,
                    reason=None,
                    incomplete=None if incomplete is None else incomplete.as_json(),
                    changes=None if changes is None else json.dumps(dict(changes)),
                )
            )

    def lost(self, slot_id: int, now_ms: int) -> None:
        """The file is not there any more: make it again."""
        with self._database.write() as connection:
            _wait(connection, slot_id, now_ms, run_id=None)

    def failed(self, slot: Slot, why: Text, now_ms: int, *, again: bool = True) -> None:
        """Making the file did not work; it is tried again, or given up."""
        first_ms = now_ms if slot.first_try_ms is None else slot.first_try_ms
        next_ms = next_try_ms(max(1, slot.tries), first_ms, now_ms) if again else None
        state = DeliveryState.GIVEN_UP if next_ms is None else DeliveryState.FAILED
        with self._database.write() as connection:
            connection.execute(
                slots.update()
                .where(slots.c.id == slot.id, slots.c.state != MADE)
                .values(state=state, reason=to_json(why), next_try_ms=next_ms)
            )

    def hold(self, slot: Slot, why: Text, next_ms: int, *, for_events: bool = False) -> None:
        """It waits for something, and is looked at again then; where it waits for events, before
        that too."""
        if slot.reason == why and slot.next_try_ms == next_ms:
            return
        with self._database.write() as connection:
            connection.execute(
                slots.update()
                .where(slots.c.id == slot.id, slots.c.state.in_(_UNMADE))
                .values(
                    state=DeliveryState.WAITING,
                    reason=to_json(why),
                    next_try_ms=next_ms,
                    held=for_events,
                )
            )


def _of_schedule(schedule_id: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if schedule_id is None else slots.c.schedule_id == schedule_id


def _known(
    connection: sa.Connection, schedule: ExportSchedule, wanted: Sequence[Period]
) -> dict[Period, Slot]:
    """Those that are there already."""
    if not wanted:
        return {}
    rows = connection.execute(
        sa.select(slots).where(
            slots.c.schedule_id == schedule.id,
            slots.c.from_ms >= wanted[0].from_ms,
            slots.c.from_ms <= wanted[-1].from_ms,
        )
    ).all()
    return {(slot := _of_row(row)).range: slot for row in rows}


def _add(
    connection: sa.Connection, schedule: ExportSchedule, wanted: dict[Period, Any],
    *, at_once: bool = False,
) -> None:  # fmt: skip
    found = [
        {
            "schedule_id": schedule.id,
            "from_ms": slot.from_ms,
            "to_ms": slot.to_ms,
            "state": DeliveryState.WAITING if why is None else DeliveryState.SKIPPED,
            "reason": None if why is None else to_json(WHY_SKIPPED[why]),
            "revision": 1,
            "tries": 0,
            "next_try_ms": 0 if why is None else None,
            "held": False,
            "at_once": at_once,
        }
        for slot, why in wanted.items()
    ]
    for start in range(0, len(found), _INSERTED_AT_ONCE):
        ids = connection.execute(
            slots.insert().returning(slots.c.id), found[start : start + _INSERTED_AT_ONCE]
        ).scalars()
        _add_deliveries(connection, schedule.id, list(ids), 1)


def _add_deliveries(
    connection: sa.Connection, schedule_id: int, slot_ids: Sequence[int], revision: int
) -> None:
    there = _destinations_of(connection, schedule_id)
    _insert_deliveries(connection, slot_ids, revision, there)


def _destinations_of(connection: sa.Connection, schedule_id: int) -> Sequence[Any]:
    """Number and name of those that a schedule has now."""
    return connection.execute(
        sa.select(destinations.c.id, destinations.c.name)
        .join(schedule_destinations, schedule_destinations.c.destination_id == destinations.c.id)
        .where(schedule_destinations.c.schedule_id == schedule_id)
        .order_by(destinations.c.name)
    ).all()


def _insert_deliveries(
    connection: sa.Connection, slot_ids: Sequence[int], revision: int, there: Sequence[Any]
) -> None:
    found = [
        {
            "slot_id": slot_id,
            "revision": revision,
            "destination_id": destination.id,
            "destination": destination.name,
            "state": DeliveryState.WAITING,
            "files": "[]",
            "tries": 0,
        }
        for slot_id in slot_ids
        for destination in there
    ]
    if found:
        connection.execute(deliveries.insert(), found)


def _set_destinations(connection: sa.Connection, slot: Any) -> None:
    """A change of a schedule counts for slots that have not run. Deliveries that stay keep their
    number, by which somebody may look at them."""
    of_slot = sa.and_(deliveries.c.slot_id == slot.id, deliveries.c.revision == slot.revision)
    known = connection.execute(sa.select(deliveries).where(of_slot)).all()
    if slot.cause is not None or any(one.tries > 0 or one.run_id is not None for one in known):
        return
    there = _destinations_of(connection, slot.schedule_id)
    wanted = [one.id for one in there]
    connection.execute(
        deliveries.delete().where(of_slot, deliveries.c.destination_id.not_in(wanted))
    )
    kept = {one.destination_id for one in known}
    fresh = [one for one in there if one.id not in kept]
    _insert_deliveries(connection, [slot.id], slot.revision, fresh)


def _wait(connection: sa.Connection, slot_id: int, now_ms: int, **values: Any) -> None:
    connection.execute(
        slots.update()
        .where(slots.c.id == slot_id)
        .values(
            state=DeliveryState.WAITING, reason=None, next_try_ms=now_ms, first_try_ms=None,
            **values,
        )
    )  # fmt: skip


def _of_row(row: Any) -> Slot:
    return Slot(
        id=row.id,
        schedule_id=row.schedule_id,
        range=Period(row.from_ms, row.to_ms),
        state=row.state,
        reason=None if row.reason is None else from_json(row.reason),
        revision=row.revision,
        as_of_ms=row.as_of_ms,
        run_id=row.run_id,
        tries=row.tries,
        first_try_ms=row.first_try_ms,
        next_try_ms=row.next_try_ms,
        at_once=row.at_once,
        cause=row.cause,
        corrects=row.corrects,
        cursor=row.cursor,
    )
