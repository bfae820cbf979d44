"""Rows of slots whose files were delivered: which are to be looked at when something came into the
log, and their next revisions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.model.periods import Period
from tawny.model.zones import current_ms
from tawny.schedules.rows import MADE, Cause, DeliveryState, Erasure
from tawny.state.database import Database
from tawny.state.delivery_tables import deliveries, destinations, schedules, slots
from tawny.text import Text, to_json

_REPLACED = Text("its next revision takes its place")
_IN_TRYING = (DeliveryState.WAITING, DeliveryState.FAILED)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class MadeSlot:
    """A slot whose file was made, with the runs of its revisions."""

    id: int
    schedule_id: int
    range: Period
    revision: int
    log_version: int | None
    """The version with which its newest file is known to agree; None = that of its receipt."""
    erasures_version: int | None
    runs: Mapping[int, str]
    """By revision: that of the newest, and of each that lies somewhere."""


@dataclass(frozen=True, slots=True)
class DueErasure:
    """Files of a revision that are to be taken back from a destination."""

    delivery_id: int
    slot_id: int
    revision: int
    destination_id: int
    files: Sequence[str]
    """Their names."""
    newer: Sequence[str] | None
    """The names of the newest files of the slot there; None = they are still to come."""


@dataclass(frozen=True, slots=True)
class ErasedDelivery:
    """A delivery whose files held somebody who was erased since."""

    delivery_id: int
    schedule: str
    destination: str
    range: Period
    revision: int
    files: Sequence[str]
    """Their names there."""
    erasure: Erasure
    """What has become of them."""


class RevisionStore:
    """The revisions of one installation, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def to_correct(
        self, schedule_id: int, ended_since_ms: int, log_version: int
    ) -> Sequence[MadeSlot]:
        """Slots of a schedule that ended since, whose file is not known to agree with a version of
        the log, oldest first."""
        return self._made(
            slots.c.state == MADE,
            slots.c.schedule_id == schedule_id,
            slots.c.to_ms >= ended_since_ms,
            sa.or_(slots.c.log_version.is_(None), slots.c.log_version < log_version),
        )

    def to_erase(self, erasure_version: int) -> Sequence[MadeSlot]:
        """Slots of which something was delivered or is to be, whatever has become of their
        schedules, that do not know of an erasure yet. Those that are being made wait."""
        return self._made(
            slots.c.state != DeliveryState.RUNNING,
            sa.or_(slots.c.erasures_version.is_(None), slots.c.erasures_version < erasure_version),
        )

    def _made(self, *conditions: sa.ColumnElement[bool]) -> Sequence[MadeSlot]:
        with self._database.read() as connection:
            found = connection.execute(
                sa.select(slots).where(*conditions).order_by(slots.c.to_ms, slots.c.id)
            ).all()
            runs: dict[int, dict[int, str]] = {}
            for start in range(0, len(found), _AT_ONCE):
                ids = [row.id for row in found[start : start + _AT_ONCE]]
                for row in connection.execute(
                    sa.select(deliveries.c.slot_id, deliveries.c.revision, deliveries.c.run_id)
                    .join(slots, slots.c.id == deliveries.c.slot_id)
                    .where(
                        deliveries.c.slot_id.in_(ids),
                        deliveries.c.run_id.is_not(None),
                        sa.or_(
                            # Also where a killed process had said already what becomes of it.
                            deliveries.c.revision == slots.c.revision,
                            sa.and_(
                                deliveries.c.state == DeliveryState.DELIVERED,
                                deliveries.c.erasure.is_(None),
                            ),
                        ),
                    )
                    .distinct()
                ):
                    runs.setdefault(row.slot_id, {})[row.revision] = row.run_id
        return [
            MadeSlot(
                row.id, row.schedule_id, Period(row.from_ms, row.to_ms), row.revision,
                row.log_version, row.erasures_version, runs[row.id],
            )
            for row in found
            if row.id in runs
        ]  # fmt: skip

    def agree(self, found: Collection[MadeSlot], log_version: int) -> None:
        """Their files are what a version of the log says."""
        self._know(found, slots.c.log_version, log_version)

    def know_erasures(self, found: Collection[MadeSlot], log_version: int) -> None:
        """Whoever was erased until a version is in none of their files, or that is seen to."""
        self._know(found, slots.c.erasures_version, log_version)

    def _know(self, found: Collection[MadeSlot], column: sa.Column[Any], log_version: int) -> None:
        ids = [(one.id, one.revision) for one in found]
        with self._database.write() as connection:
            for start in range(0, len(ids), _AT_ONCE):
                connection.execute(
                    slots.update()
                    .where(
                        sa.tuple_(slots.c.id, slots.c.revision).in_(ids[start : start + _AT_ONCE])
                    )
                    .values({column.name: log_version})
                )

    def make_again(self, slot: MadeSlot, cause: Cause, now_ms: int) -> bool:
        """Have a slot made again as its next revision, for the places its newest one was for; one
        that is to be made anyway goes on. False when somebody else was quicker."""
        with self._database.write() as connection:
            this_one = sa.and_(slots.c.id == slot.id, slots.c.revision == slot.revision)
            row = connection.execute(
                slots.update()
                .where(this_one, slots.c.state == MADE)
                .values(
                    state=DeliveryState.WAITING, reason=None, next_try_ms=now_ms,
                    first_try_ms=None, tries=0, revision=slot.revision + 1, cause=cause,
                    corrects=slots.c.run_id, run_id=None,
                )
                .returning(slots.c.id)
            ).first()  # fmt: skip
            if row is not None:
                _add_revision(connection, slot.id, slot.revision)
                return True
            if cause is not Cause.ERASURE:
                return False
            # It was given up, or waits: it is made with what is known now.
            waiting = connection.execute(
                slots.update()
                .where(
                    this_one,
                    slots.c.state.in_((*_IN_TRYING, DeliveryState.GIVEN_UP)),
                    slots.c.corrects.is_not(None),
                )
                .values(state=DeliveryState.WAITING, next_try_ms=now_ms, first_try_ms=None,
                        cause=cause)
            )  # fmt: skip
            return waiting.rowcount == 1

    def nothing_is_other(self, slot_id: int, revision: int) -> None:
        """A revision turned out to be the same as the one before: it is not delivered."""
        reason = to_json(Text("nothing in it is other than in the revision before"))
        with self._database.write() as connection:
            connection.execute(
                deliveries.update()
                .where(
                    deliveries.c.slot_id == slot_id,
                    deliveries.c.revision == revision,
                    deliveries.c.state.in_(_IN_TRYING),
                )
                .values(state=DeliveryState.SKIPPED, reason=reason, next_try_ms=None)
            )

    # --- files that hold somebody who was erased ------------------------------------------------

    def to_take_back(self, slot_id: int, revision: int) -> Sequence[tuple[int, int | None]]:
        """The deliveries of a revision that are there, each with its destination; None where that
        was removed."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(deliveries.c.id, destinations.c.id)
                .outerjoin(destinations, destinations.c.id == deliveries.c.destination_id)
                .where(
                    deliveries.c.slot_id == slot_id,
                    deliveries.c.revision == revision,
                    deliveries.c.state == DeliveryState.DELIVERED,
                    deliveries.c.erasure.is_(None),
                )
            ).all()
        return [(row[0], row[1]) for row in rows]

    def mark(
        self, connection: sa.Connection, delivery_id: int, erasure: Erasure, next_ms: int = 0
    ) -> None:
        """What becomes of its files."""
        due = erasure is Erasure.DUE
        connection.execute(
            deliveries.update()
            .where(deliveries.c.id == delivery_id)
            .values(erasure=erasure, next_try_ms=next_ms if due else None)
        )

    def erased_deliveries(self) -> Sequence[ErasedDelivery]:
        """Every delivery that held somebody who was erased since, in the order they were made."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(
                    deliveries.c.id, deliveries.c.destination, deliveries.c.revision,
                    deliveries.c.files, deliveries.c.erasure, slots.c.from_ms, slots.c.to_ms,
                    schedules.c.name,
                )
                .join(slots, slots.c.id == deliveries.c.slot_id)
                .join(schedules, schedules.c.id == slots.c.schedule_id)
                .where(deliveries.c.erasure.is_not(None))
                .order_by(deliveries.c.id)
            ).all()  # fmt: skip
        return [
            ErasedDelivery(
                row.id, row.name, row.destination, Period(row.from_ms, row.to_ms), row.revision,
                _names(row.files), Erasure(row.erasure),
            )
            for row in rows
        ]  # fmt: skip

    def are_followed(self, erasure_version: int) -> bool:
        """Whether every delivery knows of an erasure, and nothing is left to be taken back now."""
        with self._database.read() as connection:
            due = sa.exists().where(
                deliveries.c.erasure == Erasure.DUE, deliveries.c.next_try_ms <= current_ms()
            )
            is_due = bool(connection.execute(sa.select(due)).scalar_one())
        return not is_due and not self.to_erase(erasure_version)

    def due_erasures(self, now_ms: int) -> Sequence[DueErasure]:
        """Those whose time has come."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(deliveries, slots.c.state.label("slot_state"))
                .join(slots, slots.c.id == deliveries.c.slot_id)
                .where(deliveries.c.erasure == Erasure.DUE, deliveries.c.next_try_ms <= now_ms)
                .order_by(deliveries.c.id)
            ).all()
            found = []
            for row in rows:
                later = connection.execute(
                    sa.select(deliveries.c.state, deliveries.c.files, deliveries.c.next_try_ms)
                    .where(
                        deliveries.c.slot_id == row.slot_id,
                        deliveries.c.destination_id == row.destination_id,
                        deliveries.c.revision > row.revision,
                    )
                    .order_by(deliveries.c.revision.desc())
                ).first()
                newer: Sequence[str] | None = []
                if later is not None and later.state == DeliveryState.DELIVERED:
                    newer = _names(later.files)
                elif later is not None and row.slot_state != DeliveryState.GIVEN_UP:
                    over = (DeliveryState.GIVEN_UP, DeliveryState.SKIPPED)
                    newer = [] if later.state in over else None
                found.append(
                    DueErasure(
                        row.id, row.slot_id, row.revision, row.destination_id, _names(row.files),
                        newer,
                    )
                )  # fmt: skip
        return found


def _names(files: str) -> list[str]:
    return [one["name"] for one in json.loads(files)]


def _add_revision(connection: sa.Connection, slot_id: int, before: int) -> None:
    """The deliveries of the revision after one, to the same places; what of older ones is still
    under way is not needed any more."""
    rows = connection.execute(
        sa.select(deliveries.c.destination_id, deliveries.c.destination)
        .join(destinations, destinations.c.id == deliveries.c.destination_id)
        .where(deliveries.c.slot_id == slot_id, deliveries.c.revision == before)
        .order_by(deliveries.c.destination)
    ).all()
    connection.execute(
        deliveries.update()
        .where(deliveries.c.slot_id == slot_id, deliveries.c.state.in_(_IN_TRYING))
        .values(state=DeliveryState.SKIPPED, reason=to_json(_REPLACED), next_try_ms=None)
    )
    fresh = [
        {
            "slot_id": slot_id,
            "revision": before + 1,
            "destination_id": row.destination_id,
            "destination": row.destination,
            "state": DeliveryState.WAITING,
            "files": "[]",
            "tries": 0,
        }
        for row in rows
    ]
    if fresh:
        connection.execute(deliveries.insert(), fresh)
