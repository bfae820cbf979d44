"""What the parts of a conversation tell, in their order.

The whole story is told each time; what was sent is known to the ledger. Parts carry the state of
the conversation, which is the check on what was made of them: what differs from it is observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tawny.sources.events import Data, Event, Facts, data_digest, without_nulls
from tawny.sources.intercom import words
from tawny.sources.intercom.conversations import KeptConversation
from tawny.sources.intercom.directory import IntercomDirectory
from tawny.sources.intercom.parts import ConversationPart, PartNow, padded
from tawny.sources.ledger import text_note

Change = dict[str, str | None]
"""Status, cause and what else is known of a change."""


class ConversationStory:
    """The story of one conversation; `status` is that of the log, after `events` was read."""

    def __init__(
        self, conversation: KeptConversation, parts: Sequence[ConversationPart], facts: Facts,
        directory: IntercomDirectory, now: Mapping[str, PartNow],
    ) -> None:  # fmt: skip
        """`now` are the parts that were just read."""
        self.status = "new"
        self._conversation = conversation
        self._parts = parts
        self._facts = facts
        self._directory = directory
        self._now = now
        self._team: str | None = None
        self._bot = self._first_bot()
        self._handed_over = self._bot is None
        self._bot_wrote = False
        base = f"conversation/{conversation.id}/"
        self._concluded = sorted(
            (fact.time_ms, fact.note)
            for name, fact in facts.items()
            if fact.note and name.startswith(base)
            and name.removeprefix(base).startswith(("status/observed/", "gone", "merged"))
        )  # fmt: skip

    @property
    def _ids(self) -> Data:
        return {"conversation_id": self._directory.named(self._conversation.id)}

    def _named(self, thing: str | None) -> str | None:
        return None if thing is None else self._directory.named(thing)

    def _first_bot(self) -> str | None:
        """The bot that answered before any person did."""
        for part in self._parts:
            if part.message == "virtual_agent":
                return part.actor_id
            if part.message == "agent":
                return None
        return None

    def events(self) -> Iterator[Event]:
        """All of it."""
        conversation = self._conversation
        if self._bot is not None:
            yield Event(
                f"conversation/{conversation.id}/bot", "conversation.virtual_agent_assigned",
                conversation.created_ms, {**self._ids, "agent_id": self._named(self._bot)},
                f"20-{conversation.order}",
            )  # fmt: skip
        for part in self._parts:
            self._conclude(part.time_ms)
            sequence = f"50-{padded(part.id)}"
            if part.assigned is not None and part.assigned[0] == "team":
                self._team = part.assigned[1]
            yield from self._handover(part, sequence)
            yield from self._message(part, sequence)
            before = self.status
            yield from self._status_set(part, sequence)
            yield from self._carried(part, before)
            yield from self._tags(part, sequence)
            if part.language is not None:
                yield Event(
                    f"part/{part.id}/language", "conversation.updated", part.time_ms,
                    {**self._ids, "language": part.language}, sequence,
                )  # fmt: skip
        self._conclude(None)

    def _conclude(self, until_ms: int | None) -> None:
        """Take over what was concluded from rows before an instant."""
        while self._concluded and (until_ms is None or self._concluded[0][0] < until_ms):
            self.status = self._concluded.pop(0)[1]

    def _handover(self, part: ConversationPart, sequence: str) -> Iterator[Event]:
        if part.message == "virtual_agent":
            self._bot_wrote = True
        if self._handed_over or not self._bot_wrote:
            return
        is_assigned = part.kind in words.ASSIGNMENTS and part.assigned is not None
        if is_assigned and part.assigned is not None and part.assigned[0] == "admin":
            is_assigned = part.assigned[1] not in self._directory.virtual
        if not is_assigned and part.message != "agent":
            return
        self._handed_over = True
        reason = part.reason if is_assigned else None
        if is_assigned and part.actor == "agent" and part.assigned == ("admin", part.actor_id):
            reason = "taken_by_agent"
        data = without_nulls({**self._ids, "agent_id": self._named(self._bot), "reason": reason})
        # Its id comes before that of the message of the same part.
        yield Event(
            f"conversation/{self._conversation.id}/handover/{part.id}", "conversation.handed_over",
            part.time_ms, data, sequence,
        )  # fmt: skip

    # --- messages -------------------------------------------------------------------------------

    def _message(self, part: ConversationPart, sequence: str) -> Iterator[Event]:
        event_id, now = f"part/{part.id}", self._now.get(part.id)
        if part.message is None or (now is None and event_id not in self._facts):
            # No message, or one that was refused when it was read.
            return
        content = None if now is None else now.text
        is_answer = part.message in ("agent", "virtual_agent")
        team = (self._team or part.team_of_agent) if is_answer else None
        by = part.actor_id if part.actor in ("agent", "bot") else None
        ids = {"message_id": self._directory.named(part.id), **self._ids}
        data = without_nulls({
            **ids,
            "direction": "inbound" if part.message == "inbound" else "outbound",
            "outbound_type": None if part.message == "inbound" else part.message,
            "agent_id": self._named(by) if is_answer or part.message == "proactive" else None,
            "team_id": self._named(team),
            "content": content,
        })  # fmt: skip
        was_sent = event_id in self._facts
        yield Event(
            event_id, "message.created", part.time_ms, data, sequence, note=text_note(content)
        )
        if now is None:
            return
        if now.is_redacted:
            yield Event(f"{event_id}/redacted", "message.deleted", now.updated_ms, ids, sequence)
        elif was_sent and content is not None:
            yield from self._edited(event_id, ids, content, now.updated_ms, sequence)

    def _edited(
        self, event_id: str, ids: Data, content: str, updated_ms: int, sequence: str
    ) -> Iterator[Event]:
        versions = [(self._facts[event_id].time_ms, 0, self._facts[event_id].note)] + [
            (fact.time_ms, place, fact.note)
            for place, (name, fact) in enumerate(self._facts.items(), 1)
            if name.startswith(f"{event_id}/content/")
        ]
        newest_ms, _, last = max(versions)
        note = text_note(content)
        if last in ("", note):
            return
        data = {**ids, "content": content}
        found = f"{event_id}/content/{data_digest(data)}"
        time_ms = max(updated_ms, newest_ms)
        yield Event(
            f"{found}/{time_ms}" if found in self._facts else found, "message.updated", time_ms,
            data, sequence, note=note,
        )  # fmt: skip

    # --- tags -----------------------------------------------------------------------------------

    def _tags(self, part: ConversationPart, sequence: str) -> Iterator[Event]:
        by = self._named(part.actor_id) if part.actor == "agent" else None
        about = {**self._ids, "agent_id": by, "team_id": self._named(self._team)}
        for tags, kind, word in (
            (part.added, "topic.applied", "added"),
            (part.removed, "topic.removed", "removed"),
        ):
            for tag in tags:
                data = without_nulls({**about, "topic_id": self._directory.named(tag)})
                yield Event(
                    f"part/{part.id}/tag/{tag}/{word}", kind, part.time_ms, data, sequence,
                    note=data["topic_id"],
                )  # fmt: skip
        now = self._now.get(part.id)
        for tag in now.tags if now is not None and part.message is not None else ():
            # Who put it there, and when, is not told.
            yield Event(
                f"part/{part.id}/tag/{tag}", "tag.applied", part.time_ms,
                {
                    "message_id": self._directory.named(part.id), **self._ids,
                    "tag_id": self._directory.named(tag),
                },
                sequence,
            )  # fmt: skip

    # --- status ---------------------------------------------------------------------------------

    def _status_set(self, part: ConversationPart, sequence: str) -> Iterator[Event]:
        change = _change(part)
        if change is None or change["status"] == self.status:
            return
        status = self.status = str(change["status"])
        by = change["cause"] in ("agent", "set_to_new", "virtual_agent")
        data = without_nulls({
            **self._ids, **change, "agent_id": self._named(part.actor_id) if by else None,
            "team_id": self._named(self._team),
        })  # fmt: skip
        yield Event(
            f"part/{part.id}/status", "conversation.status_changed", part.time_ms, data, sequence,
            note=status,
        )  # fmt: skip

    def _carried(self, part: ConversationPart, before: str) -> Iterator[Event]:
        """A state that is neither that before a part nor that after it: nothing explains it."""
        status = words.STATUSES.get(part.state or "")
        if status is None or status in (before, self.status):
            return
        self.status = status
        data = {**self._ids, "status": status, "cause": "unknown"}
        yield Event(
            f"part/{part.id}/status/observed", "conversation.status_changed", part.time_ms, data,
            f"90-{padded(part.id)}", note=status,
        )  # fmt: skip


def _change(part: ConversationPart) -> Change | None:
    """What a part does to the status, if anything."""
    if part.kind == words.CLOSE:
        return {"status": "resolved", **_resolved(part)}
    if part.kind in words.MERGED:
        return {"status": "resolved", "cause": "automation", "reason": "merged"}
    if part.message == "inbound" and part.kind != words.SOURCE:
        return {"status": "new", "cause": "inbound_message"}
    if part.kind == words.SNOOZE:
        return {"status": "pending", "cause": "agent" if part.actor == "agent" else "automation"}
    if part.kind == words.TIMER:
        return {"status": "new", "cause": "boomerang"}
    if part.kind in words.REOPENINGS | words.UNSNOOZINGS:
        if part.actor == "contact":
            return {"status": "new", "cause": "inbound_message"}
        return {"status": "new", "cause": "set_to_new" if part.actor == "agent" else "automation"}
    return None


def _resolved(part: ConversationPart) -> Change:
    if part.actor == "agent":
        return {"cause": "agent"}
    if part.actor == "contact":
        return {"cause": "automation", "reason": "contact"}
    if part.actor == "bot" and not part.by_operator:
        return {"cause": "virtual_agent"}
    return {"cause": "auto_resolve" if part.reason == "inactivity" else "automation"}
