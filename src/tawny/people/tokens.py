"""API tokens: shown once, kept as hashes, with scopes and an end."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tawny.errors import NotAllowedError, NotFoundError, RequestError
from tawny.model.zones import current_ms
from tawny.people.accounts import caller_of_user
from tawny.people.audit import Audit
from tawny.people.callers import Caller, Scope
from tawny.people.hashing import hashed
from tawny.people.names import shown_name
from tawny.state.database import Database
from tawny.state.tables import tokens, users

PREFIX = "tawny_"
"""Begins every token, so that scanners for leaked secrets can find one."""

_USED_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; `ending` are its last characters. Times in milliseconds since
    1970 UTC."""

    id: int
    owner: str
    name: str
    ending: str
    scopes: Sequence[Scope]
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    used_ms: int | None


class Tokens:
    """The tokens of one installation."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def create(
        self, caller: Caller, name: str, scopes: Sequence[Scope], expires_ms: int | None = None
    ) -> tuple[Token, str]:
        """Create a token of the caller; returns it and its secret, which nobody sees again.

        A token may get the scopes its owner has, no more, and cannot itself make one with more
        than its own.
        """
        _need_a_person(caller)
        name = shown_name("name", name)
        if not 1 <= len(name) <= 128:
            raise RequestError("name: found nothing or too much; allowed 1 to 128 characters")
        wanted = sorted(set(scopes))
        if not wanted:
            raise RequestError(
                "scopes: found none; allowed: {allowed}",
                allowed=", ".join(scope.value for scope in Scope),
            )
        for scope in wanted:
            caller.need(scope)
        now_ms = current_ms()
        if expires_ms is not None and expires_ms <= now_ms:
            raise RequestError("expires: found a time in the past; allowed a later one")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._database.write() as connection:
            token_id = connection.execute(
                tokens.insert()
                .values(
                    user_id=caller.user_id,
                    name=name,
                    secret_hash=hashed(secret),
                    ending=secret[-4:],
                    scopes=" ".join(wanted),
                    created_ms=now_ms,
                    expires_ms=expires_ms,
                )
                .returning(tokens.c.id)
            ).scalar_one()
            self._audit.add(
                connection, caller, "token_created", str(token_id), name=name,
                scopes=wanted, expires_ms=expires_ms,
            )  # fmt: skip
            return self._read(connection, token_id), secret

    def list(self, caller: Caller) -> list[Token]:
        """The caller's tokens, newest first; an administrator sees everybody's."""
        _need_a_person(caller)
        query = _select().order_by(tokens.c.id.desc())
        if not caller.administrator:
            query = query.where(tokens.c.user_id == caller.user_id)
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke(self, caller: Caller, token_id: int) -> Token:
        """End a token at once: one's own, or as an administrator anybody's."""
        _need_a_person(caller)
        with self._database.write() as connection:
            owner = connection.execute(
                sa.select(tokens.c.user_id).where(tokens.c.id == token_id)
            ).scalar()
            if owner is None or not (caller.administrator or owner == caller.user_id):
                raise NotFoundError(
                    "there is no token {token_id}, or none that you may revoke", token_id=token_id
                )
            connection.execute(
                tokens.update()
                .where(tokens.c.id == token_id, tokens.c.revoked_ms.is_(None))
                .values(revoked_ms=current_ms())
            )
            self._audit.add(connection, caller, "token_revoked", str(token_id))
            return self._read(connection, token_id)

    def caller_of(self, secret: str, address: str = "", request_id: str = "") -> Caller | None:
        """Who a token belongs to, with its scopes; None when it is unknown, revoked or over."""
        now_ms = current_ms()
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(tokens).where(
                    tokens.c.secret_hash == hashed(secret),
                    tokens.c.revoked_ms.is_(None),
                    sa.or_(tokens.c.expires_ms.is_(None), tokens.c.expires_ms > now_ms),
                )
            ).first()
            caller = None if row is None else caller_of_user(connection, row.user_id)
        if row is None or caller is None:
            return None
        if row.used_ms is None or now_ms - row.used_ms > _USED_EVERY_MS:
            with self._database.write() as connection:
                connection.execute(
                    tokens.update().where(tokens.c.id == row.id).values(used_ms=now_ms)
                )
        return replace(
            caller,
            scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
            token_id=row.id,
            address=address,
            request_id=request_id,
        )

    def _read(self, connection: sa.Connection, token_id: int) -> Token:
        return _token(connection.execute(_select().where(tokens.c.id == token_id)).one())


def _need_a_person(caller: Caller) -> None:
    if caller.token_id is not None and not caller.administrator:
        raise NotAllowedError(
            "a token without the scope admin may neither see tokens nor change them"
        )


def _select() -> sa.Select[Any]:
    return sa.select(tokens, users.c.name.label("owner")).join(
        users, users.c.id == tokens.c.user_id
    )


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        owner=row.owner,
        name=row.name,
        ending=row.ending,
        scopes=tuple(Scope(scope) for scope in row.scopes.split()),
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
        used_ms=row.used_ms,
    )
