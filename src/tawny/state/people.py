"""People: who there is, what they may see, and their passwords, hashed with Argon2id."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import argon2
import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError, RequestError
from tawny.state.audit import Audit
from tawny.state.callers import Caller, Role, Scope
from tawny.state.database import Database
from tawny.state.tables import sessions, user_channels, users

SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 1024
_HASHED_AT_ONCE = 2
_NAME = re.compile(r"[^\s\x00-\x1f]{1,128}")


@dataclass(frozen=True, slots=True)
class User:
    """A person. `channels` matter for a supervisor; an administrator sees all."""

    id: int
    name: str
    display_name: str
    role: Role
    channels: Sequence[str]
    presence: bool
    disabled: bool
    created_ms: int


class People:
    """The people of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit
        self._hasher = argon2.PasswordHasher()
        # Each takes 64 MB and all of a processor: many who knock at once must not take them all.
        self._hashing = threading.BoundedSemaphore(_HASHED_AT_ONCE)
        # Checked when the name is unknown, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

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
        return [_user(row, grants.get(row.id, [])) for row in rows]

    def create_user(
        self,
        caller: Caller,
        name: str,
        password: str,
        role: Role,
        channels: Sequence[str] = (),
        *,
        display_name: str = "",
        presence: bool = False,
    ) -> User:
        """Create a person; administrators only."""
        caller.need(Scope.ADMIN)
        hashed = self._hashed_password(name, password)
        with self._database.write() as connection:
            user_id = insert_user(
                connection, name, hashed, display_name, role, channels, presence=presence
            )
            self._audit.add(
                connection, caller, "user_created", name.strip().lower(), role=role.value,
                channels=sorted(set(channels)), presence=presence,
            )  # fmt: skip
            return _read_user(connection, user_id)

    def change_user(self, caller: Caller, user_id: int, changes: Mapping[str, Any]) -> User:
        """Change `display_name`, `role`, `channels`, `presence`, `disabled` or `password` of a
        person; administrators only. The last working administrator stays one."""
        caller.need(Scope.ADMIN)
        values = {
            name: changes[name]
            for name in ("display_name", "role", "presence", "disabled")
            if name in changes
        }
        if "role" in values:
            values["role"] = Role(values["role"]).value
        with self._database.read() as connection:
            user = _read_user(connection, user_id)
        if "password" in changes:
            values["password_hash"] = self._hashed_password(user.name, changes["password"])
        with self._database.write() as connection:
            if values:
                connection.execute(users.update().where(users.c.id == user_id).values(**values))
            if "channels" in changes:
                _set_channels(connection, user_id, changes["channels"])
            left = connection.execute(
                sa.select(users.c.id).where(
                    users.c.role == Role.ADMINISTRATOR.value, users.c.disabled.is_(False)
                )
            ).first()
            if left is None:
                raise ConflictError(
                    "administrator: this is the last one; make somebody else one first"
                )
            if values.get("disabled") or "password_hash" in values:
                connection.execute(sessions.delete().where(sessions.c.user_id == user_id))
            shown = {name: values[name] for name in values if name != "password_hash"}
            shown["password"] = "password_hash" in values
            if "channels" in changes:
                shown["channels"] = sorted(set(changes["channels"]))
            self._audit.add(connection, caller, "user_changed", user.name, **shown)
            return _read_user(connection, user_id)

    def _hashed_password(self, name: str, password: str) -> str:
        if not _NAME.fullmatch(name.strip()):
            raise RequestError("name: found an illegal one; allowed 1 to 128 characters, no spaces")
        if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise RequestError(
                "password: found {count} characters; allowed {shortest_password} to "
                "{longest_password}",
                count=len(password),
                shortest_password=SHORTEST_PASSWORD,
                longest_password=_LONGEST_PASSWORD,
            )
        if password.strip().lower() == name.strip().lower():
            raise RequestError("password: found the name; choose another")
        with self._hashing:
            return self._hasher.hash(password)

    def _password_is(self, hashed: str, password: str) -> bool:
        if len(password) > _LONGEST_PASSWORD:
            return False
        with self._hashing:
            try:
                return self._hasher.verify(hashed, password)
            except argon2.exceptions.VerifyMismatchError:
                return False


def insert_user(
    connection: sa.Connection,
    name: str,
    password_hash: str,
    display_name: str,
    role: Role,
    channels: Sequence[str],
    *,
    presence: bool,
) -> int:
    name = name.strip().lower()
    if connection.execute(sa.select(users.c.id).where(users.c.name == name)).first():
        raise ConflictError("name: {name!r} is taken; choose another", name=name)
    user_id: int = connection.execute(
        users.insert()
        .values(
            name=name,
            display_name=display_name.strip(),
            password_hash=password_hash,
            role=role.value,
            presence=presence,
            disabled=False,
            created_ms=_now_ms(),
        )
        .returning(users.c.id)
    ).scalar_one()
    _set_channels(connection, user_id, channels)
    return user_id


def _set_channels(connection: sa.Connection, user_id: int, channels: Sequence[str]) -> None:
    connection.execute(user_channels.delete().where(user_channels.c.user_id == user_id))
    for channel in sorted(set(channels)):
        connection.execute(user_channels.insert().values(user_id=user_id, channel_id=channel))


def _read_user(connection: sa.Connection, user_id: int) -> User:
    row = connection.execute(sa.select(users).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFoundError("user: found {user_id}; there is none of that number", user_id=user_id)
    channels = connection.execute(
        sa.select(user_channels.c.channel_id)
        .where(user_channels.c.user_id == user_id)
        .order_by(user_channels.c.channel_id)
    ).scalars()
    return _user(row, list(channels))


def _user(row: Any, channels: Sequence[str]) -> User:
    return User(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        channels=tuple(channels),
        presence=row.presence,
        disabled=row.disabled,
        created_ms=row.created_ms,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
