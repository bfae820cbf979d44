"""A Chatwoot installation as its API, over the same tables that the tests of its database fill.

Pages have the sizes of the desk's own (25 conversations, 20 messages, 15 contacts, 25 answers),
times are whole seconds, words stand for numbers, and what the API does not tell is not there. It
runs in the process of the test, on loopback.
"""

from __future__ import annotations

import contextlib
import datetime
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.rows import dict_row

from chatwoot_desk import ChatwootDesk

Row = dict[str, Any]

TOKEN = "chatwoot-token-1"
STATUSES = ("open", "resolved", "pending", "snoozed")
MESSAGE_STATUSES = ("sent", "delivered", "read", "failed")
CONTENT_TYPES = (
    *("text", "input_text", "input_textarea", "input_email", "input_select", "cards", "form"),
    *("article", "incoming_email", "input_csat", "integrations", "sticker", "voice_call"),
)
FILE_TYPES = ("image", "audio", "video", "file", "location", "fallback")
SENDERS = {
    "User": ("users", "user"),
    "Contact": ("contacts", "contact"),
    "AgentBot": ("agent_bots", "agent_bot"),
}


@dataclass
class ChatwootApi:
    """The API of the first account of a desk."""

    desk: ChatwootDesk
    role: str = "administrator"
    tells_signals: bool = True
    """Whether the version has reporting events of conversations."""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """What the next calls get instead of what they asked for."""
    calls: list[str] = field(default_factory=list)
    on_call: Any = None
    """Is told of each call before it is answered."""
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        # One for all calls: a page of conversations takes hundreds of queries.
        self._connection = psycopg.connect(
            self.desk.address, row_factory=dict_row, autocommit=True, prepare_threshold=None
        )

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Rows of the desk."""
        return self._connection.execute(sql.encode(), values).fetchall()

    def answer(self, target: str, token: str) -> tuple[int, dict[str, str], Any]:
        """Status, headers and value of a call."""
        with self._lock:
            self.calls.append(target)
            if self.on_call is not None:
                self.on_call(target)
            if self.answers:
                status, headers = self.answers.pop(0)
                return status, headers, {"error": "busy"}
            parts = urlsplit(target)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/api":
                return 200, {}, {"version": "4.11.2", "timestamp": "2026-11-01 00:00:00"}
            if token != TOKEN:
                return 401, {}, {"errors": ["Invalid Access Token"]}
            if parts.path == "/api/v1/profile":
                mine = {"id": 1, "name": "Example Ltd", "role": self.role}
                return 200, {}, {"id": 1, "name": "Admin", "accounts": [mine]}
            prefix = "/api/v1/accounts/1"
            if not parts.path.startswith(prefix):
                return 404, {}, {"error": "Resource could not be found"}
            found = self._account(parts.path.removeprefix(prefix).strip("/").split("/"), query)
            if found is None:
                return 404, {}, {"error": "Resource could not be found"}
            return 200, {}, found

    def _account(self, path: list[str], query: dict[str, str]) -> Any:
        match path:
            case [""]:
                [one] = self.rows("SELECT * FROM accounts WHERE id = 1")
                return {"id": 1, "name": one["name"], "locale": "en",
                        "created_at": iso(one["created_at"])}  # fmt: skip
            case ["conversations"]:
                return self._conversations(query)
            case ["conversations", number]:
                found = self._conversation_rows("AND display_id = %s", int(number))
                return self._conversation(found[0]) if found else None
            case ["conversations", number, "messages"]:
                return self._messages(int(number), query)
            case ["conversations", number, "reporting_events"]:
                return self._signals(int(number)) if self.tells_signals else None
            case ["contacts"]:
                return self._contacts(query)
            case ["contacts", number]:
                found = self._contact_rows("AND id = %s", int(number))
                return {"payload": self._contact(found[0])} if found else None
            case ["csat_survey_responses"]:
                return self._answers(query)
            case ["inboxes", number, "agent_bot"]:
                return self._bot(int(number))
            case [name]:
                return self._listed(name)
        return None

    # --- small lists ----------------------------------------------------------------------------

    def _listed(self, name: str) -> Any:
        if name == "agents":
            return self.rows(
                "SELECT u.id, u.name, u.email FROM users u "
                "JOIN account_users a ON a.user_id = u.id WHERE a.account_id = 1 ORDER BY u.id"
            )
        if name == "teams":
            return self.rows("SELECT id, name FROM teams WHERE account_id = 1 ORDER BY id")
        if name == "labels":
            sql = "SELECT id, title FROM labels WHERE account_id = 1 ORDER BY id"
            return {"payload": self.rows(sql)}
        if name == "agent_bots":
            return self.rows("SELECT id, name FROM agent_bots ORDER BY id")
        if name == "custom_attribute_definitions":
            return self.rows(
                "SELECT attribute_key, attribute_display_name, CASE attribute_model WHEN 1 THEN "
                "'contact_attribute' ELSE 'conversation_attribute' END AS attribute_model "
                "FROM custom_attribute_definitions WHERE account_id = 1"
            )
        if name == "inboxes":
            return {"payload": [self._inbox(one) for one in self.rows(
                "SELECT * FROM inboxes WHERE account_id = 1 ORDER BY id")]}  # fmt: skip
        return None

    def _inbox(self, row: Row) -> Row:
        shown = ("id", "name", "channel_id", "channel_type", "timezone", "business_name",
                 "working_hours_enabled")  # fmt: skip
        hours = self.rows(
            "SELECT day_of_week, closed_all_day, open_hour, open_minutes, close_hour, "
            "close_minutes, open_all_day FROM working_hours WHERE inbox_id = %s", row["id"],
        )  # fmt: skip
        found = {name: row[name] for name in shown} | {"working_hours": hours}
        if row["channel_type"] == "Channel::TwilioSms":
            [twilio] = self.rows("SELECT medium FROM channel_twilio_sms WHERE id = %s",
                                 row["channel_id"])  # fmt: skip
            found["medium"] = ("sms", "whatsapp")[twilio["medium"]]
        return found

    def _bot(self, inbox: int) -> Row:
        rows = self.rows(
            "SELECT b.id, b.name FROM agent_bots b "
            "JOIN agent_bot_inboxes i ON i.agent_bot_id = b.id "
            "WHERE i.inbox_id = %s AND i.status = 0", inbox,
        )  # fmt: skip
        return {"agent_bot": rows[0] if rows else None}

    # --- conversations --------------------------------------------------------------------------

    def _conversation_rows(self, condition: str = "", *values: Any) -> list[Row]:
        return self.rows(
            "SELECT c.*, greatest(c.created_at, (SELECT max(m.created_at) FROM messages m "
            "WHERE m.conversation_id = c.id)) AS active FROM conversations c "
            f"WHERE c.account_id = 1 {condition} ORDER BY active DESC, id DESC", *values,
        )  # fmt: skip

    def _conversations(self, query: dict[str, str]) -> Row:
        condition = "" if query.get("status") == "all" else "AND c.status = 0"
        values: list[Any] = []
        if "updated_within" in query:
            condition += " AND c.updated_at > now() - make_interval(secs => %s)"
            values.append(int(query["updated_within"]))
        rows = self._conversation_rows(condition, *values)
        page = rows if "updated_within" in query else paged(rows, query, 25)
        shown = [self._conversation(one) for one in page]
        return {"data": {"meta": {"all_count": len(rows)}, "payload": shown}}

    def _conversation(self, row: Row) -> Row:
        meta: Row = {"sender": None, "assignee": None, "team": None}
        for name, table, column in (
            ("sender", "contacts", "contact_id"), ("assignee", "users", "assignee_id"),
            ("team", "teams", "team_id"),
        ):  # fmt: skip
            found = self.rows(f"SELECT * FROM {table} WHERE id = %s", row[column])
            if found:
                meta[name] = {"id": found[0]["id"], "name": found[0]["name"]}
                if name == "sender":
                    meta[name]["blocked"] = found[0]["blocked"]
        labels = self.rows(
            "SELECT t.name FROM taggings g JOIN tags t ON t.id = g.tag_id WHERE g.taggable_id = %s "
            "AND g.taggable_type = 'Conversation' AND g.context = 'labels'", row["id"],
        )  # fmt: skip
        return {
            "id": row["display_id"],
            "account_id": 1,
            "inbox_id": row["inbox_id"],
            "status": STATUSES[row["status"]],
            "labels": [one["name"] for one in labels],
            "meta": meta,
            "additional_attributes": row["additional_attributes"] or {},
            "created_at": seconds(row["created_at"]),
            "updated_at": row["updated_at"].replace(tzinfo=datetime.UTC).timestamp(),
            "last_activity_at": seconds(row["active"]),
            "timestamp": seconds(row["active"]),
        }

    def _messages(self, number: int, query: dict[str, str]) -> Row | None:
        found = self.rows("SELECT id FROM conversations WHERE display_id = %s", number)
        if not found:
            return None
        rows = self.rows(
            "SELECT * FROM messages WHERE conversation_id = %s AND id < %s ORDER BY id DESC "
            "LIMIT 20", found[0]["id"], int(query.get("before", 1 << 40)),
        )  # fmt: skip
        return {"meta": {}, "payload": [self._message(one, number) for one in reversed(rows)]}

    def _message(self, row: Row, number: int) -> Row:
        shown = {
            "id": row["id"],
            "content": row["content"],
            "conversation_id": number,
            "message_type": row["message_type"],
            "content_type": CONTENT_TYPES[row["content_type"]],
            "status": MESSAGE_STATUSES[row["status"]],
            "content_attributes": row["content_attributes"] or {},
            "created_at": seconds(row["created_at"]),
            "private": row["private"],
        }
        table, kind = SENDERS.get(row["sender_type"] or "", ("", ""))
        if table:
            sender = self.rows(f"SELECT id, name FROM {table} WHERE id = %s", row["sender_id"])
            if sender:
                shown["sender"] = {**sender[0], "type": kind}
        attachments = self.rows(
            "SELECT file_type FROM attachments WHERE message_id = %s ORDER BY id", row["id"]
        )
        if attachments:
            shown["attachments"] = [{"file_type": FILE_TYPES[a["file_type"]]} for a in attachments]
        return shown

    def _signals(self, number: int) -> list[Row]:
        rows = self.rows(
            "SELECT r.* FROM reporting_events r JOIN conversations c ON c.id = r.conversation_id "
            "WHERE c.display_id = %s ORDER BY r.id", number,
        )  # fmt: skip
        return [
            {"id": one["id"], "name": one["name"], "user_id": one["user_id"],
             "event_end_time": iso(one["event_end_time"]), "created_at": iso(one["created_at"])}
            for one in rows
        ]  # fmt: skip

    def _answers(self, query: dict[str, str]) -> list[Row]:
        rows = self.rows(
            "SELECT a.*, c.display_id FROM csat_survey_responses a JOIN conversations c "
            "ON c.id = a.conversation_id ORDER BY a.created_at DESC, a.id DESC"
        )
        return [
            {"id": one["id"], "rating": one["rating"], "feedback_message": one["feedback_message"],
             "message_id": one["message_id"], "conversation_id": one["display_id"],
             "created_at": seconds(one["created_at"])}
            for one in paged(rows, query, 25)
        ]  # fmt: skip

    # --- contacts -------------------------------------------------------------------------------

    def _contact_rows(self, condition: str = "", *values: Any) -> list[Row]:
        return self.rows(
            f"SELECT * FROM contacts WHERE account_id = 1 {condition} "
            "ORDER BY updated_at DESC, id DESC", *values,
        )  # fmt: skip

    def _contacts(self, query: dict[str, str]) -> Row:
        rows = self._contact_rows()
        shown = [self._contact(one) for one in paged(rows, query, 15)]
        return {"meta": {"count": len(rows)}, "payload": shown}

    def _contact(self, row: Row) -> Row:
        names = ("id", "name", "email", "phone_number", "identifier", "blocked")
        inboxes = self.rows(
            "SELECT inbox_id, source_id FROM contact_inboxes WHERE contact_id = %s "
            "ORDER BY created_at, id", row["id"],
        )  # fmt: skip
        return {
            **{name: row[name] for name in names},
            "additional_attributes": row["additional_attributes"] or {},
            "custom_attributes": row["custom_attributes"] or {},
            "created_at": seconds(row["created_at"]),
            "last_activity_at": seconds(row["updated_at"]),
            "contact_inboxes": [
                {"source_id": one["source_id"], "inbox": {"id": one["inbox_id"]}} for one in inboxes
            ],
        }


def seconds(instant: datetime.datetime) -> int:
    """Whole seconds since 1970 UTC."""
    return int(instant.replace(tzinfo=datetime.UTC).timestamp())


def iso(instant: datetime.datetime | None) -> str | None:
    """As the desk writes an instant."""
    return None if instant is None else f"{instant.isoformat(timespec='milliseconds')}Z"


def paged(rows: list[Row], query: dict[str, str], size: int) -> list[Row]:
    """One page of a list."""
    start = (int(query.get("page", 1)) - 1) * size
    return rows[start : start + size]


@contextlib.contextmanager
def served(api: ChatwootApi) -> Iterator[ChatwootApi]:
    """The API at an address, as long as the body runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.headers.get("api_access_token", "")
            status, headers, value = api.answer(self.path, token)
            body = json.dumps(value).encode()
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        api.close()
