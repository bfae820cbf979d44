"""Reference data: announced at the start, changed now and then by an administrator."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tawny.sample.chance import DAY, HOUR, MINUTE, around
from tawny.sample.reference import BOTS, CHANNELS, TAGS, TOPICS
from tawny.sample.writer import escaped

if TYPE_CHECKING:
    from tawny.sample.centre import Centre

ROUND = 45 * DAY  # the same kind of change comes back after this long


def named(thing: str, key: str, name: str) -> str:
    """Data of `team.saved`, `topic.saved` and `tag.saved`."""
    return f'"{thing}_id":"{key}","name":"{escaped(name)}"'


def years(centre: Centre) -> range:
    """The calendar years the sample touches, for dates of holidays."""
    first = datetime.fromtimestamp(centre.request.start_ms // 1000, UTC).year
    last = datetime.fromtimestamp(centre.request.end_ms // 1000, UTC).year
    return range(first, last + 1)


def announce(centre: Centre) -> None:
    """Everything that exists before the first contact writes."""
    emit = centre.emit
    for channel in CHANNELS:
        emit("channel.saved", channel.saved(years(centre)))
    for team in centre.teams:
        emit("team.saved", named("team", team.id, team.plan.name))
    for team in centre.teams:
        for agent in team.agents:
            emit("agent.saved", agent.saved())
    (milo, milo_name), (nora, nora_name) = BOTS
    emit("agent.saved", f'"agent_id":"{milo}","name":"{milo_name}","kind":"virtual"')
    # Announced without a kind, so a human at first: corrected within the hour, see below.
    emit("agent.saved", f'"agent_id":"{nora}","name":"{nora_name}"')
    for key, name in TOPICS:
        emit("topic.saved", named("topic", key, name))
    for key, name in TAGS:
        emit("tag.saved", named("tag", key, name))


def correction(centre: Centre) -> Generator[int, None, None]:
    """The second virtual agent gets its kind; a later save without kind keeps it."""
    nora, name = BOTS[1]
    yield around(centre.draw, 10 * MINUTE)
    centre.emit("agent.saved", f'"agent_id":"{nora}","name":"{name}","kind":"virtual"')
    yield 3 * DAY
    centre.emit("agent.saved", f'"agent_id":"{nora}","name":"{name} ✨","reference":"bot/2"')


def watermarks(centre: Centre) -> Generator[int, None, None]:
    """Every day, or twice in a shorter sample, and at its end: everything until now was sent."""
    end_ms = centre.request.end_ms
    step_ms = min(DAY, (end_ms - centre.request.start_ms) // 2)
    while centre.now + step_ms < end_ms - 1:
        yield step_ms
        _state_watermark(centre, centre.now)
    yield end_ms - 1 - centre.now
    _state_watermark(centre, end_ms)


def _state_watermark(centre: Centre, until_ms: int) -> None:
    until = datetime.fromtimestamp(until_ms / 1000, UTC).isoformat(timespec="milliseconds")
    centre.emit("source.watermark", f'"until":"{until}"')


def administration(centre: Centre) -> Generator[int, None, None]:
    """Topics and tags deleted and saved again, channels re-saved, agents renamed, in rounds.

    A round takes 45 days, or the length of the sample where that is shorter, so that a short
    sample sees every kind of change as well.
    """
    emit = centre.emit
    span = centre.request.end_ms - centre.request.start_ms
    step = max(MINUTE, min(ROUND, span - HOUR) // 9)
    turn = 0
    while True:
        yield step
        topic, topic_name = TOPICS[(turn * 5 + 8) % len(TOPICS)]
        tag, tag_name = TAGS[(turn * 5 + 4) % len(TAGS)]
        channel = CHANNELS[(turn * 4 + 9) % len(CHANNELS)]
        agents = centre.teams[turn % len(centre.teams)].agents
        agent = agents[turn * 3 % len(agents)]
        emit("tag.deleted", f'"tag_id":"{tag}"')
        yield step
        emit("channel.saved", channel.saved(years(centre), renamed=turn % 2 == 0))
        yield step
        emit("topic.deleted", f'"topic_id":"{topic}"')
        yield step
        emit("agent.saved", agent.saved(name=f"{agent.name}-Doe"))
        yield step
        emit("tag.saved", named("tag", tag, tag_name if turn % 2 else f"{tag_name} (2)"))
        yield step
        emit("topic.saved", named("topic", topic, topic_name))
        yield step
        team = centre.teams[turn % len(centre.teams)]
        emit("team.saved", named("team", team.id, f"{team.plan.name} ({turn + 2})"))
        yield 2 * step
        turn += 1
