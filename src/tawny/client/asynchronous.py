"""The client for programs with an event loop; the same calls as `tawny.client.Client`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tawny.client import calls
from tawny.client.calls import Call, ServerError
from tawny.client.downloads import TRIES, Download
from tawny.client.shapes import Channel, ExportType, Request, Run, Sent
from tawny.client.sync import PAUSES_S
from tawny.errors import RequestError
from tawny.text import Text

T = TypeVar("T")


class AsyncClient:
    """A connection to a Tawny server; use as an asynchronous context manager."""

    def __init__(self, url: str, token: str, timeout_s: float = 60.0, language: str = "en") -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=f"{self._url}/api/v1",
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
            timeout=timeout_s,
        )

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, events: Iterable[Mapping[str, Any] | bytes]) -> Sent:
        """Send events; when it returns, the accepted ones are durable."""
        call = calls.send(events)
        response = await self._answer(call)
        return calls.sent_nothing(response) or call.read(response)

    async def start(self, request: Request, key: str | None = None) -> Run:
        """Ask for an export; the same key is the same run."""
        return await self._do(calls.start(request, key or uuid.uuid4().hex))

    async def run(self, run_id: str) -> Run:
        """A run and how far it is."""
        return await self._do(calls.run(run_id))

    async def cancel(self, run_id: str) -> Run:
        """Stop a run."""
        return await self._do(calls.cancel(run_id))

    async def runs(self, **filters: Any) -> AsyncIterator[Run]:
        """Every run the token may see, newest first; filters as in the API."""
        cursor = None
        while True:
            page = await self._do(calls.runs(cursor, 100, filters))
            for run in page.items:
                yield run
            cursor = page.next_cursor
            if cursor is None:
                return

    async def channels(self) -> list[Channel]:
        """The channels the token may see."""
        return await self._do(calls.channels())

    async def types(self) -> list[ExportType]:
        """The export types."""
        return await self._do(calls.types())

    async def wait(self, run_id: str, on_change: Callable[[Run], None] = lambda _: None) -> Run:
        """A run once it has ended."""
        looks = 0
        while True:
            run = await self.run(run_id)
            on_change(run)
            if run.ended:
                return run
            await asyncio.sleep(PAUSES_S[min(looks, len(PAUSES_S) - 1)])
            looks += 1

    async def download(self, run: Run, target: Path) -> None:
        """Fetch the file of a run that is ready; it appears under its name when it is whole."""
        if run.file is None:
            raise RequestError(
                "run: {id} is {state}; it has no file", id=run.id, state=Text(run.state)
            )
        with Download(run.file, target) as download:
            for left in reversed(range(TRIES)):
                try:
                    async with self._http.stream(
                        "GET", f"/exports/{run.id}/file", headers=download.headers()
                    ) as response:
                        if response.status_code >= 400:
                            await response.aread()
                        download.begin(response)
                        async for data in response.aiter_bytes():
                            download.add(data)
                    break
                except httpx.HTTPError as error:
                    if not left:
                        raise calls.unreachable(self._url, error) from error
            download.finish()

    async def _do(self, call: Call[T]) -> T:
        return call.read(await self._answer(call))

    async def _answer(self, call: Call[T]) -> httpx.Response:
        for left in reversed(range(TRIES)):
            try:
                response = await self._http.request(
                    call.method, call.path, content=call.content, headers=dict(call.headers),
                    params=dict(call.parameters),
                )  # fmt: skip
                if response.status_code not in calls.RETRIED or not left:
                    return response
                pause_s = float(response.headers.get("Retry-After", "0.5"))
            except httpx.InvalidURL as error:
                raise RequestError(
                    "server: found {url!r}, no address ({error})", url=self._url, error=error
                ) from error
            except httpx.HTTPError as error:
                if not left:
                    raise calls.unreachable(self._url, error) from error
                pause_s = 0.5
            await asyncio.sleep(min(pause_s, 10.0))
        raise ServerError("{url}: no answer", url=self._url, retry=True)
