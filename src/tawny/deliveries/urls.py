"""Where destinations on other machines are: their addresses, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from tawny.credentials import without_password
from tawny.errors import RequestError
from tawny.outgoing.addresses import plain_host
from tawny.text import Text

_SFTP_FORM = Text("sftp://USER@HOST/FOLDER or sftp://USER@HOST:PORT/FOLDER")
_WEBHOOK_FORM = Text("https://HOST/PATH without a question mark")
_DATABASE_FORM = Text("postgresql://USER@HOST/DATABASE or postgresql://USER@HOST:PORT/DATABASE")
_BUCKET_FORM = Text("s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX")


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


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database of a server, and who signs in."""

    user: str
    host: str
    port: int
    database: str

    @property
    def server(self) -> str:
        """Which server it is, as people say it."""
        return self.host if self.port == 5432 else f"{self.host}:{self.port}"


def database_url(url: str) -> DatabaseUrl:
    """An address such as `postgresql://user@host:5432/database`. Raises `RequestError`, without a
    password."""
    parts = _split(url, ("postgresql",), _DATABASE_FORM)
    user, database = unquote(parts.username or ""), unquote(parts.path.removeprefix("/"))
    host = parts.hostname or ""
    # One host by its name or address: no list, no socket of this machine.
    if (
        not user
        or not database
        or not re.fullmatch(r"[\w.:-]+", host)
        or re.search(r"[\x00-\x1f\x7f]", user + database)
    ):
        raise _wrong(url, _DATABASE_FORM)
    return DatabaseUrl(user, plain_host(host), parts.port or 5432, database)


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """A bucket, or a container, of an object store."""

    scheme: str
    """`s3`, `gs`, `az`."""
    bucket: str
    prefix: str
    """Without a slash at its ends; may be empty."""


def bucket_url(url: str) -> BucketUrl:
    """An address such as `s3://bucket/prefix`. Raises `RequestError`."""
    parts = _split(url, ("s3", "gs", "az"), _BUCKET_FORM)
    bucket = url.strip().partition("://")[2].partition("/")[0]
    prefix = unquote(parts.path).strip("/")
    names = prefix.split("/") if prefix else []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}", bucket) or any(
        one in ("", ".", "..") or re.search(r"[\x00-\x1f\x7f]", one) for one in names
    ):
        raise _wrong(url, _BUCKET_FORM)
    return BucketUrl(parts.scheme, bucket, prefix)


def checked_endpoint(endpoint: str) -> str:
    """The address of a store that is compatible with one. Raises `RequestError`."""
    try:
        parts = urlsplit(endpoint.strip())
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.username or parts.password or parts.query or parts.fragment:
        raise RequestError(
            "endpoint: found {endpoint!r}; allowed the address of the store, such as "
            "https://s3.example.com",
            endpoint=without_password(endpoint.strip()),
        )
    return endpoint.strip().rstrip("/")


@dataclass(frozen=True, slots=True)
class WebhookUrl:
    """Where messages are posted to."""

    tls: bool
    host: str
    port: int
    path: str
    """With its slash, as it is sent."""
    authority: str
    """Host and port as the server is told them."""


def webhook_url(url: str) -> WebhookUrl:
    """An address such as `https://host/path`. Raises `RequestError`."""
    parts = _split(url, ("https", "http"), _WEBHOOK_FORM)
    tls = parts.scheme == "https"
    if parts.username or "?" in url or not re.fullmatch(r"[\x21-\x7e]*", parts.path):
        raise _wrong(url, _WEBHOOK_FORM)
    assert parts.hostname is not None
    usual = 443 if tls else 80
    port = parts.port or usual
    host = plain_host(parts.hostname)
    authority = f"[{host}]" if ":" in host else host
    return WebhookUrl(
        tls, host, port, parts.path or "/", authority if port == usual else f"{authority}:{port}"
    )


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
