"""Inputs of an ingest: files and standard input, plain or compressed, as blocks of whole lines."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from tawny.errors import UnreadableInputError
from tawny.model.refusals import Refusal
from tawny.text import Text

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 4 << 20
LONGEST_LINE_BYTES = 64 << 20
"""A longer line is refused, and what follows it is read."""

ENDLESS_LINE_BYTES = 4 << 30
"""After so much without an end of line nobody expects one."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RULE = Text("newline-delimited JSON, plain, .gz or .zst")


class InputFile:
    """One input; `-` is standard input. Nothing is read before `blocks`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.read_bytes = 0
        """How much of the file, as it lies on disk, has been read."""
        self.size_bytes: int | None = None
        self.refusals: list[Refusal] = []
        """Lines that were too long to be read; in the blocks they are blank."""
        if name == "-":
            return
        path = Path(name)
        if path.is_dir():
            raise UnreadableInputError(
                "{name}: found a folder; allowed a file of {rule}", name=name, rule=_RULE
            )
        if path.is_fifo():
            return  # opening it and closing it again would be its end
        try:
            with path.open("rb"):
                pass
            if path.is_file():
                self.size_bytes = path.stat().st_size
        except OSError as error:
            raise UnreadableInputError(
                "{name}: {error}; allowed a readable file of {rule}",
                name=name,
                error=error,
                rule=_RULE,
            ) from error

    def blocks(self) -> Iterator[bytes]:
        """Whole lines, some megabytes at a time; the last line may lack its end.

        Raises `UnreadableInputError` for binary data, damaged compression and an endless line; what
        was yielded before is good. Lines that are too long are in `refusals` afterwards.
        """
        if self.name == "-":
            yield from self._lines(sys.stdin.buffer)
            return
        try:
            with Path(self.name).open("rb") as stream:
                yield from self._lines(stream)
        except OSError as error:
            raise UnreadableInputError("{name}: {error}", name=self.name, error=error) from error

    def _lines(self, raw: BinaryIO) -> Iterator[bytes]:
        stream = self._plain(raw)
        rest = b""
        skipped_bytes = 0
        first = True
        line = 1
        while True:
            try:
                data = stream.read(BLOCK_BYTES)
            except OSError as error:
                where = (
                    Text("from the start")
                    if line == 1
                    else Text("after line {line}", line=line - 1)
                )
                raise UnreadableInputError(
                    "{name}: the data is damaged {where} ({error}); what came before it is kept, "
                    "send the whole file again",
                    name=self.name,
                    where=where,
                    error=error,
                ) from error
            if first:
                if b"\0" in data[:8192]:
                    raise UnreadableInputError(
                        "{name}: found binary data; allowed {rule}", name=self.name, rule=_RULE
                    )
                data = data.removeprefix(_BYTE_ORDER_MARK)
                first = False
            if not data:
                break
            if skipped_bytes:
                start = data.find(b"\n")
                skipped_bytes += len(data) if start < 0 else start
                if skipped_bytes > ENDLESS_LINE_BYTES:
                    raise UnreadableInputError(
                        "{name}: line {line} is longer than {most} MB; allowed {rule}",
                        name=self.name,
                        line=line,
                        most=ENDLESS_LINE_BYTES >> 20,
                        rule=_RULE,
                    )
                if start < 0:
                    continue
                data, skipped_bytes = data[start:], 0
            end = data.rfind(b"\n") + 1
            if end:
                block = rest + data[:end]
                line += block.count(b"\n")
                rest = data[end:]
                yield block
            else:
                rest += data
                if len(rest) > LONGEST_LINE_BYTES:
                    self.refusals.append(_too_long(line))
                    rest, skipped_bytes = b"", len(rest)
        if rest:
            yield rest

    def _plain(self, raw: BinaryIO) -> io.BufferedReader[Any] | pa.CompressedInputStream:
        """The stream, decompressed when it begins like gzip or zstd. Arrow's decompression reports
        an end in the middle of the data, which others pass over in silence."""
        buffered = io.BufferedReader(_Counted(raw, self), 1 << 20)
        start = buffered.peek(4)[:4]
        if start.startswith(_GZIP):
            return pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), "gzip")
        if start.startswith(_ZSTD):
            return pa.CompressedInputStream(pa.PythonFile(buffered, mode="r"), "zstd")
        return buffered


def _too_long(line: int) -> Refusal:
    most = LONGEST_LINE_BYTES >> 20
    return Refusal(
        line,
        "event",
        Text("a line of more than {most} MB", most=most),
        Text("at most {most} MB", most=most),
    )


class _Counted(io.RawIOBase):
    """A stream that tells its input how far it has been read."""

    def __init__(self, raw: BinaryIO, source: InputFile) -> None:
        self._raw = raw
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        # What is there now, not what fills the buffer: a pipe may be slow.
        data = self._raw.read1(len(view)) if isinstance(self._raw, io.BufferedReader) else b""
        view[: len(data)] = data
        self._source.read_bytes += len(data)
        return len(data)
