"""Delivery as a message to a program elsewhere, signed by the rules of Standard Webhooks.

The message says what was made, not its rows. It has the same id and the same words at every try, so
that whoever has it already leaves a second one aside. Only an answer of 2xx counts as taken;
redirects are not followed.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from tawny import __version__
from tawny.credentials import cleaned
from tawny.deliveries.parcels import DeliveryError, OutgoingFile, Parcel, Receiver, Trial
from tawny.deliveries.run_files import whole_file
from tawny.deliveries.signing_secret import SIGNING_SECRET
from tawny.deliveries.urls import webhook_url
from tawny.model.zones import current_ms, instant_text
from tawny.outgoing.addresses import OutgoingRule
from tawny.outgoing.connections import STEP_TIMEOUT_S, connection
from tawny.settings import Settings

_MOST_S = 90
"""How long a message may take, from the connection to the answer."""
_ANSWER_BYTES = 4096
_SAID_CHARACTERS = 200


class WebhookReceiver(Receiver):
    """An address to which messages are posted."""

    def __init__(
        self, options: Mapping[str, str], signing: Mapping[str, str], settings: Settings
    ) -> None:
        """`signing` are the secrets. Raises `RequestError`."""
        self._url = webhook_url(options["url"])
        self._rule = OutgoingRule(settings)
        self._secrets = [
            signing[name] for name in (SIGNING_SECRET.name, SIGNING_SECRET.before)
            if name in signing
        ]  # fmt: skip

    def deliver(self, parcel: Parcel) -> Sequence[OutgoingFile]:
        """See `Receiver`: say what was made."""
        file = whole_file(parcel)
        data = {**parcel.about, "files": [file.facts()]}
        self._post(f"msg_{parcel.key}", _message("delivery.made", parcel.made_ms, data))
        return [file]

    def try_out(self, trial: Trial) -> None:
        """See `Receiver`: a message that says it is a test."""
        data = {"test": True, "destination": trial.destination}
        self._post(f"test_{secrets.token_hex(16)}", _message("delivery.test", current_ms(), data))

    def close(self) -> None:
        """See `Receiver`."""

    def _post(self, message_id: str, body: str) -> None:
        url = self._url
        headers = {
            "Host": url.authority,
            "Content-Type": "application/json",
            "User-Agent": f"Tawny/{__version__}",
            "Connection": "close",
            **self._signed(message_id, body),
        }
        end_s = time.monotonic() + _MOST_S
        with connection(self._rule, url.host, url.port, tls=url.tls, most_s=_MOST_S) as opened:
            if not url.tls and not self._rule.is_own(opened.getpeername()[0]):
                raise DeliveryError(
                    "{host}: http:// is allowed only into networks that TAWNY_OUTGOING_PRIVATE "
                    "names; use https://", host=url.authority,
                )  # fmt: skip
            with self._translated(end_s):
                asked = http.client.HTTPConnection(url.host, url.port)
                asked.sock = opened
                asked.request("POST", url.path, body.encode(), headers)
                answer = asked.getresponse()
                if time.monotonic() >= end_s:
                    raise ConnectionError
                if not 200 <= answer.status <= 299:
                    raise self._refused(answer)

    def _signed(self, message_id: str, body: str) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                Webhook(secret).sign(message_id, now, body) for secret in self._secrets
            ),
        }

    @contextlib.contextmanager
    def _translated(self, end_s: float) -> Iterator[None]:
        host = self._url.authority
        try:
            yield
        except TimeoutError:
            raise DeliveryError(
                "{host}: no answer to the message within {most} s", host=host, most=STEP_TIMEOUT_S
            ) from None
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() >= end_s:
                raise DeliveryError(
                    "{host}: the answer was not whole within {most} s", host=host, most=_MOST_S
                ) from None
            if isinstance(error, OSError):
                raise DeliveryError(
                    "{host}: the connection broke off before an answer", host=host
                ) from None
            raise DeliveryError(
                "{host}: what answers there does not speak HTTP as a web server does", host=host
            ) from None

    def _refused(self, answer: http.client.HTTPResponse) -> DeliveryError:
        host, status = self._url.authority, _status_words(answer.status)
        if 300 <= answer.status <= 399:
            return DeliveryError(
                "{host}: answered {status}, to go to {place}; redirects are not followed, give the "
                "address it leads to as url", host=host, status=status,
                place=self._clean(answer.headers.get("Location", "")) or "?",
            )  # fmt: skip
        if answer.status == http.HTTPStatus.GONE:
            return DeliveryError(
                "{host}: answered {status}: nobody takes messages there any more; give another url "
                "or take the destination from its schedules", host=host, status=status,
            )  # fmt: skip
        with contextlib.suppress(OSError, http.client.HTTPException):
            said = self._clean(answer.read(_ANSWER_BYTES).decode("utf-8", "replace"))
            if said:
                return DeliveryError(
                    "{host}: answered {status} and says: {said}", host=host, status=status,
                    said=said,
                )  # fmt: skip
        return DeliveryError("{host}: answered {status}", host=host, status=status)

    def _clean(self, text: str) -> str:
        line = " ".join(re.sub(r"[^\x20-\x7e\u00a0-\u1fff\u2c00-\ud7ff]", " ", text).split())
        return cleaned(line, *self._secrets)[:_SAID_CHARACTERS]


def _message(kind: str, at_ms: int, data: Mapping[str, Any]) -> str:
    content = {"type": kind, "timestamp": instant_text(at_ms), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _status_words(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
