"""What every kind of destination for files can do, and how files are brought there.

The receipt of a file comes after it, so that whoever waits for the receipt never reads half a file;
of several files the data package comes last.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from tawny.deliveries.parcels import DeliveryError, OutgoingFile, Parcel, Receiver, Trial
from tawny.deliveries.run_files import outgoing_files
from tawny.exports.receipt import receipt_path, receipt_text
from tawny.scratch import scratch_file


class Place(Receiver, Protocol):
    """A destination that keeps files. All methods raise `DeliveryError`."""

    def put(self, name: str, file: Path) -> None:
        """Have a file there under a name, whole or not at all, instead of what had that name.
        Folders above it are made as needed."""

    def read(self, name: str) -> bytes:
        """What a small file holds."""

    def remove(self, name: str) -> None:
        """Take a file away; there may be none."""

    def deliver(self, parcel: Parcel) -> Sequence[OutgoingFile]:
        """See `Receiver`: the files of the run, each with its receipt."""
        files, package = outgoing_files(parcel.path, parcel.receipt, parcel.name_of, parcel.scratch)
        bring(self, files, package, parcel.scratch)
        return files

    def try_out(self, trial: Trial) -> None:
        """See `Receiver`: write a small file, read it back and remove it."""
        name = f"tawny-test-{secrets.token_hex(6)}.txt"
        text = f"Tawny was here: {name}\n"
        _put_text(self, name, text, trial.scratch)
        try:
            found = self.read(name)
        finally:
            self.remove(name)
        if found != text.encode():
            raise DeliveryError(
                "{name}: found other content than was written there just before", name=name
            )


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


def _put_text(place: Place, name: str, text: str, scratch: Path) -> None:
    work = scratch_file(scratch)
    try:
        work.write_text(text, encoding="utf-8")
        place.put(name, work)
    finally:
        work.unlink(missing_ok=True)
