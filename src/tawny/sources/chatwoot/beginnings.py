"""When a bot had a conversation although nothing says so: from the beginning, until a reply."""

from __future__ import annotations

from collections.abc import Sequence

from tawny.sources.chatwoot.changes import OPEN, Change
from tawny.sources.chatwoot.records import Conversation, Message
from tawny.sources.events import sequence


def begins_with_bot(
    conversation: Conversation, changes: Sequence[Change], *, was_with_bot: bool
) -> bool:
    """Whether a bot had it first: it wrote before any person, a signal knows of it, it waits for it
    still, or the first thing told is an opening where a bot is active."""
    if first_bot(conversation) is None:
        return False
    if was_with_bot:
        return True
    for message in conversation.messages:
        if _is_bots(conversation, message):
            return True
        if message.type == "agent":
            break
    if any(signal.name.startswith("conversation_bot_") for signal in conversation.signals):
        return True
    if conversation.inbox.bot is None:
        return False
    if conversation.row.status == 2:
        return True
    return bool(changes) and changes[0].what == OPEN


def first_bot(conversation: Conversation) -> str | None:
    """Which bot: the first that wrote, else the one that is active in the inbox."""
    for message in conversation.messages:
        if message.type == "virtual_agent" and message.agent:
            return message.agent
        if _is_bots(conversation, message):
            return conversation.inbox.hook
    return conversation.inbox.bot


def was_blocked(conversation: Conversation, changes: Sequence[Change]) -> bool:
    """Whether it was resolved as it was created, because its contact is blocked."""
    resolved = conversation.row.status == 1 and conversation.settled
    return conversation.blocked and resolved and not changes


def _is_bots(conversation: Conversation, message: Message) -> bool:
    if message.type == "virtual_agent":
        return True
    hook = conversation.inbox.hook
    return not message.inbound and message.type is None and hook is not None


def implied_handover(
    conversation: Conversation, since_us: int, reply: Message
) -> tuple[Message, str]:
    """Where the bot's time ended when nothing tells of it and a person replies: at the customer's
    first message after the bot's last one, else at that; and its place within that instant."""
    earlier = [
        message
        for message in conversation.messages
        if since_us <= message.time_us and (message.time_us, message.id) < (reply.time_us, reply.id)
    ]
    last_bot = [m for m in earlier if m.type == "virtual_agent"][-1:]
    since = (last_bot[0].time_us, last_bot[0].id) if last_bot else (0, 0)
    after = [m for m in earlier if m.inbound and (m.time_us, m.id) > since]
    if after:
        return after[0], sequence(49, after[0].id)
    if last_bot:
        return last_bot[0], sequence(50, last_bot[0].id, 1)
    return reply, sequence(49, reply.id)
