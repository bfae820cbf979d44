"""Schedules of a data folder, asked as the API is: the same bodies, the same answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tawny.background.here import ExportsHere
from tawny.cli.api_bodies import as_json, read_body
from tawny.cli.options import Json, option_of
from tawny.credentials import stored
from tawny.deliveries.store import DestinationChoice, Destinations
from tawny.errors import RequestError
from tawny.people.audit import Audit
from tawny.runs.store_saved import SavedExports
from tawny.schedules.applying import Applier
from tawny.schedules.carrier import Carrier, alone
from tawny.schedules.owners import OPERATOR_ID, caller_by_name
from tawny.schedules.schedules import Schedules
from tawny.schedules.store_deliveries import DeliveryFilter
from tawny.server.api.apply_shapes import ApplyAnswer, ApplyBody
from tawny.server.api.destination_shapes import DestinationAnswer, DestinationBody
from tawny.server.api.schedule_shapes import (
    BackfillBody,
    DeliveryAnswer,
    MadeAnswer,
    ScheduleAnswer,
    ScheduleBody,
)
from tawny.settings import Settings, chosen_language
from tawny.state.database import open_database


class SchedulesHere:
    """The schedules, destinations and deliveries of a data folder."""

    def __init__(self, home: Path, settings: Settings, owner: str | None) -> None:
        self._home = home
        self._settings = settings
        self._database = open_database(home, settings)
        audit = Audit(self._database)
        self._destinations = Destinations(home, settings, self._database, audit)
        maker = ExportsHere(home, settings, self._database, audit)
        self._schedules = Schedules(self._database, audit, self._destinations, maker.check)
        self._carrier = Carrier(home, settings, self._database, self._destinations, audit, maker)
        self._caller = caller_by_name(self._database, owner)
        saved = SavedExports(self._database, audit)
        self._applier = Applier(self._database, audit, self._destinations, saved, maker.check)
        self._language = chosen_language()
        self._touched: set[int] = set()

    def close(self) -> None:
        """Close the state database."""
        self._database.close()

    def schedules(self) -> list[Json]:
        """All of them."""
        return [self._schedule(one) for one in self._schedules.list(self._caller)]

    def add_schedule(self, body: Json) -> Json:
        """Make one."""
        data = read_body(body, ScheduleBody)
        return self._schedule(
            self._schedules.add(self._caller, data.choice(), active=data.active, owner=data.owner)
        )

    def change_schedule(self, number: int, body: Json) -> Json:
        """Set one otherwise."""
        data = read_body(body, ScheduleBody)
        return self._schedule(
            self._schedules.change(
                self._caller, number, data.choice(), active=data.active, owner=data.owner
            )
        )

    def remove_schedule(self, number: int) -> None:
        """Take one away."""
        self._schedules.remove(self._caller, number)

    def set_active(self, number: int, *, active: bool) -> Json:
        """Pause one, or have it go on."""
        return self._schedule(self._schedules.set_active(self._caller, number, active))

    def apply(self, body: Json, secrets: Sequence[Mapping[str, str]]) -> Json:
        """Make destinations, saved exports and schedules what a body says; secrets of each
        destination as they are given in a file."""
        data = read_body(body, ApplyBody)
        wanted = data.wanted(self._home)
        if wanted.saved_exports and self._caller.user_id == OPERATOR_ID:
            raise RequestError(
                "saved_exports: nobody has an account, and a saved export is somebody's; start "
                "tawny serve and set up the first account"
            )
        destinations = [
            replace(
                choice,
                secrets={name: stored(self._home, name, text, "") for name, text in given.items()},
            )
            for choice, given in zip(wanted.destinations, secrets, strict=True)
        ]
        done = self._applier.apply(
            self._caller,
            replace(wanted, destinations=destinations),
            prune=data.prune,
            dry_run=data.dry_run,
        )
        return as_json(ApplyAnswer.of(done, dry_run=data.dry_run))

    def run_schedule(self, number: int) -> Json:
        """Make its last whole range."""
        made = MadeAnswer(self._schedules.run(self._caller, number))
        self._carry_out(number)
        return as_json(made)

    def backfill(self, number: int, body: Json) -> Json:
        """Make ranges of the past."""
        data = read_body(body, BackfillBody)
        made = MadeAnswer(
            self._schedules.backfill(self._caller, number, data.start, data.end, again=data.again)
        )
        self._carry_out(number)
        return as_json(made)

    def run_due(self) -> bool:
        """Do whatever is due; False when a server does."""
        with self._alone() as first:
            if first:
                self._carrier.decide()
                self._touched |= self._carrier.follow()
                self._touched |= self._carrier.carry_out()
                self._carrier.take_back()
                self._carrier.take_away_unfinished()
        return first

    def destinations(self) -> list[Json]:
        """All of them."""
        return [self._destination(one) for one in self._destinations.list(self._caller)]

    def add_destination(self, body: Json, secrets: Mapping[str, str], typed: str) -> Json:
        """Set one up; secrets as they were given, and what standard input holds of them."""
        choice = self._destination_choice(body, secrets, typed)
        return self._destination(self._destinations.add(self._caller, choice))

    def change_destination(
        self, number: int, body: Json, secrets: Mapping[str, str], typed: str
    ) -> Json:
        """Set one otherwise; secrets that are not given stay."""
        choice = self._destination_choice(body, secrets, typed)
        return self._destination(self._schedules.change_destination(self._caller, number, choice))

    def _destination_choice(
        self, body: Json, secrets: Mapping[str, str], typed: str
    ) -> DestinationChoice:
        kept = {
            name: stored(self._home, option_of(name), text, typed) for name, text in secrets.items()
        }
        choice = read_body(body, DestinationBody).choice(self._home)
        return replace(choice, secrets={**choice.secrets, **kept})

    def remove_destination(self, number: int) -> None:
        """Forget one."""
        self._destinations.remove(self._caller, number)

    def test_destination(self, number: int) -> Json:
        """Try one out."""
        return self._destination(self._destinations.test(self._caller, number))

    def deliveries(
        self, schedule_id: int | None, destination: str, states: list[str], limit: int
    ) -> list[Json]:
        """The newest."""
        wanted = DeliveryFilter(
            schedule_id=schedule_id, destination=destination, states=tuple(states)
        )
        return self._page(wanted, limit)

    def delivery(self, number: int) -> Json:
        """One of them."""
        return self._delivery(self._schedules.delivery(self._caller, number))

    def retry(self, number: int) -> Json:
        """Try one now."""
        delivery = self._schedules.retry(self._caller, number)
        self._carry_out(delivery.schedule_id)
        return self.delivery(number)

    def send(self, run_id: str, destination: str) -> Json:
        """Send a run once."""
        delivery = self._schedules.send(self._caller, run_id, destination)
        self._carry_out(delivery.schedule_id)
        return self.delivery(delivery.id)

    def touched(self) -> list[Json]:
        """The deliveries that this call was about."""
        return self._page(DeliveryFilter(slot_ids=sorted(self._touched)), 500)

    def _page(self, wanted: DeliveryFilter, limit: int) -> list[Json]:
        page = self._schedules.deliveries(self._caller, wanted, None, limit)
        return [self._delivery(one) for one in page.items]

    def _carry_out(self, schedule_id: int) -> None:
        """Do what is due of a schedule, unless a server does it."""
        with self._alone() as first:
            if first:
                self._touched |= self._carrier.carry_out(schedule_id)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        with alone(self._home) as first:
            if first:
                self._carrier.deliveries.recover()
            yield first

    def _schedule(self, found: Any) -> Json:
        return as_json(ScheduleAnswer.of(found, self._language))

    def _destination(self, found: Any) -> Json:
        whole = self._caller.administrator
        return as_json(DestinationAnswer.of(found, self._language, whole=whole))

    def _delivery(self, found: Any) -> Json:
        return as_json(DeliveryAnswer.of(found, self._language, self._settings))
