"""Who and what an account has: brands, groups, agents, opening hours, and whom a number means."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tawny.model.zones import zone
from tawny.sources.events import Data, Event, Facts, version_id, without_nulls
from tawny.sources.ledger import Ledger
from tawny.sources.opening_hours import weekly
from tawny.sources.reader import Record
from tawny.sources.report import GapReport
from tawny.sources.zendesk.desk import ZendeskAccount
from tawny.sources.zendesk.words import id_of, instant_ms, number_of, zone_names

import zoneinfo  # isort: skip

_LONGEST_HOLIDAY_DAYS = 366

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ZendeskBrand:
    """What a channel is named after. Times in milliseconds since 1970 UTC."""

    name: str
    created_ms: int
    updated_ms: int


@dataclass
class ZendeskDirectory:
    """What the records of one account refer to."""

    prefix: str
    virtual: frozenset[str]
    """Logins that are really bots."""
    agents: set[int] = field(default_factory=set)
    """Everybody who is or ever was one, as far as is known."""
    brands: dict[int, ZendeskBrand] = field(default_factory=dict)
    teams_of: dict[int, list[int]] = field(default_factory=dict)
    """Groups by agent; read only where somebody asks whose team counts."""
    categories: dict[str, str] = field(default_factory=dict)
    """Status categories by the numbers and names of statuses that the account made itself."""
    hours: Data | None = None
    hours_ms: int = 0
    """When they were last changed."""
    channels: set[str] = field(default_factory=set)
    """Those that were announced in this sync."""

    def named(self, thing: object) -> str:
        """An id of the desk as the log has it."""
        return f"{self.prefix}{thing}"

    def is_virtual(self, user: int | None) -> bool:
        """Whether somebody is really a bot."""
        return user is not None and str(user) in self.virtual

    @property
    def founded_ms(self) -> int:
        """When the oldest brand was made: before it there was nothing."""
        return min((one.created_ms for one in self.brands.values()), default=0)

    def channel(self, brand: int, medium: str) -> Iterator[Record]:
        """The record of a channel, the first time that it is met."""
        channel_id = f"{brand}/{medium}"
        if channel_id in self.channels:
            return
        self.channels.add(channel_id)
        found = self.brands.get(brand) or ZendeskBrand(str(brand), self.founded_ms, self.founded_ms)
        data = without_nulls({
            "channel_id": self.named(channel_id), "medium": medium,
            "name": f"{found.name} {medium}", "business_hours": self.hours,
        })  # fmt: skip
        updated_ms = max(found.updated_ms, self.hours_ms)

        def events(facts: Facts) -> Iterator[Event]:
            event_id, time_ms = version_id(
                facts, f"channel/{channel_id}", "channel.saved", data, found.created_ms, updated_ms
            )
            yield Event(event_id, "channel.saved", time_ms, data)

        yield Record(f"channel/{channel_id}", events)

    def topic(self, tag: str) -> Record:
        """The record of a tag."""
        data = {"topic_id": self.named(tag), "name": tag}

        def events(facts: Facts) -> Iterator[Event]:
            event_id, time_ms = version_id(
                facts, f"topic/{tag}", "topic.saved", data, self.founded_ms, self.founded_ms
            )
            yield Event(event_id, "topic.saved", time_ms, data, note=tag)

        return Record(f"topic/{tag}", events)


def read_directory(
    desk: ZendeskAccount,
    prefix: str,
    options: Mapping[str, Any],
    ledger: Ledger,
    report: GapReport,
    *,
    reads_agents: bool,
) -> tuple[ZendeskDirectory, Sequence[Record]]:
    """Read what is small, whole; with it the events it tells. `reads_agents`: the export of people
    does not begin with the first of them."""
    directory = ZendeskDirectory(prefix, frozenset(str(one) for one in options["virtual_agents"]))
    for page in ledger.pages("agent"):
        directory.agents |= {
            int(number) for name in page if (number := name.partition("/")[2]).isdigit()
        }
    for one in desk.all("/api/v2/brands.json", "brands"):
        report.read["brands"] += 1
        with report.one(f"brand/{one.get('id')}"):
            created_ms = instant_ms(one["created_at"])
            directory.brands[number_of(one["id"])] = ZendeskBrand(
                str(one["name"]), created_ms, _updated_ms(one, created_ms)
            )
    for one in desk.perhaps("/api/v2/custom_statuses.json", "custom_statuses"):
        for key in ("id", "agent_label", "raw_agent_label"):
            if one.get(key) is not None:
                directory.categories[str(one[key]).lower()] = str(one.get("status_category"))
    if options["team_of"] == "agent":
        for one in desk.all("/api/v2/group_memberships.json", "group_memberships"):
            with report.one(f"group_membership/{one.get('id')}"):
                mine = directory.teams_of.setdefault(number_of(one["user_id"]), [])
                mine.append(number_of(one["group_id"]))
    with report.one("schedule"):
        _hours(directory, desk, id_of(options.get("schedule")), report)
    records = list(_groups(directory, desk, report))
    if reads_agents:
        for role in ("agent", "admin"):
            people = desk.listed("/api/v2/users.json", "users", {"role": role})
            for one in people:
                with report.one(f"user/{one.get('id')}"):
                    records.append(agent_record(directory, one))
    return directory, records


def _updated_ms(row: Json, created_ms: int) -> int:
    return created_ms if row.get("updated_at") is None else instant_ms(row["updated_at"])


def _groups(
    directory: ZendeskDirectory, desk: ZendeskAccount, report: GapReport
) -> Iterator[Record]:
    for row in desk.all("/api/v2/groups.json", "groups"):
        report.read["groups"] += 1

        def events(facts: Facts, row: Json = row) -> Iterator[Event]:
            data = {"team_id": directory.named(number_of(row["id"])), "name": str(row["name"])}
            created_ms = instant_ms(row["created_at"])
            event_id, time_ms = version_id(
                facts, f"group/{row['id']}", "team.saved", data, created_ms,
                _updated_ms(row, created_ms),
            )  # fmt: skip
            yield Event(event_id, "team.saved", time_ms, data, note=data["name"])

        yield Record(f"team/{row.get('id')}", events)


def agent_record(directory: ZendeskDirectory, row: Json) -> Record:
    """The record of somebody who answers."""
    directory.agents.add(number_of(row["id"]))

    def events(facts: Facts) -> Iterator[Event]:
        number = number_of(row["id"])
        data = without_nulls({
            "agent_id": directory.named(number),
            "name": str(row["name"]),
            "email": row.get("email") or None,
            "reference": str(row["external_id"]) if row.get("external_id") else None,
            "kind": "virtual" if directory.is_virtual(number) else "human",
        })  # fmt: skip
        created_ms = instant_ms(row["created_at"])
        event_id, time_ms = version_id(
            facts, f"agent/{number}", "agent.saved", data, created_ms, _updated_ms(row, created_ms)
        )
        yield Event(event_id, "agent.saved", time_ms, data, note=data["name"])

    return Record(f"agent/{row['id']}", events)


def former_agents(
    directory: ZendeskDirectory, desk: ZendeskAccount, ids: Iterable[int]
) -> list[Record]:
    """Records of people who did what only agents can and are none, or none any more."""
    new = sorted({*ids} - directory.agents)
    if not new:
        return []
    directory.agents |= {*new}
    return [agent_record(directory, row) for row in desk.users_by_id(new) if row.get("id") in new]


# --- opening hours ------------------------------------------------------------------------------


def _hours(
    directory: ZendeskDirectory, desk: ZendeskAccount, wanted: int | None, report: GapReport
) -> None:
    schedules = desk.perhaps("/api/v2/business_hours/schedules.json", "schedules")
    if wanted is not None:
        schedules = [one for one in schedules if one.get("id") == wanted]
    if len(schedules) != 1:
        return
    [schedule] = schedules
    name = str(schedule.get("time_zone"))
    time_zone = zone_names().get(name, name)
    try:
        zone(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        report.unknown_value("schedules.time_zone", name, f"schedule/{schedule['id']}")
        return
    holidays = desk.perhaps(
        f"/api/v2/business_hours/schedules/{schedule['id']}/holidays.json", "holidays"
    )
    directory.hours = {
        "time_zone": time_zone,
        "weekly": weekly(
            (int(one["start_time"]), int(one["end_time"]))
            for one in schedule.get("intervals") or []
        ),
    }
    days = sorted({day for one in holidays for day in _days(one)})
    if days:
        directory.hours["holidays"] = days
    directory.hours_ms = instant_ms(schedule.get("updated_at") or 0)


def _days(holiday: Json) -> Iterator[str]:
    start = datetime.date.fromisoformat(str(holiday["start_date"])[:10])
    end = datetime.date.fromisoformat(str(holiday["end_date"])[:10])
    for number in range(min((end - start).days + 1, _LONGEST_HOLIDAY_DAYS)):
        yield (start + datetime.timedelta(days=number)).isoformat()
