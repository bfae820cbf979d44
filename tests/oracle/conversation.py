"""One conversation and what its own events say: status, first response, responses, resolution."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .hours import open_time
from .log import Event
from .names import Names

HUMAN_CAUSES = ("agent", "bulk")


def is_agent_reply(event: Event) -> bool:
    """A message of outbound type `agent`, whoever sent it."""
    return event.type == "message.created" and event.get("outbound_type") == "agent"


def is_inbound(event: Event) -> bool:
    """A message of the contact."""
    return event.type == "message.created" and event.get("direction") == "inbound"


def is_change(event: Event, status: str, *causes: str) -> bool:
    """A status change to `status`, of one of the causes where some are given; never of `csat`."""
    return (
        event.type == "conversation.status_changed"
        and event.get("cause") != "csat"
        and event.get("status") == status
        and (not causes or event.get("cause") in causes)
    )


def is_human_resolve(event: Event) -> bool:
    """A change to `resolved` with cause `agent` or `bulk`."""
    return is_change(event, "resolved", *HUMAN_CAUSES)


def first(events: Iterable[Event]) -> Event | None:
    """The first of some ordered events."""
    return next(iter(events), None)


def last(events: Iterable[Event]) -> Event | None:
    """The last of some ordered events."""
    return first(reversed(list(events)))


@dataclass(frozen=True)
class Response:
    """A wait that an agent reply ended."""

    opener: Event
    reply: Event
    started_by: str
    reason: str
    inbound_message: str

    @property
    def length(self) -> int:
        """Wall clock milliseconds."""
        return self.reply.time - self.opener.time


@dataclass(eq=False)
class Conversation:
    """A created conversation; `events` are all that name it, in order, also those before it."""

    created: Event
    erased: bool
    events: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.created.get("conversation_id"))

    @property
    def channel(self) -> str:
        return str(self.created.get("channel_id"))

    @property
    def contact(self) -> str:
        return str(self.created.get("contact_id"))

    def of_type(self, *types: str) -> list[Event]:
        """Its events of some types."""
        return [e for e in self.events if e.type in types]

    @property
    def messages(self) -> list[Event]:
        """Its `message.created`, one per message."""
        return self.of_type("message.created")

    @property
    def changes(self) -> list[Event]:
        """Its status changes, those of cause `csat` left out."""
        return [e for e in self.of_type("conversation.status_changed") if e.get("cause") != "csat"]

    @property
    def status(self) -> str:
        """Current status."""
        changes = self.changes
        return str(changes[-1].get("status")) if changes else "new"

    @property
    def first_resolve(self) -> Event | None:
        return first(e for e in self.changes if e.get("status") == "resolved")

    @property
    def last_status_change(self) -> Event | None:
        return last(e for e in self.changes if e.get("status") in ("pending", "resolved"))

    def last_known(self, name: str) -> str:
        """URL or language."""
        values = [
            e.get(name)
            for e in self.of_type("conversation.created", "conversation.updated")
            if e.get(name) is not None
        ]
        return values[-1] if values else ""

    @property
    def last_updated(self) -> int:
        """Time of the last event; locks do not count."""
        locks = ("conversation.locked", "conversation.unlocked")
        return max(e.time for e in self.events if e.type not in locks)

    @property
    def first_inbound(self) -> Event | None:
        return first(e for e in self.events if is_inbound(e))

    @property
    def first_reply(self) -> Event | None:
        """The first agent reply ordered after the first inbound message."""
        inbound = self.first_inbound
        if inbound is None:
            return None
        return first(e for e in self.events if is_agent_reply(e) and e.place > inbound.place)

    def first_response_time(self, names: Names) -> int | None:
        """Milliseconds inside business hours."""
        inbound, reply = self.first_inbound, self.first_reply
        if inbound is None or reply is None:
            return None
        start = inbound.time
        handover = last(
            e for e in self.of_type("conversation.handed_over") if e.place < reply.place
        )
        if handover is not None:
            start = max(start, handover.time)
        return open_time(names.business_hours(self.channel, start), start, reply.time)

    @property
    def resolution_time(self) -> int | None:
        """Milliseconds from the first inbound to the first resolve."""
        resolve, inbound = self.first_resolve, self.first_inbound
        if resolve is None or inbound is None or inbound.place > resolve.place:
            return None
        return resolve.time - inbound.time

    def with_virtual_agent_before(self, event: Event) -> bool:
        """Whether a virtual agent holds the conversation when an event comes."""
        held = False
        for e in self.events:
            if e.place >= event.place:
                break
            if e.type == "conversation.virtual_agent_assigned":
                held = True
            elif e.type == "conversation.handed_over" or is_change(e, "resolved"):
                held = False
        return held

    def opens(self, event: Event) -> str | None:
        """What wait an event opens, if any."""
        if is_inbound(event) and not self.with_virtual_agent_before(event):
            return "CONTACT_SENT_MESSAGE"
        if event.type == "conversation.handed_over":
            return "VA_HANDED_OVER_CONVERSATION"
        if is_change(event, "new", "boomerang"):
            return "BOOMERANG"
        if is_change(event, "new", "set_to_new"):
            return "AGENT_SET_TO_NEW"
        return None

    @staticmethod
    def closes(event: Event) -> bool:
        """Whether an event ends every wait before it."""
        return (
            is_agent_reply(event)
            or is_change(event, "resolved")
            or event.type == "conversation.virtual_agent_assigned"
        )

    def response_of(self, reply: Event) -> Response | None:
        """The response that an agent reply gives, if any."""
        before = [e for e in self.events if e.place < reply.place]
        closer = last(e for e in before if self.closes(e))
        since = [e for e in before if closer is None or e.place > closer.place]
        for opener in since:
            started_by = self.opens(opener)
            if started_by is None:
                continue
            pended = any(is_change(e, "pending") and e.place > opener.place for e in since)
            if started_by in ("BOOMERANG", "AGENT_SET_TO_NEW") and pended:
                continue
            reason, message = "", ""
            if started_by == "CONTACT_SENT_MESSAGE":
                message = str(opener.get("message_id"))
            if started_by == "VA_HANDED_OVER_CONVERSATION":
                reason = (opener.get("reason") or "").upper()
                inbound = last(e for e in self.events if is_inbound(e) and e.place < opener.place)
                message = str(inbound.get("message_id")) if inbound is not None else ""
            return Response(opener, reply, started_by, reason, message)
        return None

    @property
    def responses(self) -> list[Response]:
        """Every response, in order."""
        found = (self.response_of(e) for e in self.events if is_agent_reply(e))
        return [response for response in found if response is not None]
