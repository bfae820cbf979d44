"""Deliveries of webhooks: hints which records of a desk have changed, and nothing more.

Whose a delivery is, is told by a signature over its raw bytes; a desk that cannot sign is given a
secret address.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tawny.model.zones import instant_text
from tawny.text import Text

MOST_AGE_S = 300
"""So old, or so far ahead, a delivery may be whose time is signed."""


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A call of a desk, as it came."""

    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """What a delivery says. Nothing of it is kept but which records are to be read again."""

    records: Sequence[str] = ()
    """As the ledger calls them."""
    is_known: bool = True
    """Whether it is an event of this desk that the kind knows."""
    status: int = 202
    """What the desk is answered."""
    delivery: str | None = None
    """Names the delivery where its body does: the same when it is repeated."""


UNKNOWN = Heard(is_known=False)

ToldBy = Literal["signature", "address", "nothing"]
"""By what is told whose a delivery is; by nothing yet, none is taken."""


@dataclass(frozen=True, slots=True)
class SourceWebhook:
    """The webhook of a source, for those who set it up."""

    name: str
    """Of the source."""
    told_by: ToldBy
    last_ms: int | None
    """When the last one came that was the desk's: milliseconds since 1970 UTC."""
    counts: Mapping[str, int]
    """How many came since the last sync."""

    @property
    def path(self) -> str:
        """Where signed ones are sent, after the address of the server."""
        return webhook_path(self.name)

    def line(self) -> Text:
        """For people at a terminal."""
        last = "-" if self.last_ms is None else instant_text(self.last_ms)
        if self.told_by == "signature":
            return Text("webhooks: signed ones are taken at {path}, the last came {last}",
                        path=self.path, last=last)  # fmt: skip
        if self.told_by == "address":
            return Text("webhooks: taken at a secret address, which is weaker than a signature; "
                        "the last came {last}", last=last)  # fmt: skip
        return Text("webhooks: none are taken at {path} before tawny sources set {name} has the "
                    "secret that the desk signs with (--webhook-secret)",
                    path=self.path, name=self.name)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeskWebhook:
    """How the webhooks of a kind of desk are read."""

    is_signed: Callable[[WebhookCall, str, float], bool]
    """Given the secret and the seconds since 1970 UTC of now: looks at raw bytes alone."""
    read: Callable[[bytes, Mapping[str, Any], str], Heard]
    """Given a body that is the desk's, the options of the source, and of which desk its events
    are. Raises nothing."""
    marks: Sequence[str] = ()
    """Headers that name a delivery, the best first: the same when it is repeated. One that nothing
    names is never taken for a repeated one, since the same body may come again for another
    change."""

    def mark(self, call: WebhookCall, heard: Heard) -> str | None:
        """By what a repeated delivery is known again."""
        if heard.delivery is not None:
            return heard.delivery[:200]
        for header in self.marks:
            if call.headers.get(header):
                return f"{header} {call.headers[header][:200]}"
        return None


def digest(secret: str, *pieces: bytes, method: Literal["sha256", "sha1"] = "sha256") -> bytes:
    """The HMAC of bytes that follow each other."""
    made = hmac.new(secret.encode(), digestmod=method)
    for piece in pieces:
        made.update(piece)
    return made.digest()


def is_same(expected: str, given: str) -> bool:
    """Whether two texts are the same, in a time that says nothing of where they differ."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def is_recent(time_s: float | None, now_s: float) -> bool:
    """Whether a signed time is one of now: both in seconds since 1970 UTC."""
    return time_s is not None and abs(now_s - time_s) <= MOST_AGE_S


def iso_s(text: str) -> float | None:
    """The seconds since 1970 UTC of an ISO 8601 text with offset; None = it is none."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None


def new_token() -> str:
    """The secret part of an address that nobody can guess."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def webhook_path(name: str, token: str | None = None) -> str:
    """Where the desk of a source sends its webhooks, after the address of the server."""
    path = f"/api/v1/sources/{name}/webhook"
    return path if token is None else f"{path}/{token}"
