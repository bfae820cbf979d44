"""Delivery of rows into tables of a PostgreSQL database.

All rows of a slot come in one transaction: whoever reads sees those of before or those of now. What
a revision no longer has is gone with it. Tables are made as needed and never altered, so the login
needs no more than to read, insert and delete in them, and to make those that are missing.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import sql

from tawny.deliveries.database_connection import DatabaseConnection
from tawny.deliveries.parcels import (
    DeliveryError,
    OutgoingFile,
    Parcel,
    Receiver,
    RowSlot,
    Trial,
    TypedRows,
)
from tawny.deliveries.row_tables import AS_OF, SLOT_ID, SLOT_KEY, RowTable, row_table, table_name
from tawny.deliveries.urls import database_url
from tawny.exports.bundle import receipts_in
from tawny.exports.receipt import request_of_receipt
from tawny.model.zones import from_ms
from tawny.outgoing.addresses import OutgoingRule
from tawny.queries.catalogue import EXPORT_TYPES
from tawny.settings import Settings
from tawny.text import Text, joined

_BATCH_ROWS = 5_000


class DatabaseReceiver(Receiver):
    """A schema of a database."""

    def __init__(
        self, options: Mapping[str, str], given: Mapping[str, str], settings: Settings
    ) -> None:
        """`given` are the secrets. Raises `DeliveryError` that names the fault."""
        self._schema = options["schema"]
        url = database_url(options["url"])
        self._user, self._where = url.user, f"{url.server}/{url.database}"
        self._connection = DatabaseConnection(url, given["password"], OutgoingRule(settings))

    def deliver(self, parcel: Parcel) -> Sequence[OutgoingFile]:
        """See `Receiver`: the rows of the run, instead of those that the slot had."""
        tables = {
            receipt["request"]["export"]: row_table(request_of_receipt(receipt))
            for receipt in receipts_in(parcel.receipt)
        }
        # What cannot work is said before rows are made, which may take a while.
        with self._connection.transaction() as cursor:
            missing = [one for one in tables.values() if not self._look(cursor, one)]
            self._check_schema(cursor, makes=bool(missing))
        with parcel.rows() as rows, self._connection.transaction() as cursor:
            # In one order, so that of two who come at once one waits.
            for export_type, table in sorted(tables.items()):
                if not self._look(cursor, table):
                    self._make(cursor, table)
                self._replace(cursor, table, parcel.slot, rows[export_type])
        return [
            OutgoingFile(
                f"{self._schema}.{tables[export_type].name}",
                found.receipt["bytes"],
                found.receipt["sha256"],
                contextlib.nullcontext(found.path),
                found.receipt,
            )
            for export_type, found in rows.items()
        ]

    def try_out(self, _trial: Trial) -> None:
        """See `Receiver`: what deliveries do, in a table that is gone at the end of the same
        transaction; where the login makes no tables, what it may do with those that are there."""
        name = sql.Identifier(self._schema, f"tawny_test_{secrets.token_hex(6)}")
        with self._connection.transaction() as cursor:
            there = [
                table_name(one) for one in EXPORT_TYPES if self._columns(cursor, table_name(one))
            ]
            makes = self._check_schema(cursor, makes=not there)
            for one in there:
                self._check_rights(cursor, one)
            if not makes:
                return
            cursor.execute(sql.SQL("CREATE TABLE {} (word text PRIMARY KEY)").format(name))
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
                copy.write_row(["Tawny was here"])
            found = cursor.execute(sql.SQL("SELECT word FROM {}").format(name)).fetchall()
            cursor.execute(sql.SQL("DROP TABLE {}").format(name))
        if found != [("Tawny was here",)]:
            raise DeliveryError(
                "{name}: found other content than was written there just before", name=self._where
            )

    def close(self) -> None:
        """See `Receiver`."""
        self._connection.close()

    # --- what is there ----------------------------------------------------------------------------

    def _check_schema(self, cursor: psycopg.Cursor[Any], *, makes: bool) -> bool:
        """Whether the login may make tables. Raises `DeliveryError` where there is no such schema,
        and where it `makes` some and may not."""
        row = cursor.execute(
            "SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE') "
            "FROM pg_namespace WHERE nspname = %s", [self._schema],
        ).fetchone()  # fmt: skip
        if row is None:
            raise DeliveryError(
                "{where}: there is no schema {schema}; make it there, or name another",
                where=self._where, schema=self._schema,
            )  # fmt: skip
        for granted, right, needed in ((row[0], "USAGE", True), (row[1], "CREATE", makes)):
            if needed and not granted:
                raise DeliveryError(
                    "{where}: the login {user} has no right {right} on the schema {schema}; GRANT "
                    "{right} ON SCHEMA {schema} TO {user} gives it",
                    where=self._where, user=self._user, right=right, schema=self._schema,
                )  # fmt: skip
        return bool(row[1])

    def _check_rights(self, cursor: psycopg.Cursor[Any], table: str) -> None:
        name = sql.Identifier(self._schema, table).as_string(cursor)
        for right in ("SELECT", "INSERT", "DELETE"):
            row = cursor.execute("SELECT has_table_privilege(%s, %s)", [name, right]).fetchone()
            if row is None or not row[0]:
                raise DeliveryError(
                    "{where}: the login {user} has no right {right} on the table {table}; GRANT "
                    "{right} ON {table} TO {user} gives it",
                    where=self._where, user=self._user, right=right,
                    table=f"{self._schema}.{table}",
                )  # fmt: skip

    def _columns(self, cursor: psycopg.Cursor[Any], table: str) -> Mapping[str, tuple[str, bool]]:
        """The columns of a table: their types, and whether they are part of the primary key."""
        rows = cursor.execute(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), "
            "coalesce(a.attnum = ANY (c.conkey), false) FROM pg_attribute a "
            "JOIN pg_class t ON t.oid = a.attrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
            "LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'p' "
            "WHERE n.nspname = %s AND t.relname = %s AND a.attnum > 0 AND NOT a.attisdropped "
            "ORDER BY a.attnum", [self._schema, table],
        ).fetchall()  # fmt: skip
        return {name: (kind, in_key) for name, kind, in_key in rows}

    def _look(self, cursor: psycopg.Cursor[Any], table: RowTable) -> bool:
        """Whether a table is there. Raises `DeliveryError` for one with other columns."""
        found = self._columns(cursor, table.name)
        if not found:
            return False
        wrong: list[Text | str] = [
            Text("{column} ({type}) is missing", column=name, type=kind)
            for name, kind in table.columns.items() if name not in found
        ]  # fmt: skip
        wrong += [
            Text("{column} is not expected", column=name)
            for name in found if name not in table.columns
        ]  # fmt: skip
        wrong += [
            Text("{column} is {found}, not {type}", column=name, found=found[name][0], type=kind)
            for name, kind in table.columns.items() if name in found and found[name][0] != kind
        ]  # fmt: skip
        key = [name for name, (_, in_key) in found.items() if in_key]
        if not wrong and set(key) != set(table.key):
            wrong.append(Text("the primary key is {found}, not {key}",
                              found=", ".join(key) or "-", key=", ".join(table.key)))  # fmt: skip
        if wrong:
            raise DeliveryError(
                "{where}: the table {table} has other columns than its export: {differences}; a "
                "table is never altered: rename or drop it, or give the destination another schema",
                where=self._where, table=f"{self._schema}.{table.name}",
                differences=joined("; ", wrong[:5]),
            )  # fmt: skip
        self._check_rights(cursor, table.name)
        return True

    # --- what is changed --------------------------------------------------------------------------

    def _make(self, cursor: psycopg.Cursor[Any], table: RowTable) -> None:
        name = sql.Identifier(self._schema, table.name)
        needed = {*table.key, *SLOT_KEY, SLOT_ID, AS_OF}
        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(column), sql.SQL(kind),
                sql.SQL(" NOT NULL" if column in needed else ""),
            )
            for column, kind in table.columns.items()
        ]  # fmt: skip
        key = sql.SQL(", ").join(map(sql.Identifier, table.key))
        cursor.execute(
            sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
                name, sql.SQL(", ").join(columns), key
            )
        )
        # By it the rows of a slot are found again.
        cursor.execute(sql.SQL("CREATE INDEX ON {} ({})").format(name, sql.Identifier(SLOT_ID)))

    def _replace(
        self, cursor: psycopg.Cursor[Any], table: RowTable, slot: RowSlot, rows: TypedRows
    ) -> None:
        """Have the rows of a slot in a table instead of those that it had."""
        name = sql.Identifier(self._schema, table.name)
        # Whoever reads is not held up.
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(name))
        cursor.execute(sql.SQL("DELETE FROM {} WHERE slot_id = %s").format(name), [slot.id])
        schedule = slot.schedule.replace("\0", "\ufffd")
        key = (schedule, from_ms(slot.from_ms), from_ms(slot.to_ms))
        as_of = datetime.fromisoformat(rows.receipt["as_of"])
        newer: set[tuple[Any, ...]] = set()
        if table.is_shared:
            newer = self._make_room(cursor, name, table, rows.path, as_of)
        else:
            # Those of a schedule that had the name before.
            cursor.execute(
                sql.SQL(
                    "DELETE FROM {} WHERE (schedule, slot_from, slot_to) = (%s, %s, %s)"
                ).format(name),
                key,
            )
        columns = (*SLOT_KEY, SLOT_ID, AS_OF, *table.cells)
        places = [table.cells.index(one) for one in table.row_key]
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            name, sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with cursor.copy(statement) as copy:
            for cells in _rows_of(rows.path, table.cells):
                if not newer or tuple(cells[place] for place in places) not in newer:
                    copy.write_row((*key, slot.id, as_of, *cells))

    def _make_room(
        self, cursor: psycopg.Cursor[Any], name: sql.Identifier, table: RowTable, path: Path,
        as_of: datetime,
    ) -> set[tuple[Any, ...]]:  # fmt: skip
        """Take away the rows of other slots that come again now; returns the keys of those that are
        of a later moment and stay."""
        newer: set[tuple[Any, ...]] = set()
        key = sql.SQL(", ").join(map(sql.Identifier, table.row_key))
        arrays = sql.SQL(", ").join(
            sql.SQL("%s::{}[]").format(sql.SQL(table.columns[one])) for one in table.row_key
        )
        come = sql.SQL("({}) IN (SELECT * FROM unnest({}))").format(key, arrays)
        for batch in _batches(path, table.row_key):
            values = [column.to_pylist() for column in batch.columns]
            cursor.execute(
                sql.SQL("DELETE FROM {} WHERE {} AND as_of <= %s").format(name, come),
                [*values, as_of],
            )
            left = sql.SQL("SELECT {} FROM {} WHERE {}").format(key, name, come)
            newer.update(cursor.execute(left, values).fetchall())
        return newer


def _batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, of these columns in this order."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=list(columns)):
            yield batch.select(list(columns))


def _rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a Parquet file. PostgreSQL keeps no NUL in a text: there U+FFFD stands for it."""
    for batch in _batches(path, columns):
        yield from zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: pa.Array[Any]) -> list[Any]:
    if pa.types.is_string(column.type):
        column = pc.replace_substring(column, "\0", "\ufffd")
    values: list[Any] = column.to_pylist()
    if pa.types.is_list(column.type):
        return [
            None if one is None else [item.replace("\0", "\ufffd") for item in one]
            for one in values
        ]
    return values
