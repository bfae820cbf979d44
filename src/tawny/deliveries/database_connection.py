"""A connection to a PostgreSQL database to which rows are delivered: to an address that was judged,
with TLS wherever others could listen, its errors as words that name the fault."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from tawny.credentials import cleaned
from tawny.deliveries.parcels import DeliveryError
from tawny.deliveries.urls import DatabaseUrl
from tawny.outgoing.addresses import CONNECT_TIMEOUT_S, OutgoingRule

_LOCK_TIMEOUT_S = 60
"""How long is waited for others who hold a table."""
_SILENCE_S = 120
"""After which time without an answer a connection is dead."""
_SAID_CHARACTERS = 200

_WRONG_LOGIN = re.compile(r"password authentication failed|role .* does not exist|no pg_hba.conf")
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')
_NO_TLS = re.compile(r"does not support SSL|SSL error|certificate")


class DatabaseConnection:
    """One connection."""

    def __init__(self, url: DatabaseUrl, password: str, rule: OutgoingRule) -> None:
        """Raises `DeliveryError`, or `OutgoingError` of the rule."""
        self._url = url
        self._where = f"{url.server}/{url.database}"
        self._password = password
        self._rule = rule
        self._connection = self._connected()

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    def _connected(self) -> psycopg.Connection[Any]:
        url = self._url
        addresses = self._rule.addresses(url.host, url.port)
        # Into one's own networks as the server likes, everywhere else only to whom it claims to be.
        own = all(self._rule.is_own(one) for one in addresses)
        trust: dict[str, Any] = {"sslmode": "prefer"}
        if not own:
            trust = {"sslmode": "verify-full", "sslrootcert": _authorities()}
        try:
            return psycopg.connect(
                host=",".join([url.host] * len(addresses)), hostaddr=",".join(addresses),
                port=url.port, dbname=url.database, user=url.user, password=self._password,
                passfile=os.devnull, options="", application_name="tawny",
                connect_timeout=CONNECT_TIMEOUT_S, keepalives_idle=30, keepalives_interval=10,
                keepalives_count=3, tcp_user_timeout=_SILENCE_S * 1000, client_encoding="UTF8",
                gssencmode="disable", **trust,
            )  # fmt: skip
        except psycopg.Error as error:
            # Whether name, rule or port is at fault is said as everywhere.
            self._rule.connected(url.host, url.port).close()
            raise self._not_connected(str(error)) from None

    def _not_connected(self, reason: str) -> DeliveryError:
        url, said = self._url, self._clean(reason.rpartition("FATAL:")[2])
        if _WRONG_LOGIN.search(reason):
            return DeliveryError(
                "{host}: the login was refused ({said}); check user and password", host=url.server,
                said=said,
            )  # fmt: skip
        if _NO_DATABASE.search(reason):
            return DeliveryError(
                "{host}: there is no database {database}; make it there, or change the url",
                host=url.server, database=url.database,
            )  # fmt: skip
        if _NO_TLS.search(reason):
            return DeliveryError(
                "{host}: its TLS is not accepted ({said}); without a certificate that this machine "
                "trusts a database may be in networks that TAWNY_OUTGOING_PRIVATE names",
                host=url.server, said=said,
            )  # fmt: skip
        return DeliveryError("{host}: the connection was refused, or is no database's ({said})",
                             host=url.server, said=said)  # fmt: skip

    @contextlib.contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        """A transaction, as long as the body runs. Raises `DeliveryError`; then nothing of it was
        done."""
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute("SET LOCAL TIME ZONE 'UTC'")
                cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'".encode())
                yield cursor
        except psycopg.Error as error:
            raise self._refused(error) from None

    def _refused(self, error: psycopg.Error) -> DeliveryError:
        url = self._url
        said = self._clean(error.diag.message_primary or str(error))
        if isinstance(error, errors.InsufficientPrivilege):
            return DeliveryError(
                "{where}: the login {user} has not every right it needs ({said}); grant it there",
                where=self._where, user=url.user, said=said,
            )  # fmt: skip
        if isinstance(error, errors.DiskFull):
            return DeliveryError("{where}: no space is left there ({said})", where=self._where,
                                 said=said)  # fmt: skip
        if isinstance(error, errors.ReadOnlySqlTransaction):
            return DeliveryError(
                "{where}: the database takes no changes ({said}); give the address of the one that "
                "does", where=self._where, said=said,
            )  # fmt: skip
        if isinstance(error, errors.LockNotAvailable):
            return DeliveryError(
                "{where}: somebody else held a table for more than {most} s; nothing was changed",
                where=self._where, most=_LOCK_TIMEOUT_S,
            )  # fmt: skip
        if self._connection.closed:
            return DeliveryError("{where}: the connection broke off; nothing was changed ({said})",
                                 where=self._where, said=said)  # fmt: skip
        return DeliveryError("{where}: the database refused ({said}); nothing was changed",
                             where=self._where, said=said)  # fmt: skip

    def _clean(self, text: str) -> str:
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return cleaned(line, self._password)[:_SAID_CHARACTERS] or "?"


def _authorities() -> str:
    """Whom this machine trusts; the library looks where its makers had them."""
    paths = ssl.get_default_verify_paths()
    for path in (
        os.environ.get("SSL_CERT_FILE"),
        paths.cafile,
        "/etc/ssl/certs/ca-certificates.crt",
    ):
        if path and Path(path).is_file():
            return path
    return "system"
