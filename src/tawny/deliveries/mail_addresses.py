"""Addresses of people, and of the server that sends mail to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tawny.errors import RequestError
from tawny.people.mail_address import LONGEST, kept_address
from tawny.settings import Settings

_MOST = 50


def mail_addresses(text: str) -> list[str]:
    """The addresses in a text, separated by commas, semicolons or line breaks; each once. Raises
    `RequestError`."""
    found = [one.strip() for one in re.split(r"[,;\n]", text)]
    addresses = list(dict.fromkeys(_checked(one) for one in found if one))
    if not 1 <= len(addresses) <= _MOST:
        raise RequestError(
            "to: found {count} addresses; allowed 1 to {most}", count=len(addresses), most=_MOST
        )
    return addresses


def _checked(address: str) -> str:
    kept = kept_address(address)
    if kept is None:
        raise RequestError(
            "to: found {address!r}; allowed addresses such as anna@example.com, separated by "
            "commas",
            address=address[:LONGEST],
        )
    return kept


@dataclass(frozen=True, slots=True)
class MailServer:
    """Who is given mail to be sent."""

    tls_at_once: bool
    """Whether TLS begins with the connection; otherwise by a command before anything is said."""
    host: str
    port: int
    user: str
    """Empty where nobody signs in."""
    password: str
    sender: str
    """An address, or a name with an address in angle brackets."""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


def mail_server(settings: Settings) -> MailServer:
    """The one of the settings. Raises `RequestError` where there is none."""
    url, sender = settings.text("smtp_url"), settings.text("mail_from")
    if not url or not sender:
        raise RequestError(
            "kind: found mail, but nothing says by which server and from whom it is sent; whoever "
            "runs Tawny sets TAWNY_SMTP_URL and TAWNY_MAIL_FROM"
        )
    parts = urlsplit(url)
    tls_at_once = parts.scheme == "smtps"
    return MailServer(
        tls_at_once,
        parts.hostname or "",
        parts.port or (465 if tls_at_once else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        sender,
    )
