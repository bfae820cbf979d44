"""The rows of a query in a PostgreSQL database."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.credentials import revealed, without_password
from tawny.errors import RequestError
from tawny.sources.postgres import Postgres, moment
from tawny.sources.table.cells import Moment
from tawny.sources.table.mapping import Input, as_value
from tawny.sources.table.rows import NamedRow, RowPlace

_OPTION = "input, database"


class QueryRows:
    """What a query gives, in the order of the cursor where there is one; read only."""

    is_ordered = True
    share: float | None = None

    def __init__(self, given: Input, home: Path) -> None:
        address = str(given.database)
        if address.startswith(("env:", "file:")):
            address = revealed(home, _OPTION, address)
        elif without_password(address) != address:
            raise RequestError(
                "{option}: found a password in the mapping file; allowed env:NAME or file:PATH",
                option=_OPTION,
            )
        self._database = Postgres(_OPTION, address)
        self._query = str(given.query).strip().rstrip(";")
        self._cursor = None if given.cursor is None else as_value(given.cursor).column
        self.title = self._database.where

    def close(self) -> None:
        """End the connection."""
        self._database.close()

    def columns(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The columns of the query."""
        return [("the query", self._database.columns_of(self._query))]

    def rows(self, after: RowPlace | None) -> Iterator[NamedRow]:
        """The rows at or after a place."""
        value: object = None
        if after is not None:
            value = _instant(after.at) if after.is_time else after.at
        number = 0
        for names, times, rows in self._database.stream(self._query, self._cursor, value):
            for row in rows:
                number += 1
                yield NamedRow(f"row {number}", _cells(names, times, row))


def _instant(after_us: int) -> datetime.datetime:
    return moment(after_us).replace(tzinfo=datetime.UTC)


def _cells(names: Sequence[str], times: Sequence[bool], row: Sequence[Any]) -> Mapping[str, Any]:
    return {
        name: Moment(cell) if is_time and isinstance(cell, int) else cell
        for name, is_time, cell in zip(names, times, row, strict=True)
    }
