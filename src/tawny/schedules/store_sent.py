"""Rows of exports that somebody sends to a destination once.

Such an export is what a schedule with a single range would have made: it has a slot whose file is
there already. So it is delivered, tried again, listed and followed when somebody in it is erased as
files of schedules are; but it stands in no list of schedules, and nothing is due of it.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import sqlalchemy as sa

from tawny.completeness.words import incompleteness_of
from tawny.exports.request import request_json
from tawny.model.zones import moment_ms, requested_zone
from tawny.runs.naming import file_name
from tawny.runs.store import request_of_run
from tawny.schedules.choice import DEFAULT_DELAY
from tawny.schedules.rows import MADE, ONCE, DeliveryState
from tawny.state.database import Database
from tawny.state.delivery_tables import deliveries, destinations, schedules, slots
from tawny.state.run_rows import ExportRun


class SentStore:
    """What was sent once, of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, connection: sa.Connection, owner_id: int, owner: str, run: ExportRun,
        destination_id: int, now_ms: int,
    ) -> tuple[int, bool]:  # fmt: skip
        """Have the file of a run that is ready brought to a destination; returns the number of the
        delivery, and whether it is new: a run is brought to a destination once."""
        # Who sends at the same time to the same place waits here.
        place = connection.execute(
            sa.select(destinations.c.name)
            .where(destinations.c.id == destination_id)
            .with_for_update()
        ).scalar_one()
        name = sent_name(run)
        there = connection.execute(
            sa.select(deliveries.c.id)
            .join(slots, slots.c.id == deliveries.c.slot_id)
            .join(schedules, schedules.c.id == slots.c.schedule_id)
            .where(
                schedules.c.name == name,
                schedules.c.frequency == ONCE,
                deliveries.c.destination_id == destination_id,
            )
            .order_by(deliveries.c.revision.desc())
        ).scalar()
        if there is not None:
            return int(there), False
        assert run.receipt is not None
        schedule_id = connection.execute(
            schedules.insert()
            .values(
                name=name, owner_id=owner_id, owner=owner,
                request=json.dumps(request_json(request_of_run(run)), ensure_ascii=False),
                frequency=ONCE, delay=DEFAULT_DELAY, active=False, pauses="[]",
                created_ms=now_ms, next_due_ms=0, removed_ms=now_ms,
            )
            .returning(schedules.c.id)
        ).scalar_one()  # fmt: skip
        as_of_ms = _instant_ms(run.receipt["as_of"])
        log_version = int(run.receipt["log_version"])
        slot_id = connection.execute(
            slots.insert()
            .values(
                schedule_id=schedule_id,
                from_ms=_instant_ms(run.receipt["from_utc"] or run.receipt["as_of"]),
                to_ms=_instant_ms(run.receipt["to_utc"] or run.receipt["as_of"]),
                state=MADE, revision=1, as_of_ms=as_of_ms, run_id=run.id, tries=0,
                log_version=log_version, erasures_version=log_version,
            )
            .returning(slots.c.id)
        ).scalar_one()  # fmt: skip
        incomplete = incompleteness_of(run.receipt)
        delivery_id = connection.execute(
            deliveries.insert()
            .values(
                slot_id=slot_id, revision=1, destination_id=destination_id, destination=place,
                state=DeliveryState.WAITING, run_id=run.id, files="[]", tries=0,
                next_try_ms=now_ms,
                incomplete=None if incomplete is None else incomplete.as_json(),
            )
            .returning(deliveries.c.id)
        ).scalar_one()  # fmt: skip
        return int(delivery_id), True


def sent_name(run: ExportRun) -> str:
    """What distinguishes a run that is sent from all others: the name of its file and its number;
    at a destination the folder in which its files are."""
    stem = file_name(run).removesuffix("".join(PurePosixPath(file_name(run)).suffixes[-1:]))
    return f"{stem}_{run.id}"


def stem_of_sent(name: str) -> str:
    """What people call a run that was sent, by what distinguishes it: the name of its file.

    >>> stem_of_sent("messages_2026-06-08_Europe-Paris_0b9c")
    'messages_2026-06-08_Europe-Paris'
    """
    return name.rpartition("_")[0]


def _instant_ms(text: str) -> int:
    return moment_ms("as-of", text, requested_zone("UTC"))
