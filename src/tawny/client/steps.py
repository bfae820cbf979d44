"""What the clients do, step by step, without doing it: how a call is tried again, a run waited
for, a file fetched. `Client` and `AsyncClient` take the same steps and differ in how they wait.

A step is sent out and its outcome comes back; an error of the connection is thrown in.
"""

from __future__ import annotations

import datetime
import email.utils
import tempfile
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import httpx
from msgspec import structs

from tawny.client import calls
from tawny.client.calls import ApiCall, ServerError
from tawny.client.downloads import Download
from tawny.client.shapes import Request, Run, Runs, Sent
from tawny.errors import RequestError
from tawny.text import Text

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
TRIES = 5
PAUSES_S = (0.1, 0.2, 0.5, 1.0)
"""Between two looks at a run; the last one from then on."""
LONGEST_PAUSE_S = 10.0
"""Whatever `Retry-After` says: who calls decides about longer times."""
_PAUSE_S = 0.5

OnChange = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request; the outcome is the whole answer."""

    call: ApiCall[Any]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Send a request for a file and hand its bytes to `download` as they come; the outcome is the
    head of the answer. Only an answer with a file in it is handed on."""

    path: str
    headers: Mapping[str, str]
    download: Download


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; the outcome is None."""

    seconds: float


Steps: TypeAlias = Generator["Ask | Fetch | Pause", Any, T]


def do(call: ApiCall[T]) -> Steps[T]:
    """One call and its answer."""
    return call.read((yield from _answer(call)))


def send(chunk: bytes, events: int, before: int) -> Steps[Sent]:
    """Events, one a line; `before` came in requests before these, which their numbers continue."""
    call = calls.send(chunk)
    response = yield from _answer(call)
    sent = calls.sent_nothing(response, events) or call.read(response)
    return sent.after(before)


def page(cursor: str | None, filters: Mapping[str, Any]) -> Steps[Runs]:
    """A page of runs."""
    return do(calls.runs(cursor, 100, filters))


def wait(run_id: str, on_change: OnChange) -> Steps[Run]:
    """A run once it has ended."""
    looks = 0
    while True:
        run: Run = yield from do(calls.run(run_id))
        on_change(run)
        if run.ended:
            return run
        yield Pause(PAUSES_S[min(looks, len(PAUSES_S) - 1)])
        looks += 1


def download(run: Run, target: Path) -> Steps[None]:
    """The file of a run that is ready, at `target` when it is whole. A broken connection goes on
    where it was."""
    if run.file is None:
        raise RequestError("run: {id} is {state}; it has no file", id=run.id, state=Text(run.state))
    with Download(run.file, target) as file:
        for left in reversed(range(TRIES)):
            try:
                response: httpx.Response = yield Fetch(
                    f"/exports/{run.id}/file", file.headers(), file
                )
            except httpx.HTTPError as error:
                if not left:
                    raise calls.unreachable(error) from error
                yield Pause(_PAUSE_S)
                continue
            if response.status_code < 400:
                break
            if response.status_code not in calls.RETRIED or not left:
                raise calls.error_of(response)
            yield Pause(pause_s(response))
        file.finish()


def export(request: Request, target: Path, key: str, on_change: OnChange) -> Steps[Run]:
    """Ask for an export, wait for it, fetch its file. Raises `FailureError` when it has none."""
    started: Run = yield from do(calls.start(request, key))
    run = yield from wait(started.id, on_change)
    yield from download(calls.ready(run), target)
    return run


def table(request: Request, key: str, on_change: OnChange) -> Steps[pa.Table]:
    """The rows of an export as an Arrow table, whatever format the request names."""
    # Programs that fetch files do not wait for it.
    import pyarrow.parquet as pq

    if request.exports:
        raise RequestError("target: found nothing; several exports need a file")
    request = structs.replace(request, format="parquet", dialect="machine")
    with tempfile.TemporaryDirectory(prefix="tawny-") as folder:
        target = Path(folder) / "rows.parquet"
        yield from export(request, target, key, on_change)
        return pq.read_table(target, memory_map=False)


def pause_s(response: httpx.Response) -> float:
    """How long an answer asks to wait: `Retry-After` has seconds or a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_S)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return _PAUSE_S
    if until.tzinfo is None:  # "-0000"
        until = until.replace(tzinfo=datetime.UTC)
    left_s = (until - datetime.datetime.now(datetime.UTC)).total_seconds()
    return min(max(left_s, 0.0), LONGEST_PAUSE_S)


def _answer(call: ApiCall[Any]) -> Steps[httpx.Response]:
    for left in reversed(range(TRIES)):
        try:
            response: httpx.Response = yield Ask(call)
        except httpx.InvalidURL as error:
            raise RequestError(
                "server: found {url!r}, no address ({error})", url=call.path, error=error
            ) from error
        except httpx.HTTPError as error:
            if not left:
                raise calls.unreachable(error) from error
            yield Pause(_PAUSE_S)
            continue
        if response.status_code not in calls.RETRIED or not left:
            return response
        yield Pause(pause_s(response))
    raise ServerError("{url}: no answer", url=call.path, retry=True)
