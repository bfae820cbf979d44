"""What the updates of a ticket tell, in their order.

The log knows three statuses, and only a change of one of them is sent: from new to open, or from
pending to hold, nobody opened or ended a wait. The whole story is told each time; what was sent is
known to the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tawny.sources.events import Data, Event, Facts, without_nulls
from tawny.sources.ledger import text_note
from tawny.sources.zendesk.audits import (
    GroupSet,
    Hidden,
    Redaction,
    StatusSet,
    TagsSet,
    TicketComment,
    TicketUpdate,
)
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.tickets import ZendeskTicket
from tawny.sources.zendesk.words import MERGE_TAG, PUT_ASIDE, STATUSES

Texts = Mapping[int, str | None]


class TicketStory:
    """The story of one ticket; `status` is that of the log, after `events` was read."""

    def __init__(
        self, ticket: ZendeskTicket, audits: Sequence[TicketUpdate], facts: Facts,
        directory: ZendeskDirectory, texts: Texts, redacted: Texts,
    ) -> None:  # fmt: skip
        """`texts` are those of comments that were just read, `redacted` those that were read again
        because a part of them was made unreadable."""
        self.status = "new"
        self._ticket = ticket
        self._audits = audits
        self._facts = facts
        self._directory = directory
        self._texts = texts
        self._redacted = redacted
        self._group = self._first_group()
        self._bot = self._first_bot()
        self._handed_over = self._bot is None
        self._bot_wrote = False
        self._messages: set[int] = set()
        self._concluded = sorted(
            (fact.time_ms, fact.note)
            for name, fact in facts.items()
            if fact.note and ("/observed/" in name or name.startswith(f"{ticket.gone_id}"))
        )

    @property
    def _ids(self) -> Data:
        return {"conversation_id": self._directory.named(self._ticket.id)}

    def _first_group(self) -> int | None:
        """The group in which what is known of the story begins."""
        children = [one for audit in self._audits for one in audit.children]
        for one in children:
            if isinstance(one, GroupSet):
                return one.before
        begun = any(isinstance(one, StatusSet) and one.before is None for one in children)
        return None if begun else self._ticket.group

    def _first_bot(self) -> int | None:
        """Who answered first, if that is a bot."""
        for audit in self._audits:
            for one in audit.children:
                if isinstance(one, TicketComment) and one.outbound_type in (
                    "agent",
                    "virtual_agent",
                    "proactive",
                ):
                    return one.agent if one.outbound_type == "virtual_agent" else None
        return None

    def events(self) -> Iterator[Event]:
        """All of it."""
        ticket = self._ticket
        if self._bot is not None:
            yield Event(
                f"ticket/{ticket.id}/bot", "conversation.virtual_agent_assigned", ticket.created_ms,
                {**self._ids, "agent_id": self._directory.named(self._bot)}, f"20-{ticket.id:020d}",
            )  # fmt: skip
        for audit in self._audits:
            self._conclude(audit.time_ms)
            for order, child in enumerate(audit.children, 1):
                sequence = f"50-{audit.id:020d}-{order:03d}"
                match child:
                    case GroupSet():
                        yield from self._group_set(audit, child, sequence)
                    case TicketComment():
                        yield from self._comment(child, sequence)
                    case TagsSet():
                        yield from self._tags(audit, child, sequence)
                    case Redaction():
                        yield from self._redaction(audit, child, sequence)
                    case Hidden():
                        yield from self._hidden(audit, child, sequence)
                    case StatusSet():
                        yield from self._status_set(audit, child, sequence)
        self._conclude(None)

    def _conclude(self, until_ms: int | None) -> None:
        """Take over what was concluded from rows before an instant."""
        while self._concluded and (until_ms is None or self._concluded[0][0] < until_ms):
            self.status = self._concluded.pop(0)[1]

    def _team(self) -> str | None:
        return None if self._group is None else self._directory.named(self._group)

    def _group_set(self, audit: TicketUpdate, child: GroupSet, sequence: str) -> Iterator[Event]:
        self._group = child.group
        if self._bot_wrote and not self._handed_over and child.group is not None:
            assert self._bot is not None
            self._handed_over = True
            yield Event(
                f"ticket/{self._ticket.id}/handover/{child.id}", "conversation.handed_over",
                audit.time_ms, {**self._ids, "agent_id": self._directory.named(self._bot)},
                sequence,
            )  # fmt: skip

    def _comment(self, child: TicketComment, sequence: str) -> Iterator[Event]:
        named = self._directory.named
        event_id = f"comment/{child.id}"
        self._messages.add(child.id)
        self._bot_wrote = self._bot_wrote or child.outbound_type == "virtual_agent"
        if child.id not in self._texts and event_id not in self._facts:
            # It was refused when it was read, and its text is not here any more.
            return
        content = self._texts.get(child.id)
        team = None
        if child.outbound_type in ("agent", "virtual_agent"):
            team = self._team()
            if team is None and child.team_of_agent is not None:
                team = named(child.team_of_agent)
        data = without_nulls({
            "message_id": named(child.id),
            **self._ids,
            "direction": "inbound" if child.inbound else "outbound",
            "outbound_type": child.outbound_type,
            "agent_id": None if child.agent is None else named(child.agent),
            "team_id": team,
            "content": content,
        })  # fmt: skip
        yield Event(
            event_id, "message.created", child.time_ms, data, sequence, note=text_note(content)
        )

    def _tags(self, audit: TicketUpdate, child: TagsSet, sequence: str) -> Iterator[Event]:
        for tags, kind, word in (
            (child.added, "topic.applied", "added"),
            (child.removed, "topic.removed", "removed"),
        ):
            for tag in tags:
                agent = None if child.agent is None else self._directory.named(child.agent)
                data = without_nulls({
                    **self._ids, "topic_id": self._directory.named(tag), "agent_id": agent,
                    "team_id": self._team(),
                })  # fmt: skip
                yield Event(
                    f"ticket/{self._ticket.id}/tags/{child.id}/{tag}/{word}", kind, audit.time_ms,
                    data, sequence, note=data["topic_id"],
                )  # fmt: skip

    def _redaction(self, audit: TicketUpdate, child: Redaction, sequence: str) -> Iterator[Event]:
        event_id, text = f"comment/{child.comment}/redacted/{child.id}", None
        if event_id not in self._facts:
            # What was left of it then is told; a later part has an update of its own.
            text = self._redacted.get(child.comment)
        if child.comment in self._messages and text is not None:
            data = {
                "message_id": self._directory.named(child.comment), **self._ids, "content": text,
            }  # fmt: skip
            yield Event(
                event_id, "message.updated", audit.time_ms, data, sequence, note=text_note(text),
            )  # fmt: skip

    def _hidden(self, audit: TicketUpdate, child: Hidden, sequence: str) -> Iterator[Event]:
        if child.comment in self._messages:
            data = {"message_id": self._directory.named(child.comment), **self._ids}
            yield Event(
                f"comment/{child.comment}/private/{child.id}", "message.deleted", audit.time_ms,
                data, sequence,
            )  # fmt: skip

    # --- status ---------------------------------------------------------------------------------

    def _status_set(self, audit: TicketUpdate, child: StatusSet, sequence: str) -> Iterator[Event]:
        status = STATUSES[child.status]
        if status == self.status:
            return
        before, self.status = self.status, status
        if status == "new":
            how = _reopened(audit, child, was_put_aside=before == "pending")
        elif status == "pending":
            by_agent = audit.actor == "agent" and not child.by_rule
            how = {"cause": "agent" if by_agent else "automation"}
        else:
            how = _resolved(audit, child)
        named = self._directory.named
        by = how["cause"] in ("agent", "bulk", "set_to_new", "virtual_agent")
        data = without_nulls({
            **self._ids, "status": status, **how,
            "agent_id": named(audit.actor_id) if by and audit.actor_id is not None else None,
            "team_id": self._team(),
        })  # fmt: skip
        yield Event(
            f"ticket/{self._ticket.id}/status/{child.id}", "conversation.status_changed",
            audit.time_ms, data, sequence, note=status,
        )  # fmt: skip


def _reopened(audit: TicketUpdate, child: StatusSet, *, was_put_aside: bool) -> dict[str, str]:
    if audit.is_answer:
        return {"cause": "inbound_message"}
    is_agent = audit.actor == "agent" and not child.by_rule
    if child.before == "deleted":
        return {"cause": "set_to_new" if is_agent else "unknown"}
    if is_agent:
        return {"cause": "set_to_new"}
    if audit.is_clockwork and (child.before in PUT_ASIDE or was_put_aside):
        return {"cause": "boomerang"}
    if audit.actor == "contact" and not child.by_rule:
        return {"cause": "automation", "reason": "contact"}
    return {"cause": "automation"}


def _resolved(audit: TicketUpdate, child: StatusSet) -> dict[str, str]:
    if child.status == "deleted":
        return {"cause": "automation", "reason": "deleted"}
    if audit.is_merge or any(
        isinstance(one, TagsSet) and MERGE_TAG in one.added for one in audit.children
    ):
        return {"cause": "automation", "reason": "merged"}
    if child.by_rule:
        return {"cause": "automation"}
    if audit.actor == "agent":
        return {"cause": "bulk" if audit.is_bulk else "agent"}
    if audit.actor == "bot":
        return {"cause": "virtual_agent"}
    if audit.actor == "contact":
        return {"cause": "automation", "reason": "contact"}
    return {"cause": "auto_resolve" if audit.is_clockwork else "automation"}
