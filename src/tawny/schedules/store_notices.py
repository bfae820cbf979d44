"""Rows of notices: what people know of their destinations, and what they are told next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.model.durations import milliseconds
from tawny.model.zones import current_ms
from tawny.people.callers import Role
from tawny.people.mailings import Mailings
from tawny.schedules.choice import NO_WAIT
from tawny.schedules.notices import LATE_AFTER_MS, Known, Notice, NoticeKind, Trouble, to_tell
from tawny.schedules.owners import OPERATOR_ID
from tawny.schedules.planner import last_range
from tawny.schedules.rows import ONCE, DeliveryState, ExportSchedule
from tawny.schedules.store import ScheduleStore
from tawny.schedules.store_audience import Audiences, audiences
from tawny.schedules.store_deliveries import EFFECTIVE_REASON, EFFECTIVE_STATE, FIRST_TRY_MS
from tawny.schedules.store_sent import stem_of_sent
from tawny.state.database import Database
from tawny.state.delivery_tables import deliveries, destinations, notices, schedules, slots
from tawny.state.tables import users
from tawny.text import from_json

_NOTICES = (
    sa.select(
        notices,
        (schedules.c.frequency == ONCE).label("once"),
        sa.case((schedules.c.owner_id != notices.c.user_id, schedules.c.owner)).label("owner"),
        users.c.role,
    )
    .join(schedules, schedules.c.id == notices.c.schedule_id)
    .join(users, users.c.id == notices.c.user_id)
)
_MOST_SHOWN = 20
_AT_ONCE = 500


class Notices:
    """The notices of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schedules = ScheduleStore(database)

    def list(self, user_id: int) -> Sequence[Notice]:
        """What a person was told, newest first; nothing of schedules of which that person is not
        told any more."""
        newest = _NOTICES.order_by(notices.c.id.desc()).limit(_MOST_SHOWN)
        return self._select(user_id, newest)

    def find(self, user_id: int, notice_id: int) -> Notice | None:
        """One of them."""
        return next(iter(self._select(user_id, _NOTICES.where(notices.c.id == notice_id))), None)

    def _select(self, user_id: int, query: sa.Select[Any]) -> Sequence[Notice]:
        with self._database.read() as connection:
            named = audiences(connection, user_id)
            rows = connection.execute(
                query.where(
                    notices.c.user_id == user_id,
                    sa.or_(schedules.c.owner_id == user_id, schedules.c.id.in_([*named])),
                )
            ).all()
        return [
            Notice(
                NoticeKind(row.kind), row.destination, row.schedule_id, row.schedule,
                None if row.reason is None else from_json(row.reason), row.at_ms, bool(row.once),
                row.owner, row.owner is None or row.role == Role.ADMINISTRATOR,
            )
            for row in rows
        ]  # fmt: skip

    def look(self, mailings: Mailings) -> None:
        """Tell everybody what they do not know yet."""
        now_ms = current_ms()
        live = self._schedules.all()
        with self._database.read() as connection:
            told_too = audiences(connection)
            troubles = [
                *_failures(connection, told_too), *_late(connection, told_too, live, now_ms)
            ]  # fmt: skip
            known = _known(connection)
            # Only who knows of a trouble is told that it is over.
            is_trouble = any(one.kind is not NoticeKind.RECOVERED for one in known.values())
            arrived = _arrived(connection, told_too) if is_trouble else {}
        by_pair: dict[tuple[int, int], list[Trouble]] = {}
        for one in troubles:
            by_pair.setdefault((one.destination_id, one.user_id), []).append(one)
        rows = []
        for pair in sorted({*by_pair, *known}):
            last = known.get(pair)
            told = to_tell(last, by_pair.get(pair, []), arrived.get(pair))
            if isinstance(told, Trouble):
                rows.append(_row(told))
            elif told is not None and last is not None:
                rows.append({
                    "kind": told, "destination": last.destination, "reason": None,
                    "schedule_id": last.schedule_id, "schedule": last.schedule,
                } | {"destination_id": pair[0], "user_id": pair[1]})  # fmt: skip
        for row in rows:
            with self._database.write() as connection:
                notice_id = connection.execute(
                    notices.insert().values(**row, at_ms=now_ms).returning(notices.c.id)
                ).scalar_one()
                mailings.add_notice(connection, row["user_id"], notice_id)


def _row(one: Trouble) -> dict[str, Any]:
    return {
        "user_id": one.user_id, "kind": one.kind, "destination_id": one.destination_id,
        "destination": one.destination, "schedule_id": one.schedule_id, "schedule": one.schedule,
        "reason": one.reason,
    }  # fmt: skip


def _told(schedule_id: int, owner_id: int, told_too: Audiences) -> Sequence[int]:
    """Who is told of a schedule; nobody where only whoever runs the command line is its owner."""
    everybody = told_too.get(schedule_id, frozenset()) | {owner_id}
    return sorted(everybody - {OPERATOR_ID})


def _failures(connection: sa.Connection, told_too: Audiences) -> Iterable[Trouble]:
    """What did not work: oldest first."""
    rows = connection.execute(
        sa.select(
            deliveries.c.destination_id, deliveries.c.destination, schedules.c.owner_id,
            slots.c.schedule_id, schedules.c.name, schedules.c.frequency,
            EFFECTIVE_STATE.label("state"), EFFECTIVE_REASON.label("reason"),
            FIRST_TRY_MS.label("first_try_ms"),
        )
        .join(slots, slots.c.id == deliveries.c.slot_id)
        .join(schedules, schedules.c.id == slots.c.schedule_id)
        .where(
            # What is sent once stands in no list of schedules; who sent it is told all the same.
            sa.or_(schedules.c.removed_ms.is_(None), schedules.c.frequency == ONCE),
            deliveries.c.revision == slots.c.revision,
            EFFECTIVE_STATE.in_((DeliveryState.FAILED, DeliveryState.GIVEN_UP)),
        )
        .order_by(deliveries.c.id)
    ).all()  # fmt: skip
    for row in rows:
        name = stem_of_sent(row.name) if row.frequency == ONCE else row.name
        for user_id in _told(row.schedule_id, row.owner_id, told_too):
            yield Trouble(
                NoticeKind(row.state), row.destination_id, row.destination, user_id,
                row.schedule_id, name, row.reason, row.first_try_ms or 0,
            )  # fmt: skip


def _late(
    connection: sa.Connection, told_too: Audiences, live: Sequence[ExportSchedule], now_ms: int
) -> Iterable[Trouble]:
    """What should be there and is not, nor was given up: of each schedule its last slot."""
    numbers: Mapping[str, int] = dict(
        connection.execute(sa.select(destinations.c.name, destinations.c.id)).tuples().all()
    )
    missed = {}
    for one in live:
        wait_ms = 0 if one.choice.wait == NO_WAIT else milliseconds(one.choice.wait)
        slot = last_range(one.timing, now_ms - wait_ms - LATE_AFTER_MS) if one.active else None
        if slot is not None:
            missed[one.id] = (one, slot)
    there = _deliveries_of(connection, {key: slot.from_ms for key, (_, slot) in missed.items()})
    for one, slot in missed.values():
        choice, rows = one.choice, there.get(one.id, [])
        is_decided = one.planned_to_ms is not None and one.planned_to_ms >= slot.to_ms
        ended = {
            row.destination_id for row in rows
            if row.state in (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP, DeliveryState.SKIPPED)
        }  # fmt: skip
        waiting = {row.destination_id: row.reason for row in rows}
        for name in choice.destinations:
            number = numbers.get(name)
            # A destination that the schedule has only since is told of its next slot.
            if number is None or number in ended or (is_decided and number not in waiting):
                continue
            for user_id in _told(one.id, one.owner_id, told_too):
                yield Trouble(
                    NoticeKind.LATE, number, name, user_id, one.id, choice.name,
                    waiting.get(number), slot.to_ms,
                )  # fmt: skip


def _deliveries_of(connection: sa.Connection, begins_ms: Mapping[int, int]) -> dict[int, list[Any]]:
    """Destination, state and reason of the deliveries of one slot of each schedule, by schedule;
    given where the slots begin. Those of later revisions come last."""
    pairs = list(begins_ms.items())
    found: dict[int, list[Any]] = {}
    for start in range(0, len(pairs), _AT_ONCE):
        rows = connection.execute(
            sa.select(
                slots.c.schedule_id, deliveries.c.destination_id, EFFECTIVE_STATE.label("state"),
                EFFECTIVE_REASON.label("reason"),
            )
            .join(slots, slots.c.id == deliveries.c.slot_id)
            .where(
                sa.tuple_(slots.c.schedule_id, slots.c.from_ms).in_(pairs[start : start + _AT_ONCE])
            )
            .order_by(deliveries.c.revision)
        )  # fmt: skip
        for row in rows:
            found.setdefault(row.schedule_id, []).append(row)
    return found


def _known(connection: sa.Connection) -> dict[tuple[int, int], Known]:
    newest = sa.select(sa.func.max(notices.c.id)).group_by(
        notices.c.destination_id, notices.c.user_id
    )
    rows = connection.execute(sa.select(notices).where(notices.c.id.in_(newest))).all()
    return {
        (row.destination_id, row.user_id): Known(
            NoticeKind(row.kind), row.at_ms, row.schedule_id, row.schedule, row.destination
        )
        for row in rows
    }


def _arrived(connection: sa.Connection, told_too: Audiences) -> dict[tuple[int, int], int]:
    """When something last arrived at a destination, of what a person is told of."""
    rows = connection.execute(
        sa.select(
            deliveries.c.destination_id, schedules.c.id, schedules.c.owner_id,
            sa.func.max(deliveries.c.delivered_ms).label("at_ms"),
        )
        .join(slots, slots.c.id == deliveries.c.slot_id)
        .join(schedules, schedules.c.id == slots.c.schedule_id)
        .where(deliveries.c.delivered_ms.is_not(None))
        .group_by(deliveries.c.destination_id, schedules.c.id, schedules.c.owner_id)
    ).all()  # fmt: skip
    found: dict[tuple[int, int], int] = {}
    for row in rows:
        for user_id in _told(row.id, row.owner_id, told_too):
            pair = row.destination_id, user_id
            found[pair] = max(row.at_ms, found.get(pair, 0))
    return found
