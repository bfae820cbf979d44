"""What every kind of destination for files can do, and how files are brought there.

The receipt of a file comes after it, so that whoever waits for the receipt never reads half a file;
of several files the data package comes last.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tawny.errors import FailureError
from tawny.exports.receipt import receipt_path, receipt_text
from tawny.scratch import scratch_file


class DeliveryError(FailureError):
    """A file could not be brought where it should be; later it may work."""

    retry = True


class Place(Protocol):
    """A destination while something is brought there. All methods raise `DeliveryError`."""

    def put(self, name: str, file: Path) -> None:
        """Have a file there under a name, whole or not at all, instead of what had that name.
        Folders above it are made as needed."""

    def read(self, name: str) -> bytes:
        """What a small file holds."""

    def remove(self, name: str) -> None:
        """Take a file away; there may be none."""

    def close(self) -> None:
        """Leave it."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file with its receipt, on their way."""

    name: str
    """Where it is to be, relative to the destination."""
    size_bytes: int
    sha256: str
    content: AbstractContextManager[Path]
    """Where it is meanwhile."""
    receipt: Mapping[str, Any]

    def facts(self) -> Mapping[str, str | int]:
        """What is remembered of it."""
        return {"name": self.name, "bytes": self.size_bytes, "sha256": self.sha256}


def bring(
    place: Place, files: Iterable[OutgoingFile], package: tuple[str, str] | None, scratch: Path
) -> None:
    """Bring files, each with its receipt, and after them a data package (name and text)."""
    for file in files:
        receipt_name = str(receipt_path(Path(file.name)))
        with file.content as path:
            # Never an old receipt beside a new file.
            place.remove(receipt_name)
            place.put(file.name, path)
        _put_text(place, receipt_name, receipt_text(file.receipt), scratch)
    if package is not None:
        _put_text(place, *package, scratch)


def try_out(place: Place, scratch: Path) -> None:
    """Write a small file, read it back and remove it."""
    name = f"tawny-test-{secrets.token_hex(6)}.txt"
    text = f"Tawny was here: {name}\n"
    _put_text(place, name, text, scratch)
    try:
        found = place.read(name)
    finally:
        place.remove(name)
    if found != text.encode():
        raise DeliveryError(
            "{name}: found other content than was written there just before", name=name
        )


def _put_text(place: Place, name: str, text: str, scratch: Path) -> None:
    work = scratch_file(scratch)
    try:
        work.write_text(text, encoding="utf-8")
        place.put(name, work)
    finally:
        work.unlink(missing_ok=True)
