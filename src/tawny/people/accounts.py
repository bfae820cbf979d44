"""People, their sessions and what they may see.

Session secrets and links, being long and random, are kept as their SHA-256.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Literal

import sqlalchemy as sa

from tawny.errors import (
    ConflictError,
    NotSignedInError,
    RequestError,
)
from tawny.model.zones import current_ms
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Role
from tawny.people.groups import ChannelGroups, channels_given
from tawny.people.hashing import hashed
from tawny.people.mail_address import address_of_person
from tawny.people.names import as_typed
from tawny.people.sessions import Sessions, browser_of_agent
from tawny.people.users import People, User
from tawny.settings import Settings
from tawny.state.database import Database
from tawny.state.tables import (
    sessions,
    users,
)

__all__ = [
    "LANGUAGES",
    "THEMES",
    "Accounts",
    "SignedIn",
    "User",
    "caller_of_user",
]

_SEEN_EVERY_MS = 60_000
LANGUAGES = ("en", "fr")
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: who it is, and the secret for the cookie (shown to nobody else)."""

    caller: Caller
    cookie: str
    expires_ms: int
    browser: str | None
    """The secret for the cookie by which the browser is known again; None when it has one."""


class Accounts(People):
    """People and their sessions."""

    def __init__(self, database: Database, audit: Audit, settings: Settings) -> None:
        super().__init__(database, audit)
        self.open_sessions = Sessions(database, audit)
        self.groups = ChannelGroups(database, audit)
        self._session_ms = settings.number("session_hours") * 3_600_000

    # --- sessions -------------------------------------------------------------------------------

    def sign_in(
        self, name: str, password: str, address: str = "", request_id: str = "", browser: str = ""
    ) -> SignedIn:
        """Sign a person in; `browser` is the cookie of a known one. Raises `NotSignedInError`
        without saying which of the two was wrong, `TooManyError` after too many failures."""
        name = as_typed(name)
        tried = self._tries.begin(name, address, browser, request_id)
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(users.c.id, users.c.password_hash, users.c.disabled).where(
                    users.c.name == name
                )
            ).first()
        known_hash = row.password_hash if row else None
        right = self.passwords.are_equal(password, known_hash)
        renewed = self.passwords.renewed(password, known_hash) if right and known_hash else None
        with self._database.write() as connection:
            if row is None or row.disabled or not right:
                self._audit.add_unknown(
                    connection, name if row else "", address, request_id, "sign_in_failed"
                )
            else:
                self._tries.succeed(connection, tried)
                if renewed is not None:
                    # Unless it was changed just now.
                    connection.execute(
                        users.update()
                        .where(users.c.id == row.id, users.c.password_hash == known_hash)
                        .values(password_hash=renewed)
                    )
                signed_in = self.open_session(connection, row.id, address, request_id, browser)
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
        self, cookie: str, address: str = "", request_id: str = "", user_agent: str = ""
    ) -> Caller | None:
        """Who a session cookie belongs to; None when it has ended."""
        now_ms = current_ms()
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(sessions).where(
                    sessions.c.secret_hash == hashed(cookie), sessions.c.expires_ms > now_ms
                )
            ).first()
            caller = None if row is None else caller_of_user(connection, row.user_id)
        if row is None or caller is None:
            return None
        if now_ms - row.seen_ms > _SEEN_EVERY_MS or row.browser is None:
            browser = browser_of_agent(user_agent)
            with self._database.write() as connection:
                connection.execute(
                    sessions.update()
                    .where(sessions.c.id == row.id)
                    .values(seen_ms=now_ms, browser=browser)
                )
        return replace(
            caller, session_id=row.id, csrf=row.csrf, address=address, request_id=request_id
        )

    def change_password(self, caller: Caller, old: str, new: str) -> None:
        """Change the caller's own password; every other session of that person ends. Tokens go on:
        programs know nothing of the password."""
        if caller.session_id is None:
            raise ConflictError(
                "a password is changed by a person who is signed in, not with a token"
            )
        tried = self._tries.begin(caller.name, caller.address, "", caller.request_id)
        with self._database.read() as connection:
            current = connection.execute(
                sa.select(users.c.password_hash).where(users.c.id == caller.user_id)
            ).scalar_one()
        if not self.passwords.are_equal(old, current):
            raise RequestError("this is not your present password; try again")
        with self._database.write() as connection:
            self._tries.succeed(connection, tried)
        password_hash = self.passwords.hashed(caller.name, new)
        with self._database.write() as connection:
            connection.execute(
                users.update()
                .where(users.c.id == caller.user_id)
                .values(password_hash=password_hash)
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

    def set_email(self, caller: Caller, email: str) -> None:
        """Keep, or with nothing forget, where mail reaches the caller. Raises `RequestError`."""
        kept = address_of_person(email)
        with self._database.write() as connection:
            connection.execute(
                users.update().where(users.c.id == caller.user_id).values(email=kept)
            )
            self._audit.add(connection, caller, "user_changed", caller.name, email=kept or "")

    def open_session(
        self,
        connection: sa.Connection,
        user_id: int,
        address: str,
        request_id: str,
        browser: str = "",
    ) -> SignedIn:
        """Begin a session of a person, in the transaction of the caller."""
        now_ms = current_ms()
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires_ms = now_ms + self._session_ms
        connection.execute(sessions.delete().where(sessions.c.expires_ms <= now_ms))
        session_id = connection.execute(
            sessions.insert()
            .values(
                secret_hash=hashed(cookie),
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
        known = self._tries.remember_browser(connection, user_id, browser)
        return SignedIn(caller, cookie, expires_ms, known)


def caller_of_user(connection: sa.Connection, user_id: int) -> Caller | None:
    """A person as a caller with every scope; None when there is no such person any more."""
    row = connection.execute(
        sa.select(users).where(users.c.id == user_id, users.c.disabled.is_(False))
    ).first()
    if row is None:
        return None
    role = Role(row.role)
    channels = None if role is Role.ADMINISTRATOR else channels_given(connection, user_id)
    return Caller(
        user_id=row.id,
        name=row.name,
        role=role,
        channels=channels,
        presence=role is Role.ADMINISTRATOR or row.presence,
        display_name=row.display_name or row.name,
        language=row.language,
        theme=row.theme,
        email=row.email or "",
    )
