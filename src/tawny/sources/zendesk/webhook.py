"""Webhooks of Zendesk: which ticket or person has changed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tawny.sources.webhooks import (
    UNKNOWN,
    DeskWebhook,
    Heard,
    WebhookCall,
    digest,
    is_recent,
    is_same,
    iso_s,
)

_TYPE = "zen:event-type:"
_RECORDS = {"ticket": "conversation", "user": "contact"}
"""What the ledger calls what an event is about."""
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class _Detail(msgspec.Struct):
    id: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    detail: _Detail | None = None


_decoder = msgspec.json.Decoder(_Event)


def _is_signed(call: WebhookCall, secret: str, now_s: float) -> bool:
    """The digest of the time and the body, in base64."""
    stamp = call.headers.get("x-zendesk-webhook-signature-timestamp", "")
    made = digest(secret, stamp.encode("utf-8", "surrogateescape"), call.body)
    given = call.headers.get("x-zendesk-webhook-signature", "")
    expected = base64.b64encode(made).decode()
    return is_same(expected, given) and is_recent(iso_s(stamp), now_s)


def _read(body: bytes, _options: Mapping[str, Any], _address: str) -> Heard:
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return UNKNOWN
    about = found.type.removeprefix(_TYPE).partition(".")[0]
    if not found.type.startswith(_TYPE) or about not in _RECORDS or found.detail is None:
        return UNKNOWN
    number = str(found.detail.id)
    return Heard((f"{_RECORDS[about]}/{number}",)) if _NUMBER.fullmatch(number) else UNKNOWN


ZENDESK_WEBHOOK = DeskWebhook(
    _is_signed, _read, ("x-zendesk-webhook-invocation-id", "x-zendesk-webhook-signature")
)
