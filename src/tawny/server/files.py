"""A file over HTTP: whole or in part, resumed when a download breaks, not sent twice."""

from __future__ import annotations

import re
import urllib.parse
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from litestar import Request, Response
from litestar.response import Stream

from tawny.errors import NotFoundError
from tawny.exports.formats.registry import file_format
from tawny.people.callers import Caller
from tawny.server.problems import problem_response
from tawny.server.services import Services
from tawny.text import Text

_CHUNK = 256 << 10
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `[start, end)` of a file; `whole` when nobody asked for less."""

    start: int
    end: int
    whole: bool


class UnsatisfiableError(Exception):
    """The range asked for begins after the end of the file."""


def part_of(headers: Mapping[str, str], size: int, etag: str) -> ByteRange:
    """What a request asks for. A range that is not understood, or several, mean the whole file;
    so does an `If-Range` of another file."""
    text = headers.get("range")
    match = _RANGE.fullmatch(text.strip()) if text else None
    condition = headers.get("if-range")
    if match is None or not any(match.groups()) or (condition and condition.strip() != etag):
        return ByteRange(0, size, whole=True)
    first, last = match.groups()
    if first == "":
        length = int(last)
        if length == 0 or size == 0:
            raise UnsatisfiableError
        return ByteRange(max(0, size - length), size, whole=False)
    start = int(first)
    end = size if last == "" else min(int(last) + 1, size)
    if last != "" and int(last) < start:
        return ByteRange(0, size, whole=True)
    if start >= size:
        raise UnsatisfiableError
    return ByteRange(start, end, whole=False)


def unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the caller has this very file already."""
    known = headers.get("if-none-match")
    if known is None:
        return False
    names = [name.strip().removeprefix("W/") for name in known.split(",")]
    return "*" in names or etag in names


def disposition(name: str) -> str:
    """`Content-Disposition` for a download, for old readers and new ones (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9 ._+\-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name)}"


def run_file(
    request: Request[Any, Any, Any], services: Services, caller: Caller, run_id: str
) -> Response[Any]:
    """The file of a run, whole or the part that was asked for; writes down who downloads it."""
    method = request.method
    run, path = services.runs.ready_file(caller, run_id)
    etag = f'"{run.sha256}"'
    try:
        answer = file_answer(
            path, run.file_name or path.name, run.media_type or "application/octet-stream", etag,
            request.headers, method,
        )  # fmt: skip
    except UnsatisfiableError:
        return problem_response(
            request, 416,
            Text("Range: found one beyond the end; the file has {bytes} bytes",
                 bytes=run.size_bytes),
            headers={"Content-Range": f"bytes */{run.size_bytes}"},
        )  # fmt: skip
    if method == "GET" and answer.status_code != 304:
        services.audit.record(
            caller, "file_downloaded", run_id, file=run.file_name,
            range=request.headers.get("range"),
        )  # fmt: skip
    return answer


def part_file(
    request: Request[Any, Any, Any], services: Services, caller: Caller, run_id: str, export: str
) -> Response[Any]:
    """The file of one export of an archive, as it is read from there; writes down who downloads
    it."""
    run, path = services.runs.ready_file(caller, run_id)
    found = next((f for f in (run.receipt or {}).get("files", ()) if f["export"] == export), None)
    if found is None or "sha256" not in found:
        raise NotFoundError(
            "this export has no file of {export} by itself; download it as a whole", export=export
        )
    etag = f'"{found["sha256"]}"'
    kind = file_format(run.format, run.dialect)
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(found["file"]),
    }
    if unchanged(request.headers, etag):
        return Stream(_nothing(), status_code=304, headers=headers, media_type=kind.media_type)
    services.audit.record(caller, "file_downloaded", run_id, file=found["file"])
    headers["Content-Length"] = str(found["bytes"])
    return Stream(_member(path, found["file"]), headers=headers, media_type=kind.media_type)


def _member(path: Path, name: str) -> Iterator[bytes]:
    """The bytes of a file in an archive; the server takes them in a thread."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
        while data := stream.read(_CHUNK):
            yield data


def file_answer(
    path: Path, name: str, media_type: str, etag: str, headers: Mapping[str, str], method: str
) -> Stream:
    """The answer to a GET or HEAD of a file."""
    size = path.stat().st_size
    common = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(name),
    }
    if unchanged(headers, etag):
        return Stream(_nothing(), status_code=304, headers=common, media_type=media_type)
    part = part_of(headers, size, etag)
    common["Content-Length"] = str(part.end - part.start)
    if not part.whole:
        common["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    return Stream(
        _nothing() if method == "HEAD" else _bytes(path, part),
        status_code=200 if part.whole else 206,
        headers=common,
        media_type=media_type,
    )


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _bytes(path: Path, part: ByteRange) -> AsyncIterator[bytes]:
    left = part.end - part.start
    async with await anyio.open_file(path, "rb") as stream:
        await stream.seek(part.start)
        while left > 0:
            data = await stream.read(min(_CHUNK, left))
            if not data:
                return
            left -= len(data)
            yield data
