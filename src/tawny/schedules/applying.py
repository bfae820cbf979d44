"""Schedules, saved exports and destinations as somebody wants them: what differs, and making it so,
all of it or nothing.

A name says which is meant. What is not named stays, unless it is to be removed (`prune`).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tawny.deliveries.kinds import destination_kind
from tawny.deliveries.store import Destination, DestinationChoice, Destinations
from tawny.errors import ConflictError, NotAllowedError, RequestError
from tawny.exports.request import ExportRequest, request_json
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.runs.store_saved import SavedChoice, SavedExports, checked_saved
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
        wanted.check_names()
        check = functools.cache(self._check)
        schedules = Schedules(self._database, self._audit, self._destinations, check)
        one = _Application(self._database, self._destinations, self._saved, schedules, caller)
        return one.carry_out(wanted, prune=prune, dry_run=dry_run)


class _Application:
    """One call of `Applier.apply`. What takes long is asked before the transaction, in which others
    wait, and remembered."""

    def __init__(
        self,
        database: Database,
        destinations: Destinations,
        saved: SavedExports,
        schedules: Schedules,
        caller: Caller,
    ) -> None:
        self._database = database
        self._destinations = destinations
        self._saved = saved
        self._schedules = schedules
        self._caller = caller

    def carry_out(self, wanted: Wanted, *, prune: bool, dry_run: bool) -> list[Applied]:
        """All of it."""
        destinations = self._prepared(wanted.destinations)
        places = {name: one.choice for name, one in self._all_destinations().items()}
        there = self._all_schedules()
        for one in wanted.schedules:
            with _about("schedule", one.choice.name):
                choice = checked_choice(one.choice)
                self._ask_log(choice, one.owner, there.get(choice.name))
                self._look_at_names(choice, {**places, **destinations})
        with self._database.whole(keep=not dry_run):
            done = [self._destination(choice) for choice in destinations.values()]
            done += [self._saved_export(choice) for choice in wanted.saved_exports]
            there = self._all_schedules()
            done += [self._schedule(one, there.get(one.choice.name)) for one in wanted.schedules]
            named = {(one.kind, one.name) for one in done}
            done += [
                self._other(kind, name, remove, prune=prune)
                for kind, name, remove in self._all()
                if (kind, name) not in named
            ]
        return done

    def _prepared(self, wanted: Sequence[DestinationChoice]) -> dict[str, DestinationChoice]:
        """The destinations by name, with what is seen at the other end."""
        there = self._all_destinations()
        prepared = {}
        for choice in wanted:
            with _about("destination", choice.name):
                self._caller.need(Scope.ADMIN)
                before = there.get(choice.name)
                prepared[choice.name] = self._destinations.prepared(choice, before)
        return prepared

    def _ask_log(self, choice: ScheduleChoice, owner: str, before: ExportSchedule | None) -> None:
        """Have the log asked whether its owner can run it."""
        owner_id, name = self._caller.user_id, self._caller.name
        if before is not None:
            owner_id, name = before.owner_id, before.owner
        if owner and owner != name:
            self._caller.need(Scope.ADMIN)
            with self._database.read() as connection:
                owner_id, name = user_by_name(connection, owner)
        self._schedules.check_request(choice, owner_id, name)

    def _look_at_names(
        self, choice: ScheduleChoice, destinations: Mapping[str, DestinationChoice]
    ) -> None:
        """Look at the names of years of files."""
        for name in choice.destinations:
            found = destinations.get(name)
            if found is not None and destination_kind(found.kind).keeps_files:
                check_own_names(found, choice, current_ms())

    def _all_destinations(self) -> dict[str, Destination]:
        return {one.choice.name: one for one in self._destinations.list(self._caller)}

    def _all_schedules(self) -> dict[str, ExportSchedule]:
        found = [one.schedule for one in self._schedules.list(self._caller)]
        return {one.choice.name: one for one in found}

    def _destination(self, choice: DestinationChoice) -> Applied:
        with _about("destination", choice.name):
            before = self._all_destinations().get(choice.name)
            if before is None:
                made = self._destinations.add(self._caller, choice)
                return Applied("destination", choice.name, "added", made_secret=made.made_secret)
            changes = _changes(_of_destination(before.choice), _of_destination(choice))
            changes += [
                FieldChange(name, None, None)
                for name in self._destinations.other_secrets(choice, before)
            ]
            if choice.kind != before.choice.kind or changes:
                self._schedules.change_destination(self._caller, before.id, choice)
            return _compared("destination", choice.name, changes)

    def _saved_export(self, choice: SavedChoice) -> Applied:
        with _about("saved_export", choice.name):
            found = self._saved.list(self._caller)
            before = next((one for one in found if one.choice.name == choice.name), None)
            if before is None:
                self._saved.add(self._caller, choice)
                return Applied("saved_export", choice.name, "added")
            changes = _changes(
                _of_saved_export(before.choice), _of_saved_export(checked_saved(choice))
            )
            if changes:
                self._saved.change(self._caller, before.id, choice)
            return _compared("saved_export", choice.name, changes)

    def _schedule(self, wanted: WantedSchedule, before: ExportSchedule | None) -> Applied:
        choice, owner = wanted.choice, wanted.owner
        with _about("schedule", choice.name):
            if before is None:
                active = wanted.active is not False
                self._schedules.add(self._caller, choice, active=active, owner=owner)
                return Applied("schedule", choice.name, "added")
            active = before.active if wanted.active is None else wanted.active
            changes = _changes(
                _of_schedule(before.choice, before.active, before.owner),
                _of_schedule(checked_choice(choice), active, owner or before.owner),
            )
            if changes:
                self._schedules.change(self._caller, before.id, choice, active=active, owner=owner)
            return _compared("schedule", choice.name, changes)

    def _all(self) -> Iterator[tuple[Kind, str, Callable[[], None]]]:
        """All that the caller may remove, in an order in which that can be done."""
        for schedule in [one.schedule for one in self._schedules.list(self._caller)]:
            remove = functools.partial(self._schedules.remove, self._caller, schedule.id)
            yield "schedule", schedule.choice.name, remove
        for saved in self._saved.list(self._caller):
            if saved.owner_id == self._caller.user_id:
                remove = functools.partial(self._saved.delete, self._caller, saved.id)
                yield "saved_export", saved.choice.name, remove
        if self._caller.administrator:
            for destination in self._destinations.list(self._caller):
                remove = functools.partial(self._destinations.remove, self._caller, destination.id)
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
        "active": active,
        "owner": owner,
        **_of_request(choice.request),
    }


def _of_request(request: ExportRequest) -> Fields:
    """One export is a list of one, as the API shows schedules."""
    fields = request_json(request)
    export = fields.pop("export", "")
    return {**fields, "exports": fields["exports"] or [export]}
