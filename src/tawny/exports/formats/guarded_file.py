"""CSV files of the dialects for spreadsheets, and their exact texts without the guards."""

from __future__ import annotations

import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tawny.errors import RequestError, StorageError, UnreadableInputError
from tawny.private import as_users_own
from tawny.queries.columns import HEADER_STYLES, Column
from tawny.queries.guard import GUARDS, Guard, unguard
from tawny.text import Text

_BOM = b"\xef\xbb\xbf"

_CHUNK_BYTES = 1 << 20

_HEAD_BYTES = 1 << 16
"""More than any header row has."""

Layout = Sequence[Column]
"""The columns of an export, in order; a file may have some of them."""


class _Separated:
    """How cells are told apart in a file with that byte between them."""

    def __init__(self, delimiter: bytes, special: bytes | None = None) -> None:
        self.delimiter = delimiter
        plain = rb'[^"\r\n' + delimiter + rb"]"
        quoted = rb'"(?:[^"]+|"")*+"'
        any_cell = quoted + rb"|" + plain + rb"*+"
        ends = rb"|".join([delimiter, rb"\r\n|\r|\n"] if delimiter else [rb"\r\n|\r|\n"])
        self.cell = re.compile(rb"(" + any_cell + rb")(" + ends + rb")")
        self.last_cell = re.compile(any_cell)
        self.broken_cell = re.compile(plain + rb'++"|' + quoted + rb'[^"\r\n' + delimiter + rb"]")
        self.quoted_for = re.compile(
            rb'["\r\n' + (delimiter if special is None else special) + rb"]"
        )


_DIALECTS = (_Separated(b","), _Separated(b";"))
_ONE_COLUMN = _Separated(b"", special=b",;")
"""A file of one column does not show what would stand between two."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is being read: where it lies, its bytes, and how they are told apart."""

    path: Path
    reader: BinaryIO
    head: bytes
    separated: _Separated


def unguard_file(
    source: Path,
    target: Path,
    layouts: Iterable[Layout],
) -> int:
    """Take the guards out of a CSV file for spreadsheets; how many cells had one.

    `layouts` are the columns of every export: the header row, which may have some of an export's
    columns in its order, says which of them are guarded, and what stands between cells. Every byte
    outside the cells that had a guard stays as it was. Memory does not grow with the file.
    `target` appears when it is whole, and may be `source`.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        reader = source.open("rb")
    except OSError as error:
        raise _unreadable(source, error) from error
    try:
        with reader, part.open("xb") as writer:
            restored = _copy_without_guards(reader, writer, source, tuple(layouts))
            writer.flush()
            os.fsync(writer.fileno())
        as_users_own(part)
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
    reader: BinaryIO, writer: BinaryIO, source: Path, layouts: Sequence[Layout]
) -> int:
    if _read(reader, len(_BOM), source) != _BOM:
        raise RequestError(
            "{source}: found no byte order mark at its start, so it was not written with "
            "--dialect excel and holds no guards; use it as it is",
            source=source,
        )
    writer.write(_BOM)
    head = _read(reader, _HEAD_BYTES, source)
    file, guards = _recognised(source, reader, head, layouts)
    restored = 0
    for number, (cells, ends) in enumerate(_records(file), start=1):
        if number > 1 and len(cells) != len(guards):
            # A blank line is no record: it is passed on like every other byte.
            if cells != [b""]:
                raise UnreadableInputError(
                    "{source}: record {number} has {count} cells, the header row has {width}; "
                    "export the file again",
                    source=source,
                    number=number,
                    count=len(cells),
                    width=len(guards),
                )
        elif number > 1:
            for index, cell in enumerate(cells):
                how = guards[index]
                if how is not None and cell.startswith((b"'", b"\"'", b'"=')):
                    changed = _unguarded_cell(file, cell, how, number)
                    restored += changed != cell
                    cells[index] = changed
        writer.write(b"".join([piece for pair in zip(cells, ends, strict=True) for piece in pair]))
    return restored


def _recognised(
    source: Path, reader: BinaryIO, head: bytes, layouts: Sequence[Layout]
) -> tuple[_File, Sequence[Guard | None]]:
    """The file by its header row, and how each of its columns is guarded."""
    headers: list[tuple[str, ...]] = []
    for separated in _DIALECTS:
        # The header row alone: what follows it may be anything yet.
        file = _File(source, io.BytesIO(), head, separated)
        try:
            cells = next(_records(file), ([b""], []))[0]
            header = tuple(_text(cell, source, 1) for cell in cells)
        except UnreadableInputError:
            continue
        headers.append(header)
        for layout in layouts:
            for style in HEADER_STYLES:
                columns = _columns_under(header, layout, style)
                if columns is not None:
                    guards = [GUARDS.get(column.type) for column in columns]
                    if not columns[1:]:
                        separated = _ONE_COLUMN
                    return _File(source, reader, head, separated), guards
    header = max(headers, key=len, default=("",))
    found: Text | str = ", ".join(repr(name[:40]) for name in header[:3])
    if len(header) > 3:
        found = Text("{names} and {count} more", names=found, count=len(header) - 3)
    raise RequestError(
        "{source}: its first row is not the header row of an export (found {found}); "
        "give a file written with --dialect excel or excel-semicolon, header row unchanged",
        source=source,
        found=found,
    )


def _columns_under(header: Sequence[str], layout: Layout, style: str) -> list[Column] | None:
    """The columns of a layout that a header row names, in its order; None for other names."""
    rest = iter(layout)
    columns = []
    for name in header:
        column = next((one for one in rest if one.headers.get(style) == name), None)
        if column is None:
            return None
        columns.append(column)
    return columns


def _unguarded_cell(file: _File, cell: bytes, how: Guard, record: int) -> bytes:
    text = _text(cell, file.path, record)
    bare = unguard(text, how)
    if bare == text:
        return cell
    raw = bare.encode()
    if file.separated.quoted_for.search(raw):
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


def _records(file: _File) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """The cells of each record as they stand in the file, and the bytes that end each cell."""
    cells: list[bytes] = []
    ends: list[bytes] = []
    for cell, end in _cells(file):
        cells.append(cell)
        ends.append(end)
        if not end or end != file.separated.delimiter:
            if end or cells != [b""]:
                yield cells, ends
            cells, ends = [], []


def _cells(file: _File) -> Iterator[tuple[bytes, bytes]]:
    """Each cell with the delimiter or line end behind it; the last one of a file may have none."""
    separated = file.separated
    data = b""
    position = 0
    wanted = _CHUNK_BYTES
    chunk = file.head or _read(file.reader, wanted, file.path)
    while chunk:
        data += chunk
        # A CR at the very end may be half of a CRLF: it waits for the next bytes.
        limit = len(data) - data.endswith(b"\r")
        while found := separated.cell.match(data, position, limit):
            yield found.group(1), found.group(2)
            position = found.end()
        if separated.broken_cell.match(data, position):
            break
        # A cell longer than what was read: reading twice as much keeps the effort linear.
        wanted = _CHUNK_BYTES if position else max(wanted, len(data))
        data = data[position:]
        position = 0
        chunk = _read(file.reader, wanted, file.path)
    while found := separated.cell.match(data, position):
        yield found.group(1), found.group(2)
        position = found.end()
    if not separated.last_cell.fullmatch(data, position):
        raise UnreadableInputError(
            "{source}: a cell is not quoted as CSV asks, near {data!r}; export the file again",
            source=file.path,
            data=data[position : position + 40].decode(errors="replace"),
        )
    yield data[position:], b""


def _read(reader: BinaryIO, size: int, source: Path) -> bytes:
    try:
        return reader.read(size)
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> UnreadableInputError:
    return UnreadableInputError(
        "{source}: cannot be read ({error}); give a CSV file written with --dialect excel",
        source=source,
        error=error,
    )
