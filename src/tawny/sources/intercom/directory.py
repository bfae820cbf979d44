"""Who and what a workspace has: admins, teams, tags, brands, and whom a part is from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tawny.sources.deletions import too_many
from tawny.sources.events import Data, Event, Facts, version_id, without_nulls
from tawny.sources.intercom import words
from tawny.sources.intercom.desk import IntercomDesk, Workspace
from tawny.sources.intercom.words import id_of, needed_id
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Record, Window
from tawny.sources.report import GapReport

Json = Mapping[str, Any]


class Author(NamedTuple):
    """Who made a part: `agent`, `bot`, `contact`, `team` or `system`, and his id in the log,
    without the prefix."""

    actor: str
    id: str | None
    by_operator: bool = False
    """The bot that rules and workflows speak through, not one that answers."""


SYSTEM = Author("system", None)
_DELETED = "deleted"
"""In the ids of events that say so."""


@dataclass
class IntercomDirectory:
    """What the records of one workspace refer to. Times in milliseconds since 1970 UTC."""

    prefix: str
    workspace: Workspace
    virtual: frozenset[str]
    """Logins that are really bots."""
    hours: Data | None
    admins: set[str] = field(default_factory=set)
    """Those that are there now, and whoever was met in this sync."""
    brands: dict[str, str] = field(default_factory=dict)
    """Names by id."""
    teams_of: dict[str, list[str]] = field(default_factory=dict)
    """Teams by admin."""
    labels: dict[str, str] = field(default_factory=dict)
    """What people call an attribute of contacts, by its name."""
    channels: set[str] = field(default_factory=set)
    """Those that were announced in this sync."""

    def named(self, thing: object) -> str:
        """An id of the desk as the log has it."""
        return f"{self.prefix}{thing}"

    @property
    def founded_ms(self) -> int:
        """Before it there was nothing. The API tells no other time of admins, teams and tags."""
        return self.workspace.created_ms

    def author(self, raw: Any, report: GapReport, part: str) -> Author:
        """Whom a part is from."""
        if not isinstance(raw, dict):
            return SYSTEM
        kind, number = str(raw.get("type") or ""), id_of(raw.get("id"))
        if kind == "admin" and number is not None:
            return Author("bot" if number in self.virtual else "agent", number)
        if kind == "bot" and number is not None:
            return Author("bot", f"bot-{number}", _is_operator(raw))
        if kind in words.CONTACTS:
            return Author("contact", number)
        if kind == "team":
            return Author("team", None)
        if kind and number is not None:
            report.unknown_value("author.type", kind, part)
        return SYSTEM

    def team_of(self, admin: str | None) -> str | None:
        """The only team of an admin."""
        teams = self.teams_of.get(admin or "", [])
        return teams[0] if len(teams) == 1 else None

    # --- records --------------------------------------------------------------------------------

    def saved(
        self, record: str, base: str, kind: str, data: Data, *, only_first: bool = False
    ) -> Record:
        """A record that the desk gives as it is now, without the time of a change."""

        def events(facts: Facts) -> Iterator[Event]:
            known = any(name.startswith(f"{base}/") and f.digest for name, f in facts.items())
            if only_first and known:
                return
            event_id, time_ms = version_id(
                facts, base, kind, data, self.founded_ms, self.founded_ms
            )
            yield Event(event_id, kind, time_ms, data, note=str(data["name"]))

        return Record(record, events)

    def met(self, raw: Any) -> Iterator[Record]:
        """The record of an author who is no admin any more, or a bot: named as he is there."""
        if not isinstance(raw, dict) or raw.get("type") not in ("admin", "bot"):
            return
        number = id_of(raw.get("id"))
        if number is None:
            return
        agent = number if raw["type"] == "admin" else f"bot-{number}"
        if agent in self.admins:
            return
        self.admins.add(agent)
        yield self._agent(agent, raw, only_first=True)

    def _agent(self, agent: str, row: Json, *, only_first: bool = False) -> Record:
        is_bot = agent.startswith("bot-") or agent in self.virtual
        data = without_nulls({
            "agent_id": self.named(agent), "name": str(row.get("name") or agent),
            "email": str(row["email"]) if row.get("email") else None,
            "kind": "virtual" if is_bot else "human",
        })  # fmt: skip
        return self.saved(
            f"agent/{agent}", f"admin/{agent}", "agent.saved", data, only_first=only_first
        )

    def admin(self, row: Json) -> Iterator[Record]:
        """The record of an admin; accounts of team inboxes are no people."""
        number = needed_id(row.get("id"))
        if row.get("type", "admin") == "admin":
            self.admins.add(number)
            yield self._agent(number, row)

    def team(self, row: Json) -> Record:
        """The record of a team."""
        number = needed_id(row.get("id"))
        for admin in row.get("admin_ids") or ():
            self.teams_of.setdefault(str(admin), []).append(number)
        data = {"team_id": self.named(number), "name": str(row["name"])}
        return self.saved(f"team/{number}", f"team/{number}", "team.saved", data)

    def topic(self, row: Json, *, only_first: bool = False) -> Record:
        """The record of a tag, as one of conversations."""
        number = needed_id(row.get("id"))
        data = {"topic_id": self.named(number), "name": str(row.get("name") or number)}
        return self.saved(
            f"topic/{number}", f"topic/{number}", "topic.saved", data, only_first=only_first
        )

    def tag(self, row: Json) -> Record:
        """The record of a tag, as one of messages."""
        number = needed_id(row.get("id"))
        data = {"tag_id": self.named(number), "name": str(row.get("name") or number)}
        return self.saved(f"tag/{number}", f"tag/{number}", "tag.saved", data)

    def channel(self, channel_id: str, medium: str) -> Iterator[Record]:
        """The record of a channel, the first time that it is met."""
        if channel_id in self.channels:
            return
        self.channels.add(channel_id)
        brand = channel_id.partition("/")[0]
        name = self.workspace.name if brand == "0" else self.brands.get(brand, brand)
        data = without_nulls({
            "channel_id": self.named(channel_id), "medium": medium, "name": f"{name} {medium}",
            "business_hours": self.hours,
        })  # fmt: skip
        yield self.saved(f"channel/{channel_id}", f"channel/{channel_id}", "channel.saved", data)

    def brand_of(self, row: Json) -> str:
        """The brand of a conversation; `0` where it has none."""
        brand = row.get("brand")
        number = id_of(brand.get("id") if isinstance(brand, dict) else row.get("brand_id"))
        if number is not None:
            return number
        own = row.get("custom_attributes")
        name = own.get("Brand") if isinstance(own, dict) else None
        return next((one for one, called in self.brands.items() if called == name), "0")


def _is_operator(raw: Json) -> bool:
    if raw.get("from_ai_agent") or raw.get("is_ai_answer"):
        return False
    email, name = str(raw.get("email") or ""), str(raw.get("name") or "")
    return email.startswith("operator+") or name.strip().lower() == "operator"


def read_directory(
    desk: IntercomDesk, directory: IntercomDirectory, ledger: Ledger, window: Window,
    report: GapReport,
) -> list[Record]:  # fmt: skip
    """Read what is small, whole; with it the events it tells."""
    records: list[Record] = []
    for row in desk.all("/admins", "admins"):
        report.read["admins"] += 1
        with report.one(f"admin/{row.get('id')}"):
            records += directory.admin(row)
    for row in desk.all("/teams", "teams"):
        report.read["teams"] += 1
        with report.one(f"team/{row.get('id')}"):
            records.append(directory.team(row))
    for row in desk.perhaps("/brands", "data"):
        report.read["brands"] += 1
        with report.one(f"brand/{row.get('id')}"):
            directory.brands[needed_id(row.get("id"))] = str(row["name"])
    for row in desk.all("/data_attributes", "data", {"model": "contact"}):
        if row.get("custom") and row.get("name") and row.get("label"):
            directory.labels[str(row["name"])] = str(row["label"])
    there: set[str] = set()
    for row in desk.all("/tags", "data"):
        report.read["tags"] += 1
        with report.one(f"tag/{row.get('id')}"):
            there.add(needed_id(row.get("id")))
            records.append(directory.topic(row))
    return records + _deleted_topics(directory, ledger, window, report, there)


def _deleted_topics(
    directory: IntercomDirectory, ledger: Ledger, window: Window, report: GapReport,
    there: set[str],
) -> list[Record]:  # fmt: skip
    """Tags that were sent and are there no more."""
    gone, looked = [], 0
    for page in ledger.pages("topic"):
        looked += len(page)
        for name, facts in page.items():
            number = name.partition("/")[2]
            sent = max(
                ((f.time_ms, place, one) for place, (one, f) in enumerate(facts.items())),
                default=None,
            )
            if number not in there and sent and f"/{_DELETED}" not in sent[2]:
                gone.append(number)
    if not gone:
        return []
    report.gone["topics"] += len(gone)
    if too_many(len(gone), looked) and not window.accept_deletions:
        report.gone_not_accepted["topics"] += len(gone)
        return []
    return [_deleted(directory, number, window.now_us // 1000) for number in gone]


def _deleted(directory: IntercomDirectory, number: str, now_ms: int) -> Record:
    def events(facts: Facts) -> Iterator[Event]:
        base = f"topic/{number}/{_DELETED}"
        # One that came back may go again.
        event_id = f"{base}/{now_ms}" if base in facts else base
        yield Event(event_id, "topic.deleted", now_ms, {"topic_id": directory.named(number)})

    return Record(f"topic/{number}", events)
