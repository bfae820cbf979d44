"""The client for programs with an event loop; the same calls as `tawny.client.Client`."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import httpx

from tawny.client import calls, steps
from tawny.client.chunks import Chunks, Event
from tawny.client.shapes import (
    Channel,
    ColumnDefinition,
    Estimate,
    ExportType,
    FeedPage,
    Log,
    Request,
    Run,
    SavedExport,
    Sent,
)
from tawny.client.steps import Ask, Fetch, Pause, Steps

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class AsyncClient:
    """A connection to a Tawny server; use as an asynchronous context manager.

    A request that got no answer or a passing failure is sent again, up to five times; requests
    are made so that this changes nothing. Every error is a `TawnyError`.
    """

    def __init__(self, url: str, token: str, timeout_s: float = 60.0, language: str = "en") -> None:
        self._http = httpx.AsyncClient(**calls.connection(url, token, timeout_s, language))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, events: Iterable[Event] | AsyncIterable[Event]) -> Sent:
        """Send events, each a mapping or a line of JSON, in as many requests as they need; when it
        returns, the accepted ones are durable. Numbers in `errors` count from 1 over all of them.

        After an error, send the same events again: those that were accepted change nothing.
        """
        chunks = Chunks()
        async for event in _each(events):
            for chunk in chunks.add(event):
                chunks.took(await self._take(steps.send(*chunk)))
        for chunk in chunks.rest():
            chunks.took(await self._take(steps.send(*chunk)))
        return chunks.sent

    @overload
    async def export(
        self,
        request: Request,
        target: Path,
        *,
        key: str | None = None,
        on_change: steps.OnChange = ...,
    ) -> Run: ...

    @overload
    async def export(
        self,
        request: Request,
        target: None = None,
        *,
        key: str | None = None,
        on_change: steps.OnChange = ...,
    ) -> pa.Table: ...

    async def export(
        self,
        request: Request,
        target: Path | None = None,
        *,
        key: str | None = None,
        on_change: steps.OnChange = lambda _: None,
    ) -> Run | pa.Table:
        """Ask for an export, wait for it and fetch it: to a file, or as an Arrow table where no
        target is named. Raises `FailureError` when the run fails or is cancelled."""
        key = key or uuid.uuid4().hex
        if target is None:
            return await self._take(steps.table(request, key, on_change))
        return await self._take(steps.export(request, target, key, on_change))

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call of the API that has no method here, such as `ask("GET", "/schedules")`: its answer
        as JSON has it."""
        return await self._do(calls.any_call(method, path, body))

    async def start(self, request: Request, key: str | None = None) -> Run:
        """Ask for an export; the same key is the same run."""
        return await self._do(calls.start(request, key or uuid.uuid4().hex))

    async def run(self, run_id: str) -> Run:
        """A run and how far it is."""
        return await self._do(calls.run(run_id))

    async def runs(self, **filters: Any) -> AsyncIterator[Run]:
        """Every run the token may see, newest first; filters as in the API."""
        cursor = None
        while True:
            page = await self._take(steps.page(cursor, filters))
            for run in page.items:
                yield run
            cursor = page.next_cursor
            if cursor is None:
                return

    async def feed(
        self,
        export_type: str,
        cursor: str | None = None,
        *,
        time_zone: str = "UTC",
        channels: Sequence[str] = (),
        period: str | None = None,
        limit: int = 1000,
    ) -> AsyncIterator[FeedPage]:
        """The pages of a change feed after a cursor, up to the newest state of the log; None
        begins. Keep the `cursor` of a page when its rows are kept: from it another call goes on,
        whatever happened in between, and a page that comes twice changes nothing."""
        while True:
            call = calls.feed(export_type, cursor, time_zone, channels, period, limit)
            page = await self._do(call)
            yield page
            if not page.more:
                return
            cursor = page.cursor

    async def wait(self, run_id: str, on_change: Callable[[Run], None] = lambda _: None) -> Run:
        """A run once it has ended."""
        return await self._take(steps.wait(run_id, on_change))

    async def download(self, run: Run, target: Path) -> None:
        """Fetch the file of a run that is ready; it appears under its name when it is whole."""
        await self._take(steps.download(run, target))

    async def receipt(self, run_id: str) -> Mapping[str, Any]:
        """The receipt of a run: enough to check its file and to make it again."""
        return await self._do(calls.receipt(run_id))

    async def cancel(self, run_id: str) -> Run:
        """Stop a run."""
        return await self._do(calls.cancel(run_id))

    async def again(self, run_id: str) -> Run:
        """Ask for the same as a new run."""
        return await self._do(calls.again(run_id))

    async def next_period(self, run_id: str) -> Run:
        """Ask for the same of the period that follows, as a new run."""
        return await self._do(calls.next_period(run_id))

    async def saved(self) -> list[SavedExport]:
        """The saved exports: one's own and those that others share."""
        return await self._do(calls.saved())

    async def save(
        self, request: Request, name: str, period: str, *, shared: bool = False
    ) -> SavedExport:
        """Save a request without a range; `period` is one of the API's, such as `last-month`."""
        return await self._do(calls.save(request, name, period, shared))

    async def run_saved(self, saved_id: int) -> Run:
        """Run a saved export, of what its period means now."""
        return await self._do(calls.run_saved(saved_id))

    async def estimate(self, request: Request) -> Estimate:
        """How many rows a request would give now."""
        return await self._do(calls.estimate(request))

    async def types(self) -> list[ExportType]:
        """The export types."""
        return await self._do(calls.types())

    async def columns(self, export_type: str) -> list[ColumnDefinition]:
        """The columns of an export type and what they mean."""
        return await self._do(calls.columns(export_type))

    async def channels(self) -> list[Channel]:
        """The channels the token may see."""
        return await self._do(calls.channels())

    async def log(self) -> Log:
        """What came in, and up to when each channel is complete."""
        return await self._do(calls.log())

    async def _do(self, call: calls.ApiCall[T]) -> T:
        return await self._take(steps.do(call))

    async def _take(self, taken: Steps[T]) -> T:
        """Take steps to their end."""
        # Closed also when the disk or the caller's own function fails between two steps.
        with contextlib.closing(taken):
            try:
                step = next(taken)
                while True:
                    try:
                        outcome = await self._step(step)
                    except (httpx.HTTPError, httpx.InvalidURL) as error:
                        step = taken.throw(error)
                    else:
                        step = taken.send(outcome)
            except StopIteration as end:
                found: T = end.value
                return found

    async def _step(self, step: Ask | Fetch | Pause) -> httpx.Response | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        if isinstance(step, Ask):
            return await self._http.request(**step.call.sent_as())
        async with self._http.stream("GET", step.path, headers=step.headers) as response:
            if response.status_code >= 400:
                await response.aread()
            else:
                step.download.begin(response)
                async for data in response.aiter_bytes():
                    step.download.add(data)
        return response


async def _each(events: Iterable[Event] | AsyncIterable[Event]) -> AsyncIterator[Event]:
    if isinstance(events, AsyncIterable):
        async for event in events:
            yield event
    else:
        for event in events:
            yield event
