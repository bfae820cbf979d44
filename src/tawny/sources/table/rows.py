"""The rows of a table, one by one, wherever they lie; each with a name by which a person finds
it."""

from __future__ import annotations

import contextlib
import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import msgspec

from tawny.errors import RequestError, UnreadableInputError
from tawny.sources.reader import SourceError
from tawny.sources.table.mapping import Input
from tawny.text import Text

MOST_CHARS = 16_000_000
"""Of a line of JSON, or of a cell."""
_PEEKED = 1_000
"""So many objects are looked at for the names of their fields."""

Row = Mapping[str, Any]


class NamedRow(NamedTuple):
    """A row and where it lies; a reason instead of cells when it cannot be read."""

    name: str
    cells: Row
    reason: Text | None = None


class RowPlace(NamedTuple):
    """Where a row stands by the cursor: microseconds since 1970 UTC, or a number that grows."""

    at: int
    is_time: bool


class TableRows(Protocol):
    """Where rows come from."""

    title: str
    is_ordered: bool
    """Whether rows come in the order of the cursor."""
    share: float | None
    """How much of everything is read, from 0 to 1, where that is known."""

    def columns(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The columns there are, of each part (a file) by its name."""

    def rows(self, after: RowPlace | None, /) -> Iterator[NamedRow]:
        """All rows, or, where that is cheap, those at or after a place."""

    def close(self) -> None:
        """Let go of it."""


class FileRows:
    """The rows of files, a file after the other in the order of their names."""

    def __init__(self, given: Input, folder: Path) -> None:
        self._given = given
        pattern = folder / str(given.path)
        found = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
        self._paths = sorted(one for one in found if one.is_file())
        if not self._paths:
            raise UnreadableInputError(
                "input, path: {pattern}: there is no such file; allowed a path from the folder of "
                "the mapping file, with * and ?",
                pattern=pattern,
            )
        for path in self._paths:
            if _kind_of(path) is None:
                raise UnreadableInputError(
                    "input, path: {path}: allowed names that end in {endings}, also with .gz",
                    path=path,
                    endings=", ".join(_KINDS),
                )
        self.title = str(given.path)
        self.is_ordered = False
        self.share: float | None = 0.0
        self._sizes = [max(1, path.stat().st_size) for path in self._paths]

    def close(self) -> None:
        """Nothing stays open between two calls."""

    def columns(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The heads of the files; of JSON the fields of its first objects."""
        return [(path.name, self._columns(path)) for path in self._paths]

    def rows(self, _after: RowPlace | None, /) -> Iterator[NamedRow]:
        """All rows; files have no order that one could begin in."""
        total, done = sum(self._sizes), 0
        for path, size in zip(self._paths, self._sizes, strict=True):
            with self._readable(path):
                for row, place in self._of_file(path):
                    self.share = min(1.0, (done + min(place, size)) / total)
                    yield row
            done += size
        self.share = 1.0

    def _columns(self, path: Path) -> Sequence[str]:
        with self._readable(path):
            kind = _kind_of(path)
            if kind == "parquet":
                import pyarrow.parquet as pq

                return list(pq.read_schema(path).names)
            if kind == "csv":
                with _opened(path) as (stream, _):
                    return next(self._csv(stream), (0, []))[1]
            found: dict[str, None] = {}
            for number, (row, _) in enumerate(self._json(path)):
                if number >= _PEEKED:
                    break
                found |= dict.fromkeys(row.cells)
            return list(found)

    def _of_file(self, path: Path) -> Iterator[tuple[NamedRow, int]]:
        kind = _kind_of(path)
        if kind == "parquet":
            yield from _parquet(path)
        elif kind == "csv":
            yield from self._cells(path)
        else:
            yield from self._json(path)

    def _cells(self, path: Path) -> Iterator[tuple[NamedRow, int]]:
        with _opened(path) as (stream, raw):
            lines = self._csv(stream)
            _, head = next(lines, (0, []))
            for line, cells in lines:
                if cells:
                    yield self._row(f"{path.name} line {line}", head, cells), raw.tell()

    def _row(self, name: str, head: Sequence[str], cells: Sequence[str]) -> NamedRow:
        if len(cells) != len(head):
            reason = Text("found {found} cells; allowed {allowed}, as the first line has",
                          found=len(cells), allowed=len(head))  # fmt: skip
            return NamedRow(name, {}, reason)
        if any(_is_undecoded(cell) for cell in cells):
            reason = Text("is not {encoding}; save it so, or say its encoding in the mapping",
                          encoding=self._given.encoding)  # fmt: skip
            return NamedRow(name, {}, reason)
        return NamedRow(name, dict(zip(head, cells, strict=True)))

    def _csv(self, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        """Lines with their number; a byte that is no text stays recognisable."""
        import io

        encoding = self._given.encoding
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        csv.field_size_limit(MOST_CHARS)
        reader = csv.reader(text, delimiter=self._given.delimiter)
        for cells in reader:
            yield reader.line_num, cells

    def _json(self, path: Path) -> Iterator[tuple[NamedRow, int]]:
        decode = msgspec.json.Decoder().decode
        with _opened(path) as (stream, raw):
            number = 0
            while line := stream.readline(MOST_CHARS):
                number += 1
                name = f"{path.name} line {number}"
                if len(line) >= MOST_CHARS and not line.endswith(b"\n"):
                    while (rest := stream.readline(MOST_CHARS)) and not rest.endswith(b"\n"):
                        pass
                    reason = Text("is longer than {most:,} characters", most=MOST_CHARS)
                    yield NamedRow(name, {}, reason), raw.tell()
                    continue
                if not line.strip():
                    continue
                try:
                    found = decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    found = None
                if isinstance(found, dict):
                    yield NamedRow(name, _flat(found)), raw.tell()
                else:
                    yield NamedRow(name, {}, Text("is no JSON object")), raw.tell()

    @contextlib.contextmanager
    def _readable(self, path: Path) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (OSError, EOFError, csv.Error, UnicodeError, pa.ArrowException) as error:
            reason = error if isinstance(error, OSError) else str(error)
            raise SourceError("{path}: {reason}", path=path, reason=reason) from None


_KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}


def _kind_of(path: Path) -> str | None:
    return _KINDS.get(path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """What is in a file, and the file itself, whose place says how far it is read."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield stream, raw  # type: ignore[misc]
        else:
            yield raw, raw


def _is_undecoded(cell: str) -> bool:
    return not cell.isascii() and any("\udc80" <= sign <= "\udcff" for sign in cell)


def _flat(found: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Fields of objects in objects by their path: `author.id`."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat


def _parquet(path: Path) -> Iterator[tuple[NamedRow, int]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        number, total = 0, max(1, file.metadata.num_rows)
        size = path.stat().st_size
        for batch in file.iter_batches(batch_size=2_000):
            for row in batch.to_pylist():
                number += 1
                yield NamedRow(f"{path.name} row {number}", _flat(row)), size * number // total


def checked_columns(
    parts: Sequence[tuple[str, Sequence[str]]], named: Sequence[tuple[str, str]]
) -> None:
    """Refuse a column that the mapping names and a part lacks, with those there are. Raises
    `RequestError`."""
    for part, columns in parts:
        twice = sorted({one for one in columns if list(columns).count(one) > 1})
        if twice:
            raise RequestError(
                "{part}: found the column {column!r} twice; allowed names that differ",
                part=part, column=twice[0],
            )  # fmt: skip
        for column, place in named:
            if column not in columns:
                raise RequestError(
                    "--mapping: {place}: found the column {column!r}, which {part} has not; it has "
                    "{columns}",
                    place=place, column=column, part=part, columns=", ".join(columns) or "-",
                )  # fmt: skip
