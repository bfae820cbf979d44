"""`tawny sample`: a simulated care centre to try things with."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, cast

from tawny.disk import translated_os_errors
from tawny.errors import RequestError
from tawny.model.zones import from_ms, moment_ms, requested_zone
from tawny.private import as_users_own
from tawny.sample import SampleRequest, sample_blocks

_CODECS: dict[str, Literal["gzip", "zstd"]] = {".gz": "gzip", ".zst": "zstd"}


def sample(conversations: int, start: str, end: str, output: str, seed: int) -> None:
    """Write the events of a simulated care centre; the options are those of `tawny sample`."""
    utc = requested_zone("UTC")
    request = SampleRequest(
        conversations=conversations,
        start=from_ms(moment_ms("from", start, utc)),
        end=from_ms(moment_ms("to", end, utc)),
        seed=seed,
    )
    with opened(output) as stream:
        for block in sample_blocks(request):
            stream.write(block)


@contextmanager
def opened(output: str) -> Iterator[BinaryIO]:
    """A file for writing that appears under its name when it is whole; `-` is standard output."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    if target.is_dir():
        raise RequestError(
            "-o: found {target}, which is a folder; name a file in it", target=target
        )
    if target.exists() and not target.is_file():  # a pipe or a device is not replaced
        with translated_os_errors(output), target.open("wb") as raw:
            yield raw
        return
    work = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with translated_os_errors(output):
            with work.open("wb") as raw:
                codec = _CODECS.get(target.suffix)
                if codec is None:
                    yield raw
                else:
                    # A library that plain text does not wait for.
                    import pyarrow as pa

                    sink = pa.PythonFile(raw, mode="w")
                    with pa.CompressedOutputStream(sink, codec) as compressed:
                        yield cast(BinaryIO, compressed)
            as_users_own(work)
            work.replace(target)
    finally:
        with suppress(OSError):
            work.unlink()
