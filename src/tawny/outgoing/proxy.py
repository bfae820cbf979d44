"""A proxy of this process for libraries that open their connections themselves: whatever they ask
for, redirects and names that change included, they reach only what the rule lets them.

It listens on loopback, as long as it is open, for whoever knows its password. It sees the host of a
call, and of calls without TLS the rest.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import secrets
import socket
import threading
from urllib.parse import urlsplit

from tawny.outgoing.addresses import OutgoingError, OutgoingRule

_LONGEST_HEAD_BYTES = 64 * 1024
_IDLE_S = 600
_PIECE_BYTES = 1 << 16
_OWN_HEADERS = (b"proxy-", b"connection:", b"keep-alive:")


class OutgoingProxy:
    """An open proxy; `fault` is why the last call that it refused did not go through."""

    def __init__(self, rule: OutgoingRule) -> None:
        self.fault: OutgoingError | None = None
        self._rule = rule
        self._password = secrets.token_hex(16)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._listen, name="outgoing proxy", daemon=True).start()

    @property
    def url(self) -> str:
        """The address that a library is given."""
        return f"http://tawny:{self._password}@127.0.0.1:{self._port}"

    def close(self) -> None:
        """Take no more calls."""
        # Wakes whoever waits for a call, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        client.settimeout(_IDLE_S)
        with client, contextlib.suppress(OSError):
            self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        head, rest = _read_head(client)
        lines = head.split(b"\r\n")
        words = lines[0].split(b" ")
        if len(words) != 3 or not self._is_known(lines):
            client.sendall(_answer(407))
            return
        method, target, version = words
        try:
            if method == b"CONNECT":
                parts = urlsplit(f"//{target.decode()}")
            else:
                parts = urlsplit(target.decode())
                if parts.scheme != "http":
                    raise ValueError
            host, port = parts.hostname or "", parts.port or 80
        except ValueError:
            client.sendall(_answer(400))
            return
        try:
            server = self._rule.connected(host, port)
        except OutgoingError as error:
            self.fault = error
            client.sendall(_answer(403))
            return
        with server:
            server.settimeout(_IDLE_S)
            if method == b"CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                server.sendall(rest)
            else:
                path = parts.path or "/"
                asked = f"{path}?{parts.query}" if parts.query else path
                kept = [one for one in lines[1:] if not one.lower().startswith(_OWN_HEADERS)]
                # One request a connection, so that every one is judged.
                first = b" ".join((method, asked.encode(), version))
                server.sendall(b"\r\n".join([first, *kept, b"Connection: close", b"", b""]) + rest)
            _tunnel(client, server)

    def _is_known(self, lines: list[bytes]) -> bool:
        expected = base64.b64encode(f"tawny:{self._password}".encode())
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"proxy-authorization":
                return hmac.compare_digest(value.strip(), b"Basic " + expected)
        return False


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what came with it."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = client.recv(_PIECE_BYTES)
        if not piece or len(found) > _LONGEST_HEAD_BYTES:
            raise ConnectionError
        found += piece
    head, _, rest = found.partition(b"\r\n\r\n")
    return head, rest


def _answer(status: int) -> bytes:
    return f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def _tunnel(client: socket.socket, server: socket.socket) -> None:
    up = threading.Thread(target=_copy, args=(client, server), daemon=True)
    up.start()
    _copy(server, client)
    # The answer is whole: nothing more is wanted of whoever asked.
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
    up.join(5)


def _copy(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE_BYTES):
            into.sendall(piece)
    with contextlib.suppress(OSError):
        into.shutdown(socket.SHUT_WR)
