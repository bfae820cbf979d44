"""Bodies that come compressed (`Content-Encoding`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast

import pyarrow as pa

from tawny.errors import RequestError
from tawny.server.bodies import TooLargeError

ENCODINGS = ("gzip", "zstd")
_PIECE_BYTES = 256 << 10


def decompressed(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """What a body holds. Raises `TooLargeError` for more than `most_bytes`, having kept none of
    it, and `RequestError` for data that is damaged or ends in the middle."""
    try:
        size = 0
        for piece in _pieces(body, encoding):
            size += len(piece)
            if size > most_bytes:
                raise TooLargeError(
                    "body: found more than {most:,} bytes once decompressed; allowed {most:,} at "
                    "this address, send less at a time",
                    most=most_bytes,
                )
        with _stream(body, encoding) as stream:
            return stream.read(size) if size else b""
    except OSError:
        raise RequestError(
            "body: found {encoding} data that is damaged or ends in the middle; send it again "
            "whole",
            encoding=encoding,
        ) from None


def _pieces(body: bytes, encoding: str) -> Iterator[bytes]:
    with _stream(body, encoding) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


def _stream(body: bytes, encoding: str) -> Any:
    kind = cast(Literal["gzip", "zstd"], encoding)
    return pa.CompressedInputStream(pa.BufferReader(body), kind)
