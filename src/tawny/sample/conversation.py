"""One live conversation: what is known of it, and what can happen to it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from tawny.sample.chance import MINUTE, around, between, pick
from tawny.sample.contact import Contact
from tawny.sample.people import Agent, Team
from tawny.sample.phrases import BANKS, Phrase, fill
from tawny.sample.reference import TAGS, TOPICS, SimulatedChannel

if TYPE_CHECKING:
    from tawny.sample.centre import Centre

Life = Generator[int, None, None]
TOPIC_IDS = [key for place, (key, _) in enumerate(TOPICS) for _ in range(len(TOPICS) - place)]
TAG_IDS = [key for place, (key, _) in enumerate(TAGS) for _ in range(len(TAGS) - place)]
NOBODY = ""


class SimulatedConversation:
    """What must be known of a live conversation; it is dropped when its life ends."""

    __slots__ = (
        "agent", "bank", "centre", "channel", "contact", "head", "id", "last_message", "life",
        "status", "team", "tells", "to_brand", "to_contact", "waits",
    )  # fmt: skip

    def __init__(
        self, centre: Centre, number: int, channel: SimulatedChannel, contact: int
    ) -> None:
        self.centre = centre
        self.channel = channel
        mark = centre.request.mark
        self.id = f"c{mark}{number}"
        self.contact = Contact(mark, contact)
        self.bank = BANKS[self.contact.letter]
        key = channel.team
        if key == "fr" and self.contact.letter == "e":
            key = "uk"
        self.team: Team = centre.team_by_key[key]
        self.head = f'"conversation_id":"{self.id}"'
        self.status = "new"
        self.agent: Agent | None = None
        self.waits = False
        self.last_message = ""
        self.life: Life
        self.tells = f'"message_type":"{channel.message_type}","origin":"{channel.medium}",'
        self.to_brand = f"@{channel.handle} " if channel.handle else ""
        self.to_contact = f"@{self.contact.handle} " if channel.handle else ""

    # --- what can happen to it -------------------------------------------------------------

    def write(self, direction: str, content: str) -> None:
        """A message; `direction` is the JSON from `"direction"` to the agent and team."""
        centre = self.centre
        centre.messages = number = centre.messages + 1
        self.last_message = mid = f'"message_id":"m{centre.request.mark}{number}",{self.head}'
        url = self.channel.post_url
        post = f',"post_url":"{url}{number}"' if url else ""
        centre.emit("message.created", f'{mid},{direction},{self.tells}"content":"{content}"{post}')

    def hear(self, options: tuple[Phrase, ...], *, opening: bool = False) -> None:
        """The contact writes."""
        draw = self.centre.draw
        bank = self.bank
        text = fill(draw, options)
        if opening:
            text = f"{pick(draw, bank.hello)}{text}{pick(draw, bank.bye)}"
        if self.to_brand and draw() < 0.85:
            text = self.to_brand + text
        self.write('"direction":"inbound"', text)

    def say(self, kind: str, who: str, content: str) -> None:
        """The centre writes; `who` is the JSON of agent and team, or nothing."""
        by = f",{who}" if who else ""
        self.write(f'"direction":"outbound","outbound_type":"{kind}"{by}', content)

    def reply(self, agent: Agent, options: tuple[Phrase, ...], *, again: bool = False) -> None:
        """A human agent answers; now and then without a team, or from the medium's own app."""
        draw = self.centre.draw
        bank = self.bank
        hello = "" if again else pick(draw, bank.hello)
        text = f"{self.to_contact}{hello}{fill(draw, options)}"
        if draw() < 0.3:
            text = f"{text} ^{agent.name[:2]}"
        u = draw()
        if u < 0.012:
            self.say("native", NOBODY, text)
        else:
            self.say("agent", agent.by if u < 0.03 else agent.who, text)

    def turn(self, status: str, cause: str, who: str = NOBODY, extra: str = "") -> None:
        """A change of status."""
        self.status = status
        by = f",{who}" if who else ""
        self.centre.emit(
            "conversation.status_changed",
            f'{self.head},"status":"{status}","cause":"{cause}"{by}{extra}',
        )

    def resolve(self, cause: str, who: str = NOBODY, *, reason: str = "") -> None:
        """A change to resolved, with a reason where one is given."""
        self.turn("resolved", cause, who, f',"reason":"{reason}"' if reason else "")

    def topic(self, who: str = NOBODY) -> None:
        """A topic is applied, and one time in ten it was the wrong one."""
        draw = self.centre.draw
        by = f",{who}" if who else ""
        data = f'{self.head},"topic_id":"{pick(draw, TOPIC_IDS)}"{by}'
        self.centre.emit("topic.applied", data)
        if draw() < 0.1:
            self.centre.later(between(draw, 2_000, 90_000), ("topic.removed", data))

    def tag(self, who: str = NOBODY) -> None:
        """The last message gets a tag, and sometimes loses it."""
        draw = self.centre.draw
        by = f",{who}" if who else ""
        data = f'{self.last_message},"tag_id":"{pick(draw, TAG_IDS)}"{by}'
        self.centre.emit("tag.applied", data)
        if draw() < 0.08:
            self.centre.later(between(draw, 2_000, 600_000), ("tag.removed", data))

    def retouch(self) -> None:
        """The last message is edited or deleted, some time later."""
        draw = self.centre.draw
        if draw() < 0.55:
            text = fill(draw, self.bank.detail if draw() < 0.8 else self.bank.problem)
            content = f',"content":"{text} (edit)"' if draw() < 0.9 else ""
            event = ("message.updated", f"{self.last_message}{content}")
        else:
            event = ("message.deleted", self.last_message)
        self.centre.later(around(draw, 4 * MINUTE), event)
