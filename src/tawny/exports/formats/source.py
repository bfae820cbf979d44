"""The rows of an export on their way into a file: the parts of its range one after the other, read
as Arrow batches or written by the engine."""

from __future__ import annotations

import concurrent.futures
import glob
import hashlib
import itertools
import os
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tawny.engine import cells
from tawny.errors import EngineMemoryError
from tawny.exports.formats.base import Written
from tawny.model.zones import instant_text
from tawny.queries.catalogue import definition_version
from tawny.queries.columns import Column

if TYPE_CHECKING:
    # The names of the formats are known without the libraries that write them.
    import pyarrow as pa

    from tawny.engine.base import Embedded
    from tawny.exports.slicing import Delivered, Pieces

_BLOCK_BYTES = 1 << 20


@dataclass(slots=True)
class RowSource:
    """A query ready to run, and what a writer needs to know of the request."""

    engines: Sequence[Embedded]
    """The connections; a file of text is made on all of them side by side, slice by slice."""
    statement: str
    """The final select, or what its rows are read by that another engine has made."""
    slices: int
    """How many parts the range has. Their rows one after the other are the export's rows."""
    prepare: Callable[[int, Embedded], Pieces | Delivered]
    """Makes the tables the statement reads for a slice, by its number, on a connection."""
    columns: Sequence[Column]
    segments: cells.Segments
    """Offsets of the request's time zone."""
    time_zone: str
    headers: str
    title: str
    key: Sequence[Column]
    """The columns that name a row, in the file or not."""
    cut_long_cells: bool
    """Whether a text that no cell holds is cut; else it is refused."""
    metadata: Mapping[str, str]
    """What goes into a file that can carry more than its rows."""
    slices_done: int = field(default=0, init=False)

    def progress_percent(self) -> float:
        """How far the file is, from another thread."""
        if self.slices == 1:
            return self.engines[0].progress_percent()
        return 100 * self.slices_done / self.slices

    def batches(self, more: Sequence[Column] = ()) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of the types in `ARROW_TYPES`, named by key; with more columns
        than those of the file."""
        import pyarrow as pa

        from tawny.exports.formats.arrow_types import ARROW_TYPES

        columns = [*self.columns, *(column for column in more if column not in self.columns)]
        schema = pa.schema([(column.key, ARROW_TYPES[column.type]) for column in columns])
        sql = cells.typed_select(self.statement, columns)
        engine = self.engines[0]
        for index in range(self.slices):
            pieces = self.prepare(index, engine)
            for values in pieces:
                try:
                    batches = engine.batches(sql, values)
                    first = next(batches, None)
                except EngineMemoryError as error:
                    pieces.halve(error)
                    continue
                for batch in itertools.chain([] if first is None else [first], batches):
                    arrays = [
                        _as(array, field.type)
                        for array, field in zip(batch.columns, schema, strict=True)
                    ]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            self.slices_done += 1

    def copy(self, sql: str, path: Path, options: cells.WritingOptions) -> Written:
        """Have the engine write the rows of a select over the statement.

        Each connection makes one slice at a time, its pieces into files of their own; they are put
        together in order as they come.
        """
        free: queue.SimpleQueue[Embedded] = queue.SimpleQueue()
        for engine in self.engines:
            free.put(engine)
        made: list[queue.SimpleQueue[Path | None]] = [
            queue.SimpleQueue() for _ in range(self.slices)
        ]

        def make(index: int) -> int:
            rows = 0
            engine = free.get()
            try:
                pieces = self.prepare(index, engine)
                number = 0
                for values in pieces:
                    piece = path.with_suffix(f".{index}-{number}.slice")
                    these = options.rest if index or number else options.first
                    try:
                        rows += engine.copy(sql, piece, these, {**values, **cells.TEXT_VALUES})
                    except EngineMemoryError as error:
                        piece.unlink(missing_ok=True)
                        pieces.halve(error)
                        continue
                    made[index].put(piece)
                    number += 1
            finally:
                free.put(engine)
                made[index].put(None)
            return rows

        rows = 0
        digest = hashlib.sha256()
        pool = concurrent.futures.ThreadPoolExecutor(len(self.engines))
        try:
            slices = [pool.submit(make, index) for index in range(self.slices)]
            for pieces, rows_of_slice in zip(made, slices, strict=True):
                while piece := pieces.get():
                    _add(path, piece, digest)
                rows += rows_of_slice.result()
                self.slices_done += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for engine in self.engines:
                engine.interrupt()
            raise
        finally:
            pool.shutdown()
            for left in path.parent.glob(f"{glob.escape(path.stem)}.*.slice"):
                left.unlink(missing_ok=True)
        return Written(rows, digest.hexdigest())


def _add(path: Path, piece: Path, digest: hashlib._Hash) -> None:
    """Add a piece to the end of the file, and its bytes to the hash; the piece goes."""
    if path.stat().st_size == 0:
        piece.replace(path)
        with path.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
        return
    with piece.open("rb") as stream, path.open("ab") as whole:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
            whole.write(block)
        whole.flush()
        os.fdatasync(whole.fileno())  # while the next pieces are made
    piece.unlink()


def _as(array: pa.Array[Any], wanted: pa.DataType) -> pa.Array[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(wanted):
        return array.cast(pa.timestamp("ms")).cast(wanted)
    return array.cast(wanted)


def file_metadata(export_type: str, as_of_ms: int) -> dict[str, str]:
    """What a file that can says of itself."""
    return {
        "tawny.export": export_type,
        "tawny.as_of": instant_text(as_of_ms),
        "tawny.definition_version": definition_version(),
    }
