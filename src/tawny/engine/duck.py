"""DuckDB, the embedded engine: the only module that imports it.

A connection keeps its session in UTC, its memory within a limit and its spilled data in a folder
of the caller. Errors leave as `EngineError` or `StorageError`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString

import duckdb
import pyarrow as pa

from tawny.engine.base import EngineName, Value
from tawny.engine.literals import files_literal, text_literal
from tawny.engine.schema_evolution import events_of
from tawny.errors import EngineError, EngineMemoryError, StorageError
from tawny.log.files import Snapshot


class Duck:
    """One DuckDB connection in memory; use as a context manager. It is an `Engine`, the embedded
    one."""

    name: EngineName = "duckdb"

    def __init__(self, spill_parent: Path, memory_mb: int, threads: int) -> None:
        self._spill = tempfile.TemporaryDirectory(
            prefix=f"spill-{os.getpid()}-", dir=spill_parent, ignore_cleanup_errors=True
        )
        self._connection = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": self._spill.name,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self._reader: pa.RecordBatchReader | None = None
        self._connection.execute("SET TimeZone = 'UTC'")
        # Progress is measured for `progress`, and printed by nobody.
        # Printing is off first: on a busy machine even the next statement may last long enough.
        self._connection.execute("SET enable_progress_bar_print = false")
        self._connection.execute("SET enable_progress_bar = true")

    def __enter__(self) -> Duck:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and delete what it spilled."""
        self._connection.close()
        self._spill.cleanup()

    def interrupt(self) -> None:
        """Stop the running statement, from another thread; it raises `EngineError`."""
        self._connection.interrupt()

    def progress_percent(self) -> float:
        """How far the running statement is, from another thread; negative when unknown."""
        return float(self._connection.query_progress())

    @property
    def embedded(self) -> Duck:
        """Itself."""
        return self

    def events(self, snapshot: Snapshot, family: str, paths: Sequence[str]) -> str:
        """See `Engine`."""
        return f"(SELECT *, epoch_ms(time) AS time_ms FROM {events_of(snapshot, family, paths)})"

    def narrowed(self, paths: Sequence[str], condition: str) -> list[str]:
        """See `Engine`; only the columns of the condition are read."""
        if not paths:
            return []
        files = f"read_parquet({files_literal(paths)}, hive_partitioning = false, filename = true)"
        rows = self.rows(f"SELECT DISTINCT filename FROM {files} WHERE {condition}")
        return sorted(str(row[0]) for row in rows)

    def add_table(self, name: str, rows: pa.Table) -> None:
        """See `Engine`."""
        self.register(f"{name}_rows", rows)
        try:
            self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {name}_rows")
        finally:
            self.unregister(f"{name}_rows")

    def make_view(self, name: str, select: str) -> None:
        """See `Engine`."""
        self.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {select}")

    def make_step(self, name: str, select: str, values: Mapping[str, Value], *, reads: int) -> None:
        """See `Engine`; each step is kept, so that the next is planned by its size."""
        del reads
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}", values)

    def drop_steps(self, names: Iterable[str]) -> None:
        """See `Engine`."""
        for name in names:
            self.execute(f"DROP TABLE IF EXISTS {name}")

    def delivered(self, statement: str) -> str:
        """The statement: its rows become cells where they are computed."""
        return statement

    def deliver(self, statement: str, values: Mapping[str, Value], schema: pa.Schema) -> None:
        """Nothing; see `delivered`."""

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name."""
        self._connection.register(name, table)

    def unregister(self, name: str) -> None:
        """Forget a registered table."""
        self._connection.unregister(name)

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> None:
        """Run a statement that returns nothing of interest."""
        self._end_reading()
        with _translated():
            self._connection.execute(sql, _bound(sql, values))

    def rows(self, sql: str, values: Mapping[str, Value] | None = None) -> list[tuple[object, ...]]:
        """Run a query with a small result."""
        self._end_reading()
        with _translated():
            return self._connection.execute(sql, _bound(sql, values)).fetchall()

    def named_rows(
        self, sql: str, values: Mapping[str, Value] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query with a small result; each row by the names of its columns."""
        self._end_reading()
        with _translated():
            cursor = self._connection.execute(sql, _bound(sql, values))
            names = [str(column[0]) for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def table(self, sql: str) -> pa.Table:
        """Run a query with a small result, as an Arrow table."""
        self._end_reading()
        with _translated():
            table: pa.Table = self._connection.sql(sql).to_arrow_table()
            return table

    def batches(
        self, sql: str, values: Mapping[str, Value] | None = None, rows: int = 16_384
    ) -> Iterator[pa.RecordBatch]:
        """Run a query and stream its result in batches of about that many rows; the next statement
        ends what was not read to its end."""
        self._end_reading()
        with _translated():
            relation = self._connection.sql(sql, params=_bound(sql, values))
            reader = self._reader = relation.to_arrow_reader(rows)
        while True:
            with _translated():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
                except OSError as error:
                    # What the engine raises while a result is read comes through Arrow like this.
                    raise _raised_while_reading(error) from error
            yield batch

    def _end_reading(self) -> None:
        """Let go of a result that nobody reads any more, such as that of a file that failed: the
        connection takes no other statement before."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def copy(
        self,
        sql: str,
        target: Path,
        options: LiteralString,
        values: Mapping[str, Value] | None = None,
    ) -> int:
        """Write the result of a query to a file the engine formats itself; returns its rows."""
        statement = (
            f"COPY ({sql}) TO {text_literal(str(target.absolute()))} "
            f"({options}, USE_TMP_FILE false)"
        )
        try:
            return int(str(self.rows(statement, values)[0][0]))
        except StorageError as error:
            raise StorageError("{parent}: {error}", parent=target.parent, error=error) from error


def _bound(sql: str, values: Mapping[str, Value] | None) -> dict[str, Value] | None:
    """Only the values a statement names; DuckDB refuses others."""
    if values is None:
        return None
    return {name: value for name, value in values.items() if f"${name}" in sql}


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise StorageError(
                "writing failed: No space left on device; free some space and try again"
            ) from error
        raise StorageError(
            "reading or writing failed: {reason}", reason=_first_line(error)
        ) from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise EngineMemoryError(
            "the query needs more memory than it may use: {reason}; raise the setting "
            "engine_memory_mb",
            reason=_first_line(error),
        ) from error
    except (duckdb.Error, pa.ArrowException) as error:
        text = _first_line(error)
        if "No space left" in text or "could not write" in text.lower():
            raise StorageError("writing failed: {text}", text=text) from error
        raise EngineError("the query engine failed: {text}", text=text) from error


def _raised_while_reading(error: OSError) -> duckdb.Error:
    text = _first_line(error)
    if "Out of Memory" in text:
        return duckdb.OutOfMemoryException(text)
    return duckdb.IOException(text) if "IO Error" in text else duckdb.Error(text)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
