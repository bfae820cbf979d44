"""The check of an erasure: every byte of every file under the data folder is looked through for the
texts that the log held of the contact.

Files that pack their bytes are looked into: the members of archives and workbooks. Parquet files
pack too; those of the log are looked at column by column (`tawny.engine.erasure`), and files of
exports with the contact in them are deleted by the purge.
"""

from __future__ import annotations

import json
import mmap
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ahocorasick_rs import BytesAhoCorasick

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
                size_bytes += len(content)
                for number in {match[0] for match in searcher.find_matches_as_indexes(content)}:
                    found.setdefault(piece_of[wanted[number]], set()).add(name)
        except FileNotFoundError:
            continue
        except (OSError, zipfile.BadZipFile):
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


def _contents(path: Path) -> Iterator[mmap.mmap | bytes]:
    """The bytes of a file; those of its members where it is an archive or a workbook."""
    if path.stat().st_size == 0:
        return
    with path.open("rb") as stream:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as member:
                        yield from _overlapping(member)


def _overlapping(stream: IO[bytes]) -> Iterator[bytes]:
    """What a stream holds, a part at a time, so that nothing is cut where two parts meet."""
    before = b""
    while part := stream.read(_READ_BYTES):
        yield before + part
        before = part[-_OVERLAP_BYTES:]
