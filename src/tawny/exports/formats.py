"""The file formats: each declares its endings and how it is written."""

from __future__ import annotations

import concurrent.futures
import csv
import glob
import hashlib
import itertools
import os
import queue
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import pyarrow as pa

from tawny.disk import sha256_of
from tawny.engine.duck import Duck, Value
from tawny.errors import EngineMemoryError, RequestError, UnknownValueError
from tawny.exports import rendering
from tawny.exports.columns import ARROW_TYPES, Column
from tawny.exports.parquet import write_parquet

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A whole file: its rows, and the SHA-256 of its bytes in hexadecimal digits."""

    rows: int
    sha256: str


Prepare = Callable[[Duck], Generator[Mapping[str, Value]]]
"""Makes the tables the statement reads for one slice on a connection; gives what it binds for each
piece of the slice, in order, when the tables are those of the piece. To an `EngineMemoryError`
thrown into it, it answers with the first of smaller pieces of that piece."""


class Pieces:
    """The pieces of a slice, one after the other."""

    def __init__(self, prepared: Generator[Mapping[str, Value]]) -> None:
        self._prepared = prepared
        self._smaller: Mapping[str, Value] | None = None

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        return self

    def __next__(self) -> Mapping[str, Value]:
        smaller, self._smaller = self._smaller, None
        return next(self._prepared) if smaller is None else smaller

    def too_large(self, error: EngineMemoryError) -> None:
        """Have smaller pieces come instead of the last one; raises the error when there are
        none."""
        self._smaller = self._prepared.throw(error)


@dataclass(slots=True)
class Source:
    """A query ready to run, and what a writer needs to know of the request."""

    ducks: Sequence[Duck]
    """The connections; a file of text is made on all of them side by side, slice by slice."""
    statement: str
    slices: Sequence[Prepare]
    """The parts of the range, in order. Their rows one after the other are the export's rows."""
    columns: Sequence[Column]
    segments: rendering.Segments
    """Offsets of the request's time zone."""
    time_zone: str
    headers: str
    title: str
    metadata: Mapping[str, str]
    """What goes into a file that can carry more than its rows."""
    slices_done: int = field(default=0, init=False)

    def progress_percent(self) -> float:
        """How far the file is, from another thread."""
        if len(self.slices) == 1:
            return self.ducks[0].progress_percent()
        return 100 * self.slices_done / len(self.slices)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of the types in `ARROW_TYPES`, named by key."""
        schema = pa.schema([(column.key, ARROW_TYPES[column.type]) for column in self.columns])
        sql = rendering.typed_select(self.statement, self.columns)
        duck = self.ducks[0]
        for prepare in self.slices:
            pieces = Pieces(prepare(duck))
            for values in pieces:
                try:
                    batches = duck.batches(sql, values)
                    first = next(batches, None)
                except EngineMemoryError as error:
                    pieces.too_large(error)
                    continue
                for batch in itertools.chain([] if first is None else [first], batches):
                    arrays = [
                        _as(array, field.type)
                        for array, field in zip(batch.columns, schema, strict=True)
                    ]
                    yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            self.slices_done += 1

    def copy(self, sql: str, path: Path, first: LiteralString, rest: LiteralString) -> Written:
        """Have the engine write the rows of a select over the statement; `first` are the options
        of the first piece (with a header, if the format has one), `rest` those of the others.

        Each connection makes one slice at a time, its pieces into files of their own; they are put
        together in order as they come.
        """
        free: queue.SimpleQueue[Duck] = queue.SimpleQueue()
        for duck in self.ducks:
            free.put(duck)
        made: list[queue.SimpleQueue[Path | None]] = [queue.SimpleQueue() for _ in self.slices]

        def make(index: int) -> int:
            rows = 0
            duck = free.get()
            try:
                pieces = Pieces(self.slices[index](duck))
                number = 0
                for values in pieces:
                    piece = path.with_suffix(f".{index}-{number}.slice")
                    options = rest if index or number else first
                    try:
                        rows += duck.copy(sql, piece, options, {**values, **rendering.TEXT_VALUES})
                    except EngineMemoryError as error:
                        piece.unlink(missing_ok=True)
                        pieces.too_large(error)
                        continue
                    made[index].put(piece)
                    number += 1
            finally:
                free.put(duck)
                made[index].put(None)
            return rows

        rows = 0
        digest = hashlib.sha256()
        pool = concurrent.futures.ThreadPoolExecutor(len(self.ducks))
        try:
            slices = [pool.submit(make, index) for index in range(len(self.slices))]
            for pieces, rows_of_slice in zip(made, slices, strict=True):
                while piece := pieces.get():
                    _add(path, piece, digest)
                rows += rows_of_slice.result()
                self.slices_done += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for duck in self.ducks:
                duck.interrupt()
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
    if pa.types.is_timestamp(wanted):
        return array.cast(pa.timestamp("ms")).cast(wanted)
    return array.cast(wanted)


Writer = Callable[[Source, Path], Written]
"""Writes the whole file."""


FirstRows = Callable[[Path, int], list[list[str | None]]]
"""Reads at most so many rows of a file; None = empty."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format and dialect of it."""

    name: str
    dialect: str
    ending: str
    media_type: str
    write: Writer
    is_text: bool
    """Whether the engine writes it, so that slices of it can be made side by side."""
    first_rows: FirstRows | None = None
    """How the first rows are read from a whole file as `reading.first_rows` computes them; None
    where a file's cells are not written as there."""


_CSV: LiteralString = "FORMAT csv, NULLSTR '', COMMENT '', QUOTE '\"', ESCAPE '\"', DELIMITER ','"


def _write_machine_csv(source: Source, path: Path) -> Written:
    sql = rendering.machine_select(
        source.statement, source.columns, source.segments, source.headers
    )
    options: LiteralString = _CSV + ", NEW_LINE '\\n'"
    return source.copy(sql, path, options + ", HEADER true", options + ", HEADER false")


def _first_csv_rows(path: Path, rows: int) -> list[list[str | None]]:
    with path.open(encoding="utf-8", newline="") as stream:
        found = itertools.islice(csv.reader(stream), 1, rows + 1)
        return [[cell or None for cell in row] for row in found]


def _write_excel_csv(source: Source, path: Path) -> Written:
    sql = rendering.excel_select(source.statement, source.columns, source.segments, source.headers)
    options: LiteralString = _CSV + ", NEW_LINE '\\r\\n'"
    return source.copy(sql, path, options + ", HEADER true", options + ", HEADER false")


def _write_jsonl(source: Source, path: Path) -> Written:
    sql = rendering.json_select(source.statement, source.columns, source.segments, source.headers)
    return source.copy(sql, path, "FORMAT json", "FORMAT json")


def _write_parquet(source: Source, path: Path) -> Written:
    rows = write_parquet(
        path, source.columns, source.headers, source.batches(), source.time_zone, source.metadata
    )
    return Written(rows, sha256_of(path))


def _write_xlsx(source: Source, path: Path) -> Written:
    # A library that no other format waits for.
    from tawny.exports.xlsx import write_xlsx

    rows = write_xlsx(
        path, source.columns, source.headers, source.batches(), source.time_zone, source.title
    )
    return Written(rows, sha256_of(path))


FORMATS: tuple[FileFormat, ...] = (
    FileFormat("csv", "machine", ".csv", "text/csv", _write_machine_csv, True, _first_csv_rows),
    FileFormat("csv", "excel", ".csv", "text/csv", _write_excel_csv, True),
    FileFormat("jsonl", "machine", ".jsonl", "application/x-ndjson", _write_jsonl, True),
    FileFormat(
        "parquet", "machine", ".parquet", "application/vnd.apache.parquet", _write_parquet, False
    ),
    FileFormat(
        "xlsx",
        "machine",
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _write_xlsx,
        False,
    ),
)

FORMAT_NAMES = tuple(dict.fromkeys(file_format.name for file_format in FORMATS))
DIALECTS = tuple(dict.fromkeys(file_format.dialect for file_format in FORMATS))


def file_format(name: str, dialect: str) -> FileFormat:
    """The format of that name and dialect. Raises `RequestError`."""
    if name not in FORMAT_NAMES:
        raise UnknownValueError("format", name, FORMAT_NAMES)
    if dialect not in DIALECTS:
        raise UnknownValueError("dialect", dialect, DIALECTS)
    for candidate in FORMATS:
        if (candidate.name, candidate.dialect) == (name, dialect):
            return candidate
    raise RequestError(
        "dialect: found {dialect!r} with format {name}; allowed with csv only, leave it out",
        dialect=dialect,
        name=name,
    )


def format_of_file(name: str) -> str:
    """The format a file's ending asks for. Raises `RequestError`."""
    for candidate in FORMATS:
        if name.lower().endswith(candidate.ending):
            return candidate.name
    endings = ", ".join(dict.fromkeys(candidate.ending for candidate in FORMATS))
    raise RequestError(
        "-o: found {name!r}, whose ending names no format; allowed {endings}, or give --format",
        name=name,
        endings=endings,
    )
