"""Taking events in: validate, leave repetitions out, refuse contradictions, write files, commit.

Parsing and writing run side by side: while a chunk is committed the next one is validated. Each
chunk is one commit of the log, so a crash loses nothing that was committed and shows nothing half
done; the same input sent again completes what is missing.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tawny.engine.engines import open_of_folder
from tawny.engine.key_index import add_keys
from tawny.engine.log_files import ARRIVAL, write_fresh
from tawny.engine.repetitions import FRESH_KEYS, release, sort_out
from tawny.log.files import LogFile
from tawny.model.refusals import Refusal
from tawny.model.validation import Batch, validate_lines
from tawny.model.zones import current_ms
from tawny.settings import Settings
from tawny.state.event_log import event_log

CHUNK_ROWS = 300_000
CHUNK_BYTES = 256 << 20

MOST_LINES = 1 << 40
"""An event is known by the number of its input times this, and its line or index in it."""


@dataclass
class Outcome:
    """What came of an ingest so far. `accepted` is durable."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    in_future: int = 0
    """Of those that were not refused, how many lie after the start of the ingest."""


@dataclass
class _Chunk:
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    rows: int = 0
    size_bytes: int = 0

    def add(self, batch: Batch, size_bytes: int, first_arrival: int) -> None:
        for family, table in batch.tables.items():
            arrivals = pc.add(batch.numbers[family], first_arrival)
            self.tables.setdefault(family, []).append(table.append_column(ARRIVAL, arrivals))
        self.rows += batch.rows
        self.size_bytes += size_bytes

    def full(self) -> bool:
        return self.rows >= CHUNK_ROWS or self.size_bytes >= CHUNK_BYTES


class Ingest:
    """An ingest into the log of a data folder; use as a context manager.

    `on_refusal` is called with the name of the input and each refusal, by one thread at a time;
    `on_progress` with the number of events and bytes read so far. `deciding` is entered around each
    commit: it lets nobody else decide meanwhile which event of a key came first.
    """

    def __init__(
        self,
        home: Path,
        settings: Settings,
        on_refusal: Callable[[str, Refusal], None],
        on_progress: Callable[[int, int], None] = lambda _events, _bytes: None,
        *,
        deciding: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.outcome = Outcome()
        self._started_ms = current_ms()
        self._log = event_log(home, settings)
        self._on_refusal = on_refusal
        self._inputs: list[str] = []
        self._telling = threading.Lock()
        self._on_progress = on_progress
        self._deciding = deciding
        self._chunk = _Chunk()
        self._read_events = 0
        self._read_bytes = 0
        self._duck = open_of_folder(home, settings)
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
        with self._telling:
            for refusal in refusals:
                self._on_refusal(name, refusal)
                self.outcome.refused += 1

    def read(self, name: str, blocks: Iterable[bytes]) -> None:
        """Take in the blocks of whole NDJSON lines of an input."""
        line = 1
        self._inputs.append(name)
        for block in blocks:
            batch = validate_lines(block, line)
            line += block.count(b"\n")
            self._add(batch, len(block))

    def _add(self, batch: Batch, size_bytes: int) -> None:
        self.refuse(self._inputs[-1], batch.refusals)
        self.outcome.in_future += batch.rows_after(self._started_ms)
        self._chunk.add(batch, size_bytes, (len(self._inputs) - 1) * MOST_LINES)
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
        with self._deciding(), self._log.writing():
            snapshot = self._log.snapshot()
            try:
                found = sort_out(self._duck, snapshot, tables, self._refuse_arrival, newest=True)
                version = self._log.next_version()
                added: list[LogFile] = []
                for family, table in tables.items():
                    added += write_fresh(self._duck, snapshot, family, table, version)
                if added:
                    self._log.commit(added)
                    add_keys(self._duck, snapshot, FRESH_KEYS, added, version)
            finally:
                release(self._duck, tables)
        self.outcome.accepted += sum(file.rows for file in added)
        self.outcome.duplicates += found.duplicates

    def _refuse_arrival(self, arrival: int, why: Callable[[], Refusal]) -> None:
        """Tell of an event that is refused only now by its line in its input."""
        number, line = divmod(arrival, MOST_LINES)
        self.refuse(self._inputs[number], [replace(why(), number=line)])
