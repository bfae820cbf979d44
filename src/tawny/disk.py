"""Files that reach the disk, and what the operating system says when they do not."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tawny.errors import StorageError


def flush(path: Path) -> None:
    """Have a file or folder reach the disk. Raises `StorageError`."""
    with translated_os_errors(str(path)):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def translated_os_errors(thing: str) -> Iterator[None]:
    """Turn an error of the operating system into a `StorageError` that names the thing."""
    try:
        yield
    except OSError as error:
        raise StorageError("{thing}: {error}", thing=thing, error=error) from error
