"""The state database: SQLite in the data folder, or what the setting `state_url` names.

Whoever opens it first brings it to the newest migration. On SQLite every commit is flushed to the
disk before it is reported (WAL with `synchronous=FULL`), which is what makes an acknowledged event
durable.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tawny.errors import StorageError
from tawny.settings import Settings

HEAD = "0001"
"""The newest migration; a test holds it to the scripts."""

_WAIT_MS = 30_000
"""How long a writer waits for another one."""


class Database:
    """Connections to the state database. `read()` never waits for writers."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = home
        self._where = url and sa.make_url(url).render_as_string(hide_password=True)
        with self._translated():
            if not url:
                path = home / "state.db"
                self._where = str(path)
                home.mkdir(parents=True, exist_ok=True)
                # Hashes of secrets and events not yet purged: for this user only.
                path.touch(mode=0o600)
                self.engine = sa.create_engine(
                    sa.URL.create("sqlite", database=str(path)),
                    connect_args={"timeout": _WAIT_MS / 1000, "check_same_thread": False},
                    pool_size=8,
                    max_overflow=40,
                )
            else:
                self.engine = sa.create_engine(url, pool_pre_ping=True)
            if self.engine.dialect.name == "sqlite":
                sa.event.listen(self.engine, "connect", _prepare_sqlite)
                sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._writing = self.engine.execution_options(tawny_writes=True)
            self._upgrade()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that writes; when it ends without an error, it is on the disk."""
        with self._translated(), self._writing.begin() as connection:
            yield connection

    def check(self) -> None:
        """Raise `StorageError` when the database does not answer."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _upgrade(self) -> None:
        if self._version() == HEAD:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.home / "state.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._version() != HEAD:
                # Alembic takes a while to import, and is needed once in the life of a folder.
                from tawny.state.migrations import upgrade

                with self._writing.begin() as connection:
                    upgrade(connection)
        finally:
            os.close(lock)

    def _version(self) -> str | None:
        with self.engine.begin() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            original = getattr(error, "orig", None)
            reason = str(original or error).splitlines()[0]
            raise StorageError(f"{self._where}: {reason}") from error
        except OSError as error:
            raise StorageError(f"{self._where}: {error.strerror or error}") from error


def address_without_password(text: str) -> str:
    """A database address as it may be shown; what is no address is not shown at all."""
    try:
        return sa.make_url(text).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "***"


def open_database(home: Path, settings: Settings) -> Database:
    """The state database of a data folder, at its newest migration."""
    return Database(home, settings.text("state_url"))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin too late to hold a snapshot; `_begin_sqlite` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_WAIT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A reader that becomes a writer is refused at once when another one was quicker; one that
    # says so at the start waits.
    writes = connection.get_execution_options().get("tawny_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
