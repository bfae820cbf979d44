"""A cursor: up to which state of the log a feed was read, and how far the answer is that leads to
the next one. Its holder keeps it as it is.

It says which feed it is of, so that it cannot be taken for another one's, and which log and which
definitions, so that it is never used where what it stands for is gone. It gives no right: that is
the request's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from tawny.engine.fresh_events import LogState
from tawny.errors import RequestError
from tawny.feeds.request import FeedRequest
from tawny.text import Text

FORMAT = 1
"""Raised when the order of an answer, or what a cursor says, becomes another one."""

LONGEST = 1024
_SHAPE = re.compile(r"[A-Za-z0-9_-]+")

_Version = Annotated[int, Meta(ge=0, lt=2**53)]
_Instant = Annotated[int, Meta(gt=-(2**53), lt=2**53)]
_Count = Annotated[int, Meta(ge=0, lt=2**53)]


class Cursor(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a cursor says."""

    format: int
    log: str
    """Which log."""
    definitions: str
    """The version of the definitions of the exports."""
    export_type: str
    time_zone: str
    period: str | None
    channels: str
    """A digest of the channels."""
    content: str
    """A digest of the media whose message contents are written."""
    before: tuple[_Version, _Instant] | None
    """The state that was read: version and `as_of`; None = nothing was."""
    until: tuple[_Version, _Instant] | None = None
    """The state to which the answer leads of which a part was read; None = it is whole."""
    place: _Count = 0
    """How many of the things it is about were read: conversations, agents or periods."""
    rows: _Count = 0
    """How many rows of the next ones."""
    size: _Count = 0
    """How many things these rows are of."""

    @property
    def before_state(self) -> LogState | None:
        """The state that was read."""
        return None if self.before is None else LogState(*self.before)

    @property
    def until_state(self) -> LogState | None:
        """The state to which an unfinished answer leads."""
        return None if self.until is None else LogState(*self.until)

    def text(self) -> str:
        """As its holder gets it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def digest(values: Sequence[str] | None) -> str:
    """A short text that is another one for other values; None stands for all."""
    if values is None:
        return "all"
    encoded = msgspec.json.encode([value.encode("utf-8", "surrogatepass") for value in values])
    return hashlib.sha256(encoded).hexdigest()[:16]


def state_of(cursor: str) -> LogState | None:
    """The state up to which a feed was read. Raises `RequestError` for what is no cursor."""
    return _decoded(cursor).before_state


def read_cursor(text: str, mine: Cursor, request: FeedRequest) -> Cursor:
    """The cursor of a text, of the feed of `mine`. Raises `RequestError` by what is wrong."""
    found = _decoded(text)
    for name, had, has in (
        ("export", found.export_type, mine.export_type),
        ("tz", found.time_zone, mine.time_zone),
        ("period", found.period or "-", mine.period or "-"),
    ):
        if had != has:
            raise RequestError(
                "cursor: found one of a feed with {name} {had}, this one has {has}; ask for the "
                "feed it is of, or begin again without a cursor",
                name=name,
                had=had,
                has=has,
            )
    if found.channels != mine.channels:
        raise RequestError(
            "cursor: found one of a feed of other channels ({channels} now); the channels of the "
            "person, the token or the call have changed since: empty your copy and begin again "
            "without a cursor",
            channels=", ".join(request.channels) or Text("all"),
        )
    if found.content != mine.content:
        raise RequestError(
            "cursor: found one from before the setting changed that says of which media message "
            "contents are written; empty your copy and begin again without a cursor"
        )
    if found.definitions != mine.definitions:
        raise RequestError(
            "cursor: found one of definitions {found}, those of the exports are {definitions} "
            "since Tawny was upgraded; empty your copy and begin again without a cursor",
            found=found.definitions,
            definitions=mine.definitions,
        )
    return found


def _decoded(text: str) -> Cursor:
    if len(text) <= LONGEST and _SHAPE.fullmatch(text):
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            found = msgspec.json.decode(raw, type=Cursor)
            if found.format == FORMAT and (found.until is not None or not found.place):
                return found
        except (ValueError, msgspec.DecodeError, RecursionError):
            pass
    raise RequestError(
        "cursor: found one that is not of a feed of this Tawny; allowed the cursor of the answer "
        "before, as it was, or none to begin"
    )
