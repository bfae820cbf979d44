"""Every call of the API as data: what to send, and how to read the answer.

The two clients differ only in how they wait; what they send and understand is written once, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from tawny.client.shapes import (
    Channel,
    ExportType,
    Problem,
    Refused,
    Request,
    Run,
    Runs,
    Sent,
)
from tawny.errors import FailureError, NotFoundError, RequestError, StorageError, TawnyError
from tawny.text import Text

T = TypeVar("T")

RETRIED = (429, 502, 503, 504)
"""Answers after which the same request may succeed."""


class ServerError(FailureError):
    """The server failed, or cannot be reached; `retry` says whether later may be better."""

    def __init__(self, sentence: str | Text, /, *, retry: bool, **values: object) -> None:
        super().__init__(sentence, **values)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request and the type of its answer."""

    method: str
    path: str
    answer: type[T]
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def read(self, response: httpx.Response) -> T:
        """The answer. Raises the `TawnyError` it stands for."""
        if response.status_code >= 400:
            raise error_of(response)
        try:
            return msgspec.json.decode(response.content, type=self.answer)
        except msgspec.MsgspecError as error:
            raise ServerError(
                "{url}: found an answer that is not of this API ({error})",
                url=response.request.url,
                error=error,
                retry=False,
            ) from error


def start(request: Request, key: str) -> Call[Run]:
    """Ask for an export. The key makes a second try the same run."""
    return Call(
        "POST", "/exports", Run, msgspec.json.encode(request),
        {"Content-Type": "application/json", "Idempotency-Key": key},
    )  # fmt: skip


def run(run_id: str) -> Call[Run]:
    """A run."""
    return Call("GET", f"/exports/{run_id}", Run)


def cancel(run_id: str) -> Call[Run]:
    """Stop a run."""
    return Call("POST", f"/exports/{run_id}/cancel", Run)


def runs(cursor: str | None, limit: int, filters: Mapping[str, Any]) -> Call[Runs]:
    """A page of runs."""
    parameters = {**filters, "limit": limit}
    if cursor is not None:
        parameters["cursor"] = cursor
    return Call("GET", "/exports", Runs, parameters=parameters)


def channels() -> Call[list[Channel]]:
    """The channels."""
    return Call("GET", "/channels", list[Channel])


def types() -> Call[list[ExportType]]:
    """The export types."""
    return Call("GET", "/types", list[ExportType])


def send(events: Iterable[Mapping[str, Any] | bytes]) -> Call[Sent]:
    """Events, each a mapping or one line of JSON."""
    lines = [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in events]
    return Call(
        "POST", "/events", Sent, b"\n".join(lines), {"Content-Type": "application/x-ndjson"}
    )


def sent_nothing(response: httpx.Response) -> Sent | None:
    """The answer to events of which every one was refused, which is no failure of the call."""
    if response.status_code != 422:
        return None
    errors: Sequence[Refused] = msgspec.json.decode(response.content, type=Problem).errors
    return Sent(accepted=0, refused=len(errors), errors=errors)


def error_of(response: httpx.Response) -> TawnyError:
    """The error an answer stands for, in the server's own words."""
    status = response.status_code
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
        text = Text(problem.detail)
    except msgspec.MsgspecError:
        text = Text("{url}: found the answer {status} {phrase}", url=response.request.url,
                    status=status, phrase=response.reason_phrase)  # fmt: skip
    if status == 401:
        text = Text("{text} (the variable TAWNY_TOKEN holds the token of the command line)",
                    text=text)  # fmt: skip
    if status in RETRIED or status >= 500:
        return ServerError(text, retry=status in RETRIED)
    return NotFoundError(text) if status == 404 else RequestError(text)


def unreachable(url: str, error: httpx.HTTPError) -> ServerError:
    """A server that gave no answer."""
    return ServerError("{url}: no answer ({error})", url=url, error=error, retry=True)


def damaged(name: str, expected: str, found: str) -> StorageError:
    """A download whose bytes are not those of the run."""
    return StorageError(
        "{name}: found SHA-256 {found}, the run has {expected}; download it again",
        name=name,
        found=found,
        expected=expected,
    )
