"""HTTP as it comes from the network: the head of a request, its address and headers, is refused
while it comes in when it is larger than anybody needs.

The parser below keeps what comes of a head until it has all of it, however much that is, and what
it has is then taken apart where everybody waits.
"""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tawny.server.problems import MEDIA_TYPE, Problem

ADDRESS_BYTES = 16 << 10
"""The longest address with its query: that of a list with a hundred filters."""
HEAD_BYTES = 64 << 10
"""The largest sum of an address, headers and trailers: more than browsers and proxies send."""
LINGER_S = 3.0
"""So long what still comes of a refused request is thrown away: from a connection that was closed
before that, its sender would not get the answer."""

_log = logging.getLogger("tawny.request")


class BoundedHeads(HttpToolsProtocol):
    """A connection."""

    _refused = False
    _has_head = False
    """Whether the head of the request that comes in is there."""
    _parsed_bytes = 0
    """What the parser gave of the address, headers and trailers of this request."""
    _kept_bytes = 0
    """What came since the parser gave anything else of it: it may keep all of that."""
    _moved = False

    def data_received(self, data: bytes) -> None:
        """Bytes from the network, at most some 256 KB."""
        if self._refused:
            return
        self._moved = False
        super().data_received(data)
        self._kept_bytes = 0 if self._moved else self._kept_bytes + len(data)
        if self._kept_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._moved, self._has_head, self._parsed_bytes = True, False, 0
        if not self._refused:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of its address."""
        self._parsed_bytes += len(url)
        if self._parsed_bytes > ADDRESS_BYTES:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        if not self._refused:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after the body."""
        self._parsed_bytes += len(name) + len(value) + len(b": \r\n")
        if self._parsed_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self._refused:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of the head."""
        self._moved = True
        if not self._refused:
            self._has_head = True
            super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """A chunk of the body begins."""
        self._moved = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._moved = True
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of the request."""
        self._moved = True
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read; of what is refused already it reads no more."""
        if not self._refused:
            super().send_400_response(msg)

    def _refuse(self, status: HTTPStatus) -> None:
        if self._refused:
            return
        self._refused = True
        if self._has_head or (self.cycle is not None and not self.cycle.response_complete):
            # There is no place for an answer: one is on its way, or was given.
            self.transport.close()
            return
        request_id = secrets.token_hex(8)
        problem = Problem(
            title=status.phrase,
            status=status,
            detail=(
                f"the address of a request has at most {ADDRESS_BYTES:,} bytes, "
                f"with its headers at most {HEAD_BYTES:,}"
            ),
            request_id=request_id,
        )
        content = msgspec.json.encode(problem)
        headers: dict[str, Any] = {
            "content-type": MEDIA_TYPE,
            "content-length": len(content),
            "connection": "close",
            "x-request-id": request_id,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(STATUS_LINE[status] + lines.encode("ascii") + b"\r\n" + content)
        self.loop.call_later(LINGER_S, self.transport.close)
        _log.info(
            "request",
            extra={"request_id": request_id, "route": "unknown", "status": int(status)},
        )
