"""Schedules as people make them: every method takes the caller first and checks the rights."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from tawny.deliveries.kinds import destination_kind
from tawny.deliveries.row_tables import check_key_columns
from tawny.deliveries.store import Destination, DestinationChoice, Destinations
from tawny.errors import ConflictError, NotFoundError, RequestError
from tawny.exports.receipt import FEED
from tawny.exports.request import ExportRequest
from tawny.model.periods import Period, border_until, ranges, request_texts
from tawny.model.zones import current_ms, moment_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.runs.naming import why_no_file
from tawny.runs.parts import allowed_exports
from tawny.runs.store import RunStore, request_of_run
from tawny.schedules.choice import ScheduleChoice, checked_choice
from tawny.schedules.file_names import check_names
from tawny.schedules.notices import Notice
from tawny.schedules.owners import caller_of_owner, user_by_name
from tawny.schedules.planner import next_due_ms, next_range, past_ranges
from tawny.schedules.rows import Delivery, ExportSchedule
from tawny.schedules.store import ScheduleStore, UnknownDestinationError
from tawny.schedules.store_audience import check_audience
from tawny.schedules.store_deliveries import (
    DeliveryFilter,
    DeliveryPage,
    DeliveryStore,
    DeliverySummary,
)
from tawny.schedules.store_notices import Notices
from tawny.schedules.store_sent import SentStore
from tawny.schedules.store_slots import SlotStore
from tawny.state.database import Database
from tawny.state.run_rows import RunState
from tawny.text import Text

Check = Callable[[Caller, ExportRequest], ExportRequest]
"""Raises `RequestError` or `NotAllowedError` for a request that a caller cannot run."""

MOST_SLOTS = 20_000
"""How many ranges are made on demand at once: two years of hours."""


@dataclass(frozen=True, slots=True)
class ScheduleNews:
    """A schedule and how it goes."""

    schedule: ExportSchedule
    summary: DeliverySummary

    @property
    def next_due_ms(self) -> int | None:
        """When its next range is made, in milliseconds since 1970 UTC; None while it is paused."""
        schedule = self.schedule
        return next_due_ms(schedule.timing, schedule.planned_to_ms) if schedule.active else None

    @property
    def next_range(self) -> Period | None:
        """The range that is made then."""
        schedule = self.schedule
        return next_range(schedule.timing, schedule.planned_to_ms) if schedule.active else None


class Schedules:
    """The schedules of one installation."""

    def __init__(
        self, database: Database, audit: Audit, destinations: Destinations, check: Check
    ) -> None:
        self._database = database
        self._audit = audit
        self._destinations = destinations
        self._check = check
        self._store = ScheduleStore(database)
        self._slots = SlotStore(database)
        self._deliveries = DeliveryStore(database)
        self._notices = Notices(database)
        self._sent = SentStore(database)
        self._runs = RunStore(database)

    def list(self, caller: Caller) -> list[ScheduleNews]:
        """The caller's own, for an administrator everybody's, by name."""
        found = self._store.all(self._owner_id(caller))
        summaries: Mapping[int, DeliverySummary] = self._deliveries.summaries() if found else {}
        return [ScheduleNews(one, summaries.get(one.id, DeliverySummary())) for one in found]

    def get(self, caller: Caller, schedule_id: int) -> ScheduleNews:
        """One that the caller may see. Raises `NotFoundError`."""
        schedule = self._own(caller, schedule_id)
        summary = self._deliveries.summaries(schedule_id).get(schedule_id, DeliverySummary())
        return ScheduleNews(schedule, summary)

    def add(
        self, caller: Caller, choice: ScheduleChoice, *, active: bool = True, owner: str = ""
    ) -> ScheduleNews:
        """Make one; an administrator may make it somebody else's. Raises `RequestError`."""
        caller.need(Scope.SCHEDULES_WRITE)
        choice = checked_choice(choice)
        with self._database.read() as connection:
            owner_id, name = caller.user_id, caller.name
            if owner and owner != caller.name:
                caller.need(Scope.ADMIN)
                owner_id, name = user_by_name(connection, owner)
        self._check_whole(choice, 0, owner_id, name)
        with self._database.write() as connection:
            schedule_id = self._store.add(connection, owner_id, name, choice, active)
            self._audit.add(
                connection, caller, "schedule_added", choice.name, owner=name, **_detail(choice)
            )
        return self.get(caller, schedule_id)

    def change(
        self,
        caller: Caller,
        schedule_id: int,
        choice: ScheduleChoice,
        *,
        active: bool,
        owner: str = "",
    ) -> ScheduleNews:
        """Set it otherwise, for ranges that have not run; frequency and time zone stay. Its owner
        or an administrator may, who may give it to somebody else too."""
        schedule = self._own(caller, schedule_id)
        choice = checked_choice(choice)
        before = schedule.choice
        for field, found, there in (
            ("frequency", choice.frequency, before.frequency),
            ("time_zone", choice.request.time_zone, before.request.time_zone),
            *_fixed_of_changes(choice, before),
        ):
            if found != there:
                raise RequestError(
                    "{field}: found {found}; the schedule has {there}, which stays: make a new "
                    "schedule",
                    field=field,
                    found=found,
                    there=there,
                )
        owner_id, name = schedule.owner_id, schedule.owner
        if owner and owner != name:
            caller.need(Scope.ADMIN)
            with self._database.read() as connection:
                owner_id, name = user_by_name(connection, owner)
        self._check_whole(choice, schedule_id, owner_id, name)
        with self._database.write() as connection:
            self._store.change(connection, schedule, choice)
            if owner_id != schedule.owner_id:
                self._store.set_owner(connection, schedule, owner_id, name)
            if active != schedule.active:
                self._store.set_active(connection, schedule, active)
            self._audit.add(
                connection, caller, "schedule_changed", choice.name, owner=name, active=active,
                **_detail(choice),
            )  # fmt: skip
        return self.get(caller, schedule_id)

    def set_active(self, caller: Caller, schedule_id: int, active: bool) -> ScheduleNews:
        """Pause it, or have it go on."""
        schedule = self._own(caller, schedule_id)
        if schedule.active != active:
            with self._database.write() as connection:
                self._store.set_active(connection, schedule, active)
                self._audit.add(
                    connection, caller, "schedule_resumed" if active else "schedule_paused",
                    schedule.choice.name,
                )  # fmt: skip
        return self.get(caller, schedule_id)

    def remove(self, caller: Caller, schedule_id: int) -> None:
        """Take it away; what was delivered stays, and stays in the list of deliveries."""
        schedule = self._own(caller, schedule_id)
        with self._database.write() as connection:
            self._store.remove(connection, schedule)
            self._audit.add(connection, caller, "schedule_removed", schedule.choice.name)

    def run(self, caller: Caller, schedule_id: int) -> int:
        """Have its last whole range made now, unless it was: returns how many are. What waits for
        its next try is tried."""
        schedule = self._own(caller, schedule_id)
        now_ms, timing = current_ms(), schedule.timing
        end_ms = border_until(timing.frequency, timing.zone, now_ms)
        last = next(ranges(timing.frequency, timing.zone, end_ms))
        with self._database.write() as connection:
            count = self._slots.add_past(
                connection, schedule, [last], now_ms, again=False, at_once=True
            )
            self._audit.add(connection, caller, "schedule_run", schedule.choice.name)
        return count

    def backfill(
        self, caller: Caller, schedule_id: int, start: str, end: str, *, again: bool
    ) -> int:
        """Have the ranges from `start` to `end` made, as if they had been scheduled; those that are
        there only `again`, as their next revision. Returns how many."""
        schedule = self._own(caller, schedule_id)
        if schedule.choice.changes:
            raise RequestError(
                "from: found a schedule of changes, whose files follow each other; a new schedule "
                "begins with everything there is"
            )
        timing = schedule.timing
        from_ms = moment_ms("from", start, timing.zone)
        to_ms = moment_ms("to", end, timing.zone)
        wanted = past_ranges(timing, from_ms, to_ms, current_ms())
        if not wanted:
            raise RequestError(
                "from: found {start} to {end}, in which no whole range of this schedule ({every}) "
                "lies that is over",
                start=start,
                end=end,
                every=timing.frequency,
            )
        if len(wanted) > MOST_SLOTS:
            raise RequestError(
                "from: found {count:,} ranges; allowed {most:,} at once",
                count=len(wanted),
                most=MOST_SLOTS,
            )
        with self._database.write() as connection:
            count = self._slots.add_past(
                connection, schedule, wanted, current_ms(), again=again, at_once=False
            )
            self._audit.add(
                connection, caller, "schedule_backfilled", schedule.choice.name,
                start=start, end=end, again=again,
            )  # fmt: skip
        return count

    def deliveries(
        self, caller: Caller, wanted: DeliveryFilter, cursor: int | None, limit: int
    ) -> DeliveryPage:
        """Deliveries that the caller may see, newest first."""
        mine = replace(wanted, owner_id=self._owner_id(caller))
        return self._deliveries.list(mine, cursor, limit)

    def delivery(self, caller: Caller, delivery_id: int) -> Delivery:
        """One of them. Raises `NotFoundError`."""
        found = self._deliveries.find(delivery_id, self._owner_id(caller))
        if found is None:
            raise NotFoundError(
                "there is no delivery {id}, or none that you may see", id=delivery_id
            )
        return found

    def notices(self, caller: Caller) -> builtins.list[Notice]:
        """What the caller was told of deliveries, newest first."""
        return [*self._notices.list(caller.user_id)]

    def retry(self, caller: Caller, delivery_id: int) -> Delivery:
        """Try it now."""
        delivery = self.delivery(caller, delivery_id)
        with self._database.write() as connection:
            self._deliveries.retry(connection, delivery, current_ms())
            self._audit.add(connection, caller, "delivery_retried", str(delivery_id))
        return self.delivery(caller, delivery_id)

    def send(self, caller: Caller, run_id: str, destination: str) -> Delivery:
        """Have the file of a run that is ready brought to a destination, once: who asks again is
        told of the same delivery. Raises `NotFoundError`, `ConflictError` for a run without a file,
        `RequestError` for one that the destination cannot take."""
        caller.need(Scope.SCHEDULES_WRITE)
        run = self._runs.get(caller, run_id)
        if run.state is not RunState.READY or run.receipt is None:
            raise ConflictError(why_no_file(run))
        request = request_of_run(run)
        allowed_exports(caller, request)
        caller.allowed_channels(request.channels)
        known = {one.choice.name: one for one in self._destinations.everything()}
        if destination not in known:
            raise UnknownDestinationError(
                "destination", destination, known, Text("tawny destinations list shows them")
            )
        place = known[destination]
        if destination_kind(place.choice.kind).takes == "rows":
            if FEED in run.receipt:
                raise RequestError(
                    "destination: found {name}, which takes the rows of a range; a file of changes "
                    "goes where files go",
                    name=destination,
                )
            check_key_columns(request, destination)
        with self._database.write() as connection:
            delivery_id, new = self._sent.add(
                connection, caller.user_id, caller.name, run, place.id, current_ms()
            )
            if new:
                self._audit.add(connection, caller, "export_sent", run.id, destination=destination)
        return self.delivery(caller, delivery_id)

    def change_destination(
        self, caller: Caller, destination_id: int, choice: DestinationChoice
    ) -> Destination:
        """Set a destination otherwise, unless two files of schedules would then have one name."""
        caller.need(Scope.ADMIN)
        before = self._destinations.get(caller, destination_id)
        merged = replace(before, choice=self._destinations.checked(choice))
        users = [one for one in self._store.all() if before.choice.name in one.choice.destinations]
        for number, one in enumerate(users):
            others = [(other.id, other.choice) for other in users[:number]]
            check_names(merged, one.choice, one.id, others, current_ms())
        return self._destinations.change(caller, destination_id, choice)

    def check_request(self, choice: ScheduleChoice, owner_id: int, owner: str) -> None:
        """Raise `RequestError` or `NotAllowedError` for what could not be made. The log is asked,
        which may take a while."""
        caller = caller_of_owner(self._database, owner_id, owner)
        timing = choice.timing(current_ms(), ())
        start, end = request_texts(
            choice.frequency, timing.zone, next(ranges(choice.frequency, timing.zone, 0))
        )
        self._check(caller, structs.replace(choice.request, start=start, end=end))
        with self._database.read() as connection:
            check_audience(connection, choice.notify, caller, choice.request)

    def _check_whole(
        self, choice: ScheduleChoice, schedule_id: int, owner_id: int, owner: str
    ) -> None:
        """Raise `RequestError` or `NotAllowedError` for what could not be made or delivered."""
        self.check_request(choice, owner_id, owner)
        everything = {one.choice.name: one for one in self._destinations.everything()}
        live = [one for one in self._store.all() if one.id != schedule_id]
        for name in choice.destinations:
            if name in everything:  # others are refused by the store
                others = [(one.id, one.choice) for one in live if name in one.choice.destinations]
                check_names(everything[name], choice, schedule_id, others, current_ms())
                if destination_kind(everything[name].choice.kind).takes == "rows":
                    check_key_columns(choice.request, name)

    def _owner_id(self, caller: Caller) -> int | None:
        caller.need(Scope.SCHEDULES_WRITE)
        return None if caller.administrator else caller.user_id

    def _own(self, caller: Caller, schedule_id: int) -> ExportSchedule:
        owner_id = self._owner_id(caller)
        found = self._store.find(schedule_id)
        if found is None or found.removed or owner_id not in (None, found.owner_id):
            raise NotFoundError(
                "there is no schedule {id}, or none that you may see", id=schedule_id
            )
        return found


def _fixed_of_changes(
    choice: ScheduleChoice, before: ScheduleChoice
) -> builtins.list[tuple[str, str, str]]:
    """What stays of a schedule of changes, whose files go on from each other: what was set, and
    what is there."""
    fixed = [("changes", str(choice.changes).lower(), str(before.changes).lower())]
    if before.changes:
        fixed.append(("exports", choice.request.export_type, before.request.export_type))
    return fixed


def _detail(choice: ScheduleChoice) -> dict[str, str | builtins.list[str]]:
    return {
        "exports": [*choice.request.export_types],
        "channels": [*choice.request.channels],
        "frequency": choice.frequency,
        "destinations": [*choice.destinations],
        "notify": [*choice.notify],
    }
