"""Follows what comes into the log after files were delivered: late events, where a schedule has
corrections, and erasures, always.

Which files no longer hold what the log says is found by a look at the log
(`tawny.feeds.made_files`, in a worker process). Their slots are made again as their next revision;
files of earlier ones that hold somebody who was erased are taken back where that can be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.deliveries.kinds import destination_kind
from tawny.deliveries.places import Place
from tawny.deliveries.run_files import placed_names
from tawny.deliveries.store import Destinations
from tawny.errors import NotFoundError, TawnyError
from tawny.exports.receipt import FEED, erasures_version
from tawny.exports.request import request_json
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.runs.store import RunStore, request_of_run
from tawny.schedules.rows import Cause, Erasure
from tawny.schedules.store import ScheduleStore
from tawny.schedules.store_revisions import DueErasure, MadeSlot, RevisionStore
from tawny.state.database import Database

_AGAIN_MS = 10 * 60_000
"""When files are tried to be taken back again that could not be."""
_LOOK_BACK_MS = 31 * 86_400_000
"""After a start is looked at what came before ranges closed that ended so long ago or later: a
server may have been down when they did."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a look at the log found."""

    log_version: int
    """The version it is of; -1 while nothing is there."""
    erasure_version: int
    """The version with which somebody was erased last; -1 without."""
    changed: Sequence[int]
    """Which of the files, by their place, do not hold what it says."""


Look = Callable[[Sequence[Mapping[str, Any]], bool], LookedAt]
"""Looks at files, as the arguments of the job `made_files` name them; with True only for who was
erased. Raises `TawnyError`."""


class Follower:
    """Follows the log of one installation."""

    def __init__(
        self, database: Database, destinations: Destinations, audit: Audit, look: Look
    ) -> None:
        self._database = database
        self._destinations = destinations
        self._audit = audit
        self._look = look
        self._runs = RunStore(database)
        self._schedules = ScheduleStore(database)
        self._store = RevisionStore(database)
        self._looked_ms: int | None = None
        self._erasure_version = -1

    def is_behind(self) -> bool:
        """Whether a file came since the last look that does not know of an erasure it saw."""
        return self._erasure_version >= 0 and bool(self._store.to_erase(self._erasure_version))

    def follow(self) -> set[int]:
        """Have made again what is other by now; returns the numbers of the slots."""
        now_ms = current_ms()
        newest = self._look([], False)
        if newest.log_version < 0:
            return set()
        self._erasure_version = newest.erasure_version
        again = self._follow_erasures(newest.erasure_version)
        again |= self._follow_late_events(newest.log_version, now_ms)
        self._looked_ms = now_ms
        return again

    def _follow_erasures(self, erasure_version: int) -> set[int]:
        if erasure_version < 0:
            return set()
        found = self._store.to_erase(erasure_version)
        files, of_files = [], []
        for slot in found:
            for revision, file in self._files_of(slot, None):
                files.append(file)
                of_files.append((slot, revision))
        looked = self._look(files, True) if files else LookedAt(erasure_version, 0, [])
        again = set()
        for slot, revision in [of_files[place] for place in looked.changed]:
            self._mark(slot, revision)
            if revision == slot.revision and self._store.make_again(
                slot, Cause.ERASURE, current_ms()
            ):
                again.add(slot.id)
        self._store.know_erasures([one for one in found if one.id not in again], erasure_version)
        return again

    def _mark(self, slot: MadeSlot, revision: int) -> None:
        """Say of the deliveries of a revision what becomes of their files."""
        for delivery_id, destination_id in self._store.to_take_back(slot.id, revision):
            erasure = Erasure.DUE
            if destination_id is None:
                erasure = Erasure.GONE
            else:
                choice = self._destinations.find(destination_id).choice
                if destination_kind(choice.kind).keeps_what_was_sent:
                    erasure = Erasure.SENT
            with self._database.write() as connection:
                self._store.mark(connection, delivery_id, erasure)
                self._audit.add_own(
                    connection, "delivery_with_erased_contact", str(delivery_id), what=erasure
                )

    def _follow_late_events(self, log_version: int, now_ms: int) -> set[int]:
        again: set[int] = set()
        files, of_files, agree = [], [], []
        since_ms = now_ms - _LOOK_BACK_MS if self._looked_ms is None else self._looked_ms
        for schedule in self._schedules.all():
            lasts_ms = schedule.choice.corrections_ms
            if not lasts_ms or not schedule.active or schedule.choice.changes:
                continue
            ended_since_ms = min(since_ms, now_ms) - lasts_ms
            for slot in self._store.to_correct(schedule.id, ended_since_ms, log_version):
                newest = [
                    file
                    for revision, file in self._files_of(slot, slot.range.to_ms + lasts_ms)
                    if revision == slot.revision
                ]
                files += newest
                of_files += [slot] * len(newest)
        if not files:
            return again
        looked = self._look(files, False)
        changed = set(looked.changed)
        for place, slot in enumerate(of_files):
            if place not in changed:
                agree.append(slot)
            elif self._store.make_again(slot, Cause.CORRECTION, current_ms()):
                again.add(slot.id)
        self._store.agree(agree, looked.log_version)
        return again

    def _files_of(
        self, slot: MadeSlot, until_ms: int | None
    ) -> Sequence[tuple[int, Mapping[str, Any]]]:
        """The revisions of a slot whose receipt is kept, and what a look is told of their files."""
        found = []
        for revision, run_id in slot.runs.items():
            run = self._runs.find(run_id)
            if run is None or run.receipt is None:
                continue
            made = int(run.receipt["log_version"])
            version = made
            made = erasures = erasures_version(run.receipt)
            if slot.erasures_version is not None:
                erasures = max(slot.erasures_version, made if revision == slot.revision else 0)
            if revision == slot.revision and slot.log_version is not None:
                version = max(made, slot.log_version)
            asked = request_json(request_of_run(run)) | {"as_of": run.receipt["as_of"]}
            found.append(
                (
                    revision,
                    {
                        "request": asked,
                        "content_media": run.receipt["request"]["content_media"],
                        "log_version": version,
                        "erasures_version": erasures,
                        "until_ms": until_ms,
                        "feed": run.receipt.get(FEED),
                    },
                )
            )
        return found

    # --- taking back ------------------------------------------------------------------------------

    def take_back(self) -> None:
        """Take files with somebody who was erased away where their next revision is there."""
        for due in self._store.due_erasures(current_ms()):
            if due.newer is None:
                continue
            erasure, next_ms = Erasure.FOLLOWED, 0
            try:
                self._remove(due)
            except NotFoundError:
                erasure = Erasure.GONE
            except TawnyError:
                # What is wrong there is said of the destination.
                erasure, next_ms = Erasure.DUE, current_ms() + _AGAIN_MS
            with self._database.write() as connection:
                self._store.mark(connection, due.delivery_id, erasure, next_ms)
                if erasure is not Erasure.DUE:
                    self._audit.add_own(
                        connection, "delivery_with_erased_contact", str(due.delivery_id),
                        what=erasure,
                    )  # fmt: skip

    def _remove(self, due: DueErasure) -> None:
        destination = self._destinations.find(due.destination_id)
        if not destination.keeps_files:
            return
        names = [
            name for name in placed_names(due.files) if name not in placed_names(due.newer or [])
        ]
        if names:
            with self._destinations.opened(destination) as receiver:
                place: Place = receiver  # type: ignore[assignment]
                for name in names:
                    place.remove(name)
