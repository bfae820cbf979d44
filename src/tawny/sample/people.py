"""The teams and human agents of one simulation, while it runs."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

from tawny.sample.reference import FIRST_NAMES, LAST_NAMES, TEAMS, TeamPlan

if TYPE_CHECKING:
    from tawny.sample.conversation import SimulatedConversation

FEWEST_AGENTS, MOST_AGENTS = 32, 400
CONVERSATIONS_PER_AGENT = 38  # on a weekday, over the head count: about two thirds are on duty


class Team:
    """A team with the conversations that wait for it, oldest first."""

    __slots__ = ("agents", "helpers", "id", "idle", "plan", "waiting")

    def __init__(self, plan: TeamPlan) -> None:
        self.plan = plan
        self.id = plan.id
        self.agents: list[Agent] = []
        self.idle: list[Agent] = []
        self.waiting: deque[SimulatedConversation] = deque()
        self.helpers: list[Team] = []


class Agent:
    """A human agent: on duty or not, with a conversation in hand or not."""

    __slots__ = (
        "by", "conversation", "day", "id", "idle", "leaving", "name", "on_duty", "queues", "team",
        "who",
    )  # fmt: skip

    def __init__(self, number: int, team: Team) -> None:
        first = FIRST_NAMES[number * 7 % len(FIRST_NAMES)]
        last = LAST_NAMES[number * 11 % len(LAST_NAMES)]
        self.id = f"a-{number:03d}"
        self.name = f"{first} {last}"
        self.team = team
        self.by = f'"agent_id":"{self.id}"'
        self.who = f'{self.by},"team_id":"{team.id}"'
        self.queues = [team]
        self.on_duty = False
        self.idle = False
        self.conversation: SimulatedConversation | None = None
        self.day: Generator[int, None, None] | None = None
        # The day is parked until the conversation in hand is put down.
        self.leaving = False

    def saved(self, *, name: str | None = None) -> str:
        """Data of the agent's `agent.saved`, under a new name where one is given."""
        number = int(self.id[2:])
        fields: dict[str, object] = {"agent_id": self.id, "name": name or self.name}
        if number % 9:
            fields["email"] = f"agent.{number:03d}@tawny.example"
        if number % 3:
            fields["reference"] = f"HR-{4000 + number * 13}"
        if number % 4 and name is None:
            fields["kind"] = "human"
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:-1]


def hire(per_weekday: float) -> list[Team]:
    """Teams with enough agents for a weekday's conversations, between 32 and 400 in all."""
    wanted = int(per_weekday / CONVERSATIONS_PER_AGENT)
    count = min(max(wanted, FEWEST_AGENTS), MOST_AGENTS)
    teams = [Team(plan) for plan in TEAMS]
    shares = sum(plan.share for plan in TEAMS)
    number = 0
    for team in teams:
        for _ in range(max(2, count * team.plan.share // shares)):
            number += 1
            team.agents.append(Agent(number, team))
    by_key = {team.plan.key: team for team in teams}
    for team in teams:
        for key in team.plan.helps:
            by_key[key].helpers.append(team)
            for agent in team.agents:
                agent.queues.append(by_key[key])
    return teams
