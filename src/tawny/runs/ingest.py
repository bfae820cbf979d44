"""Taking events in: validate, leave repetitions out, write files, commit.

Parsing and writing run side by side: while a chunk is committed the next one is validated. Each
chunk is one commit of the log, so a crash loses nothing that was committed and shows nothing half
done; the same input sent again completes what is missing.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tawny.engine.duck import Duck
from tawny.engine.log_files import write_fresh
from tawny.log.table import EventLog, LogFile
from tawny.model.explanation import Refusal
from tawny.model.validation import Batch, validate_lines
from tawny.runs.leftovers import scratch_folder
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

    def refuse(self, name: str, refusals: Iterable[Refusal]) -> None:
        """Count and tell what was refused before it could be validated."""
        for refusal in refusals:
            self._on_refusal(name, refusal)
            self.outcome.refused += 1

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
