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

from tawny.deliveries.store import DestinationChoice, Destinations
from tawny.errors import ConflictError, NotAllowedError, RequestError
from tawny.exports.request import ExportRequest, request_json
from tawny.people.callers import Caller, Scope
from tawny.runs.store_saved import SavedChoice, SavedExports, checked_saved
from tawny.schedules.choice import ScheduleChoice, checked_choice
from tawny.schedules.schedules import Schedules
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
    """Makes what is there what is wanted."""

    def __init__(
        self,
        database: Database,
        destinations: Destinations,
        saved: SavedExports,
        schedules: Schedules,
    ) -> None:
        self._database = database
        self._destinations = destinations
        self._saved = saved
        self._schedules = schedules

    def apply(self, caller: Caller, wanted: Wanted, *, prune: bool, dry_run: bool) -> list[Applied]:
        """Make it so, and say of each what became of it, or with `dry_run` what would. Raises a
        `RequestError` that names the first that cannot be, and then nothing is changed."""
        caller.need(Scope.SCHEDULES_WRITE)
        wanted.check_names()
        # A server elsewhere is looked at before, so that nobody waits for it in a transaction.
        there = {one.choice.name: one for one in self._destinations.list(caller)}
        destinations = []
        for choice in wanted.destinations:
            with _about("destination", choice.name):
                caller.need(Scope.ADMIN)
                destinations.append(self._destinations.prepared(choice, there.get(choice.name)))
        with self._database.whole(keep=not dry_run):
            done = [self._destination(caller, choice) for choice in destinations]
            done += [self._saved_export(caller, choice) for choice in wanted.saved_exports]
            done += [self._schedule(caller, one) for one in wanted.schedules]
            named = {(one.kind, one.name) for one in done}
            done += [
                self._other(kind, name, remove, prune=prune)
                for kind, name, remove in self._all(caller)
                if (kind, name) not in named
            ]
        return done

    def _destination(self, caller: Caller, choice: DestinationChoice) -> Applied:
        with _about("destination", choice.name):
            found = self._destinations.list(caller)
            before = next((one for one in found if one.choice.name == choice.name), None)
            if before is None:
                made = self._destinations.add(caller, choice)
                return Applied("destination", choice.name, "added", made_secret=made.made_secret)
            changes = _changes(_of_destination(before.choice), _of_destination(choice))
            changes += [
                FieldChange(name, None, None)
                for name in self._destinations.other_secrets(choice, before)
            ]
            if choice.kind != before.choice.kind or changes:
                self._schedules.change_destination(caller, before.id, choice)
            return _compared("destination", choice.name, changes)

    def _saved_export(self, caller: Caller, choice: SavedChoice) -> Applied:
        with _about("saved_export", choice.name):
            found = self._saved.list(caller)
            before = next((one for one in found if one.choice.name == choice.name), None)
            if before is None:
                self._saved.add(caller, choice)
                return Applied("saved_export", choice.name, "added")
            changes = _changes(
                _of_saved_export(before.choice), _of_saved_export(checked_saved(choice))
            )
            if changes:
                self._saved.change(caller, before.id, choice)
            return _compared("saved_export", choice.name, changes)

    def _schedule(self, caller: Caller, wanted: WantedSchedule) -> Applied:
        choice, owner = wanted.choice, wanted.owner
        with _about("schedule", choice.name):
            found = [one.schedule for one in self._schedules.list(caller)]
            before = next((one for one in found if one.choice.name == choice.name), None)
            if before is None:
                active = wanted.active is not False
                self._schedules.add(caller, choice, active=active, owner=owner)
                return Applied("schedule", choice.name, "added")
            active = before.active if wanted.active is None else wanted.active
            changes = _changes(
                _of_schedule(before.choice, before.active, before.owner),
                _of_schedule(checked_choice(choice), active, owner or before.owner),
            )
            if changes:
                self._schedules.change(caller, before.id, choice, active=active, owner=owner)
            return _compared("schedule", choice.name, changes)

    def _all(self, caller: Caller) -> Iterator[tuple[Kind, str, Callable[[], None]]]:
        """All that the caller may remove, in an order in which that can be done."""
        for schedule in [one.schedule for one in self._schedules.list(caller)]:
            remove = functools.partial(self._schedules.remove, caller, schedule.id)
            yield "schedule", schedule.choice.name, remove
        for saved in self._saved.list(caller):
            if saved.owner_id == caller.user_id:
                remove = functools.partial(self._saved.delete, caller, saved.id)
                yield "saved_export", saved.choice.name, remove
        if caller.administrator:
            for destination in self._destinations.list(caller):
                remove = functools.partial(self._destinations.remove, caller, destination.id)
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
