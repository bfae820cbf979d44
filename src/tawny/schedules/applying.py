"""Schedules, saved exports and destinations as somebody wants them: what differs, and making it so,
all of it or nothing.

A name says which is meant. What is not named stays, unless it is to be removed (`prune`).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tawny.deliveries.kinds import destination_kind
from tawny.deliveries.store import Destination, DestinationChoice, Destinations
from tawny.errors import ConflictError, NotAllowedError, RequestError
from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.runs.store_saved import SavedChoice, SavedExportRow, SavedExports, checked_saved
from tawny.schedules.choice import ScheduleChoice, checked_choice
from tawny.schedules.file_names import check_own_names
from tawny.schedules.owners import user_by_name
from tawny.schedules.rows import ExportSchedule
from tawny.schedules.schedules import Check, Schedules
from tawny.state.database import Database
from tawny.text import Text

Kind = Literal["destination", "saved_export", "schedule"]
What = Literal["added", "changed", "removed", "same", "left"]

KIND_NAMES: Mapping[Kind, Text] = {
    "destination": Text("destination"),
    "saved_export": Text("saved export"),
    "schedule": Text("schedule"),
}

Fields = Mapping[str, object]
"""What is set of one, by the names that the API has for it; never a secret."""


@dataclass(frozen=True, slots=True)
class WantedSchedule:
    """A schedule as it is wanted."""

    choice: ScheduleChoice
    active: bool | None
    """None = as it is; a new one runs."""
    owner: str
    """Empty = as it is; a new one is the caller's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted, each by its name."""

    destinations: Sequence[DestinationChoice] = ()
    saved_exports: Sequence[SavedChoice] = ()
    schedules: Sequence[WantedSchedule] = ()

    def check_names(self) -> None:
        """Raise `RequestError` where two of a kind have one name."""
        for kind, names in (
            ("destinations", [one.name for one in self.destinations]),
            ("saved_exports", [one.name for one in self.saved_exports]),
            ("schedules", [one.choice.name for one in self.schedules]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise RequestError(
                        "{kind}: found the name {name!r} twice; allowed names that differ",
                        kind=kind,
                        name=name,
                    )


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is set otherwise; of a secret neither side is told."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Applied:
    """What became, or would become, of one of them."""

    kind: Kind
    name: str
    what: What
    fields: Sequence[FieldChange] = ()
    made_secret: str = ""
    """The secret that Tawny made for it just now, to be told this once."""


class Applier:
    """Makes what is there what is wanted; see `Schedules` for `check`."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        destinations: Destinations,
        saved: SavedExports,
        check: Check,
    ) -> None:
        self._database = database
        self._audit = audit
        self._destinations = destinations
        self._saved = saved
        self._check = check

    def apply(self, caller: Caller, wanted: Wanted, *, prune: bool, dry_run: bool) -> list[Applied]:
        """Make it so, and say of each what became of it, or with `dry_run` what would. Raises a
        `RequestError` that names the first that cannot be, and then nothing is changed."""
        caller.need(Scope.SCHEDULES_WRITE)
        check = functools.cache(self._check)
        schedules = Schedules(self._database, self._audit, self._destinations, check)
        one = _Application(self._database, self._destinations, self._saved, schedules, caller)
        return one.carry_out(one.as_kept(wanted), prune=prune, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class _Application:
    """One call of `Applier.apply`. What takes long is asked before the transaction, in which others
    wait, and remembered."""

    database: Database
    destinations: Destinations
    saved: SavedExports
    schedules: Schedules
    caller: Caller

    def as_kept(self, wanted: Wanted) -> Wanted:
        """What is wanted as it would be kept, names too. Raises `RequestError`."""
        destinations, saved_exports, schedules = [], [], []
        for destination in wanted.destinations:
            with _about("destination", destination.name):
                self.caller.need(Scope.ADMIN)
                destinations.append(self.destinations.checked(destination))
        for saved in wanted.saved_exports:
            with _about("saved_export", saved.name):
                saved_exports.append(checked_saved(saved))
        for schedule in wanted.schedules:
            with _about("schedule", schedule.choice.name):
                schedules.append(replace(schedule, choice=checked_choice(schedule.choice)))
        kept = Wanted(destinations, saved_exports, schedules)
        kept.check_names()
        return kept

    def carry_out(self, wanted: Wanted, *, prune: bool, dry_run: bool) -> list[Applied]:
        """All of it, from what `as_kept` gave."""
        destinations = self._prepared(wanted.destinations)
        self._look_ahead(wanted.schedules, destinations)
        with self.database.whole(keep=not dry_run):
            there = self._all_destinations()
            done = [self._destination(one, there.get(one.name)) for one in destinations.values()]
            saved = {one.choice.name: one for one in self.saved.list(self.caller)}
            done += [self._saved_export(one, saved.get(one.name)) for one in wanted.saved_exports]
            schedules = self._all_schedules()
            done += [
                self._schedule(one, schedules.get(one.choice.name)) for one in wanted.schedules
            ]
            named = {(one.kind, one.name) for one in done}
            done += [
                self._other(kind, name, remove, prune=prune)
                for kind, name, remove in self._all()
                if (kind, name) not in named
            ]
        return done

    def _look_ahead(
        self, wanted: Sequence[WantedSchedule], destinations: Mapping[str, DestinationChoice]
    ) -> None:
        """Ask the log, and look at names, for each schedule."""
        places = {name: one.choice for name, one in self._all_destinations().items()}
        places.update(destinations)
        there = self._all_schedules()
        for one in wanted:
            with _about("schedule", one.choice.name):
                self._ask_log(one.choice, one.owner, there.get(one.choice.name))
                self._look_at_names(one.choice, places)

    def _prepared(self, wanted: Sequence[DestinationChoice]) -> dict[str, DestinationChoice]:
        """The destinations by name, with what is seen at the other end."""
        there = self._all_destinations()
        prepared = {}
        for choice in wanted:
            with _about("destination", choice.name):
                before = there.get(choice.name)
                prepared[choice.name] = self.destinations.prepared(choice, before)
        return prepared

    def _ask_log(self, choice: ScheduleChoice, owner: str, before: ExportSchedule | None) -> None:
        """Have the log asked whether its owner can run it."""
        owner_id, name = self.caller.user_id, self.caller.name
        if before is not None:
            owner_id, name = before.owner_id, before.owner
        if owner and owner != name:
            self.caller.need(Scope.ADMIN)
            with self.database.read() as connection:
                owner_id, name = user_by_name(connection, owner)
        self.schedules.check_request(choice, owner_id, name)

    def _look_at_names(
        self, choice: ScheduleChoice, destinations: Mapping[str, DestinationChoice]
    ) -> None:
        """Look at the names of years of files."""
        for name in choice.destinations:
            found = destinations.get(name)
            if found is not None and destination_kind(found.kind).keeps_files:
                check_own_names(found, choice, current_ms())

    def _all_destinations(self) -> dict[str, Destination]:
        return {one.choice.name: one for one in self.destinations.list(self.caller)}

    def _all_schedules(self) -> dict[str, ExportSchedule]:
        found = [one.schedule for one in self.schedules.list(self.caller)]
        return {one.choice.name: one for one in found}

    def _destination(self, choice: DestinationChoice, before: Destination | None) -> Applied:
        with _about("destination", choice.name):
            if before is None:
                made = self.destinations.add(self.caller, choice)
                return Applied("destination", choice.name, "added", made_secret=made.made_secret)
            changes = _changes(_of_destination(before.choice), _of_destination(choice))
            changes += [
                FieldChange(name, None, None)
                for name in self.destinations.other_secrets(choice, before)
            ]
            if changes:
                self.schedules.change_destination(self.caller, before.id, choice)
            return _compared("destination", choice.name, changes)

    def _saved_export(self, choice: SavedChoice, before: SavedExportRow | None) -> Applied:
        with _about("saved_export", choice.name):
            if before is None:
                self.saved.add(self.caller, choice)
                return Applied("saved_export", choice.name, "added")
            changes = _changes(_of_saved_export(before.choice), _of_saved_export(choice))
            if changes:
                self.saved.change(self.caller, before.id, choice)
            return _compared("saved_export", choice.name, changes)

    def _schedule(self, wanted: WantedSchedule, before: ExportSchedule | None) -> Applied:
        choice, owner = wanted.choice, wanted.owner
        with _about("schedule", choice.name):
            if before is None:
                active = wanted.active is not False
                self.schedules.add(self.caller, choice, active=active, owner=owner)
                return Applied("schedule", choice.name, "added")
            active = before.active if wanted.active is None else wanted.active
            changes = _changes(
                _of_schedule(before.choice, before.active, before.owner),
                _of_schedule(choice, active, owner or before.owner),
            )
            if changes:
                self.schedules.change(self.caller, before.id, choice, active=active, owner=owner)
            return _compared("schedule", choice.name, changes)

    def _all(self) -> Iterator[tuple[Kind, str, Callable[[], None]]]:
        """All that the caller may remove, in an order in which that can be done."""
        for schedule in [one.schedule for one in self.schedules.list(self.caller)]:
            remove = functools.partial(self.schedules.remove, self.caller, schedule.id)
            yield "schedule", schedule.choice.name, remove
        for saved in self.saved.list(self.caller):
            if saved.owner_id == self.caller.user_id:
                remove = functools.partial(self.saved.delete, self.caller, saved.id)
                yield "saved_export", saved.choice.name, remove
        if self.caller.administrator:
            for destination in self.destinations.list(self.caller):
                remove = functools.partial(self.destinations.remove, self.caller, destination.id)
                yield "destination", destination.choice.name, remove

    def _other(self, kind: Kind, name: str, remove: Callable[[], None], *, prune: bool) -> Applied:
        if not prune:
            return Applied(kind, name, "left")
        with _about(kind, name):
            remove()
        return Applied(kind, name, "removed")


@contextlib.contextmanager
def _about(kind: Kind, name: str) -> Iterator[None]:
    """Say in errors which one they are about."""
    try:
        yield
    except NotAllowedError:
        raise
    except RequestError as error:
        if isinstance(error, ConflictError):
            raise ConflictError(
                "{kind} {name!r}: {reason}", kind=KIND_NAMES[kind], name=name, reason=error.text
            ) from error
        raise RequestError(
            "{kind} {name!r}: {reason}", kind=KIND_NAMES[kind], name=name, reason=error.text
        ) from error


def _compared(kind: Kind, name: str, changes: Sequence[FieldChange]) -> Applied:
    return Applied(kind, name, "changed" if changes else "same", changes)


def _changes(before: Fields, after: Fields) -> list[FieldChange]:
    """The fields that differ; a field that one of them lacks is empty there."""
    return [
        FieldChange(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*after, *before])
        if before.get(name) != after.get(name)
    ]


def _of_destination(choice: DestinationChoice) -> Fields:
    return {"kind": choice.kind, **choice.options}


def _of_saved_export(choice: SavedChoice) -> Fields:
    return {"period": choice.period, "shared": choice.shared, **_of_request(choice.request)}


def _of_schedule(choice: ScheduleChoice, active: bool, owner: str) -> Fields:
    return {
        "frequency": choice.frequency,
        "destinations": sorted(choice.destinations),
        "delay": choice.delay,
        "wait": choice.wait,
        "corrections": choice.corrections,
        "changes": choice.changes,
        "notify": sorted(choice.notify),
        "active": active,
        "owner": owner,
        **_of_request(choice.request),
    }


def _of_request(request: ExportRequest) -> Fields:
    """One export is a list of one, as the API shows schedules."""
    fields = request_json(request)
    export = fields.pop("export", "")
    return {**fields, "exports": fields["exports"] or [export]}
