"""The tables of one account, and every query that is made of them.

An installation holds many accounts: each query is bound to one, tables without it by what they
belong to. Which columns there are is looked up, since they come and go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.sources.chatwoot.enumerations import CONTACT_ATTRIBUTE
from tawny.sources.postgres import Postgres, moment
from tawny.sources.reader import SourceError
from tawny.text import Text

NEEDED = (
    *("accounts", "users", "account_users", "inboxes", "teams", "labels", "tags", "taggings"),
    *("contacts", "contact_inboxes", "conversations", "messages", "reporting_events"),
)
OPTIONAL = (
    *("team_members", "agent_bots", "agent_bot_inboxes", "integrations_hooks"),
    *("captain_assistants", "captain_inboxes", "channel_twilio_sms", "working_hours"),
    *("custom_attribute_definitions", "attachments", "csat_survey_responses"),
    *("audits", "webhooks", "schema_migrations"),
)

Row = Any
Key = tuple[int, int]
"""Where a keyset stands: microseconds since 1970 UTC, and the id."""

BEGINNING: Key = (-62_135_596_800_000_000, 0)


class Desk:
    """One account of an installation. Raises `SourceError`."""

    def __init__(self, database: Postgres, account: int, *, content: bool) -> None:
        self.database = database
        self.account = account
        self._content = content
        database.look([*NEEDED, *OPTIONAL])
        missing = [name for name in NEEDED if not database.has(name)]
        if missing:
            raise SourceError(
                "--database-url: found no table {missing}; allowed the database of a Chatwoot "
                "installation, and a login whose search_path shows its tables",
                missing=", ".join(missing),
            )
        denied = database.unreadable([*NEEDED, *OPTIONAL])
        needed = [name for name in denied if name in NEEDED]
        self.denied = tuple(denied)
        if needed:
            raise SourceError(
                "--database-url: the login may not read {tables}; have the owner of the database "
                "run: {grant}",
                tables=", ".join(needed),
                grant=self.grant(denied),
            )
        self._absent = frozenset(denied)

    def grant(self, tables: Sequence[str] | None = None) -> str:
        """The line that lets a login read."""
        names = tables or [name for name in (*NEEDED, *OPTIONAL) if self.database.has(name)]
        return f"GRANT SELECT ON {', '.join(names)} TO your_login;"

    def has(self, table: str) -> bool:
        """Whether a table is there and may be read."""
        return self.database.has(table) and table not in self._absent

    # --- the account ----------------------------------------------------------------------------

    def account_row(self) -> Row:
        """The account itself."""
        table = self.database.tables["accounts"]
        rows = self.select(
            "accounts", ("id", "name", "locale", "created_at"), table.c.id == self.account
        )
        if not rows:
            known = self.database.rows(sa.select(table.c.id).order_by(table.c.id).limit(20))
            raise SourceError(
                "--account: found {account}, which this installation does not have; it has {known}",
                account=self.account,
                known=", ".join(str(row.id) for row in known) or Text("none"),
            )
        return rows[0]

    def now_us(self) -> int:
        """The clock of the database."""
        return int(self.database.rows(sa.text("SELECT clock_timestamp() AS now"))[0].now)

    def version(self) -> str:
        """The newest migration of the installation."""
        if not self.has("schema_migrations"):
            return ""
        found = self.database.rows(sa.text("SELECT max(version) AS version FROM schema_migrations"))
        return str(found[0].version or "")

    def of_account(self, table: str, *columns: str) -> Sequence[Row]:
        """All rows of a small table that belong to the account."""
        if not self.has(table):
            return ()
        own = self.database.tables[table].c.account_id == self.account
        return self.select(table, columns, own)

    def users(self) -> Sequence[Row]:
        """Those who are in the account now."""
        users, members = self.database.tables["users"], self.database.tables["account_users"]
        member_ids = sa.select(members.c.user_id).where(members.c.account_id == self.account)
        return self.select("users", _USER, users.c.id.in_(member_ids))

    def users_by_id(self, ids: Sequence[int]) -> Sequence[Row]:
        """Those whom records of the account name, whether they are still in it or not."""
        return self.select("users", _USER, self.database.tables["users"].c.id.in_(ids))

    def team_members(self) -> Sequence[Row]:
        """Who is in which of the account's teams."""
        if not self.has("team_members"):
            return ()
        teams, members = self.database.tables["teams"], self.database.tables["team_members"]
        own = sa.select(teams.c.id).where(teams.c.account_id == self.account)
        return self.select("team_members", ("team_id", "user_id"), members.c.team_id.in_(own))

    def agent_bots(self) -> Sequence[Row]:
        """The account's bots, and the global ones that its inboxes use."""
        if not self.has("agent_bots"):
            return ()
        bots = self.database.tables["agent_bots"]
        own = bots.c.account_id == self.account
        if self.has("agent_bot_inboxes"):
            used = self.database.tables["agent_bot_inboxes"]
            of_inboxes = sa.select(used.c.agent_bot_id).where(used.c.inbox_id.in_(self._inboxes()))
            own = sa.or_(own, sa.and_(bots.c.account_id.is_(None), bots.c.id.in_(of_inboxes)))
        return self.select("agent_bots", ("id", "name", "created_at", "updated_at"), own)

    def of_inboxes(self, table: str, *columns: str) -> Sequence[Row]:
        """All rows of a small table that belong to an inbox of the account."""
        if not self.has(table):
            return ()
        own = self.database.tables[table].c.inbox_id.in_(self._inboxes())
        return self.select(table, columns, own)

    def _inboxes(self) -> sa.Select[Any]:
        inboxes = self.database.tables["inboxes"]
        return sa.select(inboxes.c.id).where(inboxes.c.account_id == self.account)

    # --- pages ----------------------------------------------------------------------------------

    def pages(self, table: str, after: Key, size: int, *columns: str) -> Iterator[Sequence[Row]]:
        """All rows after a place by (`updated_at`, `id`), a page each; in the end those that were
        stamped with what is no date of the years 1 to 9999."""
        found = self.database.tables[table]
        all_columns = self.database.columns(table, "id", "updated_at", *columns)
        own = found.c.account_id == self.account
        end: sa.ColumnElement[Any] = sa.literal_column("timestamp '10000-01-01'")
        while True:
            place = sa.tuple_(sa.literal(moment(after[0])), sa.literal(after[1]))
            rows = self.database.rows(
                sa.select(*all_columns)
                .where(own, sa.tuple_(found.c.updated_at, found.c.id) > place)
                .where(found.c.updated_at < end)
                .order_by(found.c.updated_at, found.c.id)
                .limit(size)
            )
            if not rows:
                break
            after = (rows[-1].updated_at, rows[-1].id)
            yield rows
        last = 0
        no_date = sa.or_(found.c.updated_at >= end, found.c.updated_at < moment(BEGINNING[0]))
        while rows := self.database.rows(
            sa.select(*all_columns)
            .where(own, no_date, found.c.id > last).order_by(found.c.id).limit(size)
        ):  # fmt: skip
            last = rows[-1].id
            yield rows

    def count_after(self, after: Key) -> int:
        """How many conversations there are from a place on."""
        table = self.database.tables["conversations"]
        found = self.database.rows(
            sa.select(sa.func.count().label("rows")).where(
                table.c.account_id == self.account, table.c.updated_at >= moment(after[0])
            )
        )
        return int(found[0].rows)

    def extent(self, table: str) -> tuple[int, int | None, int | None]:
        """Number of rows, first and last time of creation."""
        found = self.database.tables[table]
        row = self.database.rows(
            sa.select(
                sa.func.count().label("rows"), sa.func.min(found.c.created_at).label("first"),
                sa.func.max(found.c.created_at).label("last"),
            ).where(found.c.account_id == self.account)
        )[0]  # fmt: skip
        return int(row.rows), row.first, row.last

    def by_month(
        self, table: str, until_us: int, *conditions: sa.ColumnElement[bool]
    ) -> Mapping[str, int]:
        """How many rows were created in each UTC month, up to an instant."""
        found = self.database.tables[table]
        month = sa.func.to_char(found.c.created_at, "YYYY-MM").label("month")
        rows = self.database.rows(
            sa.select(month, sa.func.count().label("rows"))
            .where(
                found.c.account_id == self.account,
                found.c.created_at <= moment(until_us),
                *conditions,
            )
            .group_by(month)
        )
        return {row.month: int(row.rows) for row in rows if row.month is not None}

    def conversations(self, ids: Sequence[int]) -> Sequence[Row]:
        """Conversations by their ids."""
        table = self.database.tables["conversations"]
        return self.select(
            "conversations", CONVERSATION, table.c.account_id == self.account, table.c.id.in_(ids)
        )

    def newest_message_id(self) -> int:
        """The highest id of a message."""
        table = self.database.tables["messages"]
        found = self.database.rows(
            sa.select(sa.func.max(table.c.id).label("id")).where(table.c.account_id == self.account)
        )
        return int(found[0].id or 0)

    def sizes(self, ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """Messages, and bytes of their texts as stored, of each conversation."""
        table = self.database.tables["messages"]
        statement = (
            sa.select(
                table.c.conversation_id,
                sa.func.count().label("messages"),
                sa.func.coalesce(sa.func.sum(sa.func.pg_column_size(table.c.content)), 0),
            )
            .where(table.c.conversation_id.in_(ids), table.c.account_id == self.account)
            .group_by(table.c.conversation_id)
        )
        return {row[0]: (int(row[1]), int(row[2])) for row in self.database.rows(statement)}

    def messages(self, ids: Sequence[int]) -> Sequence[Row]:
        """All messages of conversations, by conversation and time. Without content only the
        sentences of the desk itself leave it."""
        table = self.database.tables["messages"]
        content: sa.ColumnElement[Any] = table.c.content
        if not self._content:
            content = sa.case((table.c.message_type == 2, content))
        columns = [
            *self.database.columns("messages", *_MESSAGE),
            content.label("content"),
            sa.and_(table.c.content.is_not(None), table.c.content != "").label("has_text"),
            *self._senders(),
        ]
        statement = (
            sa.select(*columns)
            .where(table.c.conversation_id.in_(ids), table.c.account_id == self.account)
            .order_by(table.c.conversation_id, table.c.created_at, table.c.id)
        )
        return self.database.rows(statement)

    def _senders(self) -> list[sa.ColumnElement[Any]]:
        if self.database.has("messages", "sender_type"):
            return self.database.columns("messages", "sender_type", "sender_id")
        # Before senders could be anything: an agent or a contact.
        user, contact = self.database.columns("messages", "user_id", "contact_id")
        kind = sa.case((user.is_not(None), "User"), (contact.is_not(None), "Contact"))
        return [kind.label("sender_type"), sa.func.coalesce(user, contact).label("sender_id")]

    def of_conversations(self, table: str, ids: Sequence[int], *columns: str) -> Sequence[Row]:
        """All rows of a table that belong to conversations."""
        if not self.has(table):
            return ()
        found = self.database.tables[table]
        return self.select(
            table, columns, found.c.conversation_id.in_(ids), found.c.account_id == self.account
        )

    def taggings(self, kind: str, ids: Sequence[int]) -> Sequence[Row]:
        """The labels on conversations or contacts of this account, with their titles."""
        taggings, tags = self.database.tables["taggings"], self.database.tables["tags"]
        return self.database.rows(
            sa.select(taggings.c.id, taggings.c.taggable_id, taggings.c.created_at, tags.c.name)
            .join(tags, tags.c.id == taggings.c.tag_id)
            .where(
                taggings.c.taggable_type == kind,
                taggings.c.context == "labels",
                taggings.c.taggable_id.in_(ids),
            )
            .order_by(taggings.c.id)
        )

    def file_types(self, message_ids: Sequence[int]) -> Mapping[int, int]:
        """What the first attachment of each message is."""
        if not message_ids or not self.has("attachments"):
            return {}
        table = self.database.tables["attachments"]
        rows = self.select(
            "attachments", ("id", "message_id", "file_type"), table.c.message_id.in_(message_ids),
            table.c.account_id == self.account,
        )  # fmt: skip
        found: dict[int, int] = {}
        for row in sorted(rows, key=lambda row: row.id):
            found.setdefault(row.message_id, row.file_type)
        return found

    def contacts_by_id(self, ids: Sequence[int]) -> Sequence[Row]:
        """Contacts by their ids."""
        table = self.database.tables["contacts"]
        return self.select(
            "contacts", CONTACT, table.c.account_id == self.account, table.c.id.in_(ids)
        )

    def contact_inboxes(self, contact_ids: Sequence[int]) -> Sequence[Row]:
        """Where contacts are reached, the earliest first."""
        table = self.database.tables["contact_inboxes"]
        rows = self.select(
            "contact_inboxes", ("id", "contact_id", "inbox_id", "source_id", "created_at"),
            table.c.contact_id.in_(contact_ids),
        )  # fmt: skip
        return sorted(rows, key=lambda row: (row.created_at or 0, row.id))

    def definitions(self) -> Mapping[str, str]:
        """Names of the attributes of contacts, by key."""
        rows = self.of_account(
            "custom_attribute_definitions",
            *("attribute_key", "attribute_display_name", "attribute_model"),
        )
        return {
            row.attribute_key: row.attribute_display_name
            for row in rows
            if row.attribute_model == CONTACT_ATTRIBUTE
            and row.attribute_key
            and row.attribute_display_name
        }

    def there(self, table: str, column: str, numbers: Sequence[int]) -> frozenset[int]:
        """Which of some records of the account are there."""
        found = self.database.tables[table]
        rows = self.database.rows(
            sa.select(found.c[column]).where(
                found.c.account_id == self.account, found.c[column].in_(numbers)
            )
        )
        return frozenset(row[0] for row in rows)

    def select(
        self, table: str, columns: Sequence[str], *conditions: sa.ColumnElement[bool]
    ) -> Sequence[Row]:
        """Columns of the rows of a table that meet conditions."""
        return self.database.rows(
            sa.select(*self.database.columns(table, *columns)).where(*conditions)
        )


def as_object(value: Any) -> Mapping[str, Any]:
    """The object in a JSON column, which may hold a string of JSON (stored twice encoded), a list
    where an object is meant, or nothing."""
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return {}
    return value if isinstance(value, dict) else {}


_USER = ("id", "name", "email", "created_at", "updated_at")
CONVERSATION = (
    *("id", "display_id", "inbox_id", "status", "assignee_id", "created_at", "updated_at"),
    *("contact_id", "team_id", "campaign_id", "additional_attributes"),
)
CONTACT = (
    *("id", "name", "last_name", "email", "phone_number", "identifier", "blocked"),
    *("created_at", "updated_at", "additional_attributes", "custom_attributes"),
)
_MESSAGE = (
    *("id", "conversation_id", "inbox_id", "message_type", "created_at", "updated_at", "private"),
    *("status", "content_type", "content_attributes", "additional_attributes"),
)
