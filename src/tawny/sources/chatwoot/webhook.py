"""Webhooks of Chatwoot: which conversation or contact has changed."""

from __future__ import annotations

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
)

_LARGEST_ID = (1 << 63) - 1
_CONVERSATIONS = frozenset(
    {"conversation_created", "conversation_updated", "conversation_status_changed"}
)
_MESSAGES = frozenset({"message_created", "message_updated"})
_CONTACTS = frozenset({"contact_created", "contact_updated"})
_NO_NEWS = frozenset(
    {
        *("webwidget_triggered", "conversation_typing_on", "conversation_typing_off"),
        *("inbox_created", "inbox_updated"),
    }
)
"""What changes no record that is read for it."""


class _Record(msgspec.Struct):
    id: Any = None


class _Event(msgspec.Struct):
    event: str = ""
    id: Any = None
    """Of a conversation the number that people see."""
    conversation: _Record | None = None
    account: _Record | None = None


_decoder = msgspec.json.Decoder(_Event)


def _is_signed(call: WebhookCall, secret: str, now_s: float) -> bool:
    """`sha256=` and the digest of the time, a dot and the body."""
    stamp = call.headers.get("x-chatwoot-timestamp", "")
    made = digest(secret, stamp.encode("utf-8", "surrogateescape"), b".", call.body)
    given = call.headers.get("x-chatwoot-signature", "")
    time_s = float(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 else None
    return is_same(f"sha256={made.hex()}", given) and is_recent(time_s, now_s)


def _read(body: bytes, options: Mapping[str, Any], _address: str) -> Heard:
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return UNKNOWN
    # Events of conversations name no account; the address belongs to one.
    if found.account is not None and found.account.id != int(options["account"]):
        return UNKNOWN
    if found.event in _NO_NEWS:
        return Heard()
    if found.event in _CONVERSATIONS:
        return _heard("conversation", found.id)
    if found.event in _MESSAGES and found.conversation is not None:
        return _heard("conversation", found.conversation.id)
    if found.event in _CONTACTS:
        return _heard("contact", found.id)
    return UNKNOWN


def _heard(kind: str, number: object) -> Heard:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _LARGEST_ID:
        return UNKNOWN
    return Heard((f"{kind}/{number}",))


CHATWOOT_WEBHOOK = DeskWebhook(_is_signed, _read, ("x-chatwoot-delivery", "x-chatwoot-signature"))
