"""What a request can see: conversations that count, messages, surveys, locks, presence."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .conversation import Conversation, first, is_agent_reply, is_change, is_human_resolve, last
from .hours import union
from .log import Event, Request, ordered, read_request
from .names import Names

# What a tag or topic is applied to.
OWNER = {"tag": "message_id", "topic": "conversation_id"}


@dataclass(frozen=True)
class Session:
    """A lock session that has an end; `kind` is `handle`, `no_response` or `cherry`."""

    conversation: Conversation
    agent: str
    team: str | None
    start: int
    end: int
    kind: str

    def cut(self, request: Request) -> int:
        """Milliseconds inside the range."""
        return max(0, min(self.end, request.stop) - max(self.start, request.start))


@dataclass(frozen=True)
class Interval:
    """Available or away; an open interval has no `end` and lasts until `as_of`."""

    first: Event
    end: int | None

    @property
    def agent(self) -> str:
        return str(self.first.get("agent_id"))

    @property
    def presence(self) -> str:
        return str(self.first.get("presence"))

    def last_instant(self, request: Request) -> int:
        """Its end, or `as_of`."""
        return request.as_of if self.end is None else self.end

    def in_range(self, request: Request) -> bool:
        """`start < to` and `end > from`."""
        return self.first.time < request.stop and self.last_instant(request) > request.start

    def cut(self, request: Request) -> tuple[int, int]:
        """Start and end inside the range and up to `as_of`."""
        start = max(self.first.time, request.start)
        end = min(self.last_instant(request), request.stop, request.as_of)
        return start, max(start, end)


@dataclass(frozen=True)
class Survey:
    """One `survey_id` with its events, in order, and the conversation that its first one names."""

    conversation: Conversation
    events: list[Event]

    def of_type(self, kind: str) -> list[Event]:
        return [e for e in self.events if e.type == kind]

    @property
    def returned_at(self) -> int | None:
        answer = first(self.of_type("csat.answered"))
        return None if answer is None else answer.time

    @property
    def last_answer(self) -> Event | None:
        return last(self.of_type("csat.answered"))

    @property
    def credited(self) -> Event | None:
        """The human resolve whose agent and team it is credited to."""
        mark = first(self.of_type("csat.sent")) or first(self.of_type("csat.answered"))
        if mark is None:
            return None
        return last(
            e for e in self.conversation.changes if is_human_resolve(e) and e.place < mark.place
        )

    @property
    def state(self) -> str:
        answer = self.last_answer
        if answer is not None:
            return "completed" if answer.get("follow_up_response") else "scored"
        return "timed_out" if self.of_type("csat.expired") else "sent"


class Facts:
    """The log as of a request."""

    def __init__(self, events: Iterable[Mapping[str, Any]], request: Mapping[str, Any]) -> None:
        every = ordered(events)
        self.request = read_request(request, every)
        erased = {e.get("contact_id") for e in every if e.type == "contact.erased"}
        self.erased_contacts = erased
        self.events = without_repeated_creations([e for e in every if e.time <= self.request.as_of])
        self.names = Names(self.events)
        self.created: dict[str, Conversation] = {}
        for e in self.events:
            if e.type == "conversation.created":
                self.created[e.get("conversation_id")] = Conversation(
                    e, e.get("contact_id") in erased
                )
        for e in self.events:
            if e.get("conversation_id") in self.created:
                self.created[e.get("conversation_id")].events.append(e)
        channels = self.request.channels
        self.chosen = [
            c for c in self.created.values() if channels is None or c.channel in channels
        ]
        self.counted = [c for c in self.chosen if not c.erased]
        self.sessions = list(self._sessions())
        self.intervals = list(self._intervals())

    # Events of conversations that count

    def counted_events(self, *types: str) -> list[tuple[Conversation, Event]]:
        """Events that name a conversation that counts, in the order of the log."""
        found = [(c, e) for c in self.counted for e in c.events if e.type in types]
        return sorted(found, key=lambda pair: pair[1].place)

    def in_range(
        self, types: tuple[str, ...], keep: Callable[[Event], bool] = lambda _: True
    ) -> list[tuple[Conversation, Event]]:
        """Those of them in the range that are kept."""
        return [
            (c, e)
            for c, e in self.counted_events(*types)
            if self.request.covers(e.time) and keep(e)
        ]

    def applied(self, kind: str, owner: str) -> list[str]:
        """Ids of tags (topics) applied to a message (conversation), by their last application."""
        latest: dict[str, Event] = {}
        for _, e in self.counted_events(f"{kind}.applied", f"{kind}.removed"):
            if e.get(OWNER[kind]) == owner:
                latest[e.get(f"{kind}_id")] = e
        kept = [
            e
            for item, e in latest.items()
            if e.type == f"{kind}.applied"
            and not any(d.place > e.place for d in self.names.deletions(kind, item))
        ]
        return [e.get(f"{kind}_id") for e in sorted(kept, key=lambda e: e.place)]

    def surveys(self) -> list[Survey]:
        """Every survey of a conversation that counts, by its first event."""
        grouped: dict[str, tuple[Conversation, list[Event]]] = {}
        for c, e in self.counted_events("csat.sent", "csat.answered", "csat.expired"):
            grouped.setdefault(e.get("survey_id"), (c, []))[1].append(e)
        return [Survey(c, listed) for c, listed in grouped.values()]

    # What was measured

    def locks_measured(self, channels: frozenset[str] | None) -> bool:
        """Whether a created conversation of some channels (none = all) has a lock."""
        return any(
            c.of_type("conversation.locked")
            for c in self.created.values()
            if channels is None or c.channel in channels
        )

    @property
    def presence_measured(self) -> bool:
        return any(e.type == "presence.changed" for e in self.events)

    # Lock sessions

    def _sessions(self) -> Iterable[Session]:
        # Who holds what is followed for every conversation, because a lock in one that does not
        # count ends the agent's session elsewhere all the same.
        for lock in self.events:
            if lock.type != "conversation.locked" or self.names.is_virtual(lock.get("agent_id")):
                continue
            conversation = self.created.get(lock.get("conversation_id"))
            end = self._end_of(lock)
            if conversation not in self.chosen or conversation is None or end is None:
                continue
            if self._held_already(lock):
                continue
            yield Session(
                conversation,
                lock.get("agent_id"),
                lock.get("team_id"),
                lock.time,
                end.time,
                self._kind(conversation, lock, end),
            )

    def _end_of(self, lock: Event) -> Event | None:
        return first(e for e in self.events if e.place > lock.place and ends(lock, e))

    def _held_already(self, lock: Event) -> bool:
        """Whether the agent holds the conversation when it locks it once more."""
        held = False
        for e in self.events:
            if e.place == lock.place:
                return held
            same = all(e.get(k) == lock.get(k) for k in ("conversation_id", "agent_id"))
            if e.type == "conversation.locked" and same:
                held = True
            elif ends(lock, e):
                held = False
        raise AssertionError("a lock of another log")

    @staticmethod
    def _kind(conversation: Conversation, lock: Event, end: Event) -> str:
        inside = [
            e
            for e in conversation.events
            if e.get("agent_id") == lock.get("agent_id") and lock.time <= e.time <= end.time
        ]
        if any(is_agent_reply(e) for e in inside):
            return "handle"
        if any(is_change(e, "resolved", "agent") for e in inside):
            return "no_response"
        return "cherry"

    # Presence

    def _intervals(self) -> Iterable[Interval]:
        changes = [e for e in self.events if e.type == "presence.changed"]
        for agent in sorted({e.get("agent_id") for e in changes}):
            current: Event | None = None
            for e in (e for e in changes if e.get("agent_id") == agent):
                if current is not None and appearance(current) == appearance(e):
                    continue
                if current is not None and current.get("presence") != "offline":
                    yield Interval(current, e.time)
                current = e
            if current is not None and current.get("presence") != "offline":
                yield Interval(current, None)

    def intervals_in_range(self) -> list[Interval]:
        """Available and away intervals of the range."""
        return [i for i in self.intervals if i.in_range(self.request)]

    def present(self, agent: str, presence: str) -> list[tuple[int, int]]:
        """When an agent was available (away), cut to the range and `as_of`."""
        return union(
            i.cut(self.request)
            for i in self.intervals_in_range()
            if i.agent == agent and i.presence == presence
        )


def appearance(event: Event) -> tuple[str, str]:
    """Presence and away state; no away state is the same as an empty one."""
    return event.get("presence"), event.get("away_state") or ""


def ends(lock: Event, event: Event) -> bool:
    """Whether an event ordered after a lock ends its session."""
    agent, conversation = lock.get("agent_id"), lock.get("conversation_id")
    here = bool(event.get("conversation_id") == conversation)
    theirs = bool(event.get("agent_id") == agent)
    match event.type:
        case "conversation.unlocked":
            return here and theirs
        case "conversation.locked":
            return here != theirs
        case "conversation.status_changed":
            return here and event.get("cause") != "csat"
        case "presence.changed":
            return theirs and event.get("presence") == "offline"
        case _:
            return False


def without_repeated_creations(events: list[Event]) -> list[Event]:
    """The events without later creations of the same conversation or message."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for e in events:
        if e.type in ("conversation.created", "message.created"):
            key = "message_id" if e.type == "message.created" else "conversation_id"
            if (e.type, e.get(key)) in seen:
                continue
            seen.add((e.type, e.get(key)))
        kept.append(e)
    return kept
