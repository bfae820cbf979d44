"""Taking events in: validate, leave repetitions out, write files, commit.

Parsing and writing run side by side: while a chunk is committed the next one is validated. Each
chunk is one commit of the log, so a crash loses nothing that was committed and shows nothing half
done; the same input sent again completes what is missing.
"""

from __future__ import annotations

import concurrent.futures
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tawny.engine.duck import Duck, files_literal, text_literal
from tawny.log.table import EventLog, LogFile, Snapshot, translated_os_errors
from tawny.model.explanation import Refusal
from tawny.model.validation import Batch, family_schema, validate_lines
from tawny.runs.export import scratch_folder
from tawny.settings import Settings

CHUNK_ROWS = 300_000
CHUNK_BYTES = 256 << 20


@dataclass
class Outcome:
    """What came of an ingest so far. `accepted` is durable."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0


@dataclass
class _Chunk:
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    rows: int = 0
    size_bytes: int = 0

    def add(self, batch: Batch, size_bytes: int) -> None:
        for family, table in batch.tables.items():
            self.tables.setdefault(family, []).append(table)
        self.rows += batch.rows
        self.size_bytes += size_bytes

    def full(self) -> bool:
        return self.rows >= CHUNK_ROWS or self.size_bytes >= CHUNK_BYTES


class Ingest:
    """An ingest into the log of a data folder; use as a context manager.

    `on_refusal` is called with the name of the input and each refusal, `on_progress` with the
    number of events and bytes read so far.
    """

    def __init__(
        self,
        home: Path,
        settings: Settings,
        on_refusal: Callable[[str, Refusal], None],
        on_progress: Callable[[int, int], None] = lambda _events, _bytes: None,
    ) -> None:
        self.outcome = Outcome()
        self._log = EventLog(home)
        self._on_refusal = on_refusal
        self._on_progress = on_progress
        self._chunk = _Chunk()
        self._read_events = 0
        self._read_bytes = 0
        self._duck = Duck(
            scratch_folder(home), settings.number("engine_memory_mb"), settings.engine_threads()
        )
        self._writer = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._pending: concurrent.futures.Future[None] | None = None

    def __enter__(self) -> Ingest:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._writer.shutdown(wait=True, cancel_futures=True)
            self._duck.close()

    def read(self, name: str, blocks: Iterable[bytes]) -> None:
        """Take in blocks of whole NDJSON lines."""
        line = 1
        for block in blocks:
            batch = validate_lines(block, line)
            line += block.count(b"\n")
            self.add(name, batch, len(block))

    def add(self, name: str, batch: Batch, size_bytes: int) -> None:
        """Take in validated events."""
        for refusal in batch.refusals:
            self._on_refusal(name, refusal)
        self.outcome.refused += len(batch.refusals)
        self._chunk.add(batch, size_bytes)
        self._read_events += batch.rows + len(batch.refusals)
        self._read_bytes += size_bytes
        self._on_progress(self._read_events, self._read_bytes)
        if self._chunk.full():
            self._submit()

    def flush(self) -> None:
        """Commit what was read; when it returns, everything counted as accepted is durable."""
        self._submit()
        self._wait()

    def _submit(self) -> None:
        self._wait()
        if self._chunk.rows:
            chunk, self._chunk = self._chunk, _Chunk()
            self._pending = self._writer.submit(self._commit, chunk)

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def _commit(self, chunk: _Chunk) -> None:
        tables = {family: pa.concat_tables(parts) for family, parts in chunk.tables.items()}
        with self._log.writing():
            snapshot = self._log.snapshot()
            version = self._log.next_version()
            added: list[LogFile] = []
            fresh_rows = 0
            for family, table in tables.items():
                files = write_fresh(self._duck, snapshot, family, table, version)
                added += files
                fresh_rows += sum(file.rows for file in files)
            if added:
                self._log.commit(added)
        self.outcome.accepted += fresh_rows
        self.outcome.duplicates += chunk.rows - fresh_rows


def write_fresh(
    duck: Duck, snapshot: Snapshot, family: str, table: pa.Table, version: int
) -> list[LogFile]:
    """Write the events of a table that the log does not hold yet, one file a month.

    A repetition carries the same time, so it is looked for only in the files of its family whose
    times overlap. The files are not part of the log until they are committed.
    """
    columns = ", ".join(family_schema(family).names)
    duck.register("incoming_rows", table)
    try:
        first_ms, last_ms = duck.rows(
            "SELECT epoch_ms(min(time)), epoch_ms(max(time)) FROM incoming_rows"
        )[0]
        paths = snapshot.paths(family, int(str(first_ms)), int(str(last_ms)))
        known = (
            "AND NOT EXISTS (SELECT 1 FROM read_parquet("
            f"{files_literal(paths)}, hive_partitioning = false) AS known "
            "WHERE known.source = incoming.source AND known.id = incoming.id)"
            if paths
            else ""
        )
        duck.execute(
            f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {columns}, "
            "strftime(time, '%Y-%m') AS month FROM (SELECT *, row_number() OVER ("
            "PARTITION BY source, id ORDER BY time) AS nth FROM incoming_rows) AS incoming "
            f"WHERE nth = 1 {known}"
        )
    finally:
        duck.unregister("incoming_rows")
    try:
        return write_months(duck, snapshot.folder, family, "fresh", str(version))
    finally:
        duck.execute("DROP TABLE fresh")


def write_months(
    duck: Duck, folder: Path, family: str, relation: str, log_version: str
) -> list[LogFile]:
    """Write a relation with a `month` column into one file a month, ordered by time.

    `log_version` is an SQL expression: the version the rows arrive with, or the column that says
    it already.
    """
    columns = ", ".join(family_schema(family).names)
    months = duck.rows(
        f"SELECT month, count(*), epoch_ms(min(time)), epoch_ms(max(time)) FROM {relation} "
        "GROUP BY month ORDER BY month"
    )
    files: list[LogFile] = []
    for month, rows, first_ms, last_ms in months:
        place = f"family={family}/month={month}"
        with translated_os_errors(str(folder)):
            (folder / place).mkdir(parents=True, exist_ok=True)
        path = f"{place}/{secrets.token_hex(12)}.parquet"
        duck.copy(
            f"SELECT {columns}, CAST({log_version} AS BIGINT) AS log_version FROM {relation} "
            f"WHERE month = {text_literal(str(month))} "
            "ORDER BY time, sequence NULLS FIRST, source, id",
            folder / path,
            "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880",
        )
        files.append(
            LogFile(
                path=path,
                family=family,
                month=str(month),
                rows=int(str(rows)),
                size_bytes=(folder / path).stat().st_size,
                first_ms=int(str(first_ms)),
                last_ms=int(str(last_ms)),
            )
        )
    return files


def total_rows(files: Sequence[LogFile]) -> int:
    """How many events the files hold."""
    return sum(file.rows for file in files)
