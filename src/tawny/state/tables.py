"""The tables of the state database, as the newest migration leaves them.

All times are milliseconds since 1970 UTC. Secrets are kept as hashes only. Every table is named
in `PURPOSES`, so that nobody adds one without saying what it is for.
"""

from __future__ import annotations

import sqlalchemy as sa

from tawny.state import delivery_tables
from tawny.state.columns import (
    PersonText,
    id_column,
    number_column,
    text_column,
    user_column,
)
from tawny.state.columns import metadata as metadata  # all tables are known once this is imported

users = sa.Table(
    "users",
    metadata,
    id_column(),
    text_column("name"),
    text_column("display_name"),
    text_column("password_hash"),
    text_column("role"),
    sa.Column("presence", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    text_column("language", null=True),
    text_column("theme", null=True),
    number_column("created_ms"),
    text_column("email", null=True),
    sa.UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

user_channels = sa.Table(
    "user_channels",
    metadata,
    sa.Column(
        "user_id",
        sa.BigInteger,
        sa.ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("channel_id", PersonText, primary_key=True),
)

channel_groups = sa.Table(
    "channel_groups",
    metadata,
    id_column(),
    text_column("name"),
    number_column("created_ms"),
    sa.UniqueConstraint("name"),
    sqlite_autoincrement=True,
)


def _group_column() -> sa.Column[int]:
    key = sa.ForeignKey("channel_groups.id", ondelete="CASCADE")
    return sa.Column("group_id", sa.BigInteger, key, primary_key=True)


group_channels = sa.Table(
    "group_channels",
    metadata,
    _group_column(),
    sa.Column("channel_id", PersonText, primary_key=True),
)

user_groups = sa.Table(
    "user_groups",
    metadata,
    sa.Column(
        "user_id",
        sa.BigInteger,
        sa.ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    _group_column(),
)

set_up_links = sa.Table(
    "set_up_links",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    number_column("created_ms"),
    number_column("replaced_ms", null=True),
)

password_links = sa.Table(
    "password_links",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    user_column(),
    number_column("created_ms"),
    number_column("expires_ms"),
)

known_browsers = sa.Table(
    "known_browsers",
    metadata,
    id_column(),
    user_column(),
    text_column("secret_hash"),
    number_column("created_ms"),
    number_column("seen_ms"),
    sa.UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)

sessions = sa.Table(
    "sessions",
    metadata,
    id_column(),
    text_column("secret_hash"),
    user_column(),
    text_column("csrf"),
    text_column("address"),
    number_column("created_ms"),
    number_column("seen_ms"),
    number_column("expires_ms"),
    text_column("browser", null=True),
    sa.UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)

mailings = sa.Table(
    "mailings",
    metadata,
    id_column(),
    user_column(),
    text_column("kind"),
    # The number of a notice, or of an export.
    text_column("subject"),
    number_column("tries"),
    number_column("first_try_ms", null=True),
    number_column("next_try_ms"),
    sqlite_autoincrement=True,
)

tokens = sa.Table(
    "tokens",
    metadata,
    id_column(),
    user_column(),
    text_column("name"),
    text_column("secret_hash"),
    text_column("ending"),
    text_column("scopes"),
    number_column("created_ms"),
    number_column("expires_ms", null=True),
    number_column("revoked_ms", null=True),
    number_column("used_ms", null=True),
    sa.UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)

sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    id_column(),
    text_column("name_hash"),
    text_column("address"),
    number_column("at_ms"),
    number_column("browser_id", null=True),
    sa.Index(None, "at_ms"),
)

audit = sa.Table(
    "audit",
    metadata,
    id_column(),
    number_column("at_ms"),
    number_column("user_id", null=True),
    text_column("actor"),
    number_column("token_id", null=True),
    text_column("address"),
    text_column("request_id"),
    text_column("action"),
    text_column("subject"),
    text_column("detail"),
    sa.Index(None, "at_ms"),
    sqlite_autoincrement=True,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", PersonText, primary_key=True),
    number_column("owner_id"),
    text_column("owner"),
    text_column("idempotency_key", null=True),
    text_column("export_type"),
    text_column("time_zone"),
    text_column("start", null=True),
    text_column("end", null=True),
    text_column("channels"),
    text_column("as_of", null=True),
    text_column("headers"),
    text_column("format"),
    text_column("dialect"),
    text_column("kind"),
    text_column("state"),
    text_column("error", null=True),
    number_column("created_ms"),
    number_column("started_ms", null=True),
    number_column("ended_ms", null=True),
    number_column("expires_ms", null=True),
    text_column("file_name", null=True),
    text_column("file_path", null=True),
    text_column("media_type", null=True),
    number_column("rows", null=True),
    number_column("size_bytes", null=True),
    text_column("sha256", null=True),
    text_column("receipt", null=True),
    number_column("version"),
    text_column("reason", null=True),
    text_column("request", null=True),
    sa.UniqueConstraint("owner_id", "idempotency_key"),
    sa.Index(None, "created_ms"),
    sa.Index(None, "state"),
)

run_channels = sa.Table(
    "run_channels",
    metadata,
    sa.Column("run_id", PersonText, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel_id", PersonText, primary_key=True),
)

run_exports = sa.Table(
    "run_exports",
    metadata,
    sa.Column("run_id", PersonText, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("export_type", PersonText, primary_key=True),
)

saved_exports = sa.Table(
    "saved_exports",
    metadata,
    id_column(),
    user_column(),
    text_column("name"),
    text_column("period"),
    sa.Column("shared", sa.Boolean, nullable=False),
    text_column("request"),
    number_column("created_ms"),
    sa.UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

inbox = sa.Table(
    "inbox",
    metadata,
    id_column(),
    number_column("received_ms"),
    number_column("events"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    text_column("request_id", null=True),
    sqlite_autoincrement=True,
)

refusals = sa.Table(
    "refusals",
    metadata,
    id_column(),
    number_column("at_ms"),
    text_column("input"),
    number_column("number"),
    text_column("field"),
    text_column("found"),
    text_column("allowed"),
    text_column("texts", null=True),
    sqlite_autoincrement=True,
)

acknowledged_log = sa.Table(
    "acknowledged_log",
    metadata,
    # One row.
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    number_column("version"),
    number_column("events"),
)

sources = sa.Table(
    "sources",
    metadata,
    id_column(),
    # Null once it was removed: what its address and prefix were is kept for good.
    text_column("name", null=True),
    text_column("kind"),
    text_column("address"),
    text_column("prefix"),
    text_column("options"),
    text_column("secrets"),
    sa.Column("paused", sa.Boolean, nullable=False),
    number_column("created_ms"),
    text_column("position", null=True),
    number_column("log_version", default="-1"),
    number_column("live_since_ms", null=True),
    number_column("newest_ms", null=True),
    number_column("ended_ms", null=True),
    text_column("report", null=True),
    text_column("error", null=True),
    text_column("changes"),
    # The sync that somebody asked a server for, until it has ended.
    text_column("asked", null=True),
    sa.UniqueConstraint("name"),
    sa.UniqueConstraint("address"),
    sqlite_autoincrement=True,
)

source_records = sa.Table(
    "source_records",
    metadata,
    sa.Column(
        "source_id",
        sa.BigInteger,
        sa.ForeignKey("sources.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("record", PersonText, primary_key=True),
    sa.Column("facts", sa.LargeBinary, nullable=False),
)

source_hints = sa.Table(
    "source_hints",
    metadata,
    sa.Column(
        "source_id",
        sa.BigInteger,
        sa.ForeignKey("sources.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("record", PersonText, primary_key=True),
    # When it was announced first, when next, and when last, however often it was.
    number_column("heard_ms"),
    number_column("next_ms", null=True),
    number_column("last_ms"),
)

source_webhooks = sa.Table(
    "source_webhooks",
    metadata,
    sa.Column(
        "source_id",
        sa.BigInteger,
        sa.ForeignKey("sources.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    # Of the secret address, for a desk that cannot sign.
    text_column("token_hash", null=True),
    number_column("last_ms", null=True),
    # Since the last sync.
    number_column("received", default="0"),
    number_column("unverified", default="0"),
    number_column("repeated", default="0"),
    number_column("unknown", default="0"),
)

PURPOSES: dict[str, str] = {
    "acknowledged_log": "version and events of the log that somebody was told of",
    "audit": "who did what, when, from where; exportable",
    "channel_groups": "groups of channels that are given together",
    "group_channels": "channels of a group",
    "inbox": "acknowledged events on their way into the log",
    "known_browsers": "browsers in which somebody has signed in, for the limit on guessing",
    "mailings": "mail that people are still to get: of deliveries, of exports that ended",
    "password_links": "one-time links for a new password",
    "refusals": "refused events with reasons",
    "run_channels": "channels of a run, for what a supervisor may see",
    "run_exports": "exports of a run: one, or those of a bundle",
    "runs": "export runs and their receipts; kept when the file is gone",
    "saved_exports": "choices of exports with a relative period, under a name",
    "sessions": "people who are signed in",
    "set_up_links": "the one-time links to create the first administrator, also replaced ones",
    "sign_in_failures": "recent failures, for the limit on guessing",
    "source_hints": "records that a desk announced as changed, until they are read: ids and times",
    "source_records": "what each source has sent of each record: ids and digests, no content",
    "sources": "help desks that are read: settings, references to secrets, position, last report",
    "source_webhooks": "webhooks of each source: secret address, hashed, and how many came",
    "tokens": "API tokens, hashed",
    "user_channels": "channels given to a supervisor",
    "user_groups": "groups of channels given to a supervisor",
    "users": "people",
    **delivery_tables.PURPOSES,
}
"""What each table is for."""
