"""The care centre at work: one clock, one queue per team, everybody a generator of delays."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from types import GeneratorType

from tawny.sample import changes, roster
from tawny.sample.chance import DAY, HOUR, MINUTE, SECOND, around, between
from tawny.sample.contact import Acquaintances
from tawny.sample.conversation import SimulatedConversation
from tawny.sample.demand import Demand
from tawny.sample.life import conversation_life
from tawny.sample.people import Agent, hire
from tawny.sample.reference import CHANNELS, SimulatedChannel
from tawny.sample.request import SampleRequest
from tawny.sample.writer import LINES_PER_BLOCK, Writer

Life = Generator[int, None, None]
PARKED = -1  # yielded instead of a delay: somebody else wakes this generator

PICKUPS_PER_CONVERSATION = 1.8  # measured on the simulation itself, as is the next figure
MINUTES_PER_PICKUP = 2.2
UTILIZATION = 0.66
SHORTEST_WRAP_UP = 8 * SECOND
LONGEST_WRAP_UP = 30 * MINUTE
USUAL_WRAP_UP = 10 * MINUTE  # agents with more time than this between two work part time
LEAST_STAFFING = 0.55


class Centre:
    """The state of one simulation. Instants are milliseconds since 1970 in UTC."""

    def __init__(self, request: SampleRequest) -> None:
        self.request = request
        self.chance = Random(request.seed)
        self.draw = self.chance.random
        self.writer = Writer(request.mark)
        self.emit = self.writer.emit
        self.demand = Demand(request)
        self.now = request.start_ms
        self.teams = hire(self.demand.per_weekday)
        self.team_by_key = {team.plan.key: team for team in self.teams}
        self.contacts = Acquaintances()
        self.forgotten: list[SimulatedConversation] = []  # pending, until a supervisor sweeps them
        self.messages = 0
        self.surveys = 0
        self._people = 0
        self._conversations = 0
        self._channel_draw = [channel for channel in CHANNELS for _ in range(channel.weight)]
        self._open: dict[str, list[tuple[int, int]]] = {}
        self._open_day = -1
        self._heap: list[tuple[int, int, Life | tuple[str, str] | Agent]] = []
        self._pushes = 0
        agents = sum(len(team.agents) for team in self.teams)
        paid = agents * roster.ON_WEEKDAYS * roster.PAID_MINUTES * UTILIZATION * MINUTE
        pickups = self.demand.per_weekday * PICKUPS_PER_CONVERSATION
        per_pickup = paid / pickups
        work = int(MINUTES_PER_PICKUP * MINUTE)
        self.staffing = min(1.0, max(LEAST_STAFFING, (work + USUAL_WRAP_UP) / per_pickup))
        spare = int(per_pickup * self.staffing) - work
        self._wrap_up = min(max(spare, SHORTEST_WRAP_UP), LONGEST_WRAP_UP)

    # --- the clock -----------------------------------------------------------------------

    def later(self, delay: int, what: Life | tuple[str, str] | Agent) -> None:
        """Resume a generator, write an event or free an agent in `delay` milliseconds."""
        self._pushes += 1
        heappush(self._heap, (self.now + delay, self._pushes, what))

    def run(self) -> Iterator[bytes]:
        """Blocks of whole lines, in time order, until the end of the range."""
        writer, heap, end = self.writer, self._heap, self.request.end_ms
        writer.set_clock(self.now)
        changes.announce(self)
        self.later(0, roster.bot_days(self))
        self.later(0, changes.correction(self))
        self.later(0, changes.administration(self))
        self.later(0, changes.watermarks(self))
        self.later(0, self._supervision())
        for team in self.teams:
            for index, agent in enumerate(team.agents):
                agent.day = roster.agent_days(self, agent, index)
                self.later(0, agent.day)
        self.later(0, self._arrivals())
        lines, set_clock = writer.lines, writer.set_clock
        while heap:
            now, _, what = heappop(heap)
            if now >= end:
                break
            self.now = now
            set_clock(now)
            if type(what) is GeneratorType:
                delay = next(what, PARKED)
                if delay >= 0:
                    self._pushes += 1
                    heappush(heap, (now + delay, self._pushes, what))
            elif type(what) is tuple:
                writer.emit(*what)
            else:
                assert isinstance(what, Agent)
                self._ready(what)
            if len(lines) >= LINES_PER_BLOCK:
                yield writer.take()
        if lines:
            yield writer.take()

    # --- contacts writing ----------------------------------------------------------------

    def _arrivals(self) -> Life:
        """Start each conversation at its instant."""
        draw = self.draw
        for at in self.demand.arrivals(self.chance):
            if at > self.now:
                yield at - self.now
            channel = self._channel_draw[int(draw() * len(self._channel_draw))]
            self._conversations += 1
            number, is_new = self._contact(channel)
            conversation = SimulatedConversation(self, self._conversations, channel, number)
            conversation.life = conversation_life(self, conversation, is_new)
            self.later(0, conversation.life)

    def _contact(self, channel: SimulatedChannel) -> tuple[int, bool]:
        """The number of the contact who writes, and whether they are new here."""
        known = self.contacts.recall(channel.id, self.draw())
        if known is not None and self.draw() < 0.42:
            return known, False
        self._people += 1
        letter = channel.languages[int(self.draw() * len(channel.languages))]
        return self._people * 3 + "efn".index(letter), True

    def is_open(self, channel: SimulatedChannel) -> bool:
        """Whether the channel's announced hours cover this instant."""
        if channel.hours is None:
            return True
        day = self.now // DAY
        if day != self._open_day:
            self._open_day = day
            today = datetime.fromtimestamp(day * (DAY // 1000), UTC).date()
            around_today = [today + timedelta(days=shift) for shift in (-1, 0, 1)]
            self._open = {
                known.id: [window for date in around_today for window in known.hours.opened(date)]
                for known in CHANNELS
                if known.hours is not None
            }
        return any(first <= self.now < last for first, last in self._open[channel.id])

    # --- agents and queues ---------------------------------------------------------------

    def arrive(self, agent: Agent) -> None:
        """The agent becomes available and takes work."""
        self.emit("presence.changed", f'{agent.by},"presence":"available"')
        agent.on_duty = True
        if agent.conversation is None:
            self.later(between(self.draw, 3_000, 40_000), agent)

    def pause(self, agent: Agent, state: str) -> None:
        """The agent goes away, with the name of an away state or without."""
        shown = f',"away_state":"{state}"' if state else ""
        self.emit("presence.changed", f'{agent.by},"presence":"away"{shown}')
        self._off(agent)

    def leave(self, agent: Agent) -> None:
        """The agent goes offline; a conversation still in hand is let go."""
        self.emit("presence.changed", f'{agent.by},"presence":"offline"')
        self._off(agent)
        if agent.conversation is not None:
            agent.conversation.agent = None
            agent.conversation = None

    def _off(self, agent: Agent) -> None:
        agent.on_duty = False
        if agent.idle:
            agent.idle = False
            agent.team.idle.remove(agent)

    def when_free(self, agent: Agent) -> int:
        """Park the agent's day until `release`."""
        agent.leaving = True
        return PARKED

    def enqueue(self, conversation: SimulatedConversation, *, first: bool = False) -> int:
        """Wait for an agent of the conversation's team, or of a team that helps it."""
        team = conversation.team
        conversation.waits = True
        conversation.agent = None
        for candidate in (team, *team.helpers):
            if candidate.idle:
                self._assign(candidate.idle.pop(0), conversation, around(self.draw, 18_000))
                return PARKED
        if first:
            team.waiting.appendleft(conversation)
        else:
            team.waiting.append(conversation)
        return PARKED

    def _assign(self, agent: Agent, conversation: SimulatedConversation, delay: int) -> None:
        agent.idle = False
        agent.conversation = conversation
        conversation.agent = agent
        conversation.waits = False
        self.later(delay, conversation.life)

    def _ready(self, agent: Agent) -> None:
        """Take the oldest conversation that waits, own team first, or stand by."""
        if not agent.on_duty or agent.idle or agent.conversation is not None:
            return
        for place, team in enumerate(agent.queues):
            if len(team.waiting) > 2 * place:
                self._assign(agent, team.waiting.popleft(), between(self.draw, 400, 9_000))
                return
        agent.idle = True
        agent.team.idle.append(agent)

    def release(self, agent: Agent) -> None:
        """The agent has put a conversation down; other work comes before the next one."""
        agent.conversation = None
        if agent.leaving:
            agent.leaving = False
            assert agent.day is not None
            self.later(between(self.draw, 1_000, 5_000), agent.day)
        elif agent.on_duty:
            wrap_up = self._wrap_up
            # The longer the queue, the less other work gets done.
            crowd = len(agent.team.waiting) / len(agent.team.agents)
            if crowd > 0.4:
                wrap_up = max(SHORTEST_WRAP_UP, wrap_up // (8 if crowd > 1.2 else 3))
            self.later(around(self.draw, wrap_up), agent)

    def colleague(self, agent: Agent) -> Agent | None:
        """Somebody of the same team who stands by, now taken from there."""
        if not agent.team.idle:
            return None
        other = agent.team.idle.pop(0)
        other.idle = False
        return other

    def _supervision(self) -> Life:
        """Every afternoon supervisors bulk-resolve what nobody will answer any more."""
        draw = self.draw
        while True:
            today = self.now // DAY * DAY + 15 * HOUR
            at = today if today > self.now else today + DAY
            yield at - self.now + around(draw, 20 * MINUTE)
            for conversation in self.forgotten:
                conversation.resolve("bulk", conversation.team.agents[0].who)
            self.forgotten.clear()
            for team in self.teams:
                # A backlog of more than a day's work is answered by a notice on the website.
                while len(team.waiting) > 40 * len(team.agents):
                    yield 5
                    oldest = team.waiting.popleft()
                    oldest.waits = False
                    oldest.resolve("bulk", team.agents[0].who, reason="Backlog")


def sample_blocks(request: SampleRequest) -> Iterator[bytes]:
    """The sample as blocks of whole NDJSON lines, about a megabyte each, in time order.

    Reference data comes first, at the request's start; every event lies before its end.
    """
    return Centre(request).run()
