"""Writes the events of one small and nasty random log, every one by the rules of the contract."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from generated_times import ANCHORS, business_hours, near, step, time_text

Json = dict[str, Any]

# Sorted by UTF-16 the last two change places, sorted by locale most do.
ODD_IDS = (
    *("1", "10", "9", "a;b", "c\\d", "=1+1", "@x", 'q"q', "x,y", "A", "a", "é", "e\u0301", "Z z"),
    *(" lead", "line\nend", "cr\rid", "\u2028", "#", "'", "null", "\ue000", "😀", "x" * 256),
)
TEXTS = (
    *("", "plain", "a;b", "c\\d;", "x, y", 'say "hi"', "two\nlines", "cr\r\nlf", "=1+1", "@you"),
    *("#tag", "'quoted", "-3", "+4", "\ttab ", " ", "naïve 😀", "null", "\\", ";", "\u2028"),
)
STATUSES = (
    *(("new", cause) for cause in ("inbound_message", "handover", "boomerang", "set_to_new")),
    *(("new", cause) for cause in ("automation", "unknown")),
    *(("pending", cause) for cause in ("agent", "automation", "unknown")),
    *(("resolved", c) for c in ("agent", "bulk", "virtual_agent", "automation", "auto_resolve")),
    *(("resolved", c) for c in ("csat", "unknown")),
)
OUTBOUND = ("agent", "agent", "virtual_agent", "auto_responder", "proactive", "csat", "native")
REASONS = ("requested", "escape_word", "va_timeout", "contact_timeout", "error", "taken_by_agent")


@dataclass
class Pool:
    """The ids of one log, and which message and survey belongs to which conversation."""

    channels: list[str]
    agents: list[str]
    teams: list[str]
    contacts: list[str]
    conversations: list[str]
    topics: list[str]
    tags: list[str]
    home: dict[str, tuple[str, str]]
    messages: dict[str, list[str]] = field(default_factory=dict)
    surveys: dict[str, list[str]] = field(default_factory=dict)


def ids(rng: random.Random, letter: str, low: int, high: int) -> list[str]:
    """Ids of one kind; odd ones are shared between kinds, so that mixed-up joins show."""
    wanted = rng.randint(low, high)
    plain = [f"{letter}-{n}" for n in range(wanted)]
    return rng.sample(plain + rng.sample(ODD_IDS, wanted // 2 + 1), wanted)


class LogWriter:
    """Writes events along a clock that stands still, steps, jumps and sometimes goes back."""

    def __init__(self, rng: random.Random, *, strange: bool) -> None:
        self.rng, self.strange = rng, strange
        self.clock = near(rng, rng.choice(ANCHORS))
        self.start = self.clock
        self.events: list[Json] = []
        self.times: list[int] = []
        self.leaps = rng.random() < 0.3
        self.used: set[tuple[str, str]] = set()
        channels, contacts = ids(rng, "ch", 2, 4), ids(rng, "k", 3, 6)
        conversations = ids(rng, "c", 4, 8)
        self.pool = Pool(
            channels,
            [*ids(rng, "u", 3, 5), "bot"],
            ids(rng, "t", 2, 3),
            contacts,
            conversations,
            ids(rng, "topic", 2, 3),
            ids(rng, "tag", 2, 3),
            {c: (rng.choice(channels), rng.choice(contacts)) for c in conversations},
        )
        # The last channel is never saved, the last conversation sometimes never created.
        self.saved_channels = channels[: rng.choice([len(channels) - 1, len(channels)])]
        self.not_created = set(conversations[-1:]) if rng.random() < 0.5 else set()
        self.kinds = {a: rng.choice(["human", "human", None, "virtual"]) for a in self.pool.agents}
        self.kinds["bot"] = "virtual"
        # Some logs never measure locks (in a channel) or presence.
        self.no_presence = rng.random() < 0.1
        self.lockless = set(rng.sample(channels, rng.choice([0, 0, 1, len(channels)])))

    # One event

    def emit(self, kind: str, data: Json, at: int | None = None) -> None:
        """Add one event of a type at the clock or at an instant (milliseconds)."""
        if at is None:
            at = self.moment()
        rng = self.rng
        data = {k: v for k, v in data.items() if v is not None or rng.random() < 0.5}
        source, identity = rng.choice(["/a", "/b", "https://desk.example.com"]), ""
        while not identity or (source, identity) in self.used:
            identity = f"e{rng.randrange(10 + 2 * len(self.events))}"
        self.used.add((source, identity))
        event: Json = {
            "specversion": "1.0",
            "source": source,
            "id": identity,
            "type": kind,
            "time": time_text(rng, at),
            "data": data,
        }
        if rng.random() < 0.5:
            event["sequence"] = rng.choice([None, "", "1", "10", "2", "a", "é"])
        if rng.random() < 0.03:
            event["extra"] = data["unknown_field"] = [1, {"x": None}]
        self.times.append(at)
        self.events.append(event)

    def moment(self) -> int:
        """The next instant: mostly forward, sometimes one that was already used."""
        roll = self.rng.random()
        if self.times and roll < 0.08:
            return self.rng.choice(self.times)
        if self.times and roll < 0.12:
            return self.rng.choice(self.times) + self.rng.choice([-1, 1])
        self.clock += step(self.rng, leaps=self.leaps)
        return self.clock

    def maybe(self, values: Sequence[str], share: float = 0.8) -> str | None:
        """One of some values, or none."""
        return self.rng.choice(values) if self.rng.random() < share else None

    def words(self, share: float = 0.7) -> str | None:
        return self.maybe(TEXTS, share)

    # Who and where

    def agent(self) -> str:
        """An agent, sometimes one that is never announced."""
        return "ghost" if self.rng.random() < 0.04 else self.rng.choice(self.pool.agents)

    def who(self, agent: str | None = None) -> Json:
        """The agent and team that an event carries."""
        team = "ghost team" if self.rng.random() < 0.04 else self.maybe(self.pool.teams)
        return {"agent_id": agent or self.maybe(self.pool.agents, 0.9), "team_id": team}

    def conversation(self) -> str:
        return self.rng.choice(self.pool.conversations)

    def named(self, conversation: str) -> str:
        """What a message, tag or survey event says its conversation is."""
        return self.conversation() if self.strange and self.rng.random() < 0.1 else conversation

    def own(self, owned: dict[str, list[str]], conversation: str, letter: str, new: float) -> str:
        """An id that belongs to a conversation, a new one with some probability."""
        listed = owned.setdefault(conversation, [])
        if not listed or self.rng.random() < new:
            taken = {i for some in owned.values() for i in some}
            free = [i for i in ODD_IDS if i not in taken]
            odd = free and self.rng.random() < 0.3
            listed.append(self.rng.choice(free) if odd else f"{letter}-{len(taken)}")
        return self.rng.choice(listed)

    def message(self, conversation: str, new: float = 0.1) -> str:
        return self.own(self.pool.messages, conversation, "m", new)

    # Reference data

    def save_channel(self, at: int | None = None) -> None:
        if not self.saved_channels:
            return
        channel = self.rng.choice(self.saved_channels)
        data: Json = {
            "channel_id": channel,
            "medium": self.rng.choice(["twitter", "email", "whatsapp"]),
            "name": self.words(1),
            "display_name": self.words(),
            "business_hours": business_hours(self.rng, self.clock),
        }
        self.emit("channel.saved", data, at)

    def save_agent(self, at: int | None = None) -> None:
        agent = self.rng.choice(self.pool.agents)
        if self.rng.random() < 0.1:
            self.kinds[agent] = self.rng.choice(["human", "virtual"])
        kind = self.kinds[agent] if self.rng.random() < 0.7 else None
        data = {"agent_id": agent, "name": self.words(1), "kind": kind}
        self.emit("agent.saved", data | {"email": self.words(), "reference": self.words()}, at)

    def save_team(self, at: int | None = None) -> None:
        team = self.rng.choice(self.pool.teams)
        self.emit("team.saved", {"team_id": team, "name": self.words(1)}, at)

    def save_label(self, at: int | None = None) -> None:
        kind, labels = self.rng.choice([("topic", self.pool.topics), ("tag", self.pool.tags)])
        label = {f"{kind}_id": self.rng.choice(labels)}
        if self.rng.random() < 0.4:
            self.emit(f"{kind}.deleted", label, at)
        else:
            self.emit(f"{kind}.saved", label | {"name": self.words(1)}, at)

    def save_contact(self, at: int | None = None) -> None:
        rng, contact = self.rng, {"contact_id": self.rng.choice(self.pool.contacts)}
        roll = rng.random()
        attribute = contact | {"attribute_id": rng.choice(["a-1", "1", "é;"])}
        if roll < 0.4:
            medium = rng.choice(["sms", "twitter", None])
            names = {"primary_identifier": self.words(1), "secondary_identifier": self.words()}
            self.emit("contact.saved", contact | {"medium": medium} | names, at)
        elif roll < 0.85:
            data = {"name": self.words(1), "value": self.words(1)}
            data["attribute_type"] = rng.choice(["default", "custom", "medium", "crm"])
            data["set_by"] = rng.choice(["agent", "bot", "crm", "medium"])
            self.emit("contact.attribute_set", attribute | data, at)
        else:
            self.emit("contact.attribute_cleared", attribute, at)

    def watermark(self) -> None:
        """Say that everything was sent, now and then of some channels only."""
        channels = self.pool.channels
        some = self.rng.sample(channels, self.rng.randint(0, len(channels)))
        until = time_text(self.rng, self.clock - self.rng.choice([0, 0, 1, 3_600_000]))
        self.emit("source.watermark", {"until": until, "channels": self.rng.choice([None, some])})

    # Conversations

    def create(self, conversation: str, at: int | None = None) -> None:
        if conversation in self.not_created:
            return
        channel, contact = self.pool.home[conversation]
        if self.rng.random() < 0.15:
            channel = self.rng.choice(self.pool.channels)
            contact = self.rng.choice(self.pool.contacts)
        data: Json = {"conversation_id": conversation, "channel_id": channel, "contact_id": contact}
        data |= {"url": self.words(0.5), "language": self.maybe(["en", "fr", ""], 0.5)}
        self.emit("conversation.created", data, at)

    def update(self, conversation: str) -> None:
        data: Json = {"conversation_id": conversation, "url": self.words(0.5)}
        data["language"] = self.maybe(["nl", "de"], 0.5)
        self.emit("conversation.updated", data)

    def inbound(self, conversation: str) -> None:
        message: Json = {"message_id": self.message(conversation, 0.9), "direction": "inbound"}
        message |= {"outbound_type": None, "agent_id": self.maybe(self.pool.agents, 0.1)}
        self.say(conversation, message)

    def outbound(self, conversation: str, kind: str | None = None, by: str | None = None) -> None:
        message: Json = {"message_id": self.message(conversation, 0.9), "direction": "outbound"}
        message |= {"outbound_type": kind or self.rng.choice(OUTBOUND), **self.who(by)}
        self.say(conversation, message)

    def say(self, conversation: str, message: Json) -> None:
        texts = {"content": self.words(), "post_url": self.words(0.3)}
        texts |= {"message_type": self.maybe(["text", "Post"]), "origin": self.maybe(["web"], 0.3)}
        place = {"conversation_id": self.named(conversation)}
        self.emit("message.created", message | place | texts)

    def edit(self, conversation: str) -> None:
        data: Json = {"message_id": self.message(conversation)}
        data["conversation_id"] = self.named(conversation)
        if self.rng.random() < 0.7:
            self.emit("message.updated", data | {"content": self.words(0.8)})
        else:
            self.emit("message.deleted", data)

    def change(self, conversation: str, status: tuple[str, str], by: str | None = None) -> None:
        data: Json = {"conversation_id": conversation, "status": status[0], "cause": status[1]}
        data |= {**self.who(by), "reason": self.words(0.5), "comment": self.words(0.5)}
        self.emit("conversation.status_changed", data)

    def lock(self, conversation: str, agent: str) -> None:
        if self.pool.home[conversation][0] not in self.lockless:
            data = self.who(agent) | {"conversation_id": conversation}
            self.emit("conversation.locked", data)

    def unlock(self, conversation: str, agent: str) -> None:
        if self.pool.home[conversation][0] not in self.lockless:
            data = {"conversation_id": conversation, "agent_id": agent}
            self.emit("conversation.unlocked", data)

    def assign(self, conversation: str, agent: str) -> None:
        data = {"conversation_id": conversation, "agent_id": agent}
        self.emit("conversation.virtual_agent_assigned", data)

    def hand_over(self, conversation: str, agent: str) -> None:
        data = {"conversation_id": conversation, "agent_id": agent, "reason": self.maybe(REASONS)}
        self.emit("conversation.handed_over", data)

    def label(self, conversation: str) -> None:
        """Apply or remove a topic or tag."""
        verb = "applied" if self.rng.random() < 0.75 else "removed"
        data: Json = {**self.who(), "conversation_id": conversation}
        if self.rng.random() < 0.4:
            self.emit(f"topic.{verb}", data | {"topic_id": self.rng.choice(self.pool.topics)})
            return
        data |= {
            "message_id": self.message(conversation),
            "tag_id": self.rng.choice(self.pool.tags),
        }
        self.emit(f"tag.{verb}", data | {"conversation_id": self.named(conversation)})

    def survey(self, conversation: str) -> None:
        data: Json = {"survey_id": self.own(self.pool.surveys, conversation, "s", 0.3)}
        data["conversation_id"] = self.named(conversation)
        kind = self.rng.choice(["sent", "sent", "answered", "answered", "expired"])
        if kind == "answered":
            data |= {"score": self.rng.randint(1, 5), "follow_up_question": self.words()}
            data["follow_up_response"] = self.words(0.6)
        self.emit(f"csat.{kind}", data)

    def presence(self, agent: str, state: str | None = None) -> None:
        if self.no_presence:
            return
        state = state or self.rng.choice(
            ["available", "available", "available", "away", "away", "offline"]
        )
        away = self.maybe(["Lunch", "x;y"], 0.5 if state == "away" else 0.05)
        if self.strange and self.rng.random() < 0.1:
            away = self.rng.choice(["", "Lunch"])
        data: Json = {"agent_id": agent, "presence": state, "away_state": away}
        self.emit("presence.changed", data)

    # Scenes: what usually follows what, broken off at any point

    def scene(self) -> None:
        """A few events that belong together."""
        c, a, rng = self.conversation(), self.agent(), self.rng
        resolve = ("resolved", rng.choice(["agent", "agent", "bulk", "virtual_agent", "unknown"]))
        back = ("new", rng.choice(["boomerang", "set_to_new"]))
        scenes: list[list[Callable[[], None]]] = [
            [lambda: self.inbound(c), lambda: self.outbound(c, "agent", a)],
            [
                lambda: self.presence(a, "available"),
                lambda: self.inbound(c),
                lambda: self.lock(c, a),
                lambda: self.outbound(c, "agent", a),
                lambda: self.change(c, resolve, a),
            ],
            [
                lambda: self.presence(a, "available"),
                lambda: self.lock(c, a),
                lambda: self.change(c, resolve, a),
            ],
            [lambda: self.lock(c, a), lambda: self.unlock(c, rng.choice([a, a, self.agent()]))],
            [lambda: self.lock(c, a), lambda: self.lock(self.conversation(), a)],
            [lambda: self.lock(c, a), lambda: self.lock(c, self.agent())],
            [lambda: self.lock(c, a), lambda: self.presence(a)],
            [
                lambda: self.assign(c, "bot"),
                lambda: self.inbound(c),
                lambda: self.outbound(c, "virtual_agent", "bot"),
                lambda: self.hand_over(c, "bot"),
                lambda: self.outbound(c, "agent", a),
            ],
            [
                lambda: self.change(c, back, a),
                lambda: self.edit(c),
                lambda: self.change(c, ("pending", "agent"), a),
                lambda: self.outbound(c, "agent", a),
            ],
            [
                lambda: self.change(c, ("resolved", rng.choice(["agent", "bulk"])), a),
                lambda: self.survey(c),
                lambda: self.survey(c),
            ],
            [lambda: self.change(c, rng.choice(STATUSES))],
            [lambda: self.label(c), lambda: self.label(c)],
            [lambda: self.label(c), self.save_label],
            [lambda: self.edit(c)],
            [lambda: self.outbound(c)],
            [lambda: self.update(c), lambda: self.assign(c, a), lambda: self.hand_over(c, a)],
            [lambda: self.presence(a), lambda: self.presence(a)],
            [self.save_channel, self.save_contact],
            # Twice in one millisecond, with another sequence, source or id.
            [self.save_channel, lambda: self.save_channel(self.times[-1])],
            [self.save_agent, lambda: self.save_agent(self.times[-1])],
            [self.save_label, lambda: self.save_label(self.times[-1])],
            [self.save_agent, self.save_team],
            [self.watermark],
            [self.save_contact, lambda: self.create(c)],
        ]
        for act in rng.choice(scenes):
            if rng.random() < 0.85:
                act()
