"""The state database: SQLite in the data folder, or what the setting `state_url` names.

Whoever opens it first brings it to the newest migration. Every commit is flushed to the disk before
it is reported (SQLite: WAL with `synchronous=FULL`; Postgres: `synchronous_commit`), which is what
makes an acknowledged event durable. On both a reader sees one state and never waits, and writers
come one after the other. Who only reads SQLite can do so on a disk that is full or read-only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tawny.errors import LogVersionError, RequestError, StorageError
from tawny.settings import Settings

HEAD = "0020"
"""The newest migration; a test holds it to the scripts."""

LARGEST_INTEGER = 2**63 - 1
"""What SQLite and Postgres can hold."""

_WAIT_MS = 30_000
"""How long a writer waits for another one."""

_OVERWRITES = 1
"""`user_version` of an SQLite file that holds nothing any more of what was deleted before deleting
meant overwriting."""

_POOL = {"pool_size": 8, "max_overflow": 40}

_WRITERS_LOCK = 0x7461_776E_79
"""The advisory lock on Postgres that makes writers come one after the other: any number that is
always the same ("tawny" in ASCII)."""


class Database:
    """Connections to the state database. `read()` never waits for writers.

    With `reading`, the SQLite file in the data folder is read and never written; it must be at the
    newest migration.
    """

    def __init__(self, home: Path, url: str = "", *, reading: bool = False) -> None:
        self.home = home
        self._where = url and sa.make_url(url).render_as_string(hide_password=True)
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._of_thread = threading.local()
        with self._translated():
            if reading:
                path = home / "state.db"
                self._where = str(path)
                self.engine = self._reading_engine(path)
                found = self._version()
                if found != HEAD:
                    raise StorageError(
                        "{path}: found migration {found}, this Tawny reads {head} and cannot "
                        "bring it there; make room, or the folder writable",
                        path=path,
                        found=found,
                        head=HEAD,
                    )
                return
            if not url:
                path = home / "state.db"
                self._where = str(path)
                home.mkdir(parents=True, exist_ok=True)
                # Hashes of secrets and events not yet purged: for this user only.
                path.touch(mode=0o600)
                self.engine = sa.create_engine(
                    sqlite_address(path),
                    connect_args={"timeout": _WAIT_MS / 1000, "check_same_thread": False},
                    **_POOL,
                )
            else:
                self.engine = sa.create_engine(state_address(url), pool_pre_ping=True, **_POOL)
            if self.engine.dialect.name == "postgresql":
                sa.event.listen(self.engine, "connect", _prepare_postgres)
                sa.event.listen(self.engine, "begin", _begin_postgres)
            if self.engine.dialect.name == "sqlite":
                sa.event.listen(self.engine, "connect", _prepare_sqlite)
                sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._writing = self.engine.execution_options(tawny_writes=True)
            self._upgrade()

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database."""
        whole: sa.Connection | None = getattr(self._of_thread, "whole", None)
        if whole is not None:
            yield whole
            return
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that writes; when it ends without an error, it is on the disk, or with the
        rest of the `whole` that it is a part of."""
        whole: sa.Connection | None = getattr(self._of_thread, "whole", None)
        if whole is not None:
            with self._translated(), whole.begin_nested():
                yield whole
            return
        with self._translated(), self._writing.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def whole(self, *, keep: bool = True) -> Iterator[None]:
        """What this thread reads and writes until the end is one transaction: all of it is kept,
        or nothing after an error. With `keep` false nothing is kept in any case. Other writers
        wait meanwhile, so nothing in it may take long."""
        with self._translated(), self._writing.connect() as connection:
            transaction = connection.begin()
            self._of_thread.whole = connection
            try:
                yield
            except BaseException:
                transaction.rollback()
                raise
            finally:
                self._of_thread.whole = None
            if keep:
                transaction.commit()
            else:
                transaction.rollback()

    def check(self) -> None:
        """Raise `StorageError` when the database does not answer."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    def forget_deleted(self) -> None:
        """Have what was deleted leave the disk, also while others use the database: SQLite keeps it
        in its journal, and where an older version deleted it, in the file too. Raises
        `StorageError` while somebody reads for longer than a while."""
        if self.engine.dialect.name == "postgresql":
            outside = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with self._translated(), outside as connection:
                connection.exec_driver_sql("VACUUM inbox, refusals")
            return
        with self._translated(), contextlib.closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            if cursor.execute("PRAGMA user_version").fetchone()[0] < _OVERWRITES:
                cursor.execute("VACUUM")
                cursor.execute(f"PRAGMA user_version = {_OVERWRITES}")
            end = time.monotonic() + _WAIT_MS / 1000
            while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > end:
                    raise StorageError(
                        "{where}: other processes read it without a pause, so what was deleted is "
                        "still in its journal; try again later",
                        where=self._where,
                    )
                time.sleep(0.1)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()

    def _reading_engine(self, path: Path) -> sa.Engine:
        """Connections that only read an SQLite file.

        SQLite reads with the help of a file beside it. Where none can be made, the disk is full or
        read-only, so nobody writes: the file is read as it is, or, when a crash has left a journal,
        a copy of both.
        """
        address = f"{path.as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError:
            journal = path.with_name(f"{path.name}-wal")
            address = f"{path.as_uri()}?immutable=1"
            if journal.exists() and journal.stat().st_size:
                self._copy = tempfile.TemporaryDirectory(prefix="tawny-state-")
                copy = Path(self._copy.name) / path.name
                shutil.copyfile(path, copy)
                shutil.copyfile(journal, copy.with_name(journal.name))
                address = copy.as_uri()

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                address,
                uri=True,
                timeout=_WAIT_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("PRAGMA query_only = ON")
            return connection

        engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _upgrade(self) -> None:
        found = self._version()
        if found == HEAD:
            return
        if found is not None and found > HEAD:
            raise LogVersionError(
                "{path}: found migration {found}, this Tawny reads up to {head}; upgrade Tawny "
                "(pip install --upgrade tawny)",
                path=self._where,
                found=found,
                head=HEAD,
            )
        self.home.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.home / "state.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._version() != HEAD:
                # Alembic takes a while to import, and is needed once in the life of a folder.
                from tawny.state.migrations import upgrade

                with self._writing.begin() as connection:
                    # On Postgres another machine may have been quicker; its lock was waited for.
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
            raise StorageError("{where}: {reason}", where=self._where, reason=reason) from error
        except OverflowError as error:  # by SQLite, of a number that was asked for
            raise RequestError(
                "found a number that is too large; allowed up to {largest}", largest=LARGEST_INTEGER
            ) from error
        except OSError as error:
            raise StorageError("{where}: {error}", where=self._where, error=error) from error


def address_without_password(text: str) -> str:
    """A database address as it may be shown; what is no address is not shown at all."""
    try:
        return sa.make_url(text).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return "***"


def state_address(text: str) -> sa.URL:
    """What the setting `state_url` names. Raises `RequestError` for what is no address of a
    database we know."""
    try:
        address = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):  # a port that is no number
        address = sa.make_url("unknown://")
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("postgresql+psycopg", "sqlite"):
        # Not the text itself: it may hold a password.
        raise RequestError(
            "state_url: found an address of {kind}; allowed one such as "
            "postgresql://user@host/name",
            kind=address.drivername,
        )
    return address


def sqlite_address(path: Path) -> str:
    """The address of an SQLite file; what means something in addresses, such as `?`, is encoded."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string()


def queue_address(home: Path, settings: Settings) -> str:
    """Where DBOS keeps its queue: on Postgres a schema of its own beside our tables, on SQLite a
    file of its own, so that neither waits for the other. It holds the password."""
    url = settings.text("state_url")
    if url and state_address(url).get_backend_name() == "postgresql":
        return state_address(url).render_as_string(hide_password=False)
    return sqlite_address(home / "dbos.db")


def check_queue(home: Path, settings: Settings) -> None:
    """Raise `StorageError` when the file of the queue, if it is one, cannot be read."""
    path = home / "dbos.db"
    if settings.text("state_url") or not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_MS / 1000)) as connection:
            [(found,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise StorageError(
            "{path}: {reason}; it holds nothing but the queue of runs: move it away and start "
            "again, runs that wait are queued anew",
            path=path,
            reason=found.splitlines()[-1],
        )


def open_database(home: Path, settings: Settings) -> Database:
    """The state database of a data folder, at its newest migration."""
    return Database(home, settings.text("state_url"))


def open_database_for_reading(home: Path, settings: Settings) -> Database:
    """The same for who writes nothing, also where nothing can be written."""
    try:
        return open_database(home, settings)
    except StorageError:
        if settings.text("state_url"):
            raise
        return Database(home, reading=True)


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
        # What is deleted is overwritten; without it, it stays readable in the file for years.
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgres(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            # A server may be told to report what is not yet on the disk; we may not.
            cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"SET lock_timeout = {_WAIT_MS}")
    connection.commit()


def _begin_postgres(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("tawny_writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A reader that becomes a writer is refused at once when another one was quicker; one that
    # says so at the start waits.
    writes = connection.get_execution_options().get("tawny_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
