"""Delivery to an object store: S3 and what is compatible with it, Google Cloud Storage, Azure.

Google's store is called as one that is compatible with S3, with the HMAC keys that it has for that
(https://cloud.google.com/storage/docs/interoperability): one way of signing, of parts and of
answers for both.

An object is there whole or not at all, so nothing has a temporary name. What was written is
compared by its size and its checksum: the store's own where that is the MD5 of what was sent,
otherwise the SHA-256 of the object read back. Nothing is ever listed.
"""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore import exceptions
from obstore.store import AzureStore, S3Store

from tawny.credentials import cleaned
from tawny.deliveries.parcels import DeliveryError
from tawny.deliveries.places import Place
from tawny.deliveries.urls import BucketUrl, bucket_url
from tawny.disk import sha256_of
from tawny.errors import RequestError
from tawny.outgoing.addresses import CONNECT_TIMEOUT_S, OutgoingRule
from tawny.outgoing.proxy import OutgoingProxy
from tawny.settings import Settings

_GOOGLE = "https://storage.googleapis.com"

_PART_BYTES = 8 << 20
_MOST_PARTS = 9_000
_AT_ONCE = 4
_REQUEST_TIMEOUT_S = 300
_MD5 = re.compile(r"[0-9a-f]{32}(-\d+)?")

_NOT_THERE = (exceptions.NotFoundError, FileNotFoundError)
_NO_RIGHT = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError)

_WRONG_LOGIN = (
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
    *("AuthenticationFailed", "InvalidSecurity", "InvalidAuthenticationInfo"),
)
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "PermanentRedirect")
_NO_SPACE = ("QuotaExceeded", "InsufficientCapacity", "StorageQuotaExceeded", "XMinioStorageFull")
_KNOWN = (*_WRONG_LOGIN, *_NO_BUCKET, *_NO_SPACE)


class ObjectStorePlace(Place):
    """A bucket, below a prefix."""

    def __init__(
        self, options: Mapping[str, str], secrets: Mapping[str, str], settings: Settings
    ) -> None:
        """Raises `RequestError` for settings that the store's library does not take."""
        self._url = bucket_url(options["url"])
        is_hmac = "access_key" in secrets and not secrets["secret_key"].lstrip().startswith("{")
        if self._url.scheme == "gs" and not is_hmac:
            raise RequestError(
                "secret_key: found the JSON of a service account; gs:// takes an HMAC key of it, "
                "as access_key and secret_key, which Google makes under Cloud Storage, Settings, "
                "Interoperability"
            )
        self._secrets = secrets
        self._proxy = OutgoingProxy(OutgoingRule(settings))
        try:
            self._store = _store(self._url, options, secrets, self._proxy.url)
        except (exceptions.BaseError, ValueError) as error:
            self._proxy.close()
            raise RequestError(
                "{bucket}: {reason}", bucket=self._url.bucket, reason=self._clean(str(error))
            ) from None

    def put(self, name: str, file: Path) -> None:
        """See `Place`. What is there already, byte for byte, stays as it is."""
        path = self._path(name)
        size_bytes = file.stat().st_size
        part_bytes = max(_PART_BYTES, -(-size_bytes // _MOST_PARTS))
        expected = _etags(file, part_bytes)
        with self._translated(path):
            found = self._found_before(path)
            if found is not None and found["size"] == size_bytes and _etag(found) in expected:
                return
            obstore.put(
                self._store, path, file, chunk_size=part_bytes, max_concurrency=_AT_ONCE,
                use_multipart=size_bytes > part_bytes,
            )  # fmt: skip
            self._compare(path, file, expected)

    def read(self, name: str) -> bytes:
        """See `Place`."""
        path = self._path(name)
        with self._translated(path):
            return bytes(obstore.get(self._store, path).bytes())

    def remove(self, name: str) -> None:
        """See `Place`."""
        path = self._path(name)
        with self._translated(path), contextlib.suppress(*_NOT_THERE):
            obstore.delete(self._store, path)

    def close(self) -> None:
        """See `Place`."""
        self._proxy.close()

    def _path(self, name: str) -> str:
        return posixpath.join(self._url.prefix, name)

    def _found_before(self, path: str) -> Mapping[str, Any] | None:
        """What is there, as far as this login sees it: where it may not list, many stores say of an
        object that is missing that it may not be read. Asked as for reading, of which nothing is
        taken: only that is answered with the name of a fault."""
        try:
            return obstore.get(self._store, path).meta
        except (*_NOT_THERE, *_NO_RIGHT) as error:
            if _code(error) in _KNOWN:
                raise
            return None

    def _compare(self, path: str, file: Path, expected: tuple[str, str]) -> None:
        """Raise `DeliveryError` unless the object is the file."""
        found = obstore.head(self._store, path)
        size_bytes = file.stat().st_size
        if found["size"] != size_bytes:
            raise DeliveryError(
                "{path}: found {found} bytes after writing {expected}",
                path=path,
                found=found["size"],
                expected=size_bytes,
            )
        if _etag(found) in expected:
            return
        # What this store says is no MD5 of the content, as with some encryption.
        digest = hashlib.sha256()
        for piece in obstore.get(self._store, path).stream():
            digest.update(piece)
        if digest.hexdigest() != sha256_of(file):
            raise DeliveryError("{path}: found other content than was written there just before",
                                path=path)  # fmt: skip

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        self._proxy.fault = None
        try:
            yield
        except (exceptions.BaseError, OSError) as error:
            if self._proxy.fault is not None:
                raise self._proxy.fault from None
            raise self._fault(path, error) from None

    def _fault(self, path: str, error: Exception) -> DeliveryError:
        code, bucket = _code(error), self._url.bucket
        is_missing = code in _NO_BUCKET or isinstance(error, _NOT_THERE)
        if is_missing and self._url.scheme == "az":
            return DeliveryError("{container}: there is no such container; make it there, or "
                                 "change the url", container=bucket)  # fmt: skip
        if is_missing:
            return DeliveryError("{bucket}: there is no such bucket; make it there, or change the "
                                 "url", bucket=bucket)  # fmt: skip
        if code in _NO_SPACE:
            return DeliveryError("{bucket}: no space is left there", bucket=bucket)
        if code in _WRONG_LOGIN or isinstance(error, exceptions.UnauthenticatedError):
            return DeliveryError(
                "{bucket}: the login was refused ({code}); check the keys of the destination",
                bucket=bucket, code=code or "401",
            )  # fmt: skip
        if isinstance(error, _NO_RIGHT):
            return DeliveryError(
                "{bucket}: the login has no right to {path} ({code}); give it there, or change the "
                "url", bucket=bucket, path=path, code=code or "403",
            )  # fmt: skip
        text = str(error)
        if "timed out" in text or "Timeout" in text:
            return DeliveryError("{bucket}: {path}: the store did not answer in time",
                                 bucket=bucket, path=path)  # fmt: skip
        return DeliveryError(
            "{bucket}: {path}: the store refused, or the connection broke off: {reason}",
            bucket=bucket, path=path, reason=code or self._clean(text),
        )  # fmt: skip

    def _clean(self, text: str) -> str:
        # The first line is a sentence, the rest what its programmers want to know.
        line = (text.splitlines() or [""])[0]
        return cleaned(line, *self._secrets.values(), self._proxy.url)[:200]


def _store(
    url: BucketUrl, options: Mapping[str, str], secrets: Mapping[str, str], proxy_url: str
) -> S3Store | AzureStore:
    client: Any = {
        "proxy_url": proxy_url,
        "allow_http": options.get("endpoint", "").startswith("http://"),
        "connect_timeout": timedelta(seconds=2 * CONNECT_TIMEOUT_S),
        "timeout": timedelta(seconds=_REQUEST_TIMEOUT_S),
    }
    # Tawny itself tries again.
    retry: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=_REQUEST_TIMEOUT_S)}
    config: Any
    # Keys are handed over, so that nothing in the environment of Tawny stands beside them.
    given: Any
    if url.scheme == "az":
        config = {"account_name": options["account"], "skip_signature": False}
        if options.get("endpoint"):
            config["endpoint"] = options["endpoint"]
        given = {"access_key": secrets["secret_key"], "expires_at": None}
        return AzureStore(
            url.bucket, config=config, client_options=client, retry_config=retry,
            credential_provider=lambda: given,
        )  # fmt: skip
    config = {
        # One by one says what is wrong, and every store can do it.
        "disable_bulk_delete": True,
        "skip_signature": False,
    }
    if url.scheme == "gs":
        config |= {"region": "auto", "endpoint": options.get("endpoint") or _GOOGLE}
    else:
        region = options.get("region", "us-east-1")
        endpoint = options.get("endpoint") or f"https://s3.{region}.amazonaws.com"
        config |= {"region": region, "endpoint": endpoint, "checksum_algorithm": "sha256"}
    given = {
        "access_key_id": secrets["access_key"], "secret_access_key": secrets["secret_key"],
        "token": None, "expires_at": None,
    }  # fmt: skip
    return S3Store(
        url.bucket, config=config, client_options=client, retry_config=retry,
        credential_provider=lambda: given,
    )  # fmt: skip


def _code(error: Exception) -> str:
    """What a store calls the fault, in its answer."""
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else ""


def _etag(found: Mapping[str, Any]) -> str:
    etag = str(found.get("e_tag") or "").strip('"').lower()
    return etag if _MD5.fullmatch(etag) else ""


def _etags(file: Path, part_bytes: int) -> tuple[str, str]:
    """What S3 calls a file: its MD5 sent as one, and that of the MD5s of its parts."""
    whole, parts, count = _md5(), _md5(), 0
    with file.open("rb") as source:
        while piece := source.read(part_bytes):
            whole.update(piece)
            parts.update(_md5(piece).digest())
            count += 1
    return whole.hexdigest(), f"{parts.hexdigest()}-{count}"


def _md5(data: bytes = b"") -> Any:
    # As a checksum against accidents: what the stores offer.
    return hashlib.md5(data, usedforsecurity=False)
