"""Labels on a conversation as topics: what the desk has now, and what its notes tell of before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tawny.sources.chatwoot.changes import SAME_US
from tawny.sources.chatwoot.desk import Row
from tawny.sources.chatwoot.directory import Directory
from tawny.sources.chatwoot.records import Conversation, Note
from tawny.sources.chatwoot.teams import Teams
from tawny.sources.events import Event, Facts, data_digest, sequence, without_nulls
from tawny.sources.reader import Record
from tawny.sources.report import GapReport


@dataclass(frozen=True, slots=True)
class _NamedLabel:
    """One label in a note."""

    note: Note
    place: int
    title: str
    added: bool


def topic_id(conversation: Conversation, title: str) -> str:
    """The topic of a label; a label that the account does not have is a topic of its own name."""
    return conversation.directory.topics.get(title, f"title/{title}")


def titles_without_label(conversation: Conversation) -> set[str]:
    """Labels that are named in a conversation and have no row."""
    titles = {*(row.name for row in conversation.taggings), *(conversation.labels or ())}
    for note in conversation.notes:
        if note.sentence.key.startswith("labels."):
            titles |= set(note.sentence.labels)
    return {title for title in titles if title not in conversation.directory.topics}


def title_record(title: str, directory: Directory, created_us: int) -> Record:
    """The topic of a label that the account does not have; the account is as old as the instant."""
    data = {"topic_id": directory.named(f"title/{title}"), "name": title}

    def events(_: Facts) -> Iterator[Event]:
        event_id = f"label/title/{title}/{data_digest(data)}"
        yield Event(event_id, "topic.saved", created_us // 1000, data, note=title)

    return Record(f"topic/title/{title}", events)


def label_events(
    conversation: Conversation, teams: Teams, facts: Facts, report: GapReport
) -> Iterator[Event]:
    """Every application and removal of a label that something tells of."""
    named_labels = [
        _NamedLabel(note, place, title, note.sentence.key == "labels.added")
        for note in conversation.notes
        if note.sentence.key.startswith("labels.")
        for place, title in enumerate(note.sentence.labels)
    ]
    present = {topic_id(conversation, title) for title in conversation.labels or ()}
    found: list[Event] = []
    used: set[tuple[int, str]] = set()
    for row in conversation.taggings:
        if row.created_at is None or not row.name:
            raise ValueError("a tagging")
        topic = topic_id(conversation, row.name)
        present.add(topic)
        match = _note_of(row, named_labels, used)
        if match is not None:
            used.add((match.note.id, match.title))
        agent = None if match is None else match.note.actor.id
        if agent is None:
            report.undetermined["agent"] += match is not None and match.note.actor.kind != "rule"
        found.append(
            _event(
                conversation, "topic.applied", f"{conversation.base}/label/{row.id}",
                row.created_at, topic, sequence(70, row.id), agent,
                None if match is None or agent is None
                else teams.at(match.note.time_us, match.note.id, agent),
            )
        )  # fmt: skip
    for one in named_labels:
        if (one.note.id, one.title) not in used:
            found += _of_note(conversation, teams, one, facts)
    yield from found
    yield from _observed(conversation, facts, found, present, report)


def _note_of(
    row: Row, named_labels: list[_NamedLabel], used: set[tuple[int, str]]
) -> _NamedLabel | None:
    """The "added" note nearest before a tagging or up to a minute after it."""
    candidates = [
        (abs(one.note.time_us - row.created_at), one.note.id, one)
        for one in named_labels
        if one.added
        and one.title == row.name
        and (one.note.id, one.title) not in used
        and one.note.time_us - row.created_at <= SAME_US
    ]
    return min(candidates, key=lambda one: one[:2])[2] if candidates else None


def _of_note(
    conversation: Conversation, teams: Teams, one: _NamedLabel, facts: Facts
) -> Iterator[Event]:
    note, topic = one.note, topic_id(conversation, one.title)
    named = conversation.directory.named(topic)
    if one.added and any(
        _tagging(conversation, name)
        and fact.note == named
        and abs(fact.time_ms - note.time_us // 1000) <= SAME_US // 1000
        for name, fact in facts.items()
    ):
        return  # sent as what the desk had then
    agent = note.actor.id
    yield _event(
        conversation,
        "topic.applied" if one.added else "topic.removed",
        f"{conversation.base}/label/{note.id}/{one.title}/{'added' if one.added else 'removed'}",
        note.time_us,
        topic,
        sequence(70, note.id, one.place + 1),
        agent,
        None if agent is None else teams.at(note.time_us, note.id, agent),
    )


def _observed(
    conversation: Conversation,
    facts: Facts,
    found: list[Event],
    present: set[str],
    report: GapReport,
) -> Iterator[Event]:
    """A label that is no longer there, or is there, and nothing tells when it went or came."""
    if not conversation.settled or conversation.row.updated_at is None:
        return
    state: dict[str, tuple[int, str, bool]] = {}
    sent = [
        (fact.time_ms, name, fact.note)
        for name, fact in facts.items()
        if name.startswith(f"{conversation.base}/label/")
    ]
    for time_ms, name, topic in [*sent, *((e.time_ms, e.id, e.note) for e in found)]:
        applied = name.endswith("/added") or _tagging(conversation, name)
        if topic not in state or state[topic][:2] <= (time_ms, name):
            state[topic] = (time_ms, name, applied)
    still = {conversation.directory.named(topic) for topic in present}
    for topic, (time_ms, _, applied) in sorted(state.items()):
        if applied and topic not in still:
            report.observed += 1
            time_us = max(conversation.row.updated_at, time_ms * 1000)
            own = topic.removeprefix(conversation.directory.prefix)
            yield _event(
                conversation, "topic.removed",
                f"{conversation.base}/label/observed/{own}/{time_us // 1000}", time_us, own,
                sequence(90, conversation.number, 3), None, None,
            )  # fmt: skip

    for own in sorted(present) if conversation.labels is not None else ():
        time_ms, _, applied = state.get(conversation.directory.named(own), (0, "", False))
        if not applied:
            report.observed += 1
            time_us = max(conversation.row.updated_at, time_ms * 1000)
            yield _event(
                conversation, "topic.applied",
                f"{conversation.base}/label/observed/{own}/{time_us // 1000}/added", time_us, own,
                sequence(90, conversation.number, 3), None, None,
            )  # fmt: skip


def _tagging(conversation: Conversation, event_id: str) -> bool:
    return event_id.removeprefix(f"{conversation.base}/label/").isdigit()


def _event(
    conversation: Conversation, kind: str, event_id: str, time_us: int, topic: str, order: str,
    agent: str | None, team: str | None,
) -> Event:  # fmt: skip
    named = conversation.directory.named
    data = without_nulls({
        "conversation_id": named(conversation.number),
        "topic_id": named(topic),
        "agent_id": None if agent is None else named(agent),
        "team_id": team,
    })  # fmt: skip
    return Event(event_id, kind, time_us // 1000, data, order, note=named(topic))
