"""Calls to the API of one desk: to its host alone, within its limits, again when it was busy.

What a library says is never shown as it is: it may hold the address with what was asked for, and
headers. No answer is parsed before it is known to be short enough.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from tawny import __version__
from tawny.errors import RequestError
from tawny.outgoing.addresses import OutgoingError, OutgoingRule
from tawny.outgoing.proxy import OutgoingProxy
from tawny.settings import Settings
from tawny.sources.budget import RateBudget
from tawny.sources.reader import SourceError
from tawny.text import Text

MOST_BYTES = 128 << 20
"""So long an answer may be, once unpacked."""
_MOST_S = 300
"""So long an answer may take as a whole."""
_STEP_S = 60
"""So long is waited for the next bytes."""
_MOST_TRIES = 8
_LONGEST_WAIT_S = 600
"""A desk that asks for more is left alone until the next sync."""
_BACKOFF_S = 1.0
_BUSY = frozenset({500, 502, 503, 504})

LISTED = "items"
"""The name of a list that is no part of an object."""

Parameters = Mapping[str, str | int]
Json = dict[str, Any]


class StatusError(SourceError):
    """The desk answered with a status that says no; `status` is it."""

    def __init__(self, sentence: str | Text, /, *, status: int, **values: object) -> None:
        super().__init__(sentence, status=status, **values)
        self.status = status


@dataclass
class Traffic:
    """What was asked of a desk, for the report."""

    requests: int = 0
    limited: int = 0
    waited_s: float = 0.0
    on_wait: Callable[[float], None] = field(default=lambda _: None)
    """Is told of a wait before it begins, in seconds."""


class DeskHttp:
    """The API of a desk at one address. Raises `SourceError`, which names neither a secret nor what
    was answered."""

    def __init__(
        self, option: str, url: str, headers: Mapping[str, str], budget: RateBudget,
        read_limits: Callable[[RateBudget, str, httpx.Headers], None] = lambda *_: None,
        *, gives_lists: bool = False,
    ) -> None:  # fmt: skip
        """`option` is where the address was given, `read_limits` what the headers of a desk say of
        its limits. `gives_lists` where an answer may be a list, which is named `LISTED` then."""
        self.traffic = Traffic()
        self.clock_difference_s = 0.0
        self._option = option
        parts = urlsplit(url)
        self.url = url
        self._host = parts.hostname or ""
        rule = OutgoingRule(Settings())
        tls = parts.scheme == "https"
        self._check_way(rule, tls, parts.port or 443)
        self._budget = budget
        self._read_limits = read_limits
        self._gives_lists = gives_lists
        self._proxy = OutgoingProxy(rule)
        self._client = httpx.Client(
            headers={
                "Accept": "application/json", "User-Agent": f"Tawny/{__version__}", **headers,
            },
            timeout=_STEP_S,
            proxy=self._proxy.url,
            verify=ssl.create_default_context(),
            # Without TLS the proxy takes one call of a connection.
            limits=httpx.Limits(max_keepalive_connections=None if tls else 0),
            trust_env=False,
            follow_redirects=False,
        )  # fmt: skip

    def _check_way(self, rule: OutgoingRule, tls: bool, port: int) -> None:
        try:
            rule.check_host(self._host)
            is_own = tls or all(rule.is_own(one) for one in rule.addresses(self._host, port))
        except OutgoingError as error:
            raise SourceError("{option}: {reason}", option=self._option, reason=error) from None
        if not is_own:
            raise RequestError(
                "{option}: http:// is allowed only into networks that TAWNY_OUTGOING_PRIVATE "
                "names; use https://",
                option=self._option,
            )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
        self._proxy.close()

    def get(self, path: str, parameters: Parameters, kind: str) -> Json:
        """The object that a call answers with; `kind` says which of the limits it falls under.

        Waits for the budget and for a desk that is busy. Raises `StatusError` for an answer that
        says no, `SourceError` for what is none.
        """
        return self._answered("GET", path, parameters, None, kind)

    def post(self, path: str, asked: Json, kind: str) -> Json:
        """The same of a question that is an object itself: it changes nothing, so it may be asked
        again."""
        return self._answered("POST", path, {}, asked, kind)

    def _answered(
        self, method: str, path: str, parameters: Parameters, asked: Json | None, kind: str
    ) -> Json:
        failure: SourceError | None = None
        for attempt in range(_MOST_TRIES):
            self._wait(self._budget.wait_s(kind))
            self._budget.take(kind)
            self.traffic.requests += 1
            try:
                status, headers, body = self._asked(method, path, parameters, asked)
            except _LostError as error:
                failure = error.failure
                self._wait(_backoff_s(attempt))
                continue
            self._read_limits(self._budget, kind, headers)
            self._read_clock(headers)
            if status == 200:
                return self._object(path, body)
            failure = self._refused(path, status, headers)
            if status == 429 or status in _BUSY:
                self.traffic.limited += status == 429
                self._wait(self._asked_wait_s(path, status, headers, kind, attempt))
                continue
            raise failure
        assert failure is not None
        raise failure

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self.traffic.on_wait(seconds)
            begun = time.monotonic()
            time.sleep(seconds)
            self.traffic.waited_s += time.monotonic() - begun

    def _asked(
        self, method: str, path: str, parameters: Parameters, asked: Json | None
    ) -> tuple[int, httpx.Headers, bytes]:
        end_s = time.monotonic() + _MOST_S
        body = bytearray()
        self._proxy.fault = None
        with (
            self._translated(path),
            self._client.stream(
                method, self.url + path, params=dict(parameters), json=asked
            ) as answer,
        ):
            if self._proxy.fault is not None:
                raise SourceError(
                    "{option}: {reason}", option=self._option, reason=self._proxy.fault
                )
            if answer.status_code != 200:
                return answer.status_code, answer.headers, b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise SourceError(
                        "{host}: the answer to {path} is longer than {most} MiB; it was not read",
                        host=self._host, path=path, most=MOST_BYTES >> 20,
                    )  # fmt: skip
                if time.monotonic() > end_s:
                    raise httpx.ReadTimeout("")
        return answer.status_code, answer.headers, bytes(body)

    @contextlib.contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        host = self._host
        try:
            yield
        except httpx.TimeoutException:
            raise _LostError(
                SourceError("{host}: no whole answer to {path} in time", host=host, path=path)
            ) from None
        except httpx.TransportError as error:
            if self._proxy.fault is not None:
                raise SourceError(
                    "{option}: {reason}", option=self._option, reason=self._proxy.fault
                ) from None
            if "certificate" in str(error).lower():
                raise SourceError(
                    "{host}: its certificate is not accepted; who trusts it names its authority in "
                    "SSL_CERT_FILE where Tawny runs", host=host,
                ) from None  # fmt: skip
            raise _LostError(
                SourceError("{host}: the connection broke off before an answer", host=host)
            ) from None
        except httpx.DecodingError:
            raise SourceError(
                "{host}: what answers {path} is packed in a way that nobody can unpack",
                host=host, path=path,
            ) from None  # fmt: skip

    def _refused(self, path: str, status: int, headers: httpx.Headers) -> StatusError:
        host = self._host
        if 300 <= status <= 399:
            place = urlsplit(headers.get("location", ""))
            return StatusError(
                "{host}: answered {status}, to go to {place}; secrets are sent to no other host, "
                "give the address it leads to",
                status=status,
                host=host,
                place=place.hostname or "?",
            )
        if status == 401:
            return StatusError(
                "{host}: answered {status}: the secret is not accepted; give a new one with tawny "
                "sources set", status=status, host=host,
            )  # fmt: skip
        if status == 403:
            return StatusError(
                "{host}: answered {status} to {path}: whose secret it is may not read this",
                status=status,
                host=host,
                path=path,
            )
        return StatusError(
            "{host}: answered {status} to {path}", status=status, host=host, path=path
        )

    def _asked_wait_s(
        self, path: str, status: int, headers: httpx.Headers, kind: str, attempt: int
    ) -> float:  # fmt: skip
        """How long a desk that was busy wants to be left alone: some say it as `Retry-After`, some
        in the headers of their limits alone."""
        asked_s = _retry_after_s(headers.get("retry-after", ""))
        if asked_s is None and status == 429:
            asked_s = self._budget.wait_s(kind) or 60.0
        elif asked_s is None:
            asked_s = _backoff_s(attempt)
        if asked_s > _LONGEST_WAIT_S:
            raise SourceError(
                "{host}: answered {status} to {path} and wants to be left alone for {seconds} s; "
                "a later sync goes on where this one stopped",
                host=self._host, status=status, path=path, seconds=round(asked_s),
            )  # fmt: skip
        return asked_s

    def _read_clock(self, headers: httpx.Headers) -> None:
        told = _http_date_s(headers.get("date", ""))
        if told is not None:
            self.clock_difference_s = round(told - time.time(), 3)

    def now_us(self) -> int:
        """The desk's clock, as its last answer told it: microseconds since 1970 UTC."""
        difference_s = self.clock_difference_s
        # An answer tells whole seconds.
        return int((time.time() + (difference_s if abs(difference_s) > 2 else 0)) * 1_000_000)

    def _object(self, path: str, body: bytes) -> Json:
        try:
            found = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            found = _decoded_leniently(body)
        if isinstance(found, list) and self._gives_lists:
            return {LISTED: found}
        if not isinstance(found, dict):
            raise SourceError(
                "{host}: what answers {path} is no JSON object", host=self._host, path=path
            )
        return found


class _LostError(Exception):
    """No answer came; another try may get one."""

    def __init__(self, failure: SourceError) -> None:
        super().__init__()
        self.failure = failure


def _decoded_leniently(body: bytes) -> Any:
    """Half characters are replaced: one text must not cost a page."""
    try:
        text = json.dumps(json.loads(body.decode("utf-8", "replace")), ensure_ascii=False)
        return msgspec.json.decode(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _backoff_s(attempt: int) -> float:
    return min(60.0, _BACKOFF_S * 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311


def _retry_after_s(text: str) -> float | None:
    if text.strip().isdigit():
        return float(text)
    told = _http_date_s(text)
    return None if told is None else max(0.0, told - time.time())


def _http_date_s(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).astimezone(datetime.UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
