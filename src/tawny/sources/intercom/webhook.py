"""Webhooks of Intercom: which conversation, contact or presence has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tawny.sources.webhooks import UNKNOWN, DeskWebhook, Heard, WebhookCall, digest, is_same

_RECORDS = {
    "conversation": "conversation",
    "conversation_part": "conversation",
    "contact": "contact",
    "admin": "presence",
}
"""What the ledger calls what the topics are about that begin with a word. Those of parts tell their
conversation."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Named(msgspec.Struct):
    id: Any = None


class _Item(msgspec.Struct):
    id: Any = None
    contact: _Named | None = None
    """Whose tag it is."""


class _Data(msgspec.Struct):
    item: _Item | None = None


class _Event(msgspec.Struct):
    topic: str = ""
    id: Any = None
    """Of the delivery."""
    app_id: Any = None
    data: _Data | None = None


_decoder = msgspec.json.Decoder(_Event)


def _is_signed(call: WebhookCall, secret: str, _now_s: float) -> bool:
    """`sha1=` and the digest of the body. No time is signed: a delivery that is brought again has
    what is there read again, and nothing else."""
    made = digest(secret, call.body, method="sha1")
    return is_same(f"sha1={made.hex()}", call.headers.get("x-hub-signature", ""))


def _read(body: bytes, _options: Mapping[str, Any], address: str) -> Heard:
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return UNKNOWN
    delivery = found.id if isinstance(found.id, str) and found.id else None
    if found.topic == "ping":
        return Heard(status=200, delivery=delivery)
    # An app hears of every workspace that has it.
    if found.app_id is not None and found.app_id != address.rpartition("/")[2]:
        return Heard(is_known=False, delivery=delivery)
    kind = _RECORDS.get(found.topic.partition(".")[0])
    item = None if found.data is None else found.data.item
    if kind is None or item is None:
        return Heard(is_known=False, delivery=delivery)
    number = item.contact.id if item.contact is not None and kind == "contact" else item.id
    is_id = isinstance(number, (str, int)) and not isinstance(number, bool)
    if not is_id or not _ID.fullmatch(str(number)):
        return Heard(is_known=False, delivery=delivery)
    return Heard((f"{kind}/{number}",), delivery=delivery)


INTERCOM_WEBHOOK = DeskWebhook(_is_signed, _read)
