"""Links by which a reader of a mail fetches one file without signing in, for some days.

A link names a delivery and when it ends, and is signed for that delivery's file and for one reader,
with a key that is derived from the installation's secret. So nothing is kept of it, it leads to
nothing else, and it ends early where the file is another one or gone, or where the reader or signed
links are no more a matter of the destination.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.credentials import derived_key

_DAY_MS = 86_400_000
LONGEST_LINK = 80
_LINK = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,14})-([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """What a link leads to."""

    delivery_id: int
    run_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadLink:
    """A link as it came, before anything of it is believed."""

    delivery_id: int
    ends_ms: int
    """In milliseconds since 1970 UTC."""
    signature: str


def link_key(home: Path) -> bytes:
    """The key of the links of an installation. Raises `RequestError`."""
    return derived_key(home, "links of mails")


def signed_link(key: bytes, file: LinkedFile, address: str, ends_ms: int) -> str:
    """The last part of a link for one reader.

    >>> file = LinkedFile(7, "ab", "00")
    >>> link = signed_link(b"key", file, "anna@example.com", 5)
    >>> link[:4], read_link(link).delivery_id
    ('7-5-', 7)
    >>> reader_of_link(b"key", file, read_link(link), ["zoe@example.com", "anna@example.com"])
    'anna@example.com'
    """
    return f"{file.delivery_id}-{ends_ms}-{_signature(key, file, address, ends_ms)}"


def read_link(text: str) -> ReadLink | None:
    """What a link says; None for what is none."""
    match = _LINK.fullmatch(text) if len(text) <= LONGEST_LINK else None
    return None if match is None else ReadLink(int(match[1]), int(match[2]), match[3])


def reader_of_link(
    key: bytes, file: LinkedFile, link: ReadLink, addresses: Sequence[str]
) -> str | None:
    """Whose link it is; None where it was signed for none of these, or for another file."""
    for address in addresses:
        right = _signature(key, file, address, link.ends_ms)
        if hmac.compare_digest(right, link.signature):
            return address
    return None


def end_of_link_ms(now_ms: int, days: int, file_ends_ms: int | None) -> int:
    """When a link that is sent now ends: after some days, but not after its file.

    >>> end_of_link_ms(0, 1, None), end_of_link_ms(0, 7, 5)
    (86400000, 5)
    """
    ends_ms = now_ms + days * _DAY_MS
    return ends_ms if file_ends_ms is None else min(ends_ms, file_ends_ms)


def _signature(key: bytes, file: LinkedFile, address: str, ends_ms: int) -> str:
    said = "\n".join((str(file.delivery_id), file.run_id, file.sha256, address, str(ends_ms)))
    digest = hmac.digest(key, said.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
