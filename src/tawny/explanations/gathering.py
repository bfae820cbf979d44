"""Which events a cell hangs on, so that they alone give it again.

What the rules of the cell name comes from the facts of its export. Beside it stands what such
events need to mean the same without the rest of the log: the creation of their conversations, both
ends of a lock session and what made its kind, who is a virtual agent, that locks or presence are
reported at all, that a requested channel exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawny.engine import evidence
from tawny.engine.base import Embedded
from tawny.engine.event_keys import EventKey
from tawny.engine.evidence import FoundEvent, LockWitness, Session
from tawny.engine.snapshot import View
from tawny.explanations.rules import MAKES_ROW, ROW, Rule
from tawny.log.files import Snapshot

Json = dict[str, Any]

_LOCKED = "conversation.locked"

_ROW_OF_SUMS = ("contact", "virtual_agent", "topic", "tag", "work")
"""Statements about rows that sum up: what is counted makes such a row, or else one event."""

_MAKING_PARTS = frozenset(
    {
        *("counted", "conversation", "contact", "message", "first", "in_range", "last_resolve"),
        *("session", "interval", "answered"),
    }
)
"""Parts of such a statement that make the row."""

_COUNTED_SESSIONS = ("session", "busy")

_ENDS = {
    "conversation.unlocked": "unlocked",
    "conversation.status_changed": "status_ended",
    "presence.changed": "went_offline",
}
"""How sessions end, by what ended them, beside locks."""

_WHAT_MAKES_A_USER = (
    *("presence", "reply", "tag.applied", "topic.applied", "resolve", "survey", "handle_ended"),
    *("handle", "no_response", "cherry_picking"),
)
"""What may make the row of an agent, the plainest first."""


@dataclass(frozen=True, slots=True)
class EvidencePart:
    """Why an event is there."""

    name: str
    amount: int | None = None
    """What it adds: milliseconds, or how many of what is counted."""
    rule: str = ""


@dataclass(slots=True)
class Evidence:
    """Events behind a cell, each with its parts."""

    parts: dict[EventKey, list[EvidencePart]] = field(default_factory=dict)
    events: dict[EventKey, Json] = field(default_factory=dict)
    """As they would be sent."""
    elsewhere: set[EventKey] = field(default_factory=set)
    """Locks of other conversations that only end a session: these conversations do not count."""

    def add(self, key: EventKey, part: EvidencePart) -> None:
        """Add a part of an event, once."""
        listed = self.parts.setdefault(key, [])
        if part not in listed:
            listed.append(part)

    def ordered(self) -> list[EventKey]:
        """The events in their order."""
        return sorted(self.parts)


class Gathering:
    """Gathers the evidence of one cell, on an engine where the steps of its query are."""

    def __init__(
        self,
        engine: Embedded,
        snapshot: Snapshot,
        view: View,
        *,
        has_locks: bool,
        with_contents: bool,
    ) -> None:
        self._engine = engine
        self._snapshot = snapshot
        self._view = view
        self._has_locks = has_locks
        self._with_contents = with_contents
        self._row: Sequence[FoundEvent] = ()
        self._makers: set[EventKey] = set()
        self.evidence = Evidence()

    def add_findings(
        self, rule: Rule, export_type: str, found: Sequence[FoundEvent], value: str | None
    ) -> None:
        """Add what the statement of a rule gave for a cell of a value; None = empty."""
        own = [finding for finding in found if finding.rule not in (ROW, MAKES_ROW)]
        row = [finding for finding in found if finding.rule == ROW]
        if rule.statement in _ROW_OF_SUMS:
            makers = [finding for finding in found if finding.rule == MAKES_ROW]
            row = self._of_sums(rule, export_type, own, row, makers)
        if rule.name == "activity":
            # The row has an event of that time already.
            times = {finding.event.time_ms for finding in row}
            own = [finding for finding in own if finding.event.time_ms not in times]
        own = [finding._replace(part=_part(rule, finding, value)) for finding in own]
        for finding in (*own, *row):
            self.evidence.add(
                finding.event, EvidencePart(finding.part, finding.amount, finding.rule)
            )

    def _of_sums(
        self,
        rule: Rule,
        export_type: str,
        own: Sequence[FoundEvent],
        row: Sequence[FoundEvent],
        makers: Sequence[FoundEvent],
    ) -> list[FoundEvent]:
        """Of the events that make a row that sums up those that are needed beside the cell's own in
        any case; of an agent or team it is seen in the end whether any is."""
        makes = any(finding.part in _MAKING_PARTS for finding in own)
        if rule.statement != "work":
            return [finding for finding in row if not makes or finding.part != "row"]
        order: tuple[str, ...] = _WHAT_MAKES_A_USER
        if export_type == "teams":
            makes, order = False, ("reply",)
        if not makes:
            by_part = {part: [one for one in row if one.part == part] for part in order}
            self._row = next(filter(None, by_part.values()), [])
            self._makers = {one.event for one in makers if one.part in order}
        return []

    def make_row(self) -> None:
        """Add what makes the row of an agent or team, unless something that is there does."""
        if self._row and self._makers.isdisjoint(self.evidence.parts):
            for finding in self._row:
                self.evidence.add(finding.event, EvidencePart("row"))
            self.close()

    def close(self) -> None:
        """Add what the events need to mean the same without the rest of the log."""
        self._fetch()
        self._leave_out_first_events_of_surveys()
        seen: set[EventKey] = set()
        while True:
            self._fetch()
            conversations = self._created()
            locks = [
                key
                for key in self.evidence.parts
                if key.type == _LOCKED
                and key not in seen
                and self._data(key)["conversation_id"] in conversations
            ]
            if not (self._has_locks and locks):
                break
            seen.update(locks)
            for session in evidence.sessions(self._engine, locks):
                self._add_session(session)
            self._add_virtual(locks)
        self._fetch()

    def _leave_out_first_events_of_surveys(self) -> None:
        """Leave out the first event of a survey where another one names the same conversation."""
        parts = self.evidence.parts
        firsts = [key for key in parts if any(part.name == "survey" for part in parts[key])]
        for key in firsts:
            others = [
                self._data(other)["conversation_id"]
                for other in parts
                if other != key
                and self._data(other).get("survey_id") == self._data(key)["survey_id"]
            ]
            if self._data(key)["conversation_id"] in others:
                parts[key] = [part for part in parts[key] if part.name != "survey"]
                if not parts[key]:
                    del parts[key]

    def show_locks(self, witnesses: Iterable[LockWitness]) -> None:
        """Add a lock that shows that locks are reported, unless one is there."""
        created = self._created()
        locked = {
            self._data(key)["conversation_id"]
            for key in self.evidence.parts
            if key.type == _LOCKED and key not in self.evidence.elsewhere
        }
        if locked & created:
            return
        for witness in witnesses:
            self.evidence.add(witness.event, EvidencePart("shows_locks"))
            self.evidence.elsewhere.discard(witness.event)
            break
        self.close()

    def show_presence(self) -> None:
        """Add a change that shows that presence is reported, unless one is there."""
        if any(key.type == "presence.changed" for key in self.evidence.parts):
            return
        witness = evidence.presence_witness(self._engine)
        if witness is not None:
            self.evidence.add(witness, EvidencePart("shows_presence"))
        self._fetch()

    def name_channels(self) -> None:
        """Add an event that names a requested channel, for each that nothing else names."""
        naming = ("channel.saved", "conversation.created")
        named = {self._data(key)["channel_id"] for key in self.evidence.parts if key.type in naming}
        missing = set(self._view.channels) - named
        if missing:
            witnesses = evidence.channel_witnesses(self._engine, self._snapshot, self._view)
            for channel in sorted(missing):
                self.evidence.add(witnesses[channel], EvidencePart("names_channel"))
        self._fetch()

    def _data(self, key: EventKey) -> Json:
        data: Json = self.evidence.events[key]["data"]
        return data

    def _fetch(self) -> None:
        missing = self.evidence.parts.keys() - self.evidence.events.keys()
        if missing:
            self.evidence.events |= evidence.events_as_sent(
                self._engine,
                self._snapshot,
                self._view,
                missing,
                with_contents=self._with_contents,
            )

    def _created(self) -> set[str]:
        """The conversations of the events, with their creations added."""
        conversations = {
            self._data(key).get("conversation_id")
            for key in self.evidence.parts
            if key not in self.evidence.elsewhere
        } - {None}
        if not conversations:
            return set()
        found = evidence.creations(self._engine, [str(one) for one in conversations])
        for key in found.values():
            if key not in self.evidence.parts:
                self.evidence.add(key, EvidencePart("created"))
        self._fetch()
        return set(found)

    def _add_session(self, session: Session) -> None:
        parts = self.evidence.parts
        is_counted = any(part.name in _COUNTED_SESSIONS for part in parts[session.locked])
        if not is_counted:
            self.evidence.add(
                session.locked, EvidencePart("other_session", session.length_ms, session.kind)
            )
        if session.ended not in parts:
            self.evidence.add(session.ended, EvidencePart("other_end"))
            self._fetch()
            parts[session.ended].clear()
            if session.ended.type == _LOCKED and self._is_elsewhere(session):
                self.evidence.elsewhere.add(session.ended)
        ended = _ENDS.get(session.ended.type, "stolen")
        if ended == "stolen" and self._is_elsewhere(session):
            ended = "locked_elsewhere"
        self.evidence.add(session.ended, EvidencePart(ended if is_counted else "other_end"))
        if session.decided is not None:
            decided = f"decided_{session.kind}" if is_counted else "other_decided"
            self.evidence.add(session.decided, EvidencePart(decided))

    def _is_elsewhere(self, session: Session) -> bool:
        """Whether a session ends by a lock of another conversation."""
        ended = self._data(session.ended)["conversation_id"]
        return bool(ended != self._data(session.locked)["conversation_id"])

    def _add_virtual(self, locks: Sequence[EventKey]) -> None:
        agents = {str(self._data(lock)["agent_id"]) for lock in locks}
        for key in evidence.virtual_kinds(self._engine, agents).values():
            self.evidence.add(key, EvidencePart("virtual_holder"))


def _part(rule: Rule, finding: FoundEvent, value: str | None) -> str:
    """The part of a finding: of an empty cell it was only looked at, unless it empties it."""
    if value is None and finding.part not in ("deleted", "before_deletion"):
        return "looked_at"
    if finding.part == "session" and finding.amount == 0 and rule.how == "sum":
        return "zero_session"
    return finding.part
