"""Updates of a ticket in the form in which the ledger keeps them: what they tell, without what
anybody wrote.

Who did something, and what sort of message a comment is, is decided when an update is first read,
by what is known then: what was sent is not told otherwise later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from tawny.sources.events import Fact, Facts
from tawny.sources.report import GapReport
from tawny.sources.zendesk import words
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.words import (
    channel_word,
    id_of,
    instant_ms,
    number_of,
    relation,
    tag_list,
)
from tawny.text import Text

Json = Mapping[str, Any]


class GroupSet(Struct, tag="group", array_like=True, frozen=True):
    """The ticket went into a group, or out of one."""

    id: int
    group: int | None
    before: int | None


class TicketComment(Struct, tag="comment", array_like=True, frozen=True):
    """A message to or from a customer."""

    id: int
    time_ms: int
    inbound: bool
    outbound_type: str | None
    agent: int | None
    team_of_agent: int | None = None
    """His only group, where somebody asked for it."""


class TagsSet(Struct, tag="tags", array_like=True, frozen=True):
    """Tags came and went."""

    id: int
    added: list[str]
    removed: list[str]
    agent: int | None


class Redaction(Struct, tag="redaction", array_like=True, frozen=True):
    """A part of a comment was made unreadable."""

    id: int
    comment: int


class Hidden(Struct, tag="hidden", array_like=True, frozen=True):
    """A comment is no longer public."""

    id: int
    comment: int


class StatusSet(Struct, tag="status", array_like=True, frozen=True):
    """The status was set. `status` and `before` are Zendesk's."""

    id: int
    status: str
    before: str | None
    by_rule: bool
    """A trigger did it, in the update of somebody else."""


class TicketRated(Struct, tag="rated", array_like=True, frozen=True):
    """A survey went out or was answered; the ratings themselves are read by time."""

    id: int


class RequesterSet(Struct, tag="requester", array_like=True, frozen=True):
    """Somebody else is the customer."""

    id: int
    requester: int | None


Child = (
    GroupSet | TicketComment | TagsSet | Redaction | Hidden | StatusSet | TicketRated | RequesterSet
)
_RANKS: tuple[type[Struct], ...] = (
    GroupSet, TicketComment, TagsSet, Redaction, Hidden, StatusSet, TicketRated, RequesterSet,
)  # fmt: skip
"""The order within one update, which the desk does not guarantee: a reply counts for the group that
it was sent into, and `reply and solve` is a resolve with a response."""


class TicketUpdate(Struct, array_like=True, frozen=True):
    """One update. Times in milliseconds since 1970 UTC."""

    id: int
    time_ms: int
    actor: str
    """`agent`, `bot`, `contact`, `system`"""
    actor_id: int | None
    is_clockwork: bool
    """An automation, which is run by the clock, made it."""
    is_merge: bool
    is_bulk: bool
    children: list[Child]

    @property
    def is_answer(self) -> bool:
        """Whether a customer wrote in it."""
        return any(isinstance(one, TicketComment) and one.inbound for one in self.children)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(TicketUpdate).decode


def kept(facts: Facts) -> list[TicketUpdate]:
    """The updates of a ticket that the ledger has, in their order."""
    found = [_decode(fact.note) for name, fact in facts.items() if name.startswith("audit/")]
    return sorted(found, key=lambda one: (one.time_ms, one.id))


def keep(facts: Facts, audit: TicketUpdate) -> None:
    """Remember an update."""
    facts[f"audit/{audit.id}"] = Fact(audit.time_ms, "", _encode(audit).decode())


def signs_of_agents(raw: Json) -> Iterator[int]:
    """Whoever did in an update what only agents can: was assigned, or wrote a note."""
    for child in _children(raw):
        if child.get("event_type") == words.MESSAGES and child.get("public") is False:
            yield from _positive(child.get("author_id"))
        if child.get("event_type") in words.FIELD_CHANGES and "assignee_id" in child:
            yield from _positive(child["assignee_id"])
            yield from _positive(child.get("previous_value"))


def tags_of(raw: Json) -> Iterator[str]:
    """Every tag that an update names."""
    for child in _children(raw):
        if child.get("event_type") in words.FIELD_CHANGES and "tags" in child:
            for value in (child["tags"], child.get("previous_value")):
                if isinstance(value, (str, list)):
                    yield from tag_list(value)


def redacted_comments(raw: Json) -> Iterator[int]:
    """The comments of which an update made a part unreadable."""
    for child in _children(raw):
        if str(child.get("event_type")).startswith(words.REDACTION):
            yield from _positive(child.get("comment_id"))


def _children(raw: Json) -> Iterable[Json]:
    children = raw.get("child_events")
    return [one for one in children or () if isinstance(one, dict)]


def _positive(value: Any) -> Iterator[int]:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        yield value


class UpdateReading:
    """Reads the updates of one ticket: `texts` are those of the comments it met."""

    def __init__(self, directory: ZendeskDirectory, requester: int, report: GapReport) -> None:
        self.texts: dict[int, str | None] = {}
        self._directory = directory
        self._requester = requester
        self._report = report

    def audit(self, raw: Json) -> TicketUpdate:
        """An update in the form that is kept. Raises `ValueError`; a part that cannot be read is
        left out by its name."""
        audit_id = number_of(raw.get("id"))
        time_ms = instant_ms(raw.get("created_at") or raw.get("timestamp"))
        updater = id_of(raw.get("updater_id"))
        via = raw.get("via")
        actor = self._actor(updater)
        is_rule = channel_word(via) == "rule"
        is_closing = any(
            child.get("status") in ("solved", "closed") for child in _children(raw)
        )  # fmt: skip
        merged = any(words.MERGE_TAG in tags for tags in _tags_added(raw))
        is_merge = merged or "merge" in channel_word(via) or relation(via) == "merge"
        children: list[Child] = []
        is_first = any(one.get("event_type") == "Create" for one in _children(raw))
        for child in _children(raw):
            kind = str(child.get("event_type"))
            found: Child | None = None
            with self._report.one(f"ticket_event/{audit_id}/{child.get('id')}"):
                found = self._child(
                    kind, child, actor, updater, is_rule, is_merge, is_closing, is_first, time_ms
                )
            if found is not None:
                is_first = is_first and not isinstance(found, TicketComment)
                children.append(found)
        ranked = sorted(children, key=lambda one: _RANKS.index(type(one)))
        return TicketUpdate(
            audit_id, time_ms, actor, None if actor == "system" else updater,
            is_clockwork=is_rule and actor == "system" and relation(via) != "trigger",
            is_merge=is_merge, is_bulk="bulk" in channel_word(via), children=ranked,
        )  # fmt: skip

    def _actor(self, user: int | None) -> str:
        if user is None or user in words.SYSTEM_IDS:
            return "system"
        if self._directory.is_virtual(user):
            return "bot"
        return "agent" if user in self._directory.agents else "contact"

    def _child(
        self, kind: str, child: Json, actor: str, updater: int | None, is_rule: bool,
        is_merge: bool, is_closing: bool, is_first: bool, time_ms: int,
    ) -> Child | None:  # fmt: skip
        number = number_of(child.get("id"))
        if kind == words.MESSAGES:
            copied = relation(child.get("via")) == "merge" or (is_merge and not is_closing)
            return self._comment(number, child, updater, copied, is_rule, is_first, time_ms)
        if kind in words.FIELD_CHANGES:
            return self._change(number, child, actor, updater, is_merge)
        if kind == words.RATING:
            return TicketRated(number)
        if kind == words.PRIVACY:
            if child.get("public") is False:
                return Hidden(number, number_of(child.get("comment_id")))
            self._report.ignored["comment_made_public"] += 1
            return None
        if kind.startswith(words.REDACTION):
            return Redaction(number, number_of(child.get("comment_id")))
        if kind in words.TOLD_OTHERWISE:
            self._report.ignored[kind] += 1
        else:
            self._report.unknown_value("child_events.event_type", kind, f"ticket_event/{number}")
        return None

    def _comment(
        self, number: int, child: Json, updater: int | None, copied: bool, is_rule: bool,
        is_first: bool, time_ms: int,
    ) -> TicketComment | None:  # fmt: skip
        if child.get("public") is not True:
            self._report.ignored["private_note"] += 1
            return None
        if copied:
            self._report.ignored["copied_by_merge"] += 1
            return None
        via, author = child.get("via"), id_of(child.get("author_id"))
        author = updater if author is None else author
        own_ms = time_ms if child.get("created_at") is None else instant_ms(child["created_at"])
        self.texts[number] = child.get("plain_body") or child.get("body")
        writer = self._actor(author)
        if writer == "contact" or (author == self._requester and writer != "system"):
            return TicketComment(number, own_ms, True, None, None)
        by_rule = channel_word(via) == "rule" or relation(via) in ("trigger", "automation")
        if writer == "system" or by_rule or (is_rule and self._actor(updater) == "system"):
            return TicketComment(number, own_ms, False, "auto_responder", None)
        if writer == "bot":
            return TicketComment(
                number, own_ms, False, "virtual_agent", author, self._team_of(author)
            )
        if is_first:
            return TicketComment(number, own_ms, False, "proactive", author)
        if channel_word(via) in words.CHAT_WORDS:
            # One comment holds a whole chat; what was said in it is not apart.
            self._report.undetermined["transcript"] += 1
        return TicketComment(number, own_ms, False, "agent", author, self._team_of(author))

    def _team_of(self, author: int | None) -> int | None:
        teams = self._directory.teams_of.get(author or 0, [])
        return teams[0] if len(teams) == 1 else None

    def _change(
        self, number: int, child: Json, actor: str, updater: int | None, is_merge: bool
    ) -> Child | None:
        via = child.get("via")
        by_rule = channel_word(via) == "rule" or relation(via) in ("trigger", "automation")
        if "group_id" in child:
            before = id_of(child.get("previous_value"))
            return GroupSet(number, id_of(child["group_id"]), before)
        if "requester_id" in child:
            return RequesterSet(number, id_of(child["requester_id"]))
        if "tags" in child:
            after, gone = tag_list(child["tags"]), tag_list(child.get("previous_value"))
            nobody = is_merge or by_rule or actor != "agent"
            return TagsSet(
                number, [one for one in after if one not in gone],
                [one for one in gone if one not in after], None if nobody else updater,
            )  # fmt: skip
        if "status" in child:
            status = self._status(child["status"])
            if status is None:
                name = f"ticket_event/{number}"
                self._report.unknown_value("tickets.status", child["status"], name)
                self._report.leave_out(name, Text("its status is unknown"))
                return None
            return StatusSet(
                number, status, self._status(child.get("previous_value")),
                by_rule=by_rule and actor != "system",
            )  # fmt: skip
        return None

    def _status(self, value: Any) -> str | None:
        """A status of Zendesk's own: one that the account made stands for its category."""
        if value is None:
            return None
        word = str(value).lower()
        word = word if word in words.STATUSES else self._directory.categories.get(word, word)
        return word if word in words.STATUSES else None


def _tags_added(raw: Json) -> Iterator[list[str]]:
    for child in _children(raw):
        if child.get("event_type") in words.FIELD_CHANGES and isinstance(
            child.get("tags"), (str, list)
        ):
            before = child.get("previous_value")
            known = tag_list(before) if isinstance(before, (str, list)) else []
            yield [one for one in tag_list(child["tags"]) if one not in known]
