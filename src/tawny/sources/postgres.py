"""A desk's PostgreSQL database, opened so that nothing can be changed and no query lasts long.

Tables are looked at before they are read: columns come and go from version to version.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.credentials import cleaned
from tawny.errors import RequestError
from tawny.outgoing.addresses import OutgoingError, OutgoingRule, not_public
from tawny.settings import Settings
from tawny.sources.reader import SourceError
from tawny.text import Text

try:
    import psycopg
    from psycopg import conninfo, sql
    from psycopg.adapt import Loader
except ImportError as error:
    raise RequestError(
        "reading a PostgreSQL database needs the package psycopg; pip install 'tawny[postgres]'"
    ) from error

STATEMENT_TIMEOUT_S = 120
_CONNECT_TIMEOUT_S = 10

_INSTANT_OIDS = frozenset({1114, 1184})
"""Types `timestamp` and `timestamptz`."""

_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - columns without zone hold UTC
_MICROSECOND = datetime.timedelta(microseconds=1)


class _Microseconds(Loader):
    """Timestamps as microseconds since 1970, without zone read as UTC; None for one that is no
    instant of the years 1 to 9999 (`infinity`, BC)."""

    def load(self, data: Any) -> int | None:
        text = bytes(data).decode()
        try:
            found = datetime.datetime.fromisoformat(text)
        except ValueError:
            return None
        if found.tzinfo is not None:
            found = found.astimezone(datetime.UTC).replace(tzinfo=None)
        return (found - _EPOCH) // _MICROSECOND


def moment(instant_us: int) -> datetime.datetime:
    """Microseconds since 1970 UTC as a column without zone holds them."""
    return _EPOCH + instant_us * _MICROSECOND


_TYPED = frozenset(
    {"host", "port", "dbname", "user", "password", "sslmode", "connect_timeout"}
)  # fmt: skip


def check_typed_address(option: str, address: str) -> None:
    """Refuse an address that leads to this machine's own files and logins, when somebody gives it
    who has no account on the machine: sockets, certificates, passwords that lie here. Raises
    `RequestError`."""
    parts = _parts(option, address)
    for name in parts:
        if name not in _TYPED:
            raise RequestError(
                "{option}: found {name}; allowed by API and page: {allowed}",
                option=option,
                name=name,
                allowed=", ".join(sorted(_TYPED)),
            )
    for name in ("host", "dbname", "user", "password"):
        if not parts.get(name) or (name == "host" and re.search(r"(^|,)([/@]|$)", parts[name])):
            raise RequestError(
                "{option}: found no {name}; allowed by API and page an address with host, user, "
                "password and name, such as postgresql://user:password@host/name",
                option=option,
                name=name,
            )


def _parts(option: str, address: str) -> dict[str, str]:
    plain = address.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        found = conninfo.conninfo_to_dict(plain)
    except psycopg.Error:
        raise RequestError(
            "{option}: found no address of a database; allowed one such as "
            "postgresql://user:password@host/name, or words such as host=... dbname=...",
            option=option,
        ) from None
    return {name: str(value) for name, value in found.items()}


class Postgres:
    """One connection. Raises `SourceError` in words without a password."""

    def __init__(self, option: str, address: str) -> None:
        self._secrets = [address]
        self.requests = 0
        self.longest_s = 0.0
        self._option = option
        parts = _parts(option, address)
        self._secrets.append(str(parts.get("password") or ""))
        self.where = f"{parts.get('host', 'localhost')}/{parts.get('dbname', '')}"
        settings: dict[str, Any] = {
            "connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "tawny", **parts,
        }  # fmt: skip

        rule = OutgoingRule(Settings())

        def connect() -> Any:
            connection = psycopg.connect(**{**settings, **self._judged(rule, parts)})
            reached = connection.info.hostaddr
            if reached and not rule.is_allowed(reached):
                # A service file named it.
                connection.close()
                raise SourceError("{option}: {reason}", option=option, reason=not_public(reached))
            for name in ("timestamp", "timestamptz"):
                connection.adapters.register_loader(name, _Microseconds)
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET default_transaction_read_only = on")
            connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
            connection.commit()
            return connection

        self._engine = sa.create_engine(
            "postgresql+psycopg://", creator=connect, poolclass=sa.pool.StaticPool,
            use_native_hstore=False,
        )  # fmt: skip
        self.tables: Mapping[str, sa.Table] = {}

    def _judged(self, rule: OutgoingRule, parts: Mapping[str, Any]) -> dict[str, str]:
        """The addresses to which a connection may go, host by host; a socket of this machine has
        none. Raises `SourceError`."""
        hosts = str(parts.get("host") or os.environ.get("PGHOST") or "").split(",")
        given = parts.get("hostaddr") or os.environ.get("PGHOSTADDR")
        try:
            addresses = [
                "" if host.startswith(("/", "@")) or not host else rule.addresses(host, 5432)[0]
                for host in (str(given).split(",") if given else hosts)
            ]
        except OutgoingError as error:
            raise SourceError("{option}: {reason}", option=self._option, reason=error) from None
        return {"hostaddr": ",".join(addresses)} if any(addresses) else {}

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            self._engine.dispose()

    def look(self, names: Sequence[str]) -> None:
        """Find which of some tables there are, and which columns they have."""
        metadata = sa.MetaData()
        with self._translated():
            metadata.reflect(self._engine, only=lambda name, _: name in names, resolve_fks=False)
        self.tables = metadata.tables

    def unreadable(self, names: Sequence[str]) -> Sequence[str]:
        """Those of the tables there are that this login may not read."""
        found = []
        with self._translated(), self._engine.begin() as connection:
            for name in names:
                if name in self.tables:
                    allowed = connection.execute(
                        sa.text(
                            "SELECT has_any_column_privilege(CAST(:name AS regclass), 'SELECT')"
                        ),
                        {"name": f'"{name}"'},
                    ).scalar()
                    if not allowed:
                        found.append(name)
        return found

    def columns(self, table: str, *names: str) -> list[sa.ColumnElement[Any]]:
        """Columns by their names; null stands for one that this version of the desk lacks."""
        there = self.tables[table].c
        return [there[name] if name in there else sa.null().label(name) for name in names]

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether there is a table, or a column of it."""
        found = self.tables.get(table)
        return found is not None and (column is None or column in found.c)

    def rows(self, statement: sa.Executable, **values: Any) -> Sequence[Any]:
        """Run a query in a transaction of its own that can only read."""
        import time

        begun = time.perf_counter()
        with self._translated(), self._engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            found = connection.execute(statement, values).fetchall()
        self.requests += 1
        self.longest_s = max(self.longest_s, time.perf_counter() - begun)
        return found

    def columns_of(self, query: str) -> Sequence[str]:
        """The columns of a query."""
        first = sql.SQL("SELECT * FROM ({}) AS rows LIMIT 0").format(sql.SQL(query))
        for names, _, _ in self._streamed(first, (), 1):
            return names
        return []

    def stream(
        self, query: str, order_by: str | None, after: object = None, size: int = 2_000
    ) -> Iterator[tuple[Sequence[str], Sequence[bool], Sequence[Sequence[Any]]]]:
        """The rows of a query some at a time, perhaps in the order of a column and from a value of
        it on, in a transaction that can only read; with them its columns, and which of them hold
        instants in microseconds. At least one answer, which may have no rows."""
        rows = sql.SQL("SELECT * FROM ({}) AS rows")
        if order_by is None:
            return self._streamed(rows.format(sql.SQL(query)), (), size)
        column = sql.Identifier(order_by)
        if after is None:
            ordered = rows.format(sql.SQL(query)) + sql.SQL(" ORDER BY {}").format(column)
            return self._streamed(ordered, (), size)
        # Where values are bound, a sign of the query's own has to be written twice.
        later = rows.format(sql.SQL(query.replace("%", "%%")))
        later += sql.SQL(" WHERE {} >= %s ORDER BY {}").format(column, column)
        return self._streamed(later, (after,), size)

    def _streamed(
        self, query: sql.Composable, values: Sequence[object], size: int
    ) -> Iterator[tuple[Sequence[str], Sequence[bool], Sequence[Sequence[Any]]]]:
        with self._translated(), self._engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            driver: Any = connection.connection.driver_connection
            with driver.cursor(name="tawny_rows") as cursor:
                cursor.execute(query, values or None)
                names = [one.name for one in cursor.description]
                times = [one.type_code in _INSTANT_OIDS for one in cursor.description]
                rows = cursor.fetchmany(size)
                self.requests += 1
                while True:
                    yield names, times, rows
                    rows = cursor.fetchmany(size)
                    if not rows:
                        return

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            original = getattr(error, "orig", None) or error
            reason = cleaned((str(original).strip().splitlines() or [""])[0], *self._secrets)
            if isinstance(original, psycopg.errors.QueryCanceled):
                raise SourceError(
                    "{option}: a query lasted longer than {most} s; the desk is busy, or an index "
                    "is missing; try again later",
                    option=self._option,
                    most=STATEMENT_TIMEOUT_S,
                ) from None
            raise SourceError(
                "{option}: {where}: {reason}",
                option=self._option,
                where=self.where,
                reason=reason or Text("the connection was lost"),
            ) from None
