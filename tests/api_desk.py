"""The server of a desk that is read over HTTP, in the process of the test, on loopback."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


@dataclass(frozen=True)
class Call:
    """What a desk was asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class ApiDesk(Protocol):
    """A desk that answers calls; `url` is where it is served."""

    url: str

    def answer(self, call: Call) -> Answer:
        """Answer one."""


Desk = TypeVar("Desk", bound=ApiDesk)


@contextlib.contextmanager
def served(desk: Desk, keys: Path | None = None) -> Iterator[Desk]:
    """The account at an address, as long as the body runs; with TLS where there is a folder with a
    certificate."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.title(): value for name, value in self.headers.items()}
            status, told, found = desk.answer(Call(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if keys is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "certificate.pem", keys / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host = "http://127.0.0.1" if keys is None else "https://localhost"
    desk.url = f"{host}:{server.server_address[1]}"
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
