"""The story of a conversation: its changes of status, and who had it, bot or people.

The desk keeps a status, not its history. The history is rebuilt by walking through what tells of
it, in order of time: signals, notes, messages. What the row says in the end and nothing tells of is
observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tawny.sources.chatwoot.beginnings import (
    begins_with_bot,
    first_bot,
    implied_handover,
    was_blocked,
)
from tawny.sources.chatwoot.changes import (
    OPEN,
    PENDING,
    RESOLVED,
    SAME_US,
    SNOOZED,
    Change,
    changes,
)
from tawny.sources.chatwoot.enumerations import STATUSES
from tawny.sources.chatwoot.records import Conversation, Message
from tawny.sources.chatwoot.teams import Teams
from tawny.sources.events import Event, Facts, sequence, without_nulls
from tawny.sources.report import GapReport

_TAWNY = {OPEN: "new", SNOOZED: "pending", PENDING: "pending", RESOLVED: "resolved"}
_ALIAS_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A change that was sent because a reading showed it, or a reply implied it."""

    what: str
    time_us: int


class Story:
    """Walks through one conversation; `events` gives what it tells, and every message learns on the
    way who wrote it."""

    def __init__(
        self, conversation: Conversation, teams: Teams, facts: Facts, report: GapReport
    ) -> None:
        self._conversation = conversation
        self._teams = teams
        self._facts = facts
        self._report = report
        self._changes = changes(conversation.notes, conversation.signals)
        self._swallowed: set[int] = set()
        self._state = OPEN
        self._bot: str | None = None
        """Who has it while it is with a bot."""
        self._bot_since_us = 0
        self._handed_over_us: int | None = None

    def events(self) -> Iterator[Event]:
        """Changes of status, assignments to a bot, handovers."""
        conversation = self._conversation
        created_us = conversation.row.created_at
        # What was with a bot when it was read first began so, whatever is left to tell of it.
        was_with_bot = f"{conversation.base}/bot" in self._facts
        if begins_with_bot(conversation, self._changes, was_with_bot=was_with_bot):
            yield from self._to_bot(
                created_us, f"{conversation.base}/bot", sequence(20, conversation.number),
                first_bot(self._conversation),
            )  # fmt: skip
        elif was_blocked(self._conversation, self._changes):
            yield self._status(
                "resolved", "automation", created_us, "blocked",
                sequence(20, conversation.number), 0, reason="blocked",
            )  # fmt: skip
            self._state = RESOLVED
        for item in self._items():
            if isinstance(item, Message):
                yield from self._message(item)
            elif isinstance(item, _Known):
                self._take_over(item)
            elif id(item) not in self._swallowed:
                yield from self._change(item)
        yield from self._observed()

    def _items(self) -> Sequence[Message | Change | _Known]:
        self._find_reasons_of_replies()
        keyed: list[tuple[int, str, Message | Change | _Known]] = [
            (message.time_us, sequence(50, message.id), message)
            for message in self._conversation.messages
        ]
        keyed += [(change.time_us, change.sequence, change) for change in self._changes]
        keyed += [(known.time_us, "99", known) for known in self._known()]
        return [item for _, _, item in sorted(keyed, key=lambda one: one[:2])]

    def _find_reasons_of_replies(self) -> None:
        """An opening that an agent's reply made happened through that reply, right before it."""
        for change in self._changes:
            if change.key == "captain.auto_opened_after_agent_reply" and change.note is not None:
                before = [
                    message
                    for message in self._conversation.messages
                    if message.type == "agent" and message.time_us <= change.note.time_us
                ]
                if before:
                    change.time_us = before[-1].time_us
                    change.order = sequence(49, before[-1].id)

    # --- messages -------------------------------------------------------------------------------

    def _message(self, message: Message) -> Iterator[Event]:
        if message.inbound:
            yield from self._inbound(message)
            return
        if message.type is None:
            if self._bot is not None and self._conversation.inbox.hook is not None:
                message.type, message.agent = "virtual_agent", self._conversation.inbox.hook
            else:
                message.type = "agent"
                self._report.undetermined["agent"] += 1
        if message.type == "agent" and self._bot is not None and not self._will_open(message):
            handover = self._implied_handover(message)
            if not message.young:
                yield handover

    def _inbound(self, message: Message) -> Iterator[Event]:
        if self._state not in (RESOLVED, SNOOZED):
            return
        evidence = self._opening_after(message.time_us)
        if evidence is None and (
            self._conversation.blocked or self._stays_resolved(message.time_us)
        ):
            return
        yield self._status(
            "new", "inbound_message", message.time_us, f"m{message.id}",
            sequence(50, message.id, 1), message.id,
        )  # fmt: skip
        self._state = OPEN
        bot = self._conversation.inbox.bot
        if evidence is not None:
            self._swallowed.add(id(evidence))
        elif bot is not None:
            yield from self._to_bot(
                message.time_us, f"{self._conversation.base}/bot/m{message.id}",
                sequence(50, message.id, 2), bot,
            )  # fmt: skip

    def _opening_after(self, time_us: int) -> Change | None:
        """What else tells of the reopening by a message."""
        for change in self._changes:
            if change.what == OPEN and 0 <= change.time_us - time_us <= SAME_US:
                handoff = bool(change.signals) and (
                    change.signals[0].name == "conversation_bot_handoff"
                )
                if not change.names_who_opened and not handoff:
                    return change
        return None

    def _stays_resolved(self, time_us: int) -> bool:
        """Whether a conversation is muted and the next thing told of it is another resolve."""
        muted = False
        for note in self._conversation.notes:
            if note.time_us <= time_us and note.sentence.key in ("muted", "unmuted"):
                muted = note.sentence.key == "muted"
        following = [change for change in self._changes if change.time_us > time_us]
        return muted and bool(following) and following[0].what == RESOLVED

    # --- with a bot -----------------------------------------------------------------------------

    def _to_bot(self, time_us: int, event_id: str, order: str, bot: str | None) -> Iterator[Event]:
        if bot is None:
            self._report.undetermined["agent"] += 1
            return
        self._bot, self._bot_since_us = bot, time_us
        agent_id = self._conversation.directory.named(bot)
        yield Event(
            event_id, "conversation.virtual_agent_assigned", time_us // 1000,
            {"conversation_id": self._conversation.id, "agent_id": agent_id},
            order,
        )  # fmt: skip

    def _hand_over(
        self, time_us: int, suffix: str, order: str, reason: str | None = None,
        aliases: tuple[str, ...] = (),
    ) -> Event:  # fmt: skip
        bot, self._bot, self._handed_over_us = self._bot, None, time_us
        return Event(
            f"{self._conversation.base}/handover/{suffix}", "conversation.handed_over",
            time_us // 1000,
            without_nulls({
                "conversation_id": self._conversation.id,
                "agent_id": self._conversation.directory.named(bot),
                "reason": reason,
            }),
            order,
            aliases=aliases,
        )  # fmt: skip

    def _will_open(self, reply: Message) -> bool:
        """Whether anything tells of the end of the bot's time that a human reply is in."""
        for change in self._changes:
            if id(change) in self._swallowed or change.time_us < self._bot_since_us:
                continue
            if change.what == RESOLVED and change.time_us > reply.time_us:
                return False
            if change.what == OPEN:
                return True
        return False

    def _implied_handover(self, reply: Message) -> Event:
        self._report.undetermined["cause"] += 1
        message, order = implied_handover(self._conversation, self._bot_since_us, reply)
        return self._hand_over(message.time_us, f"m{message.id}", order)

    # --- changes --------------------------------------------------------------------------------

    def _change(self, change: Change) -> Iterator[Event]:
        if change.what == RESOLVED:
            yield self._resolved(change)
        elif change.what == OPEN:
            yield from self._opened(change)
        elif change.what == PENDING and self._conversation.inbox.bot is not None:
            yield from self._handed_back(change)
        else:
            yield self._status_event(change, "pending", self._aside_cause(change))
            self._state, self._bot = change.what, None

    def _resolved(self, change: Change) -> Event:
        cause, agent, reason = "unknown", None, None
        actor = None if change.note is None else change.note.actor
        if change.key == "status.auto_resolved":
            cause = "auto_resolve"
        elif change.key == "status.contact_resolved":
            cause, reason = "automation", "contact"
        elif actor is not None and actor.kind == "rule":
            cause = "automation"
        elif actor is not None and actor.kind == "bot":
            cause, agent = "virtual_agent", actor.id
            reason = (change.note.sentence.reason or None) if change.note else None
        elif actor is not None and actor.kind == "user":
            cause, agent = "agent", actor.id
        elif change.by_bot:
            cause, agent = "virtual_agent", self._bot or first_bot(self._conversation)
        else:
            self._report.undetermined["cause"] += 1
        self._state, self._bot = RESOLVED, None
        return self._status_event(change, "resolved", cause, agent, reason)

    def _opened(self, change: Change) -> Iterator[Event]:
        actor = None if change.note is None else change.note.actor
        if self._bot is not None:
            reason = None
            if (actor is not None and actor.kind == "user") or change.order:
                reason = "taken_by_agent"
            elif change.key == "agent_bot.error_moved_to_open":
                reason = "error"
            other = change.other_suffix
            aliases = () if other is None else (f"{self._conversation.base}/handover/{other}",)
            yield self._hand_over(change.time_us, change.suffix, change.sequence, reason, aliases)
            return
        if self._state == OPEN:
            return  # the other half of a handover, or nothing told that it was closed
        cause, agent = "unknown", None
        if actor is not None and actor.kind == "user":
            cause, agent = "set_to_new", actor.id
        elif actor is not None and actor.kind in ("rule", "bot"):
            cause = "automation"
        elif change.key == "status.system_auto_open":
            cause = "inbound_message"
        elif self._state == SNOOZED and change.signals:
            cause = "boomerang"
        else:
            self._report.undetermined["cause"] += 1
        self._state = OPEN
        yield self._status_event(change, "new", cause, agent)

    def _handed_back(self, change: Change) -> Iterator[Event]:
        """Set to pending where a bot is active: the bot has it again."""
        assert change.note is not None
        if self._bot is not None:
            return
        order = change.sequence
        if self._state != OPEN:
            actor = change.note.actor
            cause = "set_to_new" if actor.kind == "user" else "automation"
            agent = actor.id if actor.kind == "user" else None
            yield self._status(
                "new", cause, change.time_us, change.suffix, f"{order}-1", change.number, agent
            )
            self._state = OPEN
            order = f"{order}-2"
        yield from self._to_bot(
            change.time_us, f"{self._conversation.base}/bot/{change.suffix}", order,
            self._conversation.inbox.bot,
        )  # fmt: skip

    def _aside_cause(self, change: Change) -> str:
        actor = None if change.note is None else change.note.actor
        if actor is None or actor.kind == "nobody":
            self._report.undetermined["cause"] += 1
            return "unknown"
        return "agent" if actor.kind == "user" else "automation"

    def _status_event(
        self, change: Change, status: str, cause: str, agent: str | None = None,
        reason: str | None = None,
    ) -> Event:  # fmt: skip
        if status == "pending" and cause == "agent" and change.note is not None:
            agent = change.note.actor.id
        event = self._status(
            status, cause, change.time_us, change.suffix, change.sequence, change.number, agent,
            reason,
        )  # fmt: skip
        if change.other_suffix is not None:
            event.aliases += (f"{self._conversation.base}/status/{change.other_suffix}",)
        return event

    def _status(
        self, status: str, cause: str, time_us: int, suffix: str, order: str, number: int,
        agent: str | None = None, reason: str | None = None,
    ) -> Event:  # fmt: skip
        conversation = self._conversation
        named = conversation.directory.named
        data = without_nulls({
            "conversation_id": self._conversation.id,
            "status": status,
            "cause": cause,
            "agent_id": None if agent is None else named(agent),
            "team_id": self._teams.at(time_us, number, agent),
            "reason": reason,
        })  # fmt: skip
        time_ms = time_us // 1000
        return Event(
            f"{conversation.base}/status/{suffix}", "conversation.status_changed", time_ms, data,
            order, note=status,
            aliases=tuple(
                name for name, fact in self._facts.items()
                if name.startswith(f"{conversation.base}/status/observed/")
                and fact.note == status and 0 <= fact.time_ms - time_ms <= _ALIAS_MS
            ),
        )  # fmt: skip

    # --- what nothing tells of ------------------------------------------------------------------

    def _known(self) -> Iterator[_Known]:
        base = self._conversation.base
        for name, fact in self._facts.items():
            rest = name.removeprefix(f"{base}/")
            if rest == "gone":
                yield _Known(RESOLVED, fact.time_ms * 1000)
            elif rest.startswith("status/observed/"):
                yield _Known(_WHAT[fact.note], fact.time_ms * 1000)
            elif rest.startswith(("handover/observed/", "handover/m", "bot/observed/")):
                yield _Known(rest.partition("/")[0], fact.time_ms * 1000)

    def _take_over(self, known: _Known) -> None:
        if known.what == "handover":
            self._bot = None
        elif known.what == "bot":
            self._bot = self._conversation.inbox.bot
        else:
            self._state = known.what
            if known.what != OPEN:
                self._bot = None

    def _observed(self) -> Iterator[Event]:
        conversation = self._conversation
        row = conversation.row
        status = STATUSES.get(row.status)
        if status is None:
            self._report.unknown_value("conversations.status", row.status, conversation.base)
            return
        if not conversation.settled or row.updated_at is None:
            return
        last_us = max((known.time_us for known in self._known()), default=0)
        time_us = max(row.updated_at, last_us + 1000 if last_us > row.updated_at else 0)
        with_bot = status == PENDING and conversation.inbox.bot is not None
        found = "new" if with_bot else _TAWNY[status]
        suffix, order = f"observed/{time_us // 1000}", sequence(90, conversation.number)
        if found != _TAWNY[self._state]:
            self._report.observed += 1
            yield self._status(found, "unknown", time_us, suffix, f"{order}-1", 1 << 62)
            if found != "new":
                self._bot = None
        if with_bot and self._bot is None:
            self._report.observed += 1
            yield from self._to_bot(
                time_us, f"{conversation.base}/bot/{suffix}", f"{order}-2", conversation.inbox.bot
            )
        elif status == OPEN and self._bot is not None:
            self._report.observed += 1
            yield self._hand_over(time_us, suffix, f"{order}-2")


_WHAT = {"new": OPEN, "pending": PENDING, "resolved": RESOLVED}
