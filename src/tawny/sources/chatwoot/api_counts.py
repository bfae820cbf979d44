"""How much is in a desk that is read by its API, in its own terms, to compare with the log."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace

from tawny.sources.chatwoot.api import ApiDesk
from tawny.sources.chatwoot.api_rows import answer_row, contact_row, signal_row
from tawny.sources.chatwoot.enumerations import ACTIVITY, CSAT, INCOMING
from tawny.sources.report import GapReport


def api_counts(
    desk: ApiDesk, until_us: int, excluded: frozenset[str]
) -> Mapping[tuple[str, str], int]:
    """Records by kind and UTC month of their creation, up to an instant, those of channels that are
    left out not counted. Every conversation is read for it."""
    found: Counter[tuple[str, str]] = Counter()

    def add(kind: str, row: SimpleNamespace) -> None:
        if row.created_at is not None and row.created_at <= until_us:
            found[kind, month_of(row.created_at)] += 1

    # What cannot be read is told by the report of a sync.
    unread = GapReport("", "", 0)
    for page in desk.contacts():
        for one in page:
            with unread.one("contact"):
                add("contacts", contact_row(one))
    for page in desk.answers():
        for one in page:
            with unread.one("answer"):
                add("answers", answer_row(one))
    numbers = {
        one["id"]
        for page in desk.conversations()
        for one in page
        if isinstance(one, dict) and isinstance(one.get("id"), int)
    }
    for number in sorted(numbers):
        conversation = desk.conversation(number)
        if conversation is None or str(conversation.inbox_id) in excluded:
            continue
        add("conversations", conversation)
        for row, _ in desk.messages_by_time(conversation, unread):
            if row.private or row.message_type == ACTIVITY:
                continue
            inbound = row.message_type == INCOMING
            add("messages inbound" if inbound else "messages outbound", row)
            if row.content_type == CSAT and not inbound:
                add("surveys", row)
        for one in desk.signals(number):
            if one.get("name") == "conversation_resolved":
                with unread.one("signal"):
                    add("resolves", signal_row(one))
    return found


def month_of(instant_us: int) -> str:
    """The UTC month of an instant.

    >>> month_of(1_780_905_600_000_000)
    '2026-06'
    """
    return datetime.datetime.fromtimestamp(instant_us / 1_000_000, datetime.UTC).strftime("%Y-%m")
