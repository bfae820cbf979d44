"""Every call of the API as data: what to send, and how to read the answer.

The two clients differ only in how they wait; what they send and understand is written once, here.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from tawny.client.shapes import (
    Channel,
    ColumnDefinition,
    Estimate,
    ExportType,
    FeedPage,
    Log,
    ProblemAnswer,
    Refused,
    Request,
    Run,
    Runs,
    SavedExport,
    Sent,
)
from tawny.errors import FailureError, NotFoundError, RequestError, StorageError, TawnyError
from tawny.text import Text

T = TypeVar("T")

_JSON = {"Content-Type": "application/json"}

RETRIED = (429, 502, 503, 504)
"""Answers after which the same request may succeed."""


class ServerError(FailureError):
    """The server failed, or cannot be reached; `retry` says whether later may be better."""

    def __init__(self, sentence: str | Text, /, *, retry: bool, **values: object) -> None:
        super().__init__(sentence, **values)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[T]):
    """One request and the type of its answer."""

    method: str
    path: str
    answer: type[T]
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def sent_as(self) -> dict[str, Any]:
        """The arguments of a request of `httpx`."""
        return {
            "method": self.method,
            "url": self.path,
            "content": self.content,
            "headers": dict(self.headers),
            "params": dict(self.parameters),
        }

    def read(self, response: httpx.Response) -> T:
        """The answer. Raises the `TawnyError` it stands for."""
        if response.status_code >= 400:
            raise error_of(response)
        try:
            # What was deleted is answered with nothing.
            return msgspec.json.decode(response.content or b"null", type=self.answer)
        except msgspec.MsgspecError as error:
            raise ServerError(
                "{url}: found an answer that is not of this API ({error})",
                url=response.request.url,
                error=error,
                retry=False,
            ) from error


def connection(url: str, token: str, timeout_s: float, language: str) -> dict[str, Any]:
    """The arguments of a connection of `httpx`. Raises `RequestError` for what is no address."""
    address = url.rstrip("/")
    try:
        base_url = httpx.URL(f"{address}/api/v1")
    except httpx.InvalidURL as error:
        raise RequestError(
            "server: found {url!r}, no address ({error})", url=address, error=error
        ) from error
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
    return {"base_url": base_url, "headers": headers, "timeout": timeout_s}


def any_call(method: str, path: str, body: object = None) -> ApiCall[Any]:
    """A call by its method and path."""
    if body is None:
        return ApiCall(method, path, Any)
    return ApiCall(method, path, Any, msgspec.json.encode(body), _JSON)


def start(request: Request, key: str) -> ApiCall[Run]:
    """Ask for an export. The key makes a second try the same run."""
    return ApiCall(
        "POST", "/exports", Run, msgspec.json.encode(request),
        {**_JSON, "Idempotency-Key": key},
    )  # fmt: skip


def run(run_id: str) -> ApiCall[Run]:
    """A run."""
    return ApiCall("GET", f"/exports/{run_id}", Run)


def cancel(run_id: str) -> ApiCall[Run]:
    """Stop a run."""
    return ApiCall("POST", f"/exports/{run_id}/cancel", Run)


def runs(cursor: str | None, limit: int, filters: Mapping[str, Any]) -> ApiCall[Runs]:
    """A page of runs."""
    parameters = {**filters, "limit": limit}
    if cursor is not None:
        parameters["cursor"] = cursor
    return ApiCall("GET", "/exports", Runs, parameters=parameters)


def channels() -> ApiCall[list[Channel]]:
    """The channels."""
    return ApiCall("GET", "/channels", list[Channel])


def types() -> ApiCall[list[ExportType]]:
    """The export types."""
    return ApiCall("GET", "/types", list[ExportType])


def receipt(run_id: str) -> ApiCall[dict[str, Any]]:
    """The receipt of a run."""
    return ApiCall("GET", f"/exports/{run_id}/receipt", dict[str, Any])


def again(run_id: str) -> ApiCall[Run]:
    """Ask for the same once more."""
    return ApiCall("POST", f"/exports/{run_id}/again", Run)


def next_period(run_id: str) -> ApiCall[Run]:
    """Ask for the same of the period that follows."""
    return ApiCall("POST", f"/exports/{run_id}/next", Run)


def saved() -> ApiCall[list[SavedExport]]:
    """The saved exports."""
    return ApiCall("GET", "/saved-exports", list[SavedExport])


def save(request: Request, name: str, period: str, shared: bool) -> ApiCall[SavedExport]:
    """Save a request."""
    content = {**msgspec.to_builtins(request), "name": name, "period": period, "shared": shared}
    return ApiCall("POST", "/saved-exports", SavedExport, msgspec.json.encode(content), _JSON)


def run_saved(saved_id: int) -> ApiCall[Run]:
    """Run a saved export."""
    return ApiCall("POST", f"/saved-exports/{saved_id}/run", Run)


def estimate(request: Request) -> ApiCall[Estimate]:
    """How many rows there would be."""
    return ApiCall("POST", "/estimate", Estimate, msgspec.json.encode(request), _JSON)


def columns(export_type: str) -> ApiCall[list[ColumnDefinition]]:
    """The columns of an export type."""
    return ApiCall("GET", f"/types/{export_type}/columns", list[ColumnDefinition])


def log() -> ApiCall[Log]:
    """The event log."""
    return ApiCall("GET", "/log", Log)


def feed(
    export_type: str,
    cursor: str | None,
    time_zone: str,
    channels: Sequence[str],
    period: str | None,
    limit: int,
) -> ApiCall[FeedPage]:
    """Rows of a change feed."""
    parameters: dict[str, Any] = {"tz": time_zone, "limit": limit}
    if channels:
        parameters["channel"] = list(channels)
    if period is not None:
        parameters["period"] = period
    if cursor is not None:
        parameters["cursor"] = cursor
    # The name comes from anywhere: it stays one part of the address.
    path = f"/feeds/{urllib.parse.quote(export_type, safe='')}"
    return ApiCall("GET", path, FeedPage, parameters=parameters)


def send(lines: bytes) -> ApiCall[Sent]:
    """Events, one a line."""
    return ApiCall("POST", "/events", Sent, lines, {"Content-Type": "application/x-ndjson"})


def sent_nothing(response: httpx.Response, events: int) -> Sent | None:
    """The answer to events of which every one was refused, which is no failure of the call."""
    if response.status_code != 422:
        return None
    errors: Sequence[Refused] = msgspec.json.decode(response.content, type=ProblemAnswer).errors
    return Sent(accepted=0, refused=events, errors=errors)


def ready(run: Run) -> Run:
    """The run, when its file is there. Raises `FailureError` when it has ended without one."""
    if run.state != "ready":
        raise FailureError(
            "the run {id} is {state}: {reason}",
            id=run.id,
            state=Text(run.state),
            reason=run.error or Text("somebody stopped it"),
        )
    return run


def error_of(response: httpx.Response) -> TawnyError:
    """The error an answer stands for, in the server's own words."""
    status = response.status_code
    try:
        problem = msgspec.json.decode(response.content, type=ProblemAnswer)
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


def unreachable(error: httpx.HTTPError) -> ServerError:
    """A server that gave no answer."""
    url = str(error.request.url.copy_with(raw_path=b"")).rstrip("/")
    return ServerError("{url}: no answer ({error})", url=url, error=error, retry=True)


def damaged(name: str, expected: str, found: str) -> StorageError:
    """A download whose bytes are not those of the run."""
    return StorageError(
        "{name}: found SHA-256 {found}, the run has {expected}; download it again",
        name=name,
        found=found,
        expected=expected,
    )
