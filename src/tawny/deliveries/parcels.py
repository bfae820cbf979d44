"""What one delivery brings to a destination: the file of a run, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tawny.deliveries.reached import ReachedReaders
from tawny.errors import FailureError
from tawny.text import Text

NameOf = Callable[[str, str, str], str]
"""The name of a file by its type, its ending and its SHA-256."""

LanguageOf = Callable[[str], str]
"""The language of whoever reads mail at an address."""


class DeliveryError(FailureError):
    """Something could not be brought where it should be; later it may work."""

    retry = True


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file with its receipt, on their way."""

    name: str
    """What it is called at the destination; with the folders above it where there are any."""
    size_bytes: int
    sha256: str
    content: AbstractContextManager[Path]
    """Where it is meanwhile."""
    receipt: Mapping[str, Any]

    def facts(self) -> Mapping[str, str | int]:
        """What is remembered of it."""
        return {
            "name": self.name,
            "rows": self.receipt["rows"],
            "bytes": self.size_bytes,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class TypedRows:
    """The rows of one export in a file for programs, named by key."""

    path: Path
    """Parquet."""
    receipt: Mapping[str, Any]
    """Of that file."""


RowsOf = Callable[[], AbstractContextManager[Mapping[str, TypedRows]]]
"""Makes the rows of each export of a run, by its type; they are there as long as its body runs."""


@dataclass(frozen=True, slots=True)
class RowSlot:
    """Whose the rows are. Instants in milliseconds since 1970 UTC."""

    id: str
    """A UUID: the same for every revision of a slot, another for each slot."""
    schedule: str
    """What its schedule is called now."""
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class ReaderLink:
    """A link by which one reader fetches the file without signing in."""

    url: str
    until: str
    """When it ends, in the zone of the request."""


LinkFor = Callable[[str, int], ReaderLink]
"""The link for the reader of an address that works for so many days."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery on its way."""

    path: Path
    """The file of the run."""
    receipt: Mapping[str, Any]
    name_of: NameOf
    scratch: Path
    """Where files may lie meanwhile."""
    key: str
    """The same at every try, another for each delivery."""
    made_ms: int
    """When the file was made, in milliseconds since 1970 UTC."""
    about: Mapping[str, Any]
    """What the API says of the delivery, but for how it goes and its files."""
    warning: Text | None
    """Of which channels the file may lack events."""
    reached: ReachedReaders
    """Who has its message already, where several are to have one."""
    language_of: LanguageOf
    slot: RowSlot
    rows: RowsOf
    signed: LinkFor


@dataclass(frozen=True, slots=True)
class Trial:
    """A try of a destination, without a delivery."""

    destination: str
    """What the destination is called."""
    scratch: Path
    language_of: LanguageOf


class Receiver(Protocol):
    """A destination while something is brought there. All methods raise `DeliveryError`."""

    def deliver(self, parcel: Parcel) -> Sequence[OutgoingFile]:
        """Bring a parcel, whole; one that was brought before changes nothing. Returns what is there
        now."""

    def try_out(self, trial: Trial) -> None:
        """See whether a parcel would arrive."""

    def close(self) -> None:
        """Leave it."""
