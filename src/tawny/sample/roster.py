"""Who works when: shifts, lunches, breaks, days off, the calendar of virtual agents."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tawny.sample.chance import DAY, HOUR, MINUTE, around, between, pick
from tawny.sample.people import Agent
from tawny.sample.reference import AWAY_STATES, BOTS, FRENCH_HOLIDAYS, local_ms

if TYPE_CHECKING:
    from tawny.sample.centre import Centre

# Start and end of a shift and when its lunch begins at the earliest, local time.
EARLY = ("07:30", "15:45", "11:45")
MIDDLE = ("09:00", "17:30", "12:10")
LATE = ("13:00", "21:15", "17:00")
NIGHT = ("20:30", "28:30", "24:30")
SHIFTS = (MIDDLE, EARLY, LATE, MIDDLE, EARLY, LATE, MIDDLE)

ON_WEEKDAYS, ON_SATURDAY, ON_SUNDAY = 0.82, 0.45, 0.3
NIGHT_TEAM_WORKS = 0.62
PAID_MINUTES = 400.0  # what a shift leaves for conversations after its breaks


def shift_of(agent: Agent, index: int) -> tuple[str, str, str]:
    """The night team has nights and late days by turns, the others the usual three."""
    if agent.team.plan.key == "night":
        return NIGHT if index % 3 == 0 else LATE
    return SHIFTS[index % len(SHIFTS)]


def works(centre: Centre, agent: Agent, day: date) -> bool:
    """Whether an agent comes in on a local date; holidays are staffed like Sundays."""
    u = centre.draw()
    if agent.team.plan.key == "night":
        return u < NIGHT_TEAM_WORKS * centre.staffing
    if day.weekday() == 6 or f"{day:%m-%d}" in FRENCH_HOLIDAYS:
        return u < ON_SUNDAY * centre.staffing
    return u < (ON_SATURDAY if day.weekday() == 5 else ON_WEEKDAYS) * centre.staffing


def until(centre: Centre, at: int) -> int:
    """Milliseconds from now to `at`, at least one."""
    return max(1, at - centre.now)


def agent_days(centre: Centre, agent: Agent, index: int) -> Generator[int, None, None]:
    """The working life of one agent, day by day."""
    zone = ZoneInfo(agent.team.plan.zone)
    draw = centre.draw
    first, last, lunch = shift_of(agent, index)
    day = datetime.fromtimestamp(centre.now // 1000, UTC).astimezone(zone).date()
    day -= timedelta(days=1)
    while True:
        opens = local_ms(day, first, zone) - 8 * MINUTE + between(draw, 0, 16 * MINUTE)
        closes = local_ms(day, last, zone) + between(draw, 0, 9 * MINUTE)
        meal = local_ms(day, lunch, zone) + between(draw, 0, 25 * MINUTE)
        present = works(centre, agent, day)
        day += timedelta(days=1)
        if not present or closes - 20 * MINUTE < centre.now:
            continue
        opens = max(opens, centre.now + between(draw, 1000, 90_000))
        yield until(centre, opens)
        centre.arrive(agent)
        pauses = [(meal, "Lunch", between(draw, 42, 62) * MINUTE)]
        for start in (opens + around(draw, 1.7 * HOUR), meal + around(draw, 2.3 * HOUR)):
            state = pick(draw, AWAY_STATES)
            length = 45 if state in ("Training", "Meeting") else 11
            pauses.append((start, state or "", around(draw, length * MINUTE)))
        for start, state, length in sorted(pauses):
            if start < centre.now or start + length > closes - 15 * MINUTE:
                continue
            yield until(centre, start)
            # One in six walks off with a conversation in hand, and still holds its lock.
            if agent.conversation is not None and draw() > 0.16:
                yield centre.when_free(agent)
            centre.pause(agent, state)
            yield length
            centre.arrive(agent)
        yield until(centre, closes)
        if agent.conversation is not None and draw() > 0.12:
            yield centre.when_free(agent)
        centre.leave(agent)


def bot_days(centre: Centre) -> Generator[int, None, None]:
    """Virtual agents are always available, but for a maintenance every three weeks."""
    first, second = (bot for bot, _ in BOTS)
    for bot in (first, second):
        centre.emit("presence.changed", f'"agent_id":"{bot}","presence":"available"')
    while True:
        yield 21 * DAY // 2 + around(centre.draw, 5 * MINUTE)
        centre.emit(
            "presence.changed",
            f'"agent_id":"{first}","presence":"away","away_state":"Maintenance"',
        )
        yield around(centre.draw, 30 * MINUTE)
        centre.emit("presence.changed", f'"agent_id":"{first}","presence":"offline"')
        yield around(centre.draw, 60 * MINUTE)
        centre.emit("presence.changed", f'"agent_id":"{first}","presence":"available"')
        first, second = second, first
