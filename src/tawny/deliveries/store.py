"""Destinations: what they are called, how they are reached, whether they worked the last time."""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tawny.credentials import is_same_secret, revealed
from tawny.deliveries.kinds import checked_options, destination_kind
from tawny.deliveries.own_secrets import renewed
from tawny.deliveries.parcels import Receiver, Trial
from tawny.deliveries.unfinished import UnfinishedNames
from tawny.errors import ConflictError, FailureError, NotFoundError, RequestError, TawnyError
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.people.names import shown_name
from tawny.people.readers import language_of_address
from tawny.scratch import scratch_folder
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.delivery_tables import destinations, schedule_destinations, schedules
from tawny.text import Text, from_json, joined, to_json

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class DestinationChoice:
    """What somebody sets of a destination."""

    name: str
    kind: str
    options: Mapping[str, str]
    secrets: Mapping[str, str]
    """As they are kept: references, or encrypted."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination. Times are milliseconds since 1970 UTC."""

    id: int
    choice: DestinationChoice
    created_ms: int
    used_ms: int | None
    """When something was last brought there, or tried to be."""
    error: Text | None
    """What went wrong then."""
    made_secret: str = field(default="", repr=False)
    """The secret that Tawny made just now: whoever asked for it is told it this once."""

    @property
    def where(self) -> str:
        """How people recognise it."""
        return destination_kind(self.choice.kind).where(self.choice.options)

    @property
    def keeps_files(self) -> bool:
        """Whether files lie there, under names."""
        return destination_kind(self.choice.kind).keeps_files


class Destinations:
    """The destinations of one installation."""

    def __init__(self, home: Path, settings: Settings, database: Database, audit: Audit) -> None:
        self._home = home
        self._settings = settings
        self._database = database
        self._audit = audit
        self._unfinished = home / "unfinished"

    def list(self, caller: Caller) -> Sequence[Destination]:
        """All of them, by name, for whoever may make schedules."""
        caller.need(Scope.SCHEDULES_WRITE, Scope.ADMIN)
        return self.everything()

    def everything(self) -> Sequence[Destination]:
        """All of them, by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(destinations).order_by(sa.func.lower(destinations.c.name))
            ).all()
        return [_of_row(row) for row in rows]

    def get(self, caller: Caller, destination_id: int) -> Destination:
        """One of them."""
        caller.need(Scope.SCHEDULES_WRITE, Scope.ADMIN)
        return self.find(destination_id)

    def find(self, destination_id: int) -> Destination:
        """One, whoever asks. Raises `NotFoundError`."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(destinations).where(destinations.c.id == destination_id)
            ).first()
        if row is None:
            raise NotFoundError("there is no destination {id}", id=destination_id)
        return _of_row(row)

    def add(self, caller: Caller, choice: DestinationChoice) -> Destination:
        """Set one up; administrators only. Raises `RequestError`."""
        caller.need(Scope.ADMIN)
        choice, made = self._with_own_secret(self.checked(choice), {})
        choice = self._looked_at(choice)
        with self._database.write() as connection:
            _named_once(connection, choice.name)
            destination_id = connection.execute(
                destinations.insert()
                .values(created_ms=current_ms(), **_columns_of(choice))
                .returning(destinations.c.id)
            ).scalar_one()
            self._audit.add(
                connection, caller, "destination_added", choice.name, kind=choice.kind,
                **choice.options,
            )  # fmt: skip
        return replace(self.find(destination_id), made_secret=made)

    def change(self, caller: Caller, destination_id: int, choice: DestinationChoice) -> Destination:
        """Set it otherwise; administrators only. Secrets that are not given stay."""
        caller.need(Scope.ADMIN)
        before = self.find(destination_id)
        if choice.kind != before.choice.kind:
            raise RequestError(
                "kind: found {kind}; {name} is of the kind {before}, which stays: add another "
                "destination",
                kind=choice.kind,
                name=before.choice.name,
                before=before.choice.kind,
            )
        choice, made = self._with_own_secret(self.checked(choice), before.choice.secrets)
        choice = self._looked_at(_with_kept(before.choice, choice))
        with self._database.write() as connection:
            _named_once(connection, choice.name, destination_id)
            connection.execute(
                destinations.update()
                .where(destinations.c.id == destination_id)
                .values(**_columns_of(choice))
            )
            self._audit.add(
                connection, caller, "destination_changed", choice.name, **choice.options
            )
        return replace(self.find(destination_id), made_secret=made)

    def remove(self, caller: Caller, destination_id: int) -> None:
        """Forget one to which no schedule delivers; administrators only. What was delivered there
        stays."""
        caller.need(Scope.ADMIN)
        destination = self.find(destination_id)
        with self._database.write() as connection:
            users = connection.execute(
                sa.select(schedules.c.name)
                .join(schedule_destinations, schedule_destinations.c.schedule_id == schedules.c.id)
                .where(
                    schedule_destinations.c.destination_id == destination_id,
                    schedules.c.removed_ms.is_(None),
                )
                .order_by(schedules.c.name)
            ).scalars()
            if names := list(users):
                raise ConflictError(
                    "{name}: found in use by {schedules}; give them another destination first",
                    name=destination.choice.name,
                    schedules=", ".join(names),
                )
            connection.execute(
                schedule_destinations.delete().where(
                    schedule_destinations.c.destination_id == destination_id
                )
            )
            connection.execute(destinations.delete().where(destinations.c.id == destination_id))
            self._audit.add(connection, caller, "destination_removed", destination.choice.name)

    def test(self, caller: Caller, destination_id: int) -> Destination:
        """Write, read back and remove a small file, or send a message that says it is a test;
        administrators only. Raises the `TawnyError` that says what failed."""
        caller.need(Scope.ADMIN)
        destination = self.find(destination_id)
        self._audit.record(caller, "destination_tested", destination.choice.name)
        with self.opened(destination) as receiver:
            receiver.try_out(
                Trial(
                    destination.choice.name,
                    scratch_folder(self._home),
                    functools.partial(self.language_of, otherwise=caller.language),
                )
            )
        return self.find(destination_id)

    def language_of(self, address: str, *, otherwise: str | None) -> str:
        """The language of whoever reads mail at an address: that of the account of this name, else
        another, else that of the settings."""
        found = language_of_address(self._database, address) or otherwise
        return found or self._settings.text("language")

    @contextlib.contextmanager
    def opened(self, destination: Destination) -> Iterator[Receiver]:
        """What receives, while something is brought there; how it went is remembered."""
        choice = destination.choice
        try:
            secrets = {
                name: revealed(self._home, name, kept) for name, kept in choice.secrets.items()
            }
            unfinished = UnfinishedNames(self._unfinished / str(destination.id))
            kind = destination_kind(choice.kind)
            receiver = kind.open(choice.options, secrets, self._settings, unfinished)
            with contextlib.closing(receiver):
                yield receiver
        except TawnyError as error:
            self._mark(destination, to_json(error.text))
            raise
        self._mark(destination, None)

    def take_away_unfinished(self) -> None:
        """Remove temporary names that a kill or a break left at destinations, also at those to
        which nothing is brought any more; what cannot be reached waits for the next time."""
        for folder in self._unfinished.glob("*"):
            if not any(folder.iterdir()):
                continue
            try:
                destination = self.find(int(folder.name))
            except NotFoundError:
                # Nobody knows any more how to get there.
                shutil.rmtree(folder, ignore_errors=True)
                continue
            with contextlib.suppress(TawnyError), self.opened(destination):
                """To be opened is enough."""

    def _mark(self, destination: Destination, error: str | None) -> None:
        with self._database.write() as connection:
            connection.execute(
                destinations.update()
                .where(destinations.c.id == destination.id)
                .values(used_ms=current_ms(), error=error)
            )

    def prepared(self, choice: DestinationChoice, before: Destination | None) -> DestinationChoice:
        """The choice as `add`, or `change` of one that is there, would keep it, with what is seen
        at the other end; neither looks there again. Raises `TawnyError`."""
        choice = self.checked(choice)
        if before is None or choice.kind != before.choice.kind:
            return self._looked_at(choice)
        kept = self._looked_at(_with_kept(before.choice, choice))
        return replace(choice, options=kept.options)

    def other_secrets(self, choice: DestinationChoice, before: Destination) -> Sequence[str]:
        """Those of the secrets that were given that are not what is there already."""
        return [
            name
            for name, kept in choice.secrets.items()
            if not is_same_secret(self._home, kept, before.choice.secrets.get(name))
        ]

    def checked(self, choice: DestinationChoice) -> DestinationChoice:
        """The choice as it is kept. Raises `RequestError`."""
        name = shown_name("name", choice.name)
        if not 1 <= len(name) <= LONGEST_NAME:
            raise RequestError("name: found nothing or too much; allowed 1 to 255 characters")
        kind = destination_kind(choice.kind)
        for secret in choice.secrets:
            if secret not in kind.secrets:
                raise RequestError(
                    "{option}: found with the kind {kind}, which has no such secret",
                    option=secret,
                    kind=kind.name,
                )
        options = checked_options(kind, choice.options, self._settings)
        return DestinationChoice(name, choice.kind, options, choice.secrets)

    def _with_own_secret(
        self, choice: DestinationChoice, before: Mapping[str, str]
    ) -> tuple[DestinationChoice, str]:
        """A choice with the secret that Tawny makes itself, where its kind has one; see
        `renewed`."""
        own = destination_kind(choice.kind).own_secret
        if own is None:
            return choice, ""
        secrets, made = renewed(self._home, own, before, choice.secrets)
        return replace(choice, secrets=secrets), made

    def _looked_at(self, choice: DestinationChoice) -> DestinationChoice:
        """A checked choice with what is seen at the other end. Raises `TawnyError`."""
        kind = destination_kind(choice.kind)
        for several in kind.needed_secrets(choice.options):
            if not any(name in choice.secrets for name in several):
                raise RequestError(
                    "{option}: found nothing; a destination of the kind {kind} needs it",
                    option=joined(" or ", several),
                    kind=kind.name,
                )
        try:
            return replace(choice, options=kind.look(choice.options, self._settings))
        except FailureError as error:
            # What was given leads to a server that cannot be looked at: another address may.
            text = error.text
            raise RequestError(text) from error


def _with_kept(before: DestinationChoice, after: DestinationChoice) -> DestinationChoice:
    """A choice with what stays where it is not given: secrets, and what was seen of a server.
    Raises `RequestError` when secrets would go to another server."""
    kind = destination_kind(after.kind)
    here, there = kind.server(before.options), kind.server(after.options)
    kept = sorted(before.secrets.keys() - after.secrets.keys())
    if kept and here != there:
        raise RequestError(
            "{option}: found nothing; it was given for {before}, so give it again for {after}",
            option=kept[0],
            before=here,
            after=there,
        )
    seen = {name: before.options[name] for name in kind.looked if here == there}
    # One that Tawny renews says itself what stays.
    secrets = after.secrets if kind.own_secret else {**before.secrets, **after.secrets}
    return replace(after, options={**seen, **after.options}, secrets=secrets)


def _named_once(connection: sa.Connection, name: str, but: int | None = None) -> None:
    taken = connection.execute(
        sa.select(destinations.c.id).where(destinations.c.name == name)
    ).scalar()
    if taken not in (None, but):
        raise ConflictError("name: found {name!r}, which is taken; choose another", name=name)


def _columns_of(choice: DestinationChoice) -> dict[str, Any]:
    return {
        "name": choice.name,
        "kind": choice.kind,
        "options": json.dumps(dict(choice.options), ensure_ascii=False),
        "secrets": json.dumps(dict(choice.secrets)),
    }


def _of_row(row: Any) -> Destination:
    return Destination(
        id=row.id,
        choice=DestinationChoice(
            row.name, row.kind, json.loads(row.options), json.loads(row.secrets)
        ),
        created_ms=row.created_ms,
        used_ms=row.used_ms,
        error=None if row.error is None else from_json(row.error),
    )
