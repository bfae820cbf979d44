"""The check of an erasure: every byte of every file under the data folder is looked through for the
texts that the log held of the contact.

Files that pack their bytes are looked into: the members of archives and workbooks, what gzip and
zstd compress, and every column of texts of a Parquet file.
"""

from __future__ import annotations

import gzip
import json
import mmap
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ahocorasick_rs import BytesAhoCorasick
from typing_extensions import Buffer

SHORTEST_CHARACTERS = 8
"""What is shorter stands in many files by chance."""
PIECE_CHARACTERS = 40
"""A database keeps the rest of a long text on another page: pieces of it are looked for."""
_READ_BYTES = 16 << 20
_OVERLAP_BYTES = 4096
"""More than any piece takes, however it is written."""


@dataclass(frozen=True, slots=True)
class LookedThrough:
    """What a look through a folder was."""

    files: int
    size_bytes: int
    found: Mapping[str, frozenset[str]]
    """The pieces of texts that were found, each with the files it stands in, relative to the
    folder."""
    unreadable: tuple[str, ...]
    """Files that could not be read."""


def is_telling(text: str) -> bool:
    """Whether a text is long enough to be looked for."""
    return len(text) >= SHORTEST_CHARACTERS


def look_through(folder: Path, texts: Iterable[str]) -> LookedThrough:
    """Look for texts in every file under a folder: as they are, and as JSON writes them. Files
    that go away meanwhile hold nothing any more."""
    piece_of = {
        written: piece for text in texts for piece in _pieces(text) for written in _written(piece)
    }
    wanted = list(piece_of)
    searcher = BytesAhoCorasick(wanted)
    files, size_bytes, unreadable = 0, 0, []
    found: dict[str, set[str]] = {}
    for path in _files_under(folder):
        name = path.relative_to(folder).as_posix()
        try:
            for content in _contents(path):
                size_bytes += memoryview(content).nbytes
                for number in {match[0] for match in searcher.find_matches_as_indexes(content)}:
                    found.setdefault(piece_of[wanted[number]], set()).add(name)
        except FileNotFoundError:
            continue
        except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowException):
            if not path.exists():
                continue
            unreadable.append(name)
        files += 1
    return LookedThrough(
        files,
        size_bytes,
        {piece: frozenset(names) for piece, names in found.items()},
        tuple(unreadable),
    )


def _pieces(text: str) -> set[str]:
    last = max(0, len(text) - PIECE_CHARACTERS)
    return {text[start : start + PIECE_CHARACTERS] for start in (0, last // 2, last)}


def _written(piece: str) -> set[bytes]:
    escaped = (json.dumps(piece, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    return {text.encode("utf-8", "surrogatepass") for text in (piece, *escaped)}


def _files_under(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _contents(path: Path) -> Iterator[Buffer]:
    """The bytes of a file, and what they mean where they are packed."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as stream:
        begin = stream.read(4)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped
    if begin == b"PAR1":
        yield from _texts_of_parquet(path)
    elif begin[:2] == b"\x1f\x8b":
        with gzip.open(path) as unpacked:
            yield from _overlapping(unpacked.read)
    elif begin == b"\x28\xb5\x2f\xfd":
        with (
            pa.OSFile(str(path), "rb") as packed,
            pa.CompressedInputStream(packed, "zstd") as unpacked,
        ):
            yield from _overlapping(unpacked.read)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as member:
                    yield from _overlapping(member.read)


def _texts_of_parquet(path: Path) -> Iterator[Buffer]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for column in batch.columns:
                while pa.types.is_list(column.type):
                    column = pc.list_flatten(column)
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    values = column.buffers()[2]
                    if values is not None:
                        yield memoryview(values).cast("B")


def _overlapping(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """What a stream holds, a part at a time, so that nothing is cut where two parts meet."""
    before = b""
    while part := read(_READ_BYTES):
        yield before + part
        before = part[-_OVERLAP_BYTES:]
