"""Files that reach the disk, and what the operating system says when they do not."""

from __future__ import annotations

import contextlib
import fcntl
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


@contextlib.contextmanager
def held_lock(path: Path, thing: str, *, wait: bool = True) -> Iterator[int | None]:
    """Hold the lock of a file, made where it is missing, while the body runs; gives its handle, or
    None when another process holds it and there is no waiting. It ends with the process. Raises
    `StorageError` that names the thing."""
    with translated_os_errors(thing):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with translated_os_errors(thing):
            is_held = _locked(lock, wait=wait)
        yield lock if is_held else None
    finally:
        os.close(lock)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file, without keeping another one from getting it for
    longer than the look."""
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _locked(lock: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
