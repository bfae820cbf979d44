"""Links that work once: for the first administrator, and for whoever has lost a password."""

from __future__ import annotations

import enum
import secrets
from typing import Any

import sqlalchemy as sa

from tawny.errors import ConflictError, NotFoundError, UnknownValueError
from tawny.model.zones import current_ms
from tawny.people.accounts import Accounts, SignedIn
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Role, Scope
from tawny.people.hashing import hashed
from tawny.people.names import as_typed, legal_name
from tawny.people.users import insert_user
from tawny.state.database import Database
from tawny.state.tables import password_links, set_up_links, users
from tawny.text import Text

INVITATION_DAYS = 7
PASSWORD_LINK_HOURS = 24
"""How long a link for a new password works."""


class SetUp(enum.StrEnum):
    """What a set-up link is worth. That there are people is no secret: the sign-in page is there
    for them."""

    OPEN = "open"
    USED = "used"
    """It made the first administrator."""
    REPLACED = "replaced"
    """A later start of the server printed another."""
    DONE = "done"
    """It never was one, and there is an administrator."""
    WRONG = "wrong"
    """It never was one, and nobody is there yet."""


_WHY_NOT = {
    SetUp.USED: Text("the set-up link has been used; sign in"),
    SetUp.REPLACED: Text("the set-up link was replaced when the server started again; take the one "
                         "it printed last"),
    SetUp.DONE: Text("Tawny is set up already, and this is not the link it was done with; sign in"),
    SetUp.WRONG: Text("this is not a set-up link; take the whole of the one that the server "
                      "printed when it started"),
}  # fmt: skip


class Links:
    """The one-time links of one installation."""

    def __init__(self, database: Database, audit: Audit, accounts: Accounts) -> None:
        self._database = database
        self._audit = audit
        self._accounts = accounts

    # --- the first administrator ----------------------------------------------------------------

    def anybody(self) -> bool:
        """Whether there is somebody who could sign in."""
        with self._database.read() as connection:
            return _anybody(connection)

    def new_set_up_link(self) -> str | None:
        """The secret of a link that creates the first administrator; it replaces an earlier one.
        None once there is anybody."""
        now_ms = current_ms()
        with self._database.write() as connection:
            if _anybody(connection):
                return None
            secret = secrets.token_urlsafe(24)
            connection.execute(
                set_up_links.update()
                .where(set_up_links.c.replaced_ms.is_(None))
                .values(replaced_ms=now_ms)
            )
            connection.execute(
                set_up_links.insert().values(secret_hash=hashed(secret), created_ms=now_ms)
            )
            return secret

    def set_up_state(self, secret: str) -> SetUp:
        """What a set-up link is worth now."""
        with self._database.read() as connection:
            return _set_up_state(connection, secret)

    def set_up(
        self, secret: str, name: str, password: str, display_name: str, address: str = "",
        request_id: str = "",
    ) -> SignedIn:  # fmt: skip
        """Create the first administrator with the one-time link and sign in."""
        name = legal_name(name)
        password_hash = self._accounts.passwords.hashed(name, password)
        with self._database.write() as connection:
            state = _set_up_state(connection, secret)
            if state is not SetUp.OPEN:
                raise NotFoundError(_WHY_NOT[state])
            user_id = insert_user(
                connection, name, password_hash, display_name, Role.ADMINISTRATOR, (),
                presence=True,
            )  # fmt: skip
            signed_in = self._accounts.open_session(connection, user_id, address, request_id)
            self._audit.add(connection, signed_in.caller, "set_up", name)
        return signed_in

    # --- a lost password ------------------------------------------------------------------------

    def new_password_link(self, name: str) -> tuple[str, int]:
        """The secret of a link with which a person gets a new password, and when it ends; it
        replaces an earlier one. For whoever may read the data folder."""
        with self._database.write() as connection:
            people = {row.name: row for row in connection.execute(sa.select(users))}
            row = people.get(name) or people.get(as_typed(name))
            if row is None:
                raise UnknownValueError(Text("NAME"), name, sorted(people))
            if row.disabled:
                raise ConflictError(
                    "{name} is locked out and could not sign in with a new password either; an "
                    "administrator lets people in again, on the page People",
                    name=row.name,
                )
            made = _new_link(connection, row.id, PASSWORD_LINK_HOURS)
            self._audit.add_own(connection, "password_link_made", row.name)
        return made

    def invite(self, caller: Caller, user_id: int) -> tuple[str, int]:
        """The secret of a link with which a person chooses a password, and when it ends; it
        replaces an earlier one. For administrators, who then know no password but their own."""
        caller.need(Scope.ADMIN)
        with self._database.write() as connection:
            row = connection.execute(
                sa.select(users.c.name, users.c.disabled).where(users.c.id == user_id)
            ).first()
            if row is None:
                raise NotFoundError("there is nobody with the number {user_id}", user_id=user_id)
            if row.disabled:
                raise ConflictError(
                    "{name} is locked out; let the person in again first", name=row.name
                )
            made = _new_link(connection, user_id, INVITATION_DAYS * 24)
            self._audit.add(connection, caller, "user_invited", row.name)
        return made

    def name_of_password_link(self, secret: str) -> str | None:
        """Who gets a new password with a link; None when it does not work (any more)."""
        with self._database.read() as connection:
            row = _of_password_link(connection, secret)
        return None if row is None else str(row.name)

    def set_password(
        self, secret: str, password: str, address: str = "", request_id: str = ""
    ) -> SignedIn:
        """Give a person a new password with the one-time link and sign in. What let the person in
        before ends, tokens too."""
        name = self.name_of_password_link(secret)
        password_hash = None if name is None else self._accounts.passwords.hashed(name, password)
        with self._database.write() as connection:
            row = _of_password_link(connection, secret)
            if row is None or password_hash is None:
                raise NotFoundError(
                    "this link for a new password does not work, or no longer; tawny user reset "
                    "makes a new one"
                )
            self._accounts.replace_password(connection, row.id, row.name, password_hash)
            signed_in = self._accounts.open_session(connection, row.id, address, request_id)
            self._audit.add(connection, signed_in.caller, "password_reset", row.name)
        return signed_in


def _new_link(connection: sa.Connection, user_id: int, hours: int) -> tuple[str, int]:
    """A link for a password instead of any earlier one: its secret, and when it ends."""
    secret, now_ms = secrets.token_urlsafe(24), current_ms()
    expires_ms = now_ms + hours * 3_600_000
    connection.execute(password_links.delete().where(password_links.c.user_id == user_id))
    connection.execute(
        password_links.insert().values(
            secret_hash=hashed(secret), user_id=user_id, created_ms=now_ms, expires_ms=expires_ms
        )
    )
    return secret, expires_ms


def _anybody(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(users.c.id).limit(1)).first() is not None


def _set_up_state(connection: sa.Connection, secret: str) -> SetUp:
    row = connection.execute(
        sa.select(set_up_links).where(set_up_links.c.secret_hash == hashed(secret))
    ).first()
    if row is None:
        return SetUp.DONE if _anybody(connection) else SetUp.WRONG
    if row.replaced_ms is not None:
        return SetUp.DONE if _anybody(connection) else SetUp.REPLACED
    return SetUp.USED if _anybody(connection) else SetUp.OPEN


def _of_password_link(connection: sa.Connection, secret: str) -> Any:
    return connection.execute(
        sa.select(users.c.id, users.c.name)
        .join(password_links, password_links.c.user_id == users.c.id)
        .where(
            password_links.c.secret_hash == hashed(secret),
            password_links.c.expires_ms > current_ms(),
            users.c.disabled.is_(False),
        )
    ).first()
