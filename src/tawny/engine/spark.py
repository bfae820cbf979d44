"""A cluster that speaks Spark Connect (Apache Spark, a managed Spark, Sail): the only module that
imports its client.

The cluster reads the same files as the embedded engine, by the list of the snapshot, so both see
one version of the log whatever is committed meanwhile; it needs the data folder under the same
path. Its rows come back in order, are kept in a file and become cells in the embedded engine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
import urllib.parse
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tawny.engine.base import EngineName, Value
from tawny.engine.duck import Duck
from tawny.engine.literals import files_literal
from tawny.errors import (
    EngineError,
    EngineMemoryError,
    EngineUnreachableError,
    RequestError,
    StorageError,
)
from tawny.log.files import Snapshot
from tawny.model.layout import family_schema
from tawny.queries.portable import spelled

if TYPE_CHECKING:
    from pyspark.sql.connect.dataframe import DataFrame
    from pyspark.sql.connect.session import SparkSession

PORT = 15_002
"""Where an endpoint listens whose address names no port."""

CONNECT_SECONDS = 5
"""How long the first contact may take."""

RETRIES = 3
"""How often the client tries again what did not reach the engine, within about two seconds."""

_INTERRUPT_AGAIN_S = 0.5
"""How long after it was interrupted a cluster is interrupted again."""

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Apache Spark would hold the smaller side of each of some twenty joins of one stage in memory
    # at once, each at least a sixteenth of what a worker has: a year of resolved conversations
    # then fails on any worker. Sorted and merged they can leave the memory.
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
    # Apache Spark 4.2 takes a union for divided as its branches are, and then sometimes ends with
    # "Can't zip RDDs with unequal numbers of partitions" when a branch was divided anew.
    "spark.sql.unionOutputPartitioning": "false",
}
"""Of each session; Sail knows only the first and passes over the others."""

_TYPES = {
    pa.string(): "STRING",
    pa.int64(): "BIGINT",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
    pa.list_(pa.string()): "ARRAY<STRING>",
}
"""The types of the log's columns as the engine writes them."""

_PATTERN = r"*?[]{}\%"
"""What a path must not hold: engines do not agree on how it is written as itself."""

_NO_MEMORY = (
    *("OutOfMemory", "out of memory", "ResourcesExhausted", "Resources exhausted"),
    *("Failed to allocate", "UNABLE_TO_ACQUIRE_MEMORY", "Could not allocate memory"),
)
_UNREACHABLE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "Connection refused", "Socket closed")


class Spark:
    """A session with a cluster for one export; use as a context manager. It is an `Engine`."""

    name: EngineName = "spark"

    def __init__(self, url: str, embedded: Duck, scratch: Path) -> None:
        """`scratch` is a folder that the cluster sees under the same path. Raises
        `EngineUnreachableError`, and `RequestError` for a folder that it takes for a pattern."""
        if odd := set(_PATTERN) & set(str(scratch)):
            raise RequestError(
                "engine: found the data folder {folder}, of whose path a cluster takes {odd} for "
                "a pattern; choose a folder without",
                folder=scratch.parent,
                odd=" ".join(sorted(odd)),
            )
        self.place = place_of(url)
        self.embedded = embedded
        self._folder = tempfile.TemporaryDirectory(
            prefix=f"export-{os.getpid()}-", dir=scratch, ignore_cleanup_errors=True
        )
        self._rows = Path(self._folder.name) / "rows.parquet"
        self._kept = 0
        self._files: dict[tuple[str, tuple[str, ...]], str] = {}
        self._has_answered = False
        self._is_interrupted = False
        self._waits_for_nothing = threading.Event()
        self._waits_for_nothing.set()
        try:
            self._session = self._connected(url)
            self._has_answered = True
        except BaseException:
            self._folder.cleanup()
            raise

    def __enter__(self) -> Spark:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        # A cluster whose client leaves goes on with what it does.
        if error is not None and not isinstance(error, EngineUnreachableError):
            self.interrupt()
        self.close()

    def close(self) -> None:
        """See `Engine`."""
        with contextlib.suppress(Exception):
            self._session.client.release_session()
        with contextlib.suppress(Exception):
            self._session.client.close()
        self._folder.cleanup()

    def events(self, snapshot: Snapshot, family: str, paths: Sequence[str]) -> str:
        """See `Engine`; a column that a file does not have is null."""
        key = (family, tuple(paths))
        if key in self._files:
            return self._files[key]
        name = self._files[key] = f"{family}_files_{self._next()}"
        fields = [*family_schema(family), pa.field("log_version", pa.int64())]
        schema = ", ".join(f"`{field.name}` {_TYPES[field.type]}" for field in fields)
        with self._translated():
            files = self._session.read.schema(schema).parquet(*map(_location, paths))
            found = int(files.count())
            names = [f"`{field.name}`" for field in fields]
            files.selectExpr(*names, "unix_millis(time) AS time_ms").createOrReplaceTempView(name)
        # An engine may take files that it does not see for empty ones.
        expected = sum(
            file.rows for file in snapshot.files if str(snapshot.folder / file.path) in key[1]
        )
        if found != expected:
            raise EngineError(
                "the engine at {place} sees {found:,} of {expected:,} events in files of the log; "
                "give it the folder {folder} under the same path",
                place=self.place,
                found=found,
                expected=expected,
                folder=snapshot.folder,
            )
        return name

    def narrowed(self, paths: Sequence[str], condition: str) -> list[str]:
        """All of them: to look costs a cluster as much as to read."""
        del condition
        return list(paths)

    def add_table(self, name: str, rows: pa.Table) -> None:
        """See `Engine`."""
        with self._translated():
            if rows.num_rows:
                table = self._session.createDataFrame(rows)
            else:
                table = self._session.sql(_empty(rows.schema))
            table.createOrReplaceTempView(name)

    def make_view(self, name: str, select: str) -> None:
        """See `Engine`."""
        with self._translated():
            self._query(select, {}).createOrReplaceTempView(name)

    def make_step(self, name: str, select: str, values: Mapping[str, Value], *, reads: int) -> None:
        """See `Engine`. A step that is read once is part of the one that reads it; others are
        computed once and kept as files: a plan would hold them as often as they are read."""
        with self._translated():
            query = self._query(select, values)
            if reads > 1:
                query = self._kept_as_files(query)
            query.createOrReplaceTempView(name)

    def drop_steps(self, names: Iterable[str]) -> None:
        """Nothing: a step that is read once is computed later, from those before it. All goes when
        the session ends."""

    def rows(self, sql: str, values: Mapping[str, Value] | None = None) -> list[tuple[object, ...]]:
        """See `Engine`."""
        with self._translated():
            table = self._query(sql, values or {}).toArrow()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def delivered(self, statement: str) -> str:
        """The file of the rows."""
        del statement
        return f"SELECT * FROM read_parquet({files_literal([str(self._rows)])})"

    def deliver(self, statement: str, values: Mapping[str, Value], schema: pa.Schema) -> None:
        """See `Engine`."""
        import pyarrow.parquet as pq

        with self._translated(), pq.ParquetWriter(self._rows, schema) as writer:
            for part in self._parts(self._query(statement, values)):
                writer.write_table(part.select(schema.names).cast(schema))

    def interrupt(self) -> None:
        """See `Engine`. Nothing is asked of the cluster from now on; what was just asked it may not
        have begun yet, so it is told until it has answered."""
        self._is_interrupted = True
        while True:
            with contextlib.suppress(Exception):
                self._session.interruptAll()
            if self._waits_for_nothing.wait(_INTERRUPT_AGAIN_S):
                return

    def progress_percent(self) -> float:
        """Unknown."""
        return -1

    def _connected(self, url: str) -> SparkSession:
        host, port = self.place.rsplit(":", 1)
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise self._unreachable(error) from error
        # What the client warns of is said by the error that follows, or of no use here.
        warnings.filterwarnings("ignore", module=r"pyspark\.")
        try:
            from pyspark.sql.connect.client.retries import DefaultPolicy
            from pyspark.sql.connect.session import SparkSession
        except ImportError as error:
            raise RequestError(
                "engine: found spark, and its client is not installed; install tawny[spark]"
            ) from error
        with self._translated():
            session = SparkSession.builder.remote(url).create()
            policy = DefaultPolicy(max_retries=RETRIES, initial_backoff=200, max_backoff=1000)
            session.client.set_retry_policies([policy])
            for name, value in _SETTINGS.items():
                session.conf.set(name, value)
        return session

    def _query(self, sql: str, values: Mapping[str, Value]) -> DataFrame:
        return self._session.sql(spelled(sql, "spark", values))

    def _kept_as_files(self, query: DataFrame) -> DataFrame:
        folder = Path(self._folder.name) / f"step-{self._next()}"
        schema = query.schema
        query.write.parquet(_location(str(folder)))
        if not any(folder.glob("*.parquet")):
            columns = (
                f"CAST(NULL AS {of.dataType.simpleString()}) AS `{of.name}`" for of in schema
            )
            return self._session.sql(f"SELECT {', '.join(columns)} WHERE false")
        return self._session.read.schema(schema).parquet(_location(str(folder)))

    def _parts(self, query: DataFrame) -> Iterator[pa.Table]:
        """The rows of a query in its order, as they come."""
        plan = query._plan.to_proto(self._session.client)
        for part in self._session.client.to_table_as_iterator(plan, query._plan.observations):
            if isinstance(part, pa.Table):
                yield part

    def _next(self) -> int:
        self._kept += 1
        return self._kept

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """One clear line for whatever the client raises while it asks the cluster for something."""
        self._waits_for_nothing.clear()
        try:
            if self._is_interrupted:
                raise EngineError("the engine at {place} was interrupted", place=self.place)
            yield
        except (EngineError, RequestError):
            raise
        except OSError as error:
            raise StorageError("reading or writing failed: {reason}", reason=error) from error
        except Exception as error:  # the client's errors have no common class
            text = " ".join(str(error).split())
            if any(sign in text for sign in _UNREACHABLE):
                raise self._unreachable(_short(error).rsplit(": ", 1)[-1]) from error
            if any(sign in text for sign in _NO_MEMORY):
                raise EngineMemoryError(
                    "the engine at {place} needs more memory than it has: {reason}; give it more, "
                    "or ask for a shorter range",
                    place=self.place,
                    reason=_short(error),
                ) from error
            raise EngineError(
                "the engine at {place} failed: {reason}", place=self.place, reason=_short(error)
            ) from error
        finally:
            self._waits_for_nothing.set()

    def _unreachable(self, reason: str | OSError) -> EngineUnreachableError:
        if self._has_answered:
            return EngineUnreachableError(
                "the engine at {place} stopped answering ({reason}); see in its log whether it "
                "lacked memory, start it, or export with --engine duckdb",
                place=self.place,
                reason=reason,
            )
        return EngineUnreachableError(
            "the engine at {place} does not answer ({reason}); start it, correct "
            "TAWNY_ENGINE_URL, or export with --engine duckdb",
            place=self.place,
            reason=reason,
        )


def place_of(url: str) -> str:
    """Host and port of an endpoint; the rest of its address may hold a secret."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or PORT}"


def _location(path: str) -> str:
    """A path as the engine takes it: not in another file system."""
    return f"file://{path}"


def _empty(schema: pa.Schema) -> str:
    columns = (f"CAST(NULL AS {_TYPES[of.type]}) AS `{of.name}`" for of in schema)
    return f"SELECT {', '.join(columns)} WHERE false"


def _short(error: Any) -> str:
    """The first line of what an error says, without a trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    details = [line for line in lines if line.startswith("details = ")]
    text = (details or lines or [type(error).__name__])[0].removeprefix("details = ").strip('"')
    return text if len(text) <= 200 else text[:197] + "..."
