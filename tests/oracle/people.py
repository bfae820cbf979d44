"""Rows of the exports about teams, users and their presence."""

from fractions import Fraction

from .conversation import Conversation, is_agent_reply, is_human_resolve
from .facts import Facts, Session, Survey
from .log import Event
from .values import mean, percent, seconds, text_of_instant

Rows = list[list[str]]
KINDS = ("handle", "no_response", "cherry")


class Work:
    """What one agent (`agent_id`) or team (`team_id`) did in the range."""

    def __init__(self, facts: Facts, key: str, identity: str) -> None:
        self.facts, self.request = facts, facts.request
        self.key, self.identity = key, identity

    def by(self, event: Event) -> bool:
        """Whether an event carries the agent or team."""
        return bool(event.get(self.key) == self.identity)

    @property
    def replies(self) -> list[tuple[Conversation, Event]]:
        return self.facts.in_range(("message.created",), lambda e: is_agent_reply(e) and self.by(e))

    @property
    def contacts_helped(self) -> str:
        return str(len({c.contact for c, _ in self.replies}))

    @property
    def human_resolves(self) -> list[tuple[Conversation, Event]]:
        return self.facts.in_range(
            ("conversation.status_changed",), lambda e: is_human_resolve(e) and self.by(e)
        )

    @property
    def resolves(self) -> list[str]:
        """Conversations resolved with and without a response, each judged at its last resolve."""
        judged = {c.id: (c, e) for c, e in self.human_resolves}
        with_response = [
            c.id
            for c, resolve in judged.values()
            if any(is_agent_reply(e) and e.place < resolve.place for e in c.events)
        ]
        return [str(len(with_response)), str(len(judged) - len(with_response))]

    @property
    def sessions(self) -> list[Session]:
        owner = "agent" if self.key == "agent_id" else "team"
        return [s for s in self.facts.sessions if getattr(s, owner) == self.identity]

    @property
    def lock_times(self) -> list[str]:
        """Handle, no-response, cherry-picking time, cut to the range."""
        if not self.facts.locks_measured(self.request.channels):
            return ["", "", ""]
        return [
            seconds(sum(s.cut(self.request) for s in self.sessions if s.kind == kind))
            for kind in KINDS
        ]

    @property
    def ended_handles(self) -> list[Session]:
        """Handle sessions that end in the range."""
        return [s for s in self.sessions if s.kind == "handle" and self.request.covers(s.end)]

    @property
    def average_handle_time(self) -> str:
        if not self.facts.locks_measured(self.request.channels):
            return ""
        return seconds(mean(s.end - s.start for s in self.ended_handles))

    @property
    def surveys(self) -> list[Survey]:
        """Surveys returned in the range and credited to the agent or team."""
        return [
            s
            for s in self.facts.surveys()
            if self.request.covers(s.returned_at) and s.credited is not None and self.by(s.credited)
        ]

    @property
    def scores(self) -> list[str]:
        """How many surveys have score 1, 2, 3, 4, 5."""
        scores = [s.last_answer.get("score") for s in self.surveys if s.last_answer is not None]
        return [str(scores.count(score)) for score in (1, 2, 3, 4, 5)]

    def added(self, kind: str) -> list[tuple[Conversation, Event]]:
        """Tags or topics added by a human agent."""
        return self.facts.in_range(
            (f"{kind}.applied",),
            lambda e: self.by(e) and self.facts.names.is_human(e.get("agent_id")),
        )


def teams(facts: Facts) -> Rows:
    """One row per team with an agent reply in the range."""
    replies = facts.in_range(("message.created",), is_agent_reply)
    found = {e.get("team_id") for _, e in replies if e.get("team_id") is not None}
    return [team_cells(facts, Work(facts, "team_id", team)) for team in sorted(found)]


def team_cells(facts: Facts, work: Work) -> list[str]:
    return [
        text_of_instant(work.replies[0][1].time, facts.request.zone),
        *facts.names.team(work.identity),
        *work.resolves,
        seconds(average_first_response(facts, work)),
        seconds(average_resolution(facts, work)),
        *work.lock_times,
        work.average_handle_time,
        work.contacts_helped,
        *work.scores,
        str(len(work.added("tag"))),
        str(len(work.added("topic"))),
        str(len(work.replies)),
    ]


def average_first_response(facts: Facts, work: Work) -> Fraction | None:
    """Over conversations whose first reply is in the range and by the team."""
    times = []
    for c in facts.counted:
        reply, time = c.first_reply, c.first_response_time(facts.names)
        if reply and time is not None and facts.request.covers(reply.time) and work.by(reply):
            times.append(time)
    return mean(times)


def average_resolution(facts: Facts, work: Work) -> Fraction | None:
    """Over conversations whose first resolve is in the range, human and by the team."""
    times = []
    for c in facts.counted:
        resolve, time = c.first_resolve, c.resolution_time
        if (
            resolve
            and time is not None
            and facts.request.covers(resolve.time)
            and is_human_resolve(resolve)
            and work.by(resolve)
        ):
            times.append(time)
    return mean(times)


def users(facts: Facts) -> Rows:
    """One row per human agent that did something in the range."""
    agents = {e.get("agent_id") for e in facts.events if facts.names.is_human(e.get("agent_id"))}
    works = [Work(facts, "agent_id", agent) for agent in sorted(agents)]
    return [user_cells(facts, work) for work in works if is_active(facts, work)]


def is_active(facts: Facts, work: Work) -> bool:
    """Whether an agent has a row."""
    return bool(
        any(i.agent == work.identity for i in facts.intervals_in_range())
        or work.replies
        or any(s.cut(facts.request) > 0 for s in work.sessions)
        or work.ended_handles
        or work.human_resolves
        or work.added("tag")
        or work.added("topic")
        or work.surveys
    )


def user_cells(facts: Facts, work: Work) -> list[str]:
    agent = work.identity
    available, away = (total(facts.present(agent, p)) for p in ("available", "away"))
    identity, name, reference = facts.names.agent(agent)
    measured = facts.presence_measured
    return [
        identity,
        name,
        facts.names.field("agent", agent, "email"),
        reference,
        seconds(available) if measured else "",
        seconds(away) if measured else "",
        work.contacts_helped,
        work.average_handle_time,
        *work.lock_times,
        str(len(work.replies)),
        *work.resolves,
        str(len(work.added("tag"))),
        str(len(work.added("topic"))),
        utilization(facts, work, available),
        *work.scores,
    ]


def total(intervals: list[tuple[int, int]]) -> int:
    """The length of intervals that do not overlap."""
    return sum(end - start for start, end in intervals)


def utilization(facts: Facts, work: Work, available: int) -> str:
    """Handle and no-response time while available, in the range, as percent of available time."""
    if not facts.locks_measured(facts.request.channels):
        return ""
    worked = worked_time(facts, work)
    return percent(worked, available)


def worked_time(facts: Facts, work: Work) -> int:
    """Milliseconds that are both available and in a handle or no-response session."""
    return sum(
        max(0, min(s.end, end) - max(s.start, start))
        for s in work.sessions
        if s.kind in ("handle", "no_response")
        for start, end in facts.present(work.identity, "available")
    )


def user_presence(facts: Facts) -> Rows:
    """One row per available or away interval of the range, shown whole."""
    zone, names = facts.request.zone, facts.names
    found = sorted(facts.intervals_in_range(), key=lambda i: (i.first.time, i.agent, i.first.place))
    return [
        [
            i.agent,
            names.field("agent", i.agent, "name"),
            names.field("agent", i.agent, "email"),
            i.presence,
            i.first.get("away_state") or "",
            text_of_instant(i.first.time, zone),
            text_of_instant(i.end, zone),
            seconds(i.last_instant(facts.request) - i.first.time),
        ]
        for i in found
    ]
