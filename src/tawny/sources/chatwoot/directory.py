"""Who and what a desk has: inboxes, teams, people, bots, labels, and whom a name means.

Sentences of the desk hold names only, those of that time: a name that somebody had before, as far
as the ledger knows, still means that person.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tawny.model.zones import zone
from tawny.sources.chatwoot.desk import Row
from tawny.sources.chatwoot.enumerations import DAYS, MEDIA, TWILIO_MEDIA
from tawny.sources.chatwoot.tables import DeskTables
from tawny.sources.events import Data, Event, Facts, version_id, without_nulls
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Record
from tawny.sources.report import GapReport

import zoneinfo  # isort: skip

BOT_HOOKS = frozenset({"dialogflow"})
"""Integrations that answer customers, without a sender."""

RULE_NAMES = frozenset({"Automation System", "Système d'automatisation", "Default Policy"})
"""How the desk names a rule of its own in the place of a person."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something: a person, a bot, a rule, or somebody whose name means nobody any more."""

    kind: str
    """`user`, `bot`, `rule`, `nobody`"""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class DeskInbox:
    """An inbox as conversations need it."""

    id: int
    channel_type: str
    medium: str
    bot: str | None = None
    """The bot that takes its conversations, if one is active."""
    hook: str | None = None
    """An enabled bot that writes without a sender."""


@dataclass
class Directory:
    """What the sentences and rows of one account refer to."""

    prefix: str
    virtual: frozenset[str]
    inboxes: dict[int, DeskInbox] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=dict)
    """Ids of people by name, of today and before."""
    bots: dict[str, set[str]] = field(default_factory=dict)
    teams: dict[str, set[str]] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    """Topic ids by title; of a title that was used twice the present one."""
    teams_of: dict[str, list[str]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def named(self, thing: object) -> str:
        """An id of the desk as the log has it."""
        return f"{self.prefix}{thing}"

    def with_people(self, users: Iterable[Row]) -> Directory:
        """The same, which also knows people that the account does not have any more."""
        people = {name: set(ids) for name, ids in self.people.items()}
        for user in users:
            people.setdefault(user.name or "", set()).add(str(user.id))
        return replace(self, people=people)

    def all_names(self) -> Iterator[str]:
        """Every name that a sentence may hold."""
        yield from itertools.chain(self.people, self.bots, self.teams, self.topics)

    def is_known(self, name: str) -> bool:
        """Whether a name means somebody or something."""
        return name in self.people or name in self.bots or is_rule(name)

    def actor(self, name: str, assignee: str | None, report: GapReport) -> Actor:
        """Whom a name in a sentence means."""
        if is_rule(name):
            return Actor("rule")
        people, bots = self.people.get(name, set()), self.bots.get(name, set())
        if people:
            if len(people) > 1 and assignee not in people:
                report.undetermined["actor"] += 1
                return Actor("user")
            found = str(assignee) if assignee in people else next(iter(people))
            return Actor("bot" if found in self.virtual else "user", found)
        if len(bots) == 1:
            return Actor("bot", next(iter(bots)))
        report.undetermined["actor"] += 1
        return Actor("bot" if bots else "user")


def is_rule(name: str) -> bool:
    """Whether a name is the desk's own."""
    return name in RULE_NAMES or name.startswith("Automation System via ")


def read_directory(
    desk: DeskTables, prefix: str, virtual: frozenset[str], ledger: Ledger, report: GapReport
) -> Directory:
    """Read the small tables of an account, whole; `records` of the result are its events."""
    directory = Directory(prefix, virtual)
    _remember(directory, ledger)
    _teams(directory, desk, report)
    _people(directory, desk, report)
    _bots(directory, desk, report)
    _labels(directory, desk, report)
    _inboxes(directory, desk, report)
    return directory


def _remember(directory: Directory, ledger: Ledger) -> None:
    """Names of before: what the ledger has noted of what it has sent."""
    for kind, names in (
        ("agent", directory.people),
        ("team", directory.teams),
    ):
        for page in ledger.pages(kind):
            for record, facts in page.items():
                number = record.partition("/")[2]
                found = directory.bots if kind == "agent" and "-" in number else names
                for fact in facts.values():
                    if fact.note:
                        found.setdefault(fact.note, set()).add(number)
    for page in ledger.pages("topic"):
        for record, facts in page.items():
            for fact in facts.values():
                if fact.note and not record.startswith("topic/title/"):
                    directory.topics[fact.note] = record.partition("/")[2]


def saved(
    facts: Facts, base: str, kind: str, data: Data, row: Row, note: str = "",
    updated_us: int | None = None,
) -> Event:  # fmt: skip
    """The version of a record that is sent as a whole."""
    if row.created_at is None:
        raise ValueError("a time")
    clean = without_nulls(data)
    last_us = updated_us or row.updated_at or row.created_at
    event_id, time_ms = version_id(
        facts, base, kind, clean, row.created_at // 1000, last_us // 1000
    )
    return Event(event_id, kind, time_ms, clean, note=note)


def _teams(directory: Directory, desk: DeskTables, report: GapReport) -> None:
    for row in desk.of_account("teams", "id", "name", "created_at", "updated_at"):
        report.read["teams"] += 1
        directory.teams.setdefault(row.name, set()).add(str(row.id))
        data = {"team_id": directory.named(row.id), "name": row.name}

        def events(facts: Facts, row: Row = row, data: Data = data) -> Iterator[Event]:
            yield saved(facts, f"team/{row.id}", "team.saved", data, row, row.name)

        directory.records.append(Record(f"team/{row.id}", events))
    for row in desk.team_members():
        directory.teams_of.setdefault(str(row.user_id), []).append(str(row.team_id))


def _people(directory: Directory, desk: DeskTables, report: GapReport) -> None:
    for row in desk.users():
        report.read["users"] += 1
        directory.people.setdefault(row.name, set()).add(str(row.id))
        directory.records.append(person(directory, row, known_by_name=True))


def person(directory: Directory, row: Row, *, known_by_name: bool) -> Record:
    """The record of a human login."""
    data = {
        "agent_id": directory.named(row.id),
        "name": row.name,
        "email": row.email or None,
        "kind": "virtual" if str(row.id) in directory.virtual else "human",
    }
    note = row.name if known_by_name else ""

    def events(facts: Facts) -> Iterator[Event]:
        yield saved(facts, f"agent/{row.id}", "agent.saved", data, row, note)

    return Record(f"agent/{row.id}", events)


def _bots(directory: Directory, desk: DeskTables, report: GapReport) -> None:
    found: list[tuple[str, str, Row]] = [
        (f"bot-{row.id}", row.name or f"bot-{row.id}", row) for row in desk.agent_bots()
    ]
    times = ("created_at", "updated_at")
    assistants = desk.of_account("captain_assistants", "id", "name", *times)
    found += [(f"captain-{row.id}", row.name, row) for row in assistants]
    hooks = desk.of_account("integrations_hooks", "id", "app_id", *times)
    found += [(f"hook-{row.id}", row.app_id, row) for row in hooks if row.app_id in BOT_HOOKS]
    for agent_id, name, row in found:
        report.read["bots"] += 1
        directory.bots.setdefault(name, set()).add(agent_id)
        data = {"agent_id": directory.named(agent_id), "name": name, "kind": "virtual"}

        def events(
            facts: Facts, row: Row = row, data: Data = data, agent_id: str = agent_id
        ) -> Iterator[Event]:
            yield saved(facts, f"agent/{agent_id}", "agent.saved", data, row, data["name"])

        directory.records.append(Record(f"agent/{agent_id}", events))


def _labels(directory: Directory, desk: DeskTables, report: GapReport) -> None:
    for row in desk.of_account("labels", "id", "title", "created_at", "updated_at"):
        report.read["labels"] += 1
        if row.title:
            directory.topics[row.title] = str(row.id)
        data = {"topic_id": directory.named(row.id), "name": row.title}

        def events(facts: Facts, row: Row = row, data: Data = data) -> Iterator[Event]:
            if row.title is None:
                raise ValueError("a title")
            yield saved(facts, f"label/{row.id}", "topic.saved", data, row, row.title)

        directory.records.append(Record(f"topic/{row.id}", events))


def _inboxes(directory: Directory, desk: DeskTables, report: GapReport) -> None:
    media = {row.id: row.medium for row in desk.of_account("channel_twilio_sms", "id", "medium")}
    hours: dict[int, list[Row]] = {}
    for row in desk.of_inboxes(
        "working_hours",
        *("inbox_id", "day_of_week", "closed_all_day", "open_hour", "open_minutes", "close_hour"),
        *("close_minutes", "open_all_day", "updated_at"),
    ):
        hours.setdefault(row.inbox_id, []).append(row)
    bots = _bots_of_inboxes(desk)
    hooks = _hooks_of_inboxes(desk)
    for row in desk.of_account(
        "inboxes",
        *("id", "name", "channel_id", "channel_type", "business_name", "working_hours_enabled"),
        *("timezone", "created_at", "updated_at"),
    ):
        report.read["inboxes"] += 1
        medium = _medium(row, media, report)
        directory.inboxes[row.id] = DeskInbox(
            row.id, row.channel_type or "", medium, bots.get(row.id) or hooks.get(row.id),
            hooks.get(row.id),
        )  # fmt: skip
        own = hours.get(row.id, [])
        data = {
            "channel_id": directory.named(row.id),
            "medium": medium,
            "name": row.name,
            "display_name": row.business_name or None,
            "business_hours": _business_hours(row, own, report),
        }
        updated_us = max(
            [one.updated_at for one in (row, *own) if one.updated_at is not None], default=None
        )

        def events(
            facts: Facts, row: Row = row, data: Data = data, updated_us: int | None = updated_us
        ) -> Iterator[Event]:
            yield saved(facts, f"inbox/{row.id}", "channel.saved", data, row, "", updated_us)

        directory.records.append(Record(f"channel/{row.id}", events))


def _bots_of_inboxes(desk: DeskTables) -> dict[int, str]:
    found: dict[int, str] = {}
    for row in desk.of_inboxes("captain_inboxes", "inbox_id", "captain_assistant_id"):
        found[row.inbox_id] = f"captain-{row.captain_assistant_id}"
    for row in desk.of_inboxes("agent_bot_inboxes", "inbox_id", "agent_bot_id", "status"):
        if row.status == 0:
            found[row.inbox_id] = f"bot-{row.agent_bot_id}"
    return found


def _hooks_of_inboxes(desk: DeskTables) -> dict[int, str]:
    rows = desk.of_account("integrations_hooks", "id", "app_id", "status", "inbox_id")
    return {
        row.inbox_id: f"hook-{row.id}"
        for row in rows
        if row.app_id in BOT_HOOKS and row.status == 1 and row.inbox_id is not None
    }


def _medium(row: Row, twilio: dict[int, int | None], report: GapReport) -> str:
    name = (row.channel_type or "").rpartition("::")[2]
    if name == "TwilioSms":
        return TWILIO_MEDIA.get(twilio.get(row.channel_id) or 0, "sms")
    if name in MEDIA:
        return MEDIA[name]
    report.unknown_value("inboxes.channel_type", row.channel_type or "null", f"inbox/{row.id}")
    return name.lower() or "unknown"


def _business_hours(row: Row, days: Sequence[Row], report: GapReport) -> dict[str, Any] | None:
    if not row.working_hours_enabled:
        return None
    try:
        zone(row.timezone or "")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        report.unknown_value("inboxes.timezone", row.timezone or "null", f"inbox/{row.id}")
        return None
    weekly: dict[str, list[list[str]]] = {}
    for day in sorted(days, key=lambda day: day.day_of_week):
        if not 0 <= day.day_of_week < len(DAYS):
            report.unknown_value("working_hours.day_of_week", day.day_of_week, f"inbox/{row.id}")
            continue
        window = _window(day)
        if window is not None:
            weekly[DAYS[day.day_of_week]] = [window]
    return {"time_zone": row.timezone, "weekly": weekly}


def _window(day: Row) -> list[str] | None:
    if day.closed_all_day:
        return None
    if day.open_all_day:
        return ["00:00", "24:00"]
    if day.open_hour is None or day.close_hour is None:
        return None
    start = f"{day.open_hour:02d}:{day.open_minutes or 0:02d}"
    end = f"{day.close_hour:02d}:{day.close_minutes or 0:02d}"
    # The desk has no other way to say midnight.
    end = "24:00" if end == "23:59" else end
    return [start, end] if start < end else None
