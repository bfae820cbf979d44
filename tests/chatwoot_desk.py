"""A Chatwoot installation as its database: tables that sources read, how tests fill them.

Names and types are those of Chatwoot's own database, columns that nobody reads left out. `NEWER`
has what later versions added; the same events are expected with and without it.
"""

from __future__ import annotations

import contextlib
import datetime
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

TABLES = """
CREATE TABLE accounts (id serial PRIMARY KEY, name varchar NOT NULL, locale integer DEFAULT 0,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE users (id serial PRIMARY KEY, name varchar NOT NULL, display_name varchar,
  email varchar,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE account_users (id bigserial PRIMARY KEY, account_id bigint, user_id bigint,
  role integer DEFAULT 0);
CREATE TABLE teams (id bigserial PRIMARY KEY, name varchar NOT NULL, account_id bigint NOT NULL,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE team_members (id bigserial PRIMARY KEY, team_id bigint NOT NULL,
  user_id bigint NOT NULL);
CREATE TABLE agent_bots (id bigserial PRIMARY KEY, name varchar, account_id bigint,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE agent_bot_inboxes (id bigserial PRIMARY KEY, inbox_id integer, agent_bot_id integer,
  status integer DEFAULT 0, account_id integer);
CREATE TABLE integrations_hooks (id bigserial PRIMARY KEY, status integer DEFAULT 1,
  inbox_id integer,
  account_id integer, app_id varchar, access_token varchar,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE captain_assistants (id bigserial PRIMARY KEY, name varchar NOT NULL,
  account_id bigint NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE captain_inboxes (id bigserial PRIMARY KEY, captain_assistant_id bigint NOT NULL,
  inbox_id bigint NOT NULL);
CREATE TABLE channel_twilio_sms (id bigserial PRIMARY KEY, account_id integer NOT NULL,
  medium integer DEFAULT 0);
CREATE TABLE inboxes (id serial PRIMARY KEY, channel_id integer NOT NULL,
  account_id integer NOT NULL,
  name varchar NOT NULL, channel_type varchar, working_hours_enabled boolean DEFAULT false,
  timezone varchar DEFAULT 'UTC', business_name varchar,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE working_hours (id bigserial PRIMARY KEY, inbox_id bigint, account_id bigint,
  day_of_week integer NOT NULL, closed_all_day boolean DEFAULT false, open_hour integer,
  open_minutes integer, close_hour integer, close_minutes integer,
  open_all_day boolean DEFAULT false,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE contacts (id serial PRIMARY KEY, name varchar DEFAULT '', last_name varchar DEFAULT '',
  email varchar, phone_number varchar, identifier varchar, account_id integer NOT NULL,
  additional_attributes jsonb DEFAULT '{}', custom_attributes jsonb DEFAULT '{}',
  blocked boolean NOT NULL DEFAULT false,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE TABLE contact_inboxes (id bigserial PRIMARY KEY, contact_id bigint, inbox_id bigint,
  source_id varchar NOT NULL, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE custom_attribute_definitions (id bigserial PRIMARY KEY, attribute_display_name varchar,
  attribute_key varchar, attribute_model integer DEFAULT 0, account_id bigint);
CREATE TABLE conversations (id serial PRIMARY KEY, account_id integer NOT NULL,
  inbox_id integer NOT NULL, status integer NOT NULL DEFAULT 0, assignee_id integer,
  contact_id bigint,
  display_id integer NOT NULL, additional_attributes jsonb DEFAULT '{}', team_id bigint,
  campaign_id bigint, snoozed_until timestamp,
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL, UNIQUE (account_id, display_id));
CREATE TABLE messages (id serial PRIMARY KEY, content text, account_id integer NOT NULL,
  inbox_id integer NOT NULL, conversation_id integer NOT NULL, message_type integer NOT NULL,
  private boolean NOT NULL DEFAULT false, status integer DEFAULT 0,
  content_type integer NOT NULL DEFAULT 0, content_attributes json DEFAULT '{}',
  sender_type varchar,
  sender_id bigint, additional_attributes jsonb DEFAULT '{}',
  created_at timestamp NOT NULL, updated_at timestamp NOT NULL);
CREATE INDEX ON messages (conversation_id, account_id, message_type, created_at);
CREATE INDEX ON messages (account_id, created_at, message_type);
CREATE TABLE attachments (id serial PRIMARY KEY, file_type integer DEFAULT 0,
  message_id integer NOT NULL, account_id integer NOT NULL);
CREATE TABLE reporting_events (id bigserial PRIMARY KEY, name varchar, account_id integer,
  inbox_id integer, user_id integer, conversation_id integer, event_end_time timestamp,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE INDEX ON reporting_events (conversation_id);
CREATE TABLE csat_survey_responses (id bigserial PRIMARY KEY, account_id bigint NOT NULL,
  conversation_id bigint NOT NULL, message_id bigint NOT NULL UNIQUE, rating integer NOT NULL,
  feedback_message text, contact_id bigint, assigned_agent_id bigint,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE labels (id bigserial PRIMARY KEY, title varchar, account_id bigint,
  created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
CREATE TABLE tags (id serial PRIMARY KEY, name varchar UNIQUE);
CREATE TABLE taggings (id serial PRIMARY KEY, tag_id integer, taggable_type varchar,
  taggable_id integer, context varchar(128), created_at timestamp);
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20250816044639');
"""

NEWER = """
ALTER TABLE conversations ADD COLUMN assignee_agent_bot_id bigint;
ALTER TABLE csat_survey_responses ADD COLUMN csat_review_notes text;
CREATE TABLE reporting_events_rollups (id bigserial PRIMARY KEY, account_id integer NOT NULL);
"""

URL = "https://desk.example.com"
SECRET = "secret-of-the-webhook"
"""With which the desk signs."""
SOURCE = f"{URL}/accounts/1"

_LONG_AGO = "2020-01-01 00:00:00"


@dataclass
class ChatwootDesk:
    """The database at an address, with one account, an inbox, an agent and a contact."""

    address: str
    account: int = 1
    _ids: dict[str, int] = field(default_factory=dict)
    _kept: psycopg.Connection[Any] | None = None

    def create(self, *, newer: bool = False) -> ChatwootDesk:
        """Make the tables and what every story needs."""
        self.sql(TABLES)
        if newer:
            self.sql(NEWER)
        self.add("accounts", id=1, name="Example Ltd")
        self.add("users", id=12, name="Ann Berg", email="ann@example.com")
        self.add("account_users", account_id=1, user_id=12)
        self.add("inboxes", id=5, channel_id=1, name="Website", channel_type="Channel::WebWidget")
        self.add("contacts", id=90, name="Cleo", email="cleo@example.net")
        self.add("contact_inboxes", contact_id=90, inbox_id=5, source_id="src-90")
        return self

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """One connection for all that the body adds; what it adds is there at once."""
        with psycopg.connect(self.address, autocommit=True) as self._kept:
            yield
        self._kept = None

    @contextlib.contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        if self._kept is not None:
            yield self._kept
            return
        with psycopg.connect(self.address, autocommit=True) as connection:
            yield connection

    def sql(self, text: str, *values: Any) -> list[Any]:
        """Run SQL."""
        with self._connection() as connection:
            cursor = connection.execute(text.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def add(self, table: str, *, at: str = _LONG_AGO, **values: Any) -> int:
        """Add a row; `at` stands for the times that are not given."""
        return self.add_all(table, [{"at": at, **values}])[0]

    def add_all(self, table: str, rows: list[dict[str, Any]]) -> list[int]:
        """Add rows that have the same columns."""
        ids = []
        with self._connection() as connection, connection.transaction():
            found_columns = connection.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table]
            )
            columns = {name for (name,) in found_columns}
            for given in rows:
                row = dict(given)
                at = row.pop("at", _LONG_AGO)
                for name in ("created_at", "updated_at"):
                    if name in columns:
                        row.setdefault(name, at)
                if "account_id" in columns:
                    row.setdefault("account_id", self.account)
                values = [json.dumps(v) if isinstance(v, (dict, list)) else v for v in row.values()]
                names = ", ".join(row)
                marks = ", ".join(["%s"] * len(row))
                found = connection.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks}) "
                    f"RETURNING {'id' if 'id' in columns else '1'}".encode(),
                    values,
                ).fetchone()
                assert found is not None
                ids.append(int(found[0]))
        return ids

    def conversation(self, number: int, at: str, **values: Any) -> int:
        """Add a conversation; its row was last changed when it was made, unless said otherwise."""
        row = {"inbox_id": 5, "contact_id": 90, "display_id": number, **values}
        return self.add("conversations", at=at, **row)

    def message(self, conversation: int, at: str, content: str | None = None, **values: Any) -> int:
        """Add a message; inbound unless said otherwise."""
        row = {"inbox_id": 5, "message_type": 0, "content": content, **values}
        if row["message_type"] == 0:
            row = {"sender_type": "Contact", "sender_id": 90, **row}
        return self.add("messages", at=at, conversation_id=conversation, **row)

    def reply(self, conversation: int, at: str, content: str = "Reply", **values: Any) -> int:
        """Add a reply of Ann Berg's."""
        sender = {"sender_type": "User", "sender_id": 12}
        return self.message(conversation, at, content, **{"message_type": 1, **sender, **values})

    def note(self, conversation: int, at: str, content: str, **values: Any) -> int:
        """Add an activity message."""
        return self.message(conversation, at, content, message_type=2, **values)

    def signal(self, conversation: int, at: str, name: str, **values: Any) -> int:
        """Add a reporting event."""
        return self.add(
            "reporting_events", at=at, conversation_id=conversation, event_end_time=at, name=name,
            **{"inbox_id": 5, **values},
        )  # fmt: skip

    def label(self, conversation: int, at: str, title: str, kind: str = "Conversation") -> int:
        """Put a label on a conversation."""
        self.sql("INSERT INTO tags (name) VALUES (%s) ON CONFLICT DO NOTHING", title)
        [(tag,)] = self.sql("SELECT id FROM tags WHERE name = %s", title)
        return self.add(
            "taggings", tag_id=tag, taggable_type=kind, taggable_id=conversation, context="labels",
            at=at,
        )  # fmt: skip

    def touch(self, conversation: int, at: str, **values: Any) -> None:
        """Change the row of a conversation at an instant."""
        names = ", ".join(f"{name} = %s" for name in (*values, "updated_at"))
        self.sql(
            f"UPDATE conversations SET {names} WHERE id = %s", *values.values(), at, conversation
        )

    def example(self) -> None:
        """The example of the documentation: a bot, a handover, a resolve, an answer."""
        self.add("teams", id=3, name="Billing")
        self.add("agent_bots", id=2, name="Robbie")
        self.add("agent_bot_inboxes", inbox_id=5, agent_bot_id=2)
        day = "2026-06-08 "
        self.conversation(
            1042, f"{day}08:00:00.100", id=901, status=1, team_id=3,
            updated_at=f"{day}08:20:00",
        )  # fmt: skip
        self.message(901, f"{day}08:00:00.250", "Where is my refund?", id=5501)
        robbie = {"sender_type": "AgentBot", "sender_id": 2, "message_type": 1}
        self.message(901, f"{day}08:00:02", "Let me see.", id=5502, **robbie)
        self.note(901, f"{day}08:01:30.400", "Assigned to Billing by Automation System", id=5503)
        self.reply(901, f"{day}08:11:00", "It is on its way.", id=5504)
        self.reply(901, f"{day}08:11:20", "checked with bank", id=5505, private=True)
        self.note(
            901, f"{day}08:12:03.900", "Conversation was marked resolved by Ann Berg", id=5506
        )
        self.message(
            901, f"{day}08:12:04", "Please rate the conversation", id=5507, message_type=3,
            content_type=9,
        )  # fmt: skip
        self.signal(901, f"{day}08:01:30", "conversation_bot_handoff", id=71)
        self.signal(901, f"{day}08:01:30.010", "conversation_opened", id=72)
        self.signal(901, f"{day}08:12:03.500", "conversation_resolved", id=73, user_id=12)
        self.add(
            "csat_survey_responses", conversation_id=901, message_id=5507, rating=5,
            at=f"{day}08:20:00",
        )  # fmt: skip


def webhook(
    event: str, secret: str = SECRET, at_s: float | None = None, **body: Any
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook as the desk signs it; `at_s` are seconds since 1970 UTC."""
    content = json.dumps({"event": event, **body}).encode()
    stamp = str(int(time.time() if at_s is None else at_s))
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + content, "sha256").hexdigest()
    return content, {
        "Content-Type": "application/json",
        "X-Chatwoot-Timestamp": stamp,
        "X-Chatwoot-Signature": f"sha256={digest}",
        "X-Chatwoot-Delivery": str(uuid.uuid4()),
    }


def now_text(seconds: float = 0.0) -> str:
    """An instant that long ago, as the desk stamps it."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(" ")
