"""A Zendesk account as its API: the exports with their cursors, pages that repeat and overflow,
limits, and days on which it is busy. It runs in the process of the test, on loopback.

As there: data of the last minute are not given, a start within it is refused; tickets and people
come by cursor, each once; updates come by time, the last second of a page again as the first of the
next, and a second with more updates than a page has comes whole.
"""

from __future__ import annotations

import base64
import datetime
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from api_desk import Answer, Call

Row = dict[str, Any]

EMAIL, TOKEN, OAUTH = "bot@acme.example", "zendesk-secret-1", "zendesk-oauth-2"
LONG_AGO = "2020-01-01T00:00:00Z"
ANN, BO, CLEO = 501, 502, 900
GROUP, OTHER_GROUP = 30, 31


def seconds(text: str) -> int:
    """Seconds since 1970 UTC of an instant such as 2026-06-08T10:00:00Z."""
    return int(datetime.datetime.fromisoformat(text).timestamp())


def ago(before_s: float) -> str:
    """An instant so many seconds ago."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=before_s)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ZendeskDesk:
    """One account with a brand, two groups, two agents and a customer."""

    page: int = 1000
    exports_per_minute: int = 60_000
    tickets: dict[int, Row] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)
    users: dict[int, Row] = field(default_factory=dict)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    """What is read whole, by path; a path that is not there is answered with 404."""
    comments: dict[int, list[Row]] = field(default_factory=dict)
    timeline: list[Row] | None = None
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    """What the next calls get instead of what they asked for."""
    calls: list[str] = field(default_factory=list)
    stuck: bool = False
    """The export of updates gives the same page for ever."""
    url: str = ""

    def __post_init__(self) -> None:
        self.user(1, "Admin", role="admin", email=EMAIL)
        self.user(ANN, "Ann Berg", role="agent", email="ann@acme.example")
        self.user(BO, "Bo Dahl", role="agent", email="bo@acme.example", external_id="E-2")
        self.user(CLEO, "Cleo", email="cleo@example.net")
        self.lists = {
            "brands": [self._named(1, "Acme", default=True)],
            "groups": [self._named(GROUP, "Lamps"), self._named(OTHER_GROUP, "Vendors")],
            "organizations": [],
            "satisfaction_ratings": [],
        }

    # --- filling it -----------------------------------------------------------------------------

    def _named(self, number: int, name: str, **more: Any) -> Row:
        times = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
        return {"id": number, "name": name, **times, **more}

    def user(self, number: int, name: str, role: str = "end-user", **more: Any) -> Row:
        """Add somebody, or change him."""
        self.users[number] = self._named(number, name, role=role, active=True, **more)
        return self.users[number]

    def ticket(self, number: int, at: str, requester: int = CLEO, **more: Any) -> Row:
        """Add a ticket as it is now."""
        row = {
            "id": number, "created_at": at, "updated_at": at, "status": "open", "brand_id": 1,
            "requester_id": requester, "via": {"channel": "email"}, "group_id": GROUP,
            "subject": "secret subject", "assignee_id": None, **more,
        }  # fmt: skip
        self.tickets[number] = row
        return row

    def touch(self, ticket: int, at: str, **more: Any) -> None:
        """Change a ticket as it is now."""
        self.tickets[ticket] |= {"updated_at": at, **more}

    def audit(self, number: int, ticket: int, at: str, updater: int, *children: Row,
              via: Any = "Mail") -> None:  # fmt: skip
        """Add an update, whose parts are numbered after it unless they have numbers."""
        parts = [{"id": number + place, **child} for place, child in enumerate(children, 1)]
        self.events.append({
            "id": number, "ticket_id": ticket, "timestamp": seconds(at), "created_at": at,
            "updater_id": updater, "via": via, "event_type": "Audit", "child_events": parts,
            "system": {},
        })  # fmt: skip
        if ticket in self.tickets and self.tickets[ticket]["updated_at"] < at:
            status = next((part["status"] for part in parts if "status" in part), None)
            self.touch(ticket, at, **({} if status is None else {"status": status}))

    def example(self) -> None:
        """The worked example of the documentation."""
        self.ticket(4711, "2026-06-08T10:00:00Z")
        day = "2026-06-08T"
        self.audit(
            9001, 4711, f"{day}10:00:00Z", CLEO, create(status="new"), create(group_id=GROUP),
            comment(9002, CLEO, "Broken"),
        )  # fmt: skip
        self.audit(
            9010, 4711, f"{day}10:20:00Z", ANN, comment(9011, ANN, "Try this"),
            change("status", "pending", "new"), change("tags", ["lamp"], []), via="Web form",
        )  # fmt: skip
        self.audit(
            9020, 4711, f"{day}11:00:00Z", CLEO, comment(9021, CLEO, "Still broken"),
            change("status", "open", "pending"),
        )  # fmt: skip
        self.audit(
            9030, 4711, f"{day}11:30:00Z", ANN, comment(9031, ANN, "vendor asked", public=False),
            change("group_id", OTHER_GROUP, GROUP), via="Web form",
        )  # fmt: skip
        self.audit(
            9040, 4711, f"{day}12:00:00Z", BO, comment(9041, BO, "Replaced"),
            change("status", "solved", "open"), via="Web form",
        )  # fmt: skip
        self.audit(
            9050, 4711, "2026-06-12T12:00:00Z", -1, change("status", "closed", "solved"), via="Rule"
        )

    # --- answering ------------------------------------------------------------------------------

    def answer(self, call: Call) -> Answer:
        """Status, headers and body of a call."""
        parts = urlsplit(call.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.calls.append(call.target)
        basic = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if call.headers.get("Authorization", "") not in (f"Basic {basic}", f"Bearer {OAUTH}"):
            return 401, {}, b'{"error":"Couldn\'t authenticate you"}'
        headers = {"X-Rate-Limit": "60000", "X-Rate-Limit-Remaining": "59999"}
        path = parts.path.removesuffix(".json").removeprefix("/api/v2/")
        if path.startswith("incremental/"):
            total = self.exports_per_minute
            headers["zendesk-ratelimit-incremental-exports"] = (
                f"total={total}; remaining={total - 1}; resets=30"
            )
        if self.answers:
            status, more, body = self.answers.pop(0)
            if status:
                return status, {**headers, **more}, body
        found = self._found(path, query)
        if isinstance(found, int):
            return found, headers, b"{}"
        return 200, headers, json.dumps(found).encode()

    def _found(self, path: str, query: dict[str, str]) -> Any:
        if path.startswith("incremental/") or path.startswith("chat/"):
            return self._export(path.rpartition("/incremental/")[2].removeprefix("incremental/"),
                                query)  # fmt: skip
        if path == "users/me":
            return {"user": self.users[1]}
        if path == "users":
            people = [one for one in self.users.values() if one["role"] == query["role"]]
            return self._linked("users", people, query)
        if path == "users/show_many":
            ids = [int(one) for one in query["ids"].split(",")]
            return {"users": [self.users[one] for one in ids if one in self.users]}
        if path.endswith("/count"):
            kind = path.partition("/")[0]
            counted: Any = getattr(self, kind, None) or self.lists.get(kind, ())
            return {"count": {"value": len(counted)}}
        if path.startswith("tickets/"):
            comments = self.comments.get(int(path.split("/")[1]))
            return 404 if comments is None else self._linked("comments", comments, query)
        name = path.rpartition("/")[2]
        rows = self.lists.get(name, [])
        if name not in self.lists:
            return 404
        if name == "satisfaction_ratings":
            rows = [one for one in rows if seconds(one["updated_at"]) >= int(query["start_time"])]
        return self._linked(name, rows, query)

    def _linked(self, name: str, rows: list[Row], query: dict[str, str]) -> Row:
        start = int(query.get("page[after]") or 0)
        size = min(int(query["page[size]"]), 100)
        end = min(len(rows), start + size)
        meta = {"has_more": end < len(rows), "after_cursor": str(end)}
        return {name: rows[start:end], "meta": meta, "links": {}}

    def _export(self, name: str, query: dict[str, str]) -> Any:
        now_s = time.time()
        if name == "agent_timeline":
            return (
                404
                if self.timeline is None
                else self._by_time(
                    name, self.timeline, query, lambda row: seconds(row["start_time"]) * 1_000_000
                )
            )
        if "start_time" in query and int(query["start_time"]) > now_s - 60:
            return 422
        if name == "ticket_events":
            if query.get("support_type_scope") != "all" or query.get("include") != "comment_events":
                return 400
            rows = [one for one in self.events if one["timestamp"] <= now_s - 60]
            return self._by_time(name, rows, query, lambda row: row["timestamp"])
        if name == "organizations":
            return self._by_time(
                name, self.lists[name], query, lambda row: seconds(row["updated_at"])
            )
        if ("start_time" in query) is ("cursor" in query):
            return 400
        kind = name.partition("/")[0]
        return self._by_cursor(kind, getattr(self, kind), query)

    def _by_cursor(self, kind: str, rows: dict[int, Row], query: dict[str, str]) -> Row:
        after = (int(query["start_time"]), -1) if "start_time" in query else (
            json.loads(base64.b64decode(query["cursor"]))
        )  # fmt: skip
        ordered = sorted(
            (seconds(row["updated_at"]), number)
            for number, row in rows.items()
            if seconds(row["updated_at"]) <= time.time() - 60
        )
        left = [one for one in ordered if list(one) > list(after)]
        found = left[: self.page]
        last = found[-1] if found else after
        page: Row = {
            kind: [rows[number] for _, number in found],
            "after_cursor": base64.b64encode(json.dumps(last).encode()).decode(),
            "end_of_stream": len(left) <= self.page,
        }
        if kind == "tickets":
            page["users"] = [
                self.users[row["requester_id"]] for row in page[kind]
                if row["requester_id"] in self.users
            ]  # fmt: skip
        return page

    def _by_time(self, name: str, rows: list[Row], query: dict[str, str], at: Any) -> Row:
        start = int(query["start_time"])
        if self.stuck and name == "ticket_events":
            return {name: [], "end_time": start, "end_of_stream": False, "next_page": "again"}
        ordered = sorted((row for row in rows if at(row) >= start), key=at)
        found = ordered[: self.page]
        if found and at(found[-1]) == start:
            found = [row for row in ordered if at(row) == start]
            rest = ordered[len(found) : len(found) + 1]
            end = at(rest[0]) if rest else start
        else:
            end = at(found[-1]) if found else start
        return {
            name: found, "count": len(found), "end_time": end,
            "end_of_stream": len(found) == len(ordered),
            "next_page": f"https://acme.zendesk.com/api/v2/incremental/{name}?start_time={end}",
        }  # fmt: skip


def create(**field: Any) -> Row:
    """A field that a new ticket has."""
    return {"event_type": "Create", **field}


def change(name: str, value: Any, before: Any, **more: Any) -> Row:
    """A field that changed."""
    return {"event_type": "Change", name: value, "previous_value": before, **more}


def comment(number: int, author: int, text: str, *, public: bool = True, **more: Any) -> Row:
    """A comment."""
    return {
        "id": number, "event_type": "Comment", "author_id": author, "public": public,
        "body": text, "html_body": f"<p>{text}</p>", "plain_body": text, **more,
    }  # fmt: skip
