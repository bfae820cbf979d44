"""People: who there is and what they may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Role, Scope
from tawny.people.groups import groups_of_people, legal_channels, set_groups
from tawny.people.lockout import Slowed, Tries
from tawny.people.mail_address import address_of_person
from tawny.people.names import check_unlike, legal_name, shown_name
from tawny.people.passwords import Passwords
from tawny.state.database import Database
from tawny.state.tables import (
    audit,
    known_browsers,
    password_links,
    sessions,
    tokens,
    user_channels,
    users,
)


@dataclass(frozen=True, slots=True)
class User:
    """A person. `channels`, given directly, and `groups` of channels matter for a supervisor; an
    administrator sees all."""

    id: int
    name: str
    display_name: str
    role: Role
    channels: Sequence[str]
    groups: Sequence[str]
    presence: bool
    disabled: bool
    email: str
    """Where mail reaches the person; empty = nowhere."""
    created_ms: int
    slowed: Slowed | None = None
    """Set while sign-in has to wait, after too many wrong passwords."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What a person does here."""

    last_sign_in_ms: int | None
    """In milliseconds since 1970 UTC; None for who never signed in."""
    sessions: int
    """How many are open."""


class People:
    """The people of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit
        self._tries = Tries(database, audit)
        self.passwords = Passwords()

    def users(self, caller: Caller) -> list[User]:
        """Everybody, by name; administrators only."""
        caller.need(Scope.ADMIN)
        with self._database.read() as connection:
            rows = connection.execute(sa.select(users).order_by(users.c.name)).all()
            grants: dict[int, list[str]] = {}
            for grant in connection.execute(
                sa.select(user_channels).order_by(user_channels.c.channel_id)
            ):
                grants.setdefault(grant.user_id, []).append(grant.channel_id)
            groups = groups_of_people(connection)
            slowed = self._tries.slowed(connection, [row.name for row in rows])
        return [
            _user(row, grants.get(row.id, []), groups.get(row.id, []), slowed.get(row.name))
            for row in rows
        ]

    def activity(self, caller: Caller) -> dict[int, Activity]:
        """When people were last here and how many sessions of theirs are open, by their number;
        administrators only."""
        caller.need(Scope.ADMIN)
        came_in = sa.select(audit.c.user_id, sa.func.max(audit.c.at_ms)).where(
            audit.c.action.in_(("sign_in", "set_up", "password_reset")),
            audit.c.user_id.is_not(None),
        )
        opened = sa.select(sessions.c.user_id, sa.func.count()).where(
            sessions.c.expires_ms > current_ms()
        )
        with self._database.read() as connection:
            last: dict[int, int] = dict(
                connection.execute(came_in.group_by(audit.c.user_id)).tuples().all()
            )
            count: dict[int, int] = dict(
                connection.execute(opened.group_by(sessions.c.user_id)).tuples().all()
            )
        return {one: Activity(last.get(one), count.get(one, 0)) for one in {*last, *count}}

    def shown_names(self) -> dict[str, str]:
        """What people are called on pages, by the name they sign in with."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(users.c.name, users.c.display_name)).all()
        return {row.name: row.display_name or row.name for row in rows}

    def create_user(
        self,
        caller: Caller,
        name: str,
        password: str,
        role: Role,
        channels: Sequence[str] = (),
        *,
        groups: Sequence[str] = (),
        display_name: str = "",
        email: str = "",
        presence: bool = False,
    ) -> User:
        """Create a person; administrators only."""
        caller.need(Scope.ADMIN)
        name = legal_name(name)
        address = address_of_person(email)
        hashed = self.passwords.hashed(name, password)
        with self._database.write() as connection:
            user_id = insert_user(
                connection, name, hashed, display_name, role, channels, presence=presence,
                email=address,
            )  # fmt: skip
            set_groups(connection, user_id, groups)
            self._audit.add(
                connection, caller, "user_created", name, role=role.value,
                channels=sorted(set(channels)), groups=sorted(set(groups)), presence=presence,
            )  # fmt: skip
            return self._read_user(connection, user_id)

    def change_user(self, caller: Caller, user_id: int, changes: Mapping[str, Any]) -> User:
        """Change `display_name`, `role`, `channels`, `groups`, `presence`, `disabled`, `email` or
        `password` of a person; administrators only. The last working administrator stays one. A new
        password and being locked out end sessions and tokens for good; a new password is asked for
        at once, how many wrong ones there were before."""
        caller.need(Scope.ADMIN)
        values = {
            name: changes[name]
            for name in ("display_name", "role", "presence", "disabled")
            if name in changes
        }
        if "role" in values:
            values["role"] = Role(values["role"]).value
        if "display_name" in values:
            values["display_name"] = shown_name("display_name", values["display_name"])
        if "email" in changes:
            values["email"] = address_of_person(changes["email"])
        with self._database.read() as connection:
            user = self._read_user(connection, user_id)
        if "password" in changes:
            values["password_hash"] = self.passwords.hashed(user.name, changes["password"])
        with self._database.write() as connection:
            if values:
                connection.execute(users.update().where(users.c.id == user_id).values(**values))
            if "channels" in changes:
                _set_channels(connection, user_id, changes["channels"])
            if "groups" in changes:
                set_groups(connection, user_id, changes["groups"])
            _keep_an_administrator(connection)
            if values.get("disabled") or "password_hash" in values:
                self._shut_out(connection, user_id)
            if "password_hash" in values:
                self._tries.forget(connection, user.name)
            shown = {name: values[name] for name in values if name != "password_hash"}
            shown["password"] = "password_hash" in values
            for given in ("channels", "groups"):
                if given in changes:
                    shown[given] = sorted(set(changes[given]))
            self._audit.add(connection, caller, "user_changed", user.name, **shown)
            return self._read_user(connection, user_id)

    def delete_user(self, caller: Caller, user_id: int) -> User:
        """Delete a person with sessions and tokens; administrators only, and not themselves. What
        that person did stays in the audit trail, the exports stay too."""
        caller.need(Scope.ADMIN)
        if user_id == caller.user_id:
            raise ConflictError("this is your own account; another administrator can delete it")
        with self._database.write() as connection:
            user = self._read_user(connection, user_id)
            self._tries.forget(connection, user.name)
            connection.execute(users.delete().where(users.c.id == user_id))
            _keep_an_administrator(connection)
            self._audit.add(connection, caller, "user_deleted", user.name, role=user.role.value)
        return user

    def let_try_again(self, caller: Caller, user_id: int) -> User:
        """End the wait after wrong passwords; administrators only."""
        caller.need(Scope.ADMIN)
        with self._database.write() as connection:
            user = self._read_user(connection, user_id)
            self._tries.forget(connection, user.name)
            self._audit.add(connection, caller, "sign_in_freed", user.name)
            return self._read_user(connection, user_id)

    def _shut_out(self, connection: sa.Connection, user_id: int) -> None:
        """End whatever lets a person in: sessions, tokens, known browsers, links."""
        for table in (sessions, known_browsers, password_links):
            connection.execute(table.delete().where(table.c.user_id == user_id))
        connection.execute(
            tokens.update()
            .where(tokens.c.user_id == user_id, tokens.c.revoked_ms.is_(None))
            .values(revoked_ms=current_ms())
        )

    def _read_user(self, connection: sa.Connection, user_id: int) -> User:
        row = connection.execute(sa.select(users).where(users.c.id == user_id)).first()
        if row is None:
            raise NotFoundError("there is nobody with the number {user_id}", user_id=user_id)
        channels = connection.execute(
            sa.select(user_channels.c.channel_id)
            .where(user_channels.c.user_id == user_id)
            .order_by(user_channels.c.channel_id)
        ).scalars()
        slowed = self._tries.slowed(connection, [row.name])
        groups = groups_of_people(connection, user_id).get(user_id, [])
        return _user(row, list(channels), groups, slowed.get(row.name))

    def replace_password(
        self, connection: sa.Connection, user_id: int, name: str, password_hash: str
    ) -> None:
        """Give a person another password, in the transaction of the caller: what let the person in
        before ends, and nobody waits any more."""
        connection.execute(
            users.update().where(users.c.id == user_id).values(password_hash=password_hash)
        )
        self._shut_out(connection, user_id)
        self._tries.forget(connection, name)


def insert_user(
    connection: sa.Connection,
    name: str,
    password_hash: str,
    display_name: str,
    role: Role,
    channels: Sequence[str],
    *,
    presence: bool,
    email: str | None = None,
) -> int:
    """Add a person whose name is legal. Raises `ConflictError` when it looks like another's."""
    check_unlike(name, connection.execute(sa.select(users.c.name)).scalars())
    user_id: int = connection.execute(
        users.insert()
        .values(
            name=name,
            display_name=shown_name("display_name", display_name),
            password_hash=password_hash,
            role=role.value,
            presence=presence,
            disabled=False,
            email=email,
            created_ms=current_ms(),
        )
        .returning(users.c.id)
    ).scalar_one()
    _set_channels(connection, user_id, channels)
    return user_id


def _set_channels(connection: sa.Connection, user_id: int, channels: Sequence[str]) -> None:
    connection.execute(user_channels.delete().where(user_channels.c.user_id == user_id))
    for channel in legal_channels(channels):
        connection.execute(user_channels.insert().values(user_id=user_id, channel_id=channel))


def _keep_an_administrator(connection: sa.Connection) -> None:
    left = connection.execute(
        sa.select(users.c.id).where(
            users.c.role == Role.ADMINISTRATOR.value, users.c.disabled.is_(False)
        )
    ).first()
    if left is None:
        raise ConflictError("this is the last administrator; make somebody else one first")


def _user(row: Any, channels: Sequence[str], groups: Sequence[str], slowed: Slowed | None) -> User:
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        channels=tuple(channels),
        groups=tuple(groups),
        presence=row.presence,
        disabled=row.disabled,
        email=row.email or "",
        created_ms=row.created_ms,
        slowed=slowed,
    )
