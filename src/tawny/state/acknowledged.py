"""What was acknowledged of the event log, as the state database knows it: version and number of
events.

It is asked at every look at the log. SQLite is read and written here without the libraries of the
other tables, which take longer to load than an export of a small log.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tawny.errors import StorageError, TawnyError
from tawny.settings import Settings

if TYPE_CHECKING:
    from tawny.state.database import Database

_WAIT_S = 30.0


def read_acknowledged(home: Path, settings: Settings) -> tuple[int, int] | None:
    """Version and events; None when nothing was ever written down, or nobody can tell now."""
    url = settings.text("state_url")
    if url:
        from tawny.state.tables import acknowledged_log

        try:
            with _database(home, url).read() as connection:
                row = connection.execute(acknowledged_log.select()).first()
        except TawnyError:
            return None
        return None if row is None else (row.version, row.events)
    # Where nothing can be written, nobody writes, and the file is read as it is.
    for mode in ("mode=ro", "immutable=1"):
        try:
            with contextlib.closing(_sqlite(home, mode)) as connection:
                found = connection.execute("SELECT version, events FROM acknowledged_log")
                one = found.fetchone()
                return None if one is None else (int(one[0]), int(one[1]))
        except sqlite3.Error:
            continue
    return None


def write_acknowledged(home: Path, settings: Settings, version: int, events: int) -> None:
    """Write it down; when this returns, it is on the disk. Raises `StorageError`."""
    url = settings.text("state_url")
    if url:
        from tawny.state.tables import acknowledged_log

        with _database(home, url).write() as database:
            database.execute(acknowledged_log.delete())
            database.execute(acknowledged_log.insert().values(id=1, version=version, events=events))
        return
    try:
        _write_sqlite(home, version, events)
    except sqlite3.Error:
        # Perhaps of an older Tawny.
        from tawny.state.database import open_database

        open_database(home, settings).close()
        try:
            _write_sqlite(home, version, events)
        except sqlite3.Error as error:
            raise StorageError(
                "{where}: {reason}", where=home / "state.db", reason=str(error)
            ) from error


def _write_sqlite(home: Path, version: int, events: int) -> None:
    with contextlib.closing(_sqlite(home, "mode=rw")) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "INSERT INTO acknowledged_log (id, version, events) VALUES (1, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version, events = excluded.events",
            (version, events),
        )


def _sqlite(home: Path, mode: str) -> sqlite3.Connection:
    address = f"{(home / 'state.db').absolute().as_uri()}?{mode}"
    return sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None)


@functools.cache
def _database(home: Path, url: str) -> Database:
    from tawny.state.database import Database

    return Database(home, url)
