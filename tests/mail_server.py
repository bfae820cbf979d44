"""A mail server in a process of its own, on loopback, with a certificate that it signed itself.
Whatever arrives is written down. The reader's name says how it behaves:

    refused@    is not known here
    later@      is put off the first time
    full@       is refused after the message was sent
    echo@       is refused, and what the client signed in with is said back
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.policy
import functools
import json
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from server_process import script_server
from webhook_server import write_certificate

USER, PASSWORD = "exports@example.com", "hush/hush:hush"
URL_PASSWORD = "hush%2Fhush%3Ahush"


@dataclass(frozen=True)
class MailServer:
    """A running server."""

    folder: Path
    ports: dict[str, int]
    """`smtps`, `starttls` (both want a login), `open` (STARTTLS, no login), `plain` (no TLS)."""

    def url(
        self, kind: str = "smtps", login: str = f"{USER.replace('@', '%40')}:{URL_PASSWORD}@"
    ) -> str:
        """What the setting is."""
        scheme = "smtps" if kind == "smtps" else "smtp+starttls"
        return f"{scheme}://{login}localhost:{self.ports[kind]}"

    @property
    def certificate(self) -> Path:
        """The certificate of the server."""
        return self.folder / "certificate.pem"

    def messages(self) -> list[EmailMessage]:
        """What has arrived, oldest first; `X-Reader` says at whom."""
        path = self.folder / "messages"
        lines = path.read_text().splitlines() if path.exists() else []
        return [_read(line) for line in lines]

    def forget(self) -> None:
        """Begin anew."""
        for name in ("messages", "seen"):
            (self.folder / name).unlink(missing_ok=True)


def _read(line: str) -> EmailMessage:
    found = json.loads(line)
    data = base64.b64decode(found["data"])
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    message["X-Reader"] = found["to"]
    return message


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """A running server, gone when the body ends."""
    with script_server(__file__) as (folder, ports):
        yield MailServer(folder, json.loads(ports))


class _Handler:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        name = address.partition("@")[0]
        if name == "refused":
            return "550 5.1.1 no such user here"
        if name == "echo":
            together = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
            return f"550 you said {PASSWORD} and {together}"
        if name == "later":
            seen = self._folder / "seen"
            if not seen.exists():
                seen.touch()
                return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        (to,) = envelope.rcpt_tos
        if to.startswith("full@"):
            return "552 5.2.2 mailbox full"
        line = {"to": to, "data": base64.b64encode(envelope.content).decode()}
        with (self._folder / "messages").open("a") as file:
            file.write(json.dumps(line) + "\n")
        return "250 OK"


def _authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


async def _serve(folder: Path) -> None:
    write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    login = {"authenticator": _authenticate, "auth_required": True}
    starttls = {"tls_context": context, "require_starttls": True}
    kinds: dict[str, tuple[ssl.SSLContext | None, dict[str, Any]]] = {
        # What it does not begin itself it does not know to be TLS.
        "smtps": (context, {**login, "auth_require_tls": False}),
        "starttls": (None, {**starttls, **login}),
        "open": (None, {**starttls, "auth_exclude_mechanism": ["LOGIN", "PLAIN"]}),
        "plain": (None, {}),
    }
    loop, ports, servers = asyncio.get_running_loop(), {}, []
    for kind, (tls, options) in kinds.items():
        factory = functools.partial(SMTP, _Handler(folder), hostname="mail.test", **options)
        listening = await loop.create_server(factory, "127.0.0.1", 0, ssl=tls)
        ports[kind] = listening.sockets[0].getsockname()[1]
        servers.append(listening)
    (folder / "ports.new").write_text(json.dumps(ports))
    (folder / "ports.new").rename(folder / "ports")
    await asyncio.gather(*(one.serve_forever() for one in servers))


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
