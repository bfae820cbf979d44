"""Carries schedules out: decides what is due, has its file made, brings it where it is to go.

What is to be done stands in the rows of slots and deliveries, and every step can be taken twice: a
killed process leaves rows that the next one goes on with. The file of a slot is a run like any
other, asked for with a key of its own, so that it is computed once; a file that is brought twice to
a place is there once. Only one process carries out at a time (`alone`).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from tawny.completeness.rule import Completeness, incomplete
from tawny.completeness.words import incompleteness_of, named_channels
from tawny.deliveries.parcels import OutgoingFile, Parcel, RowSlot, TypedRows
from tawny.deliveries.reached import ReachedReaders
from tawny.deliveries.store import Destination, Destinations
from tawny.disk import held_lock, translated_os_errors
from tawny.errors import NotAllowedError, StorageError, TawnyError
from tawny.exports.bundle import CHANGES
from tawny.exports.receipt import FEED
from tawny.exports.request import ExportRequest
from tawny.model.zones import current_ms, from_ms, instant_text
from tawny.people.audit import Audit
from tawny.people.callers import Caller
from tawny.runs.parts import allowed_exports
from tawny.runs.store import RunStore, request_of_run
from tawny.schedules.announcement import announcement, delivery_key, slot_id, warning
from tawny.schedules.choice import NO_WAIT
from tawny.schedules.export_maker import ExportMaker, KnownCompleteness
from tawny.schedules.file_names import file_name
from tawny.schedules.follower import Follower
from tawny.schedules.linked_files import LinkedFiles
from tawny.schedules.owners import OPERATOR, caller_of_owner
from tawny.schedules.planner import plan
from tawny.schedules.rows import MADE, Cause, Delivery, DeliveryState, ExportSchedule, Slot
from tawny.schedules.store import ScheduleStore
from tawny.schedules.store_deliveries import DeliveryStore
from tawny.schedules.store_revisions import RevisionStore
from tawny.schedules.store_slots import SlotStore
from tawny.scratch import scratch_file, scratch_folder
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.run_rows import RunState
from tawny.text import Text
from tawny.upkeep.exported_files import remember

_log = logging.getLogger("tawny.schedules")

SENT_FOLDER = "sent"
"""Where at a destination the files are that somebody sends once."""

_LOOK_FOR_EVENTS_MS = 5_000
"""How often is looked whether channels that are waited for are complete."""

_LOOK_AGAIN_MS = 60_000
"""How often is looked whether the owner of a stopped schedule has the rights again."""


@contextlib.contextmanager
def alone(home: Path) -> Iterator[bool]:
    """Whether this process is now the one that carries out, as long as the body runs."""
    with held_lock(home / "schedules.lock", str(home), wait=False) as lock:
        yield lock is not None


class Carrier:
    """Carries out the schedules of one installation."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        database: Database,
        destinations: Destinations,
        audit: Audit,
        maker: ExportMaker,
    ) -> None:
        self._home = home
        self._settings = settings
        self._database = database
        self._catch_up_slots = settings.number("catch_up_slots")
        self._maker = maker
        self._runs = RunStore(database)
        self.schedules = ScheduleStore(database)
        self.slots = SlotStore(database)
        self.deliveries = DeliveryStore(database)
        self._destinations = destinations
        self._links = LinkedFiles(home, settings, database, destinations)
        self._revisions = RevisionStore(database)
        self._follower = Follower(database, destinations, audit, maker.look)
        self._look_for_events_ms = 0

    def decide(self) -> None:
        """Keep which slots are due by now."""
        now_ms = current_ms()
        for schedule in self.schedules.due(now_ms):
            decided = plan(schedule.timing, schedule.planned_to_ms, now_ms, self._catch_up_slots)
            self.slots.decide(schedule, decided)

    def make(self, schedule_id: int | None = None) -> set[int]:
        """Take the making of files as far as it goes now, of all schedules or one; returns the
        numbers of the slots it was about."""
        held = current_ms() >= self._look_for_events_ms
        running, due = self.slots.running(schedule_id), self.slots.due(schedule_id, held=held)
        for slot in running:
            self._follow(slot)
        known = functools.cache(self._maker.completeness)
        for slot in due:
            self._begin(slot, known)
        if held:
            self._look_for_events_ms = current_ms() + _LOOK_FOR_EVENTS_MS
        return {slot.id for slot in (*running, *due)}

    def carry_out(self, schedule_id: int | None = None) -> set[int]:
        """Make and deliver everything that is due, of all schedules or one; returns the numbers of
        the slots it was about. For a maker whose runs have ended when they were started."""
        touched: set[int] = set()
        while True:
            touched |= (made := self.make(schedule_id))
            due = [one for some in self.deliveries.due(schedule_id).values() for one in some]
            for delivery_id in due:
                touched.add(self.deliver(delivery_id))
            if not made and not due:
                return touched - {0}

    def follow(self) -> set[int]:
        """See `Follower.follow`."""
        return self._follower.follow()

    def is_behind(self) -> bool:
        """See `Follower.is_behind`."""
        return self._follower.is_behind()

    def take_back(self) -> None:
        """See `Follower.take_back`."""
        self._follower.take_back()

    def take_away_unfinished(self) -> None:
        """See `Destinations`."""
        self._destinations.take_away_unfinished()

    def deliver(self, delivery_id: int) -> int:
        """Bring a file to a destination, or keep why that did not work; returns the number of its
        slot, 0 when there is nothing to do any more."""
        delivery = self.deliveries.begin(delivery_id, current_ms())
        if delivery is None:
            return 0
        try:
            files = self._bring(delivery)
        except TawnyError as error:
            self.deliveries.failed(delivery, error.text, current_ms())
        except Exception as error:
            _log.exception("delivery %s failed in a way nobody foresaw", delivery_id)
            why = Text("it failed in a way nobody foresaw ({error}); the server's log says more",
                       error=type(error).__name__)  # fmt: skip
            self.deliveries.failed(delivery, why, current_ms())
        else:
            self.deliveries.delivered(delivery, [file.facts() for file in files], current_ms())
        return delivery.slot_id

    def _begin(self, slot: Slot, known: KnownCompleteness) -> None:
        schedule = self.schedules.find(slot.schedule_id)
        assert schedule is not None
        now_ms = current_ms()
        if slot.cause == Cause.ERASURE:
            # Whoever was erased goes, whatever has become of the schedule and its owner.
            begun = self.slots.begin(slot, max(now_ms, slot.range.to_ms), now_ms)
            if begun is not None:
                self._start(schedule, begun)
            return
        try:
            owner = self._rightful(schedule)
        except NotAllowedError as error:
            # Whoever sees that it stopped finds the reason at its deliveries too.
            self.slots.hold(slot, error.text, now_ms + _LOOK_AGAIN_MS)
            self.schedules.stop(schedule, error.text)
            return
        self.schedules.stop(schedule, None)
        latest_ms = schedule.choice.latest_ms(slot.range)
        waits = schedule.choice.wait != NO_WAIT and slot.as_of_ms is None and not slot.at_once
        if waits and now_ms < latest_ms:
            why = _what_is_missing(schedule, slot, owner, known)
            if why is not None:
                self.slots.hold(slot, why, latest_ms, for_events=True)
                return
        if schedule.choice.changes and not self._may_follow(slot):
            return
        begun = self.slots.begin(slot, max(now_ms, slot.range.to_ms), now_ms)
        if begun is not None:
            self._start(schedule, begun)

    def _may_follow(self, slot: Slot) -> bool:
        """Whether the file of changes that a slot goes on from is made."""
        before = self.slots.before(slot)
        if before is None or before.state == MADE:
            return True
        if before.state != DeliveryState.RUNNING:
            why = Text("waits for the file of changes before it")
            self.slots.hold(slot, why, max(before.next_try_ms or 0, current_ms() + 1_000))
        return False

    def _rightful(self, schedule: ExportSchedule) -> Caller:
        """The owner, who may see now what is to be delivered. Raises `NotAllowedError`."""
        owner = caller_of_owner(self._database, schedule.owner_id, schedule.owner)
        allowed_exports(owner, schedule.choice.request)
        owner.allowed_channels(schedule.choice.request.channels)
        return owner

    def _start(self, schedule: ExportSchedule, slot: Slot) -> None:
        assert slot.as_of_ms is not None
        key = f"slot-{slot.id}-{slot.revision}-{slot.first_try_ms}-{slot.tries}"
        try:
            erases = slot.cause == Cause.ERASURE
            owner = OPERATOR if erases else self._rightful(schedule)
            run_id = self._maker.start(owner, self._request_of(schedule, slot), key)
        except TawnyError as error:
            self.slots.failed(slot, error.text, current_ms())
            return
        self.slots.set_run(slot, run_id)

    def _request_of(self, schedule: ExportSchedule, slot: Slot) -> ExportRequest:
        """What is asked for a slot; for a revision the same as for the one before, unless somebody
        wants it as the schedule is now."""
        assert slot.as_of_ms is not None
        before = None if slot.corrects is None else self._runs.find(slot.corrects)
        if schedule.once:
            if before is None:
                raise StorageError("the export that was sent is not known any more")
            same = structs.replace(request_of_run(before), remakes=None, corrects=before.id)
            as_of = (before.receipt or {}).get("as_of", instant_text(slot.as_of_ms))
            return structs.replace(same, as_of=as_of)
        asked = schedule.choice.request_for(slot.range, slot.as_of_ms)
        if schedule.choice.changes and before is None:
            earlier = self.slots.before(slot)
            return structs.replace(asked, since=earlier and earlier.cursor)
        if before is None or before.receipt is None:
            return asked
        same = structs.replace(request_of_run(before), remakes=None, corrects=None)
        if slot.cause is not None or same == asked:
            return structs.replace(same, corrects=before.id)
        return asked

    def _made(self, slot: Slot, receipt: Mapping[str, Any]) -> None:
        """The file of a slot is there."""
        changes = receipt.get(CHANGES)
        counts = changes and {name: changes[name] for name in ("added", "removed", "changed")}
        self.slots.made(
            slot, incompleteness_of(receipt), counts, int(receipt["log_version"]), current_ms(),
            receipt.get(FEED, {}).get("cursor"),
        )  # fmt: skip
        if slot.cause is not None and counts is not None and not any(counts.values()):
            self._revisions.nothing_is_other(slot.id, slot.revision)

    def _follow(self, slot: Slot) -> None:
        """See what has become of the run of a slot."""
        if slot.run_id is None:
            schedule = self.schedules.find(slot.schedule_id)
            assert schedule is not None
            self._start(schedule, slot)
            return
        run = self._runs.find(slot.run_id)
        if run is None or run.state is RunState.EXPIRED:
            self.slots.failed(slot, Text("the export was deleted"), current_ms())
        elif run.state is RunState.READY:
            assert run.receipt is not None
            self._made(slot, run.receipt)
        elif run.state is RunState.FAILED:
            why = Text("the export failed: {why}", why=run.error or "")
            self.slots.failed(slot, why, current_ms())
        elif run.state is RunState.CANCELLED:
            self.slots.failed(slot, Text("the export was cancelled"), current_ms(), again=False)
        else:
            self._maker.carry_on(run.id)

    def _bring(self, delivery: Delivery) -> Sequence[OutgoingFile]:
        schedule = self.schedules.find(delivery.schedule_id)
        assert schedule is not None and delivery.run_id is not None
        destination = self._destinations.find(delivery.destination_id)
        run = self._runs.find(delivery.run_id)
        relative = self._runs.file_path(delivery.run_id)
        path = self._home / relative if relative else None
        if run is None or run.receipt is None or path is None or not path.is_file():
            if delivery.once:
                raise StorageError(
                    "the file of this export is not kept any more: run it again and send that"
                )
            raise StorageError(
                "the file of this range is not kept any more; tawny schedules backfill --again "
                "makes it anew"
            )

        def name_of(export_type: str, ending: str, sha256: str) -> str:
            if delivery.once:
                # By no template, which may tell ranges apart, but not exports.
                return f"{SENT_FOLDER}/{schedule.choice.name}/{export_type}{ending}"
            return file_name(
                destination, schedule.choice, schedule.id, delivery.range, delivery.revision,
                export_type, ending, sha256,
            )  # fmt: skip

        receipt = run.receipt
        if delivery.revision > 1:
            receipt = {"revision": delivery.revision, **receipt}
        key = delivery_key(delivery, schedule, destination)
        parcel = Parcel(
            path, receipt, name_of, scratch_folder(self._home),
            key=key,
            made_ms=run.ended_ms or run.created_ms,
            about=announcement(delivery, self._settings),
            warning=warning(delivery),
            reached=ReachedReaders(self._home / "mailed" / key),
            language_of=functools.partial(
                self._destinations.language_of, otherwise=self._owners_language(schedule)
            ),
            slot=RowSlot(
                slot_id(schedule, delivery.range), schedule.choice.name,
                delivery.range.from_ms, delivery.range.to_ms,
            ),
            rows=functools.partial(self._typed_rows, run.receipt),
            signed=functools.partial(self._links.link, delivery, run),
        )  # fmt: skip
        with self._destinations.opened(destination) as receiver:
            files = receiver.deliver(parcel)
        self._remember(destination, files)
        return files

    @contextlib.contextmanager
    def _typed_rows(self, receipt: Mapping[str, Any]) -> Iterator[Mapping[str, TypedRows]]:
        """The rows of a file, for a destination that takes rows, as long as the body runs."""
        folder = scratch_file(scratch_folder(self._home))
        with translated_os_errors(str(folder)):
            folder.mkdir()
        try:
            made = self._maker.typed_rows(receipt, folder)
            yield {
                name: TypedRows(folder / f"{name}.parquet", content)
                for name, content in made.items()
            }
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _owners_language(self, schedule: ExportSchedule) -> str | None:
        try:
            return caller_of_owner(self._database, schedule.owner_id, schedule.owner).language
        except NotAllowedError:
            # What was made is delivered though its owner is gone.
            return None

    def _remember(self, destination: Destination, files: Sequence[OutgoingFile]) -> None:
        """Have the files that lie on this machine looked through when somebody is erased."""
        if destination.choice.kind == "folder":
            for file in files:
                folder = Path(destination.choice.options["path"])
                remember(self._home, folder / file.name, file.receipt)


def _what_is_missing(
    schedule: ExportSchedule, slot: Slot, owner: Caller, known: KnownCompleteness
) -> Text | None:
    """What a slot still waits for; None when everything is there."""
    zone, up_to_ms = schedule.timing.zone, slot.range.to_ms

    def minute(instant_ms: int) -> str:
        return from_ms(instant_ms).astimezone(zone).strftime("%Y-%m-%d %H:%M")

    missing: Text | str
    try:
        found = known(up_to_ms)
        if found is None:
            missing = Text("it is being looked up")
        else:
            wanted = owner.allowed_channels(schedule.choice.request.channels)
            channels = [one for one in found if not wanted or one.channel_id in wanted]
            strange = set(wanted) - {one.channel_id for one in channels}
            channels += [Completeness(one, None, None, "newest") for one in sorted(strange)]
            late = incomplete(channels, up_to_ms)
            # A log in which nothing is has nothing that is complete.
            if channels and not late:
                return None
            missing = named_channels(late, minute) if late else Text("nothing has come yet")
    except TawnyError as error:
        missing = error.text
    return Text(
        "waits until everything before {up_to} has come, at the latest until {latest} ({zone}): "
        "{missing}",
        up_to=minute(up_to_ms),
        latest=minute(schedule.choice.latest_ms(slot.range)),
        zone=zone.key,
        missing=missing,
    )
