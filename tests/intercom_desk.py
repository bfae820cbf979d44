"""An Intercom workspace as its API: searches with their cursors, at most 150 records a page and 500
parts a conversation, days on which it is busy. Runs in the process of the test, on loopback.

As there: searches compare whole seconds and exclude the bound, those of contacts know days only;
they show no parts; a contact that became another one is answered with who is left; whoever asks for
another version than he was promised, or says not what he accepts, gets nothing.
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

TOKEN = "intercom-secret-1"
APP = "abc123"
FOUNDED = 1_577_836_800
"""2020-01-01."""
SOURCE = f"https://app.intercom.com/a/apps/{APP}"
ANN, BO, FIN, OPERATOR = "9", "10", "1002", "9000"
LAMPS, VENDORS = "5", "6"
LEAD = "5f0000000000000000000001"
DAY_S = 86_400


def seconds(text: str) -> int:
    """Seconds since 1970 UTC of an instant such as 2026-06-08T10:00:00Z."""
    return int(datetime.datetime.fromisoformat(text).timestamp())


def admin(number: str) -> Row:
    """An author who answers."""
    return {"type": "admin", "id": number, "name": f"Admin {number}", "email": None}


def bot(number: str, name: str) -> Row:
    """An author that is none."""
    return {"type": "bot", "id": number, "name": name, "from_ai_agent": name == "Fin"}


def contact(number: str = LEAD) -> Row:
    """An author who asks."""
    return {"type": "lead", "id": number}


FIN_BOT = bot(FIN, "Fin")
OPERATOR_BOT = bot(OPERATOR, "Operator")


@dataclass
class IntercomWorkspace:
    """One workspace with two teams, two admins and a lead."""

    token: str = TOKEN
    app: str = APP
    page: int = 150
    per_window: int = 100_000
    conversations: dict[str, Row] = field(default_factory=dict)
    contacts: dict[str, Row] = field(default_factory=dict)
    became: dict[str, str] = field(default_factory=dict)
    """Contacts and conversations that are others now."""
    admins: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    brands: list[Row] | None = None
    attributes: list[Row] = field(default_factory=list)
    activities: list[Row] | None = None
    schedules: list[Row] | None = None
    """Told by a later version of the API only."""
    refused: set[str] = field(default_factory=set)
    """Paths that the token may not read."""
    answers: list[Answer] = field(default_factory=list)
    """What the next calls get instead of what they asked for; status 0 = what they asked for."""
    calls: list[str] = field(default_factory=list)
    repeats: bool = False
    """Each page begins with the last record of the one before."""
    stuck: bool = False
    """A search gives the same page for ever."""
    url: str = ""

    def __post_init__(self) -> None:
        self.admins = [
            {"type": "admin", "id": ANN, "name": "Ann Berg", "email": "ann@acme.example"},
            {"type": "admin", "id": BO, "name": "Bo Dahl", "email": "bo@acme.example"},
            {"type": "team", "id": "77", "name": "Inbox of a team", "email": None},
        ]
        self.teams = [
            {"type": "team", "id": LAMPS, "name": "Lamps", "admin_ids": [int(ANN)]},
            {"type": "team", "id": VENDORS, "name": "Vendors", "admin_ids": [int(BO)]},
        ]
        self.contact(LEAD, "2026-06-01T00:00:00Z", name="Lena", email="lena@example.net")

    # --- filling it -----------------------------------------------------------------------------

    def contact(self, number: str, at: str, **more: Any) -> Row:
        """Add somebody, or change him."""
        when = seconds(at)
        self.contacts[number] = {
            "type": "contact", "id": number, "role": "lead", "created_at": when,
            "updated_at": when, **more,
        }  # fmt: skip
        return self.contacts[number]

    def conversation(self, number: int, at: int, **more: Any) -> Row:
        """Add a conversation with its first message."""
        row = {
            "type": "conversation", "id": str(number), "created_at": at, "updated_at": at,
            "state": "open", "contacts": {"contacts": [{"type": "contact", "id": LEAD}]},
            "source": {
                "type": "conversation", "id": f"{number}99", "delivered_as": "customer_initiated",
                "body": "secret hello", "author": contact(),
            },
            "tags": {"tags": []}, "conversation_rating": None, "parts": [], **more,
        }  # fmt: skip
        self.conversations[str(number)] = row
        return row

    def part(self, conversation: int, number: int, kind: str, at: int, author: Row | None,
             body: str | None = None, **more: Any) -> Row:  # fmt: skip
        """Add a part; the conversation changes with it, and its state where one is given."""
        row = {
            "type": "conversation_part", "id": str(number), "part_type": kind, "body": body,
            "created_at": at, "updated_at": at, "author": author, "assigned_to": None,
            "attachments": [], "redacted": False, **more,
        }  # fmt: skip
        holder = self.conversations[str(conversation)]
        holder["parts"].append(row)
        holder["updated_at"] = max(holder["updated_at"], at)
        holder["state"] = more.get("state") or {
            "close": "closed", "snoozed": "snoozed", "open": "open", "assign_and_reopen": "open",
            "unsnoozed": "open", "timer_unsnooze": "open",
        }.get(kind, holder["state"])  # fmt: skip
        return row

    def example(self, day: int = 0) -> None:
        """The worked example of the documentation; `day` is where its clock begins."""
        self.conversation(7, day + 1000)["source"]["body"] = "Hi"
        self.part(7, 71, "comment", day + 1002, FIN_BOT, "Let me see")
        self.part(7, 72, "assignment", day + 1060, FIN_BOT,
                  assigned_to={"type": "team", "id": LAMPS})  # fmt: skip
        self.part(7, 73, "comment", day + 1300, admin(ANN), "Try this")
        self.part(7, 74, "note", day + 1305, admin(ANN), "secret note")
        self.part(7, 75, "close", day + 1310, admin(ANN), "Bye")
        self.part(7, 76, "open", day + 1900, contact(), "Still dark")
        self.part(
            7,
            77,
            "close",
            day + 9000,
            OPERATOR_BOT,
            event_details={"event": {"type": "closed", "result": "customer inactivity"}},
        )

    # --- answering ------------------------------------------------------------------------------

    def answer(self, call: Call) -> Answer:
        """Status, headers and body of a call."""
        parts = urlsplit(call.target)
        self.calls.append(f"{call.method} {call.target}")
        limits = {
            "X-RateLimit-Limit": str(self.per_window), "X-RateLimit-Remaining": "99",
            "X-RateLimit-Reset": str(int(time.time()) + 5),
        }  # fmt: skip
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, limits, b'{"errors":[{"code":"unauthorized"}]}'
        if call.headers.get("Accept") != "application/json":
            return 406, limits, b"{}"
        later = parts.path == "/office_hours_schedules"
        if call.headers.get("Intercom-Version") != ("2.17" if later else "2.14"):
            return 400, limits, b'{"errors":[{"code":"intercom_version_invalid"}]}'
        if self.answers:
            status, more, body = self.answers.pop(0)
            if status:
                return status, {**limits, **more}, body
        if parts.path in self.refused:
            return 403, limits, b"{}"
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if call.method == "POST":
            found = self._searched(parts.path, json.loads(call.body))
        else:
            found = self._got(parts.path, query)
        if isinstance(found, int):
            return found, limits, b"{}"
        return 200, limits, json.dumps(found).encode()

    def _got(self, path: str, query: dict[str, str]) -> Any:
        first, _, number = path.strip("/").partition("/")
        if path == "/me":
            return {
                "type": "admin", "id": ANN,
                "app": {"type": "app", "id_code": self.app, "name": "Acme", "created_at": FOUNDED},
            }  # fmt: skip
        if path == "/admins/activity_logs":
            return self._activities(query)
        lists = {
            "/admins": ("admins", self.admins), "/teams": ("teams", self.teams),
            "/tags": ("data", self.tags), "/brands": ("data", self.brands),
            "/data_attributes": ("data", self.attributes),
            "/office_hours_schedules": ("data", self.schedules),
        }  # fmt: skip
        if path in lists:
            name, rows = lists[path]
            return 404 if rows is None else {"type": f"{name}.list", name: rows}
        number = self.became.get(number, number)
        if first == "contacts":
            return self.contacts.get(number, 404)
        if first == "conversations" and query.get("display_as") == "plaintext":
            row = self.conversations.get(number)
            return 404 if row is None else self._whole(row)
        return 404

    def _whole(self, row: Row) -> Row:
        parts = sorted(
            row["parts"],
            key=lambda part: (part["created_at"] if isinstance(part["created_at"], int) else 0,
                              int(part["id"])),
        )  # fmt: skip
        return {
            **{name: value for name, value in row.items() if name != "parts"},
            "conversation_parts": {
                "type": "conversation_part.list", "conversation_parts": parts[-500:],
                "total_count": len(parts),
            },
        }  # fmt: skip

    def _activities(self, query: dict[str, str]) -> Any:
        if self.activities is None:
            return 403
        first, last = int(query["created_at_after"]), int(query["created_at_before"])
        rows = sorted(
            (row for row in self.activities if first <= row["created_at"] <= last),
            key=lambda row: -row["created_at"],
        )
        size, number = 20, int(query.get("page", 1))
        pages = {"page": number, "per_page": size, "total_pages": -(-len(rows) // size) or 1}
        return {
            "type": "activity_log.list", "pages": pages,
            "activity_logs": rows[(number - 1) * size : number * size],
        }  # fmt: skip

    def _searched(self, path: str, asked: Row) -> Any:
        kind = path.strip("/").partition("/")[0]
        query, pagination = asked["query"], asked["pagination"]
        if query["operator"] != "AND" or pagination["per_page"] > 150:
            return 400
        bounds = {one["operator"]: one["value"] for one in query["value"]}
        field_name = query["value"][0]["field"]
        after, before = bounds[">"], bounds["<"]
        if kind == "contacts":
            # Days are compared: later than a moment is later than its day.
            after = after // DAY_S * DAY_S + DAY_S - 1
            before = before // DAY_S * DAY_S
        rows = [
            row
            for row in getattr(self, kind).values()
            if not isinstance(row[field_name], int) or after < row[field_name] < before
        ]
        down = asked["sort"]["order"] == "descending"
        rows.sort(
            key=lambda row: (row[field_name] if isinstance(row[field_name], int) else after,
                             row["id"]),
            reverse=down,
        )  # fmt: skip
        start = 0
        if "starting_after" in pagination:
            start = int(base64.b64decode(pagination["starting_after"]))
        if self.stuck:
            start = 0
        size = min(self.page, pagination["per_page"])
        end = start + size
        begun = start - 1 if self.repeats and start else start
        more = end < len(rows) or self.stuck
        cursor = base64.b64encode(str(0 if self.stuck else end).encode()).decode()
        found = [{name: value for name, value in row.items() if name != "parts"}
                 for row in rows[begun:end]]  # fmt: skip
        return {
            "type": f"{kind}.list", "total_count": len(rows),
            "data" if kind == "contacts" else kind: found,
            "pages": {
                "type": "pages", "per_page": size,
                "next": {"per_page": size, "starting_after": cursor} if more else None,
            },
        }  # fmt: skip
