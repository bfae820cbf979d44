"""The formula guard of the `excel` CSV dialect, and how it is undone exactly.

A spreadsheet runs a cell as a formula when its text starts with `=`, `+`, `-` or `@` (plain or
full-width), also behind a tab or a line end. Such a text gets one `'` put before it. So does a
text that has only `'` before such a character: without this, a text that came with its own `'`
could not be told from a guarded one. Taking one `'` away from what matches is therefore the
exact inverse:

    @ann hello   ->  '@ann hello   ->  @ann hello
    '@ann hello  ->  ''@ann hello  ->  '@ann hello
    'quoted'     ->  'quoted'      ->  'quoted'

Ids, numbers, timestamps and booleans are never guarded: a guard would break the links between
files, and none of them holds what other people typed.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from tawny.errors import RequestError, StorageError, UnreadableInputError
from tawny.exports.columns import Column, ColumnType
from tawny.text import Text

GUARDED_TYPES = frozenset(
    {ColumnType.TEXT, ColumnType.ENUM, ColumnType.URL, ColumnType.TEXT_LIST},
)
"""The column types that are guarded; a list is guarded as the joined text of its cell."""

GUARD_PATTERN = r"\A'*[=+\-@\t\r\n＝＋－＠]"
"""What gets a guard, in the syntax that RE2 (`regexp_matches` of the query engine) and Python
share. The engine binds it as a value, so both sides follow this one definition."""

_GUARDABLE = re.compile(GUARD_PATTERN)

_BOM = b"\xef\xbb\xbf"

_CHUNK_BYTES = 1 << 20

_CELL = re.compile(
    rb"""("(?:[^"]+|"")*+"|[^,"\r\n]*+)  # a quoted cell, or a plain one
         (,|\r\n|\r|\n)                  # and what ends it""",
    re.VERBOSE,
)

_LAST_CELL = re.compile(rb'"(?:[^"]+|"")*+"|[^,"\r\n]*+')

_BROKEN_CELL = re.compile(rb'[^,"\r\n]++"|"(?:[^"]+|"")*+"[^",\r\n]')


def guard(text: str) -> str:
    """The text as the `excel` dialect writes it."""
    return "'" + text if _GUARDABLE.match(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given: `unguard(guard(text)) == text` for every text."""
    return text[1:] if text.startswith("'") and _GUARDABLE.match(text) else text


def unguard_file(
    source: Path,
    target: Path,
    layouts: Mapping[tuple[str, ...], Sequence[Column]],
) -> int:
    """Take the guards out of a CSV file of the `excel` dialect; how many cells had one.

    `layouts` maps every known header row to its columns: the header says which columns are
    guarded. Every byte outside the cells that had a guard stays as it was. Memory does not grow
    with the file. `target` appears when it is whole, and may be `source`.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        reader = source.open("rb")
    except OSError as error:
        raise UnreadableInputError(
            "{source}: cannot be read ({error}); give a CSV file written with --dialect excel",
            source=source,
            error=error,
        ) from error
    try:
        with reader, part.open("xb") as writer:
            restored = _copy_without_guards(reader, writer, source, layouts)
            writer.flush()
            os.fsync(writer.fileno())
        part.replace(target)
    except OSError as error:
        raise StorageError(
            "{target}: cannot be written ({error}); free some space or choose another folder",
            target=target,
            error=error,
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return restored


def _copy_without_guards(
    reader: BinaryIO,
    writer: BinaryIO,
    source: Path,
    layouts: Mapping[tuple[str, ...], Sequence[Column]],
) -> int:
    if _read(reader, len(_BOM), source) != _BOM:
        raise RequestError(
            "{source}: found no byte order mark at its start, so it was not written with "
            "--dialect excel and holds no guards; use it as it is",
            source=source,
        )
    writer.write(_BOM)
    guarded: tuple[bool, ...] | None = None
    restored = 0
    for number, (cells, ends) in enumerate(_records(reader, source), start=1):
        if guarded is None:
            guarded = _guarded_columns(cells, source, layouts)
        elif len(cells) != len(guarded):
            # A blank line is no record: it is passed on like every other byte.
            if cells != [b""]:
                raise UnreadableInputError(
                    "{source}: record {number} has {count} cells, the header row has {width}; "
                    "export the file again",
                    source=source,
                    number=number,
                    count=len(cells),
                    width=len(guarded),
                )
        else:
            for index, cell in enumerate(cells):
                if guarded[index] and cell.startswith((b"'", b"\"'")):
                    changed = _unguarded_cell(cell, source, number)
                    restored += changed != cell
                    cells[index] = changed
        writer.write(b"".join([piece for pair in zip(cells, ends, strict=True) for piece in pair]))
    if guarded is None:
        _guarded_columns([b""], source, layouts)
    return restored


def _guarded_columns(
    cells: Sequence[bytes],
    source: Path,
    layouts: Mapping[tuple[str, ...], Sequence[Column]],
) -> tuple[bool, ...]:
    """Which columns are guarded, by the header row."""
    header = tuple(_text(cell, source, 1) for cell in cells)
    columns = layouts.get(header)
    if columns is None:
        found: Text | str = ", ".join(repr(name[:40]) for name in header[:3])
        if len(header) > 3:
            found = Text("{names} and {count} more", names=found, count=len(header) - 3)
        raise RequestError(
            "{source}: its first row is not the header row of an export (found {found}); "
            "give a comma-separated file written with --dialect excel, header row unchanged",
            source=source,
            found=found,
        )
    return tuple(column.type in GUARDED_TYPES for column in columns)


def _unguarded_cell(cell: bytes, source: Path, record: int) -> bytes:
    text = _text(cell, source, record)
    bare = unguard(text)
    if bare == text:
        return cell
    raw = bare.encode()
    if re.search(rb'[,"\r\n]', raw):
        return b'"' + raw.replace(b'"', b'""') + b'"'
    return raw


def _text(cell: bytes, source: Path, record: int) -> str:
    raw = cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableInputError(
            "{source}: record {record} is not UTF-8; give the file as --dialect excel wrote it",
            source=source,
            record=record,
        ) from error


def _records(reader: BinaryIO, source: Path) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """The cells of each record as they stand in the file, and the bytes that end each cell."""
    cells: list[bytes] = []
    ends: list[bytes] = []
    for cell, end in _cells(reader, source):
        cells.append(cell)
        ends.append(end)
        if end != b",":
            if end or cells != [b""]:
                yield cells, ends
            cells, ends = [], []


def _cells(reader: BinaryIO, source: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each cell with the comma or line end behind it; the last one of a file may have none."""
    data = b""
    position = 0
    wanted = _CHUNK_BYTES
    while chunk := _read(reader, wanted, source):
        data += chunk
        # A CR at the very end may be half of a CRLF: it waits for the next bytes.
        limit = len(data) - data.endswith(b"\r")
        while found := _CELL.match(data, position, limit):
            yield found.group(1), found.group(2)
            position = found.end()
        if _BROKEN_CELL.match(data, position):
            break
        # A cell longer than what was read: reading twice as much keeps the effort linear.
        wanted = _CHUNK_BYTES if position else max(wanted, len(data))
        data = data[position:]
        position = 0
    while found := _CELL.match(data, position):
        yield found.group(1), found.group(2)
        position = found.end()
    if not _LAST_CELL.fullmatch(data, position):
        raise UnreadableInputError(
            "{source}: a cell is not quoted as CSV asks, near {data!r}; export the file again",
            source=source,
            data=data[position : position + 40].decode(errors="replace"),
        )
    yield data[position:], b""


def _read(reader: BinaryIO, size: int, source: Path) -> bytes:
    try:
        return reader.read(size)
    except OSError as error:
        raise UnreadableInputError(
            "{source}: cannot be read ({error}); give a CSV file written with --dialect excel",
            source=source,
            error=error,
        ) from error
