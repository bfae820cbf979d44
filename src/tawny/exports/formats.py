"""The file formats: each declares its endings and how it is written."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import pyarrow as pa

from tawny.engine.duck import Duck, Value
from tawny.errors import RequestError, UnknownValueError
from tawny.exports import rendering
from tawny.exports.columns import ARROW_TYPES, Column
from tawny.exports.parquet import write_parquet
from tawny.exports.xlsx import write_xlsx


@dataclass(frozen=True, slots=True)
class Source:
    """A query ready to run on a connection, and what a writer needs to know of the request."""

    duck: Duck
    statement: str
    slices: Sequence[Callable[[], Mapping[str, Value]]]
    """The parts of the range, in order; calling one makes the tables the statement reads for that
    part and returns the values it binds. Their rows one after the other are the export's rows."""
    columns: Sequence[Column]
    segments: rendering.Segments
    """Offsets of the request's time zone."""
    time_zone: str
    headers: str
    title: str
    metadata: Mapping[str, str]
    """What goes into a file that can carry more than its rows."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of the types in `ARROW_TYPES`, named by key."""
        schema = pa.schema([(column.key, ARROW_TYPES[column.type]) for column in self.columns])
        sql = rendering.typed_select(self.statement, self.columns)
        for prepare in self.slices:
            for batch in self.duck.batches(sql, prepare()):
                arrays = [
                    _as(array, field.type)
                    for array, field in zip(batch.columns, schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def copy(self, sql: str, path: Path, first: LiteralString, rest: LiteralString) -> int:
        """Have the engine write the rows of a select over the statement; `first` are the options
        of the first slice (with a header, if the format has one), `rest` those of the others."""
        rows = 0
        for index, prepare in enumerate(self.slices):
            values = {**prepare(), **rendering.TEXT_VALUES}
            if index == 0:
                rows += self.duck.copy(sql, path, first, values)
                continue
            part = path.with_suffix(".slice")
            try:
                rows += self.duck.copy(sql, part, rest, values)
                _append(path, part)
            finally:
                part.unlink(missing_ok=True)
        return rows


def _append(path: Path, part: Path) -> None:
    """Add a file's bytes to the end of another; the kernel copies them."""
    with path.open("r+b") as whole, part.open("rb") as more:
        whole.seek(0, os.SEEK_END)
        left = os.fstat(more.fileno()).st_size
        while left:
            copied = os.sendfile(whole.fileno(), more.fileno(), None, left)
            if copied == 0:
                raise OSError(f"{part} ended {left} bytes early")
            left -= copied


def _as(array: pa.Array[Any], wanted: pa.DataType) -> pa.Array[Any]:
    if pa.types.is_timestamp(wanted):
        return array.cast(pa.timestamp("ms")).cast(wanted)
    return array.cast(wanted)


Writer = Callable[[Source, Path], int]
"""Writes the whole file and returns its number of rows."""


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
    first_rows: FirstRows | None = None
    """How the first rows are read from a whole file as `reading.first_rows` computes them; None
    where a file's cells are not written as there."""


_CSV: LiteralString = "FORMAT csv, NULLSTR '', COMMENT '', QUOTE '\"', ESCAPE '\"', DELIMITER ','"


def _write_machine_csv(source: Source, path: Path) -> int:
    sql = rendering.machine_select(
        source.statement, source.columns, source.segments, source.headers
    )
    options: LiteralString = _CSV + ", NEW_LINE '\\n'"
    return source.copy(sql, path, options + ", HEADER true", options + ", HEADER false")


def _first_csv_rows(path: Path, rows: int) -> list[list[str | None]]:
    with path.open(encoding="utf-8", newline="") as stream:
        found = itertools.islice(csv.reader(stream), 1, rows + 1)
        return [[cell or None for cell in row] for row in found]


def _write_excel_csv(source: Source, path: Path) -> int:
    sql = rendering.excel_select(source.statement, source.columns, source.segments, source.headers)
    options: LiteralString = _CSV + ", NEW_LINE '\\r\\n'"
    return source.copy(sql, path, options + ", HEADER true", options + ", HEADER false")


def _write_jsonl(source: Source, path: Path) -> int:
    sql = rendering.json_select(source.statement, source.columns, source.segments, source.headers)
    return source.copy(sql, path, "FORMAT json", "FORMAT json")


def _write_parquet(source: Source, path: Path) -> int:
    return write_parquet(
        path, source.columns, source.headers, source.batches(), source.time_zone, source.metadata
    )


def _write_xlsx(source: Source, path: Path) -> int:
    return write_xlsx(
        path, source.columns, source.headers, source.batches(), source.time_zone, source.title
    )


FORMATS: tuple[FileFormat, ...] = (
    FileFormat("csv", "machine", ".csv", "text/csv", _write_machine_csv, _first_csv_rows),
    FileFormat("csv", "excel", ".csv", "text/csv", _write_excel_csv),
    FileFormat("jsonl", "machine", ".jsonl", "application/x-ndjson", _write_jsonl),
    FileFormat("parquet", "machine", ".parquet", "application/vnd.apache.parquet", _write_parquet),
    FileFormat(
        "xlsx",
        "machine",
        ".xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _write_xlsx,
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
