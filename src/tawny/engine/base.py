"""What an export asks of an engine. The embedded one (`duck.py`) is the default and the reference;
`spark.py` speaks to a cluster. Both read the same files of the log and run the same SQL.

The SQL is that of `tawny.queries.portable`, in the words of the embedded engine. What the tables of
a snapshot are is said once in it (`snapshot.py`); how files are read, steps kept and rows carried
is each engine's own. Cells become text in the embedded engine whichever engine made the rows, so
that a file has the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, LiteralString, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from tawny.engine.duck import Duck
    from tawny.log.files import Snapshot

Value = str | int | float | bool | None | list[str]
"""What a statement may bind."""

EngineName = Literal["duckdb", "spark"]


class Engine(Protocol):
    """Tables of a snapshot, steps of a query, the rows of its final select. Not for two threads at
    once, but for `interrupt` and `progress_percent`. Its errors are `EngineError`s."""

    @property
    def name(self) -> EngineName:
        """How receipts call it."""
        ...

    @property
    def embedded(self) -> Duck:
        """The engine in this process: itself, or the one beside it that keeps the lists of the log
        and makes cells of rows."""
        ...

    def events(self, snapshot: Snapshot, family: str, paths: Sequence[str]) -> str:
        """The events in those files of a family (at least one), for the place after FROM: every
        column that the family has today, `time_ms` (milliseconds since 1970 UTC), `log_version`."""
        ...

    def narrowed(self, paths: Sequence[str], condition: str) -> list[str]:
        """Those of the files with a row that meets a condition, as far as it pays to look."""
        ...

    def add_table(self, name: str, rows: pa.Table) -> None:
        """Make a small table of rows at hand, in place of one of that name."""
        ...

    def make_view(self, name: str, select: str) -> None:
        """Give a select a name, in place of what had it before."""
        ...

    def make_step(self, name: str, select: str, values: Mapping[str, Value], *, reads: int) -> None:
        """Make a step of a query into a table, which later steps read so many times."""
        ...

    def drop_steps(self, names: Iterable[str]) -> None:
        """Free what steps hold that nothing reads any more."""
        ...

    def rows(self, sql: str, values: Mapping[str, Value] | None = None) -> list[tuple[object, ...]]:
        """Run a query with a small result."""
        ...

    def delivered(self, statement: str) -> str:
        """What the embedded engine reads the rows of a statement by, once `deliver` was called."""
        ...

    def deliver(self, statement: str, values: Mapping[str, Value], schema: pa.Schema) -> None:
        """Have the ordered rows of a statement ready for the embedded engine, as `schema` says."""
        ...

    def interrupt(self) -> None:
        """Stop the running statement, from another thread; it raises `EngineError`."""
        ...

    def progress_percent(self) -> float:
        """How far the running statement is, from another thread; negative when unknown."""
        ...

    def close(self) -> None:
        """End the session and delete what it kept."""
        ...


class Embedded(Engine, Protocol):
    """What only the engine in this process can do: its own SQL over rows that are there."""

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> None:
        """Run a statement that returns nothing of interest."""
        ...

    def named_rows(
        self, sql: str, values: Mapping[str, Value] | None = None
    ) -> list[dict[str, Any]]:
        """Run a query with a small result; each row by the names of its columns."""
        ...

    def batches(
        self, sql: str, values: Mapping[str, Value] | None = None, rows: int = 16_384
    ) -> Iterator[pa.RecordBatch]:
        """Run a query and stream its result in order; the next statement ends what was not read."""
        ...

    def copy(
        self,
        sql: str,
        target: Path,
        options: LiteralString,
        values: Mapping[str, Value] | None = None,
    ) -> int:
        """Write the result of a query to a file that the engine formats; returns its rows."""
        ...
