"""Rows of deliveries: what is to be brought where, what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.completeness.words import Incompleteness
from tawny.deliveries.tries import next_try_ms
from tawny.errors import RequestError
from tawny.exports.request import request_of_json
from tawny.model.periods import Period
from tawny.model.zones import current_ms
from tawny.schedules.rows import MADE, Delivery, DeliveryState
from tawny.state.database import Database
from tawny.state.delivery_tables import deliveries, schedules, slots
from tawny.text import Text, from_json, to_json

_UNDELIVERED = (DeliveryState.WAITING, DeliveryState.FAILED)

_of_slot = sa.and_(deliveries.c.revision == slots.c.revision, slots.c.state != MADE)
"""As long as its file is not made, a delivery is where its slot is."""


def _now(column: str) -> sa.ColumnElement[Any]:
    return sa.case((_of_slot, slots.c[column]), else_=deliveries.c[column])


EFFECTIVE_STATE = _now("state")
EFFECTIVE_REASON = _now("reason")
FIRST_TRY_MS = _now("first_try_ms")
"""Of a delivery, or of its slot as long as its file is not made."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows; empty = all."""

    owner_id: int | None = None
    schedule_id: int | None = None
    destination: str = ""
    states: Sequence[str] = ()
    slot_ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A part of a list, newest first, and where the next part begins."""

    items: Sequence[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """How the deliveries of a schedule go. Times are milliseconds since 1970 UTC."""

    delivered_ms: int | None = None
    """When something was last delivered."""
    failing: int = 0
    """How many did not work and are tried again, or are given up."""
    failing_since_ms: int | None = None
    last: Delivery | None = None
    """The newest that was delivered."""
    first_failing: Delivery | None = None
    """The oldest of those that did not work."""


class DeliveryStore:
    """The deliveries of one installation, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, wanted: DeliveryFilter, cursor: int | None, limit: int) -> DeliveryPage:
        """A page of deliveries, newest first."""
        if not 1 <= limit <= 500:
            raise RequestError("limit: found {limit}; allowed 1 to 500", limit=limit)
        query = _select().order_by(deliveries.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            query = query.where(deliveries.c.id < cursor)
        if wanted.owner_id is not None:
            query = query.where(schedules.c.owner_id == wanted.owner_id)
        if wanted.schedule_id is not None:
            query = query.where(schedules.c.id == wanted.schedule_id)
        if wanted.destination:
            query = query.where(deliveries.c.destination == wanted.destination)
        if wanted.slot_ids is not None:
            query = query.where(slots.c.id.in_(wanted.slot_ids))
        if wanted.states:
            query = query.where(EFFECTIVE_STATE.in_(wanted.states))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = [_of_row(row) for row in rows[:limit]]
        return DeliveryPage(items, str(items[-1].id) if len(rows) > limit else None)

    def find(self, delivery_id: int, owner_id: int | None = None) -> Delivery | None:
        """One, of everybody or one person."""
        query = _select().where(deliveries.c.id == delivery_id)
        if owner_id is not None:
            query = query.where(schedules.c.owner_id == owner_id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _of_row(row)

    def due(self, schedule_id: int | None = None) -> Mapping[int, Sequence[int]]:
        """Deliveries that are to be made now, by the number of their destination, longest due
        first; of all schedules or one."""
        of_schedule = sa.true() if schedule_id is None else slots.c.schedule_id == schedule_id
        found: dict[int, list[int]] = {}
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(deliveries.c.destination_id, deliveries.c.id)
                .join(slots, slots.c.id == deliveries.c.slot_id)
                .where(
                    deliveries.c.state.in_(_UNDELIVERED),
                    deliveries.c.next_try_ms <= current_ms(),
                    slots.c.state == MADE,
                    slots.c.revision == deliveries.c.revision,
                    of_schedule,
                )
                .order_by(deliveries.c.next_try_ms, deliveries.c.id)
            ).all()
        for row in rows:
            found.setdefault(row.destination_id, []).append(row.id)
        return found

    def begin(self, delivery_id: int, now_ms: int) -> Delivery | None:
        """Take a delivery up; None when there is nothing to do for it any more."""
        with self._database.write() as connection:
            done = connection.execute(
                deliveries.update()
                .where(deliveries.c.id == delivery_id, deliveries.c.state.in_(_UNDELIVERED))
                .values(
                    state=DeliveryState.RUNNING,
                    tries=deliveries.c.tries + 1,
                    first_try_ms=sa.func.coalesce(deliveries.c.first_try_ms, now_ms),
                    next_try_ms=None,
                )
            )
        return self.find(delivery_id) if done.rowcount else None

    def delivered(
        self, delivery: Delivery, files: Sequence[Mapping[str, Any]], now_ms: int
    ) -> None:
        """It is there."""
        self._end(
            delivery, state=DeliveryState.DELIVERED, files=json.dumps(list(files)), reason=None,
            delivered_ms=now_ms,
        )  # fmt: skip

    def failed(self, delivery: Delivery, why: Text, now_ms: int) -> None:
        """It did not work; it is tried again, or given up."""
        first_ms = now_ms if delivery.first_try_ms is None else delivery.first_try_ms
        next_ms = next_try_ms(delivery.tries, first_ms, now_ms)
        state = DeliveryState.GIVEN_UP if next_ms is None else DeliveryState.FAILED
        self._end(delivery, state=state, reason=to_json(why), next_try_ms=next_ms)

    def recover(self) -> None:
        """Have those that a killed process was at made again, at once: to bring a file twice where
        it is already leaves one."""
        with self._database.write() as connection:
            connection.execute(
                deliveries.update()
                .where(deliveries.c.state == DeliveryState.RUNNING)
                .values(state=DeliveryState.WAITING, next_try_ms=0)
            )

    def retry(self, connection: sa.Connection, delivery: Delivery, now_ms: int) -> None:
        """Try it now, and for another 24 hours; where the file is not made, make it now."""
        fresh = {"next_try_ms": now_ms, "first_try_ms": None}
        connection.execute(
            slots.update()
            .where(
                slots.c.id == delivery.slot_id,
                slots.c.state.in_((*_UNDELIVERED, DeliveryState.GIVEN_UP)),
            )
            .values(state=DeliveryState.WAITING, at_once=True, **fresh)
        )
        connection.execute(
            deliveries.update()
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.state.in_((*_UNDELIVERED, DeliveryState.GIVEN_UP)),
            )
            .values(state=DeliveryState.WAITING, tries=0, **fresh)
        )

    def summaries(self, schedule_id: int | None = None) -> Mapping[int, DeliverySummary]:
        """How the deliveries of each schedule, or of one, go, by its number."""
        of_schedule = sa.true() if schedule_id is None else slots.c.schedule_id == schedule_id
        delivered = deliveries.c.state == DeliveryState.DELIVERED
        wrong = EFFECTIVE_STATE.in_((DeliveryState.FAILED, DeliveryState.GIVEN_UP))
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(
                    slots.c.schedule_id,
                    sa.func.max(deliveries.c.delivered_ms),
                    sa.func.sum(sa.case((wrong, 1), else_=0)),
                    sa.func.min(sa.case((wrong, _now("first_try_ms")))),
                    sa.func.max(sa.case((delivered, deliveries.c.id))),
                    sa.func.min(sa.case((wrong, deliveries.c.id))),
                )
                .join(slots, slots.c.id == deliveries.c.slot_id)
                .where(of_schedule)
                .group_by(slots.c.schedule_id)
            ).all()
            shown = _select().where(
                deliveries.c.id.in_([one for row in rows for one in row[4:] if one is not None])
            )
            found = {one.id: _of_row(one) for one in connection.execute(shown)}
        return {
            row[0]: DeliverySummary(
                row[1], int(row[2] or 0), row[3], found.get(row[4]), found.get(row[5])
            )
            for row in rows
        }

    def _end(self, delivery: Delivery, **values: Any) -> None:
        with self._database.write() as connection:
            connection.execute(
                deliveries.update()
                .where(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.RUNNING)
                .values(**values)
            )


def _select() -> sa.Select[Any]:
    return (
        sa.select(
            deliveries.c.id,
            slots.c.schedule_id,
            schedules.c.name,
            schedules.c.request,
            schedules.c.frequency,
            deliveries.c.slot_id,
            slots.c.from_ms,
            slots.c.to_ms,
            deliveries.c.revision,
            deliveries.c.destination_id,
            deliveries.c.destination,
            deliveries.c.files,
            deliveries.c.incomplete,
            deliveries.c.changes,
            deliveries.c.erasure,
            deliveries.c.delivered_ms,
            *(
                _now(name).label(name)
                for name in ("state", "reason", "run_id", "tries", "first_try_ms", "next_try_ms")
            ),
        )
        .join(slots, slots.c.id == deliveries.c.slot_id)
        .join(schedules, schedules.c.id == slots.c.schedule_id)
    )


def _of_row(row: Any) -> Delivery:
    request = request_of_json(json.loads(row.request))
    return Delivery(
        id=row.id,
        schedule_id=row.schedule_id,
        schedule=row.name,
        exports=request.export_types,
        time_zone=request.time_zone,
        frequency=row.frequency,
        slot_id=row.slot_id,
        range=Period(row.from_ms, row.to_ms),
        revision=row.revision,
        destination_id=row.destination_id,
        destination=row.destination,
        state=DeliveryState(row.state),
        reason=None if row.reason is None else from_json(row.reason),
        run_id=row.run_id,
        files=json.loads(row.files),
        incomplete=None if row.incomplete is None else Incompleteness.of_json(row.incomplete),
        tries=row.tries,
        first_try_ms=row.first_try_ms,
        next_try_ms=row.next_try_ms,
        delivered_ms=row.delivered_ms,
        changes=None if row.changes is None else json.loads(row.changes),
        erasure=row.erasure,
    )
