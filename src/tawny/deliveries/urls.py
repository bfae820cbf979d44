"""Where destinations on other machines are: their addresses, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from tawny.credentials import without_password
from tawny.errors import RequestError
from tawny.text import Text

_SFTP_FORM = Text("sftp://USER@HOST/FOLDER or sftp://USER@HOST:PORT/FOLDER")


@dataclass(frozen=True, slots=True)
class SftpUrl:
    """A folder of an account on a server."""

    user: str
    host: str
    port: int
    folder: str
    """As it begins: `/in` from the root, `~/in` from where a sign-in leads."""

    @property
    def server(self) -> str:
        """Which server it is, as people say it."""
        return self.host if self.port == 22 else f"{self.host}:{self.port}"


def sftp_url(url: str) -> SftpUrl:
    """An address such as `sftp://user@host:22/in`. Raises `RequestError`, without a password."""
    parts = _split(url, ("sftp",), _SFTP_FORM)
    if not parts.username:
        raise _wrong(url, _SFTP_FORM)
    path = unquote(parts.path).rstrip("/")
    if path in ("", "/~") or path.startswith("/~/"):
        path = "~" + path.removeprefix("/~") if parts.path not in ("/", "//") else "/"
    if re.search(r"[\x00-\x1f\x7f]", path):
        raise _wrong(url, _SFTP_FORM)
    assert parts.hostname is not None
    return SftpUrl(unquote(parts.username), parts.hostname, parts.port or 22, path)


def _split(url: str, schemes: tuple[str, ...], form: Text) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise _wrong(url, form) from None
    if parts.password is not None:
        raise RequestError(
            "url: found a password in it; give it by itself, as a secret of the destination"
        )
    if parts.query or parts.fragment:
        raise _wrong(url, form)
    return parts


def _wrong(url: str, form: Text) -> RequestError:
    return RequestError(
        "url: found {url!r}; allowed {form}", url=without_password(url.strip()), form=form
    )
