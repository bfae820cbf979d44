"""Bodies of requests: how much of one is read, and how it becomes a form or a value.

Every handler gets its request as a `BoundedRequest`, so that no body is parsed that is larger than
its route takes. A route takes `FORM_BYTES` unless a router above it says otherwise with
`request_max_body_size` (`tawny.server.app`). What is large is parsed in a thread.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qsl

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.handlers import BaseRouteHandler

from tawny.errors import RequestError
from tawny.server import json_values
from tawny.text import Text

FORM_BYTES = 64 << 10
"""What a route takes when nobody says otherwise: the largest form somebody fills in by hand."""
JSON_BYTES = 1 << 20
"""What a route of the API takes: a thousand channels, each with the longest id."""
MOST_FIELDS = 5_000
"""More than the largest list of channels somebody ticks by hand."""
QUICK_BYTES = 32 << 10
"""What is larger is parsed in a thread, so that nobody else waits for it."""

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class TooLargeError(RequestError):
    """A body that is larger than its route takes."""


class UnsupportedMediaError(RequestError):
    """A body in a media type that nobody reads."""


class UnsupportedEncodingError(RequestError):
    """A body in a `Content-Encoding` that nobody reads; `allowed` are those that are."""

    def __init__(self, found: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            "Content-Encoding: found {found!r}; allowed {allowed}",
            found=found,
            allowed=", ".join([*allowed, "identity"]),
        )
        self.allowed = allowed


class HungUpError(RequestError):
    """The sender went away before the end of the body: nobody reads the answer."""


class BoundedRequest(Request[Any, Any, Any]):
    """A request whose body is never larger than its route takes."""

    def most_bytes(self) -> int:
        """The largest body the route takes."""
        found = self.route_handler.resolve_request_max_body_size()
        assert isinstance(found, int)
        return found

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body, piece by piece. Raises `TooLargeError`, before anything is read where its
        length is announced, and `HungUpError`."""
        if isinstance(self._body, bytes):
            yield self._body
            return
        most = self.most_bytes()
        announced = self.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
            raise _too_large(most)
        read_bytes = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                raise HungUpError("body: the connection ended before its end")
            piece = message["body"]
            more = message["more_body"]
            read_bytes += len(piece)
            if read_bytes > most:
                raise _too_large(most)
            if piece:
                yield piece

    async def form(self) -> FormMultiDict:
        """The fields of a form; none without a body. Raises `RequestError`."""
        kind, _ = self.content_type
        body = await self.body()
        if not body:
            return FormMultiDict([])
        if kind != RequestEncodingType.URL_ENCODED:
            raise UnsupportedMediaError(
                "Content-Type: found {found}; allowed {allowed}",
                found=kind or Text("none"),
                allowed=RequestEncodingType.URL_ENCODED.value,
            )
        if body.count(b"&") >= MOST_FIELDS:
            raise TooLargeError(
                "body: found a form of more than {most:,} fields; allowed {most:,}",
                most=MOST_FIELDS,
            )
        return FormMultiDict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))

    async def json(self) -> Any:
        """The value the handler takes as `data`. Raises `RequestError`."""
        body = await self.body()
        field = self.route_handler.parsed_data_field
        kind = Any if field is None else field.raw
        if len(body) <= QUICK_BYTES:
            return json_values.value(body, kind)
        return await to_thread.run_sync(json_values.value, body, kind)


def check_encoding(connection: AnyConnection, handler: BaseRouteHandler) -> str:
    """The `Content-Encoding` of a body, `identity` when none is named. Raises
    `UnsupportedEncodingError` unless it is that or one of `opt={"encodings": ...}`."""
    allowed: tuple[str, ...] = handler.opt.get("encodings", ())
    found = connection.headers.get("content-encoding", "").strip().lower() or "identity"
    if found != "identity" and found not in allowed:
        raise UnsupportedEncodingError(found[:80], allowed)
    return found


def _too_large(most_bytes: int) -> TooLargeError:
    return TooLargeError(
        "body: found more than {most:,} bytes; allowed {most:,} at this address, send less at a "
        "time",
        most=most_bytes,
    )
