"""People, their sessions and what they may see; the first administrator's one-time link.

Passwords are hashed with Argon2id; session secrets and links, being long and random, with SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from tawny.errors import (
    ConflictError,
    NotFoundError,
    NotSignedInError,
    RequestError,
    TooManyError,
)
from tawny.settings import Settings
from tawny.state.audit import Audit
from tawny.state.callers import Caller, Role
from tawny.state.database import Database
from tawny.state.people import SHORTEST_PASSWORD, People, User, insert_user
from tawny.state.tables import (
    sessions,
    set_up_links,
    sign_in_failures,
    user_channels,
    users,
)

__all__ = [
    "LANGUAGES",
    "SHORTEST_PASSWORD",
    "THEMES",
    "Accounts",
    "SignedIn",
    "User",
    "caller_of_user",
]

FAILURES_ALLOWED = 5
"""Failed sign-ins for one name within `FAILURES_WINDOW_S` before it has to wait."""
FAILURES_ALLOWED_ADDRESS = 30
"""The same for one address, which several people may share."""
FAILURES_WINDOW_S = 900

_SEEN_EVERY_MS = 60_000
LANGUAGES = ("en", "fr")
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: who it is, and the secret for the cookie (shown to nobody else)."""

    caller: Caller
    cookie: str
    expires_ms: int


class Accounts(People):
    """People and their sessions."""

    def __init__(self, database: Database, audit: Audit, settings: Settings) -> None:
        super().__init__(database, audit)
        self._session_ms = settings.number("session_hours") * 3_600_000

    # --- the first administrator ----------------------------------------------------------------

    def new_set_up_link(self) -> str | None:
        """The secret of a link that creates the first administrator; it replaces an earlier one.
        None once there is anybody."""
        with self._database.write() as connection:
            if connection.execute(sa.select(users.c.id).limit(1)).first():
                return None
            secret = secrets.token_urlsafe(24)
            connection.execute(set_up_links.delete())
            connection.execute(
                set_up_links.insert().values(secret_hash=_hash(secret), created_ms=_now_ms())
            )
            return secret

    def set_up_is_open(self, secret: str) -> bool:
        """Whether a set-up link still works."""
        with self._database.read() as connection:
            return _link_works(connection, secret)

    def set_up(
        self, secret: str, name: str, password: str, display_name: str, address: str = "",
        request_id: str = "",
    ) -> SignedIn:  # fmt: skip
        """Create the first administrator with the one-time link and sign in."""
        hashed = self._hashed_password(name, password)
        with self._database.write() as connection:
            if not _link_works(connection, secret):
                raise NotFoundError(
                    "set-up link: it was used or replaced; a new one is printed when the server "
                    "starts while there is no administrator"
                )
            connection.execute(set_up_links.delete())
            user_id = insert_user(
                connection, name, hashed, display_name, Role.ADMINISTRATOR, (), presence=True
            )
            signed_in = self._open_session(connection, user_id, address, request_id)
            self._audit.add(connection, signed_in.caller, "set_up", name)
        return signed_in

    # --- sessions -------------------------------------------------------------------------------

    def sign_in(
        self, name: str, password: str, address: str = "", request_id: str = ""
    ) -> SignedIn:
        """Sign a person in. Raises `NotSignedInError` without saying which of the two was wrong,
        `TooManyError` after too many failures."""
        name = name.strip().lower()
        self._begin_try(name, address, request_id)
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(users.c.id, users.c.password_hash, users.c.disabled).where(
                    users.c.name == name
                )
            ).first()
        right = self._password_is(row.password_hash if row else self._nobody, password)
        with self._database.write() as connection:
            if row is None or row.disabled or not right:
                self._audit.add_unknown(
                    connection, name if row else "", address, request_id, "sign_in_failed"
                )
            else:
                self._succeed(connection, name)
                signed_in = self._open_session(connection, row.id, address, request_id)
                self._audit.add(connection, signed_in.caller, "sign_in")
                return signed_in
        raise NotSignedInError("name or password: they do not fit together; try again")

    def sign_out(self, caller: Caller) -> None:
        """End the caller's session."""
        if caller.session_id is None:
            return
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.id == caller.session_id))
            self._audit.add(connection, caller, "sign_out")

    def caller_of_session(
        self, cookie: str, address: str = "", request_id: str = ""
    ) -> Caller | None:
        """Who a session cookie belongs to; None when it has ended."""
        now_ms = _now_ms()
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(sessions).where(
                    sessions.c.secret_hash == _hash(cookie), sessions.c.expires_ms > now_ms
                )
            ).first()
            caller = None if row is None else caller_of_user(connection, row.user_id)
        if row is None or caller is None:
            return None
        if now_ms - row.seen_ms > _SEEN_EVERY_MS:
            with self._database.write() as connection:
                connection.execute(
                    sessions.update().where(sessions.c.id == row.id).values(seen_ms=now_ms)
                )
        return replace(
            caller, session_id=row.id, csrf=row.csrf, address=address, request_id=request_id
        )

    def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Change the caller's own password; every other session of that person ends."""
        if caller.session_id is None:
            raise ConflictError("password: it is changed by a person who is signed in")
        self._begin_try(caller.name, caller.address, caller.request_id)
        with self._database.read() as connection:
            current = connection.execute(
                sa.select(users.c.password_hash).where(users.c.id == caller.user_id)
            ).scalar_one()
        if not self._password_is(current, old):
            raise RequestError("password: the present one is not this; try again")
        with self._database.write() as connection:
            self._succeed(connection, caller.name)
        hashed = self._hashed_password(caller.name, new)
        with self._database.write() as connection:
            connection.execute(
                users.update().where(users.c.id == caller.user_id).values(password_hash=hashed)
            )
            connection.execute(
                sessions.delete().where(
                    sessions.c.user_id == caller.user_id, sessions.c.id != caller.session_id
                )
            )
            self._audit.add(connection, caller, "password_changed", caller.name)

    def set_preferences(
        self,
        caller: Caller,
        language: Literal["en", "fr"] | None,
        theme: Literal["light", "dark"] | None,
    ) -> None:
        """Keep the caller's language and theme; None = as the browser asks."""
        with self._database.write() as connection:
            connection.execute(
                users.update()
                .where(users.c.id == caller.user_id)
                .values(language=language, theme=theme)
            )

    # --- inside ---------------------------------------------------------------------------------

    def _begin_try(self, name: str, address: str, request_id: str) -> None:
        """Write a failure down before the password is looked at, so that many tries at the same
        moment are counted too; `_succeed` takes it back. Raises `TooManyError` where there were
        too many."""
        since_ms = _now_ms() - FAILURES_WINDOW_S * 1000
        with self._database.write() as connection:
            recent = sa.select(sa.func.count(), sa.func.min(sign_in_failures.c.at_ms)).where(
                sign_in_failures.c.at_ms > since_ms
            )
            by_name = connection.execute(
                recent.where(sign_in_failures.c.name_hash == _hash(name))
            ).one()
            by_address = connection.execute(
                recent.where(sign_in_failures.c.address == address)
            ).one()
            if by_name[0] < FAILURES_ALLOWED and by_address[0] < FAILURES_ALLOWED_ADDRESS:
                connection.execute(
                    sign_in_failures.insert().values(
                        name_hash=_hash(name), address=address, at_ms=_now_ms()
                    )
                )
                return
        for (count, oldest_ms), allowed in (
            (by_name, FAILURES_ALLOWED),
            (by_address, FAILURES_ALLOWED_ADDRESS),
        ):
            if count >= allowed:
                wait_s = max(1, (oldest_ms - since_ms) // 1000)
                with self._database.write() as connection:
                    connection.execute(
                        sign_in_failures.delete().where(sign_in_failures.c.at_ms <= since_ms)
                    )
                    self._audit.add_unknown(connection, "", address, request_id, "sign_in_limited")
                raise TooManyError(
                    "sign-in: too many failures; try again in {minutes} minutes",
                    minutes=-(-wait_s // 60),
                    retry_after_s=wait_s,
                )

    def _succeed(self, connection: sa.Connection, name: str) -> None:
        connection.execute(
            sign_in_failures.delete().where(sign_in_failures.c.name_hash == _hash(name))
        )

    def _open_session(
        self, connection: sa.Connection, user_id: int, address: str, request_id: str
    ) -> SignedIn:
        now_ms = _now_ms()
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires_ms = now_ms + self._session_ms
        connection.execute(sessions.delete().where(sessions.c.expires_ms <= now_ms))
        session_id = connection.execute(
            sessions.insert()
            .values(
                secret_hash=_hash(cookie),
                user_id=user_id,
                csrf=csrf,
                address=address,
                created_ms=now_ms,
                seen_ms=now_ms,
                expires_ms=expires_ms,
            )
            .returning(sessions.c.id)
        ).scalar_one()
        caller = caller_of_user(connection, user_id)
        assert caller is not None
        caller = replace(
            caller, session_id=session_id, csrf=csrf, address=address, request_id=request_id
        )
        return SignedIn(caller, cookie, expires_ms)


def caller_of_user(connection: sa.Connection, user_id: int) -> Caller | None:
    """A person as a caller with every scope; None when there is no such person any more."""
    row = connection.execute(
        sa.select(users).where(users.c.id == user_id, users.c.disabled.is_(False))
    ).first()
    if row is None:
        return None
    role = Role(row.role)
    channels = None
    if role is not Role.ADMINISTRATOR:
        channels = frozenset(
            connection.execute(
                sa.select(user_channels.c.channel_id).where(user_channels.c.user_id == user_id)
            ).scalars()
        )
    return Caller(
        user_id=row.id,
        name=row.name,
        role=role,
        channels=channels,
        presence=role is Role.ADMINISTRATOR or row.presence,
        display_name=row.display_name or row.name,
        language=row.language,
        theme=row.theme,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _link_works(connection: sa.Connection, secret: str) -> bool:
    return (
        connection.execute(
            sa.select(set_up_links.c.created_ms).where(set_up_links.c.secret_hash == _hash(secret))
        ).first()
        is not None
        and connection.execute(sa.select(users.c.id).limit(1)).first() is None
    )
