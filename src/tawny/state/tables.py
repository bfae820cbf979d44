"""The tables of the state database, as the newest migration leaves them.

All times are milliseconds since 1970 UTC. Secrets are kept as hashes only. Every table is named
in `PURPOSES`, so that nobody adds one without saying what it is for.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _Text(sa.types.TypeDecorator[str]):
    """Text of people and events. Postgres keeps no NUL; nobody types one, and a refused event that
    holds one is shown with a mark in its place."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """The text as the database can keep it."""
        if value is not None and dialect.name == "postgresql":
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return value


# SQLite gives out row ids by itself for this type only.
_BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _BigId, primary_key=True, autoincrement=True)


def _number(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null, server_default=default)


def _text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, _Text, nullable=null, server_default=default)


def _user_id(name: str = "user_id") -> sa.Column[int]:
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
    )


users = sa.Table(
    "users",
    metadata,
    _id(),
    _text("name"),
    _text("display_name"),
    _text("password_hash"),
    _text("role"),
    sa.Column("presence", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    _text("language", null=True),
    _text("theme", null=True),
    _number("created_ms"),
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
    sa.Column("channel_id", _Text, primary_key=True),
)

set_up_links = sa.Table(
    "set_up_links",
    metadata,
    sa.Column("secret_hash", sa.Text, primary_key=True),
    _number("created_ms"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _id(),
    _text("secret_hash"),
    _user_id(),
    _text("csrf"),
    _text("address"),
    _number("created_ms"),
    _number("seen_ms"),
    _number("expires_ms"),
    sa.UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)

tokens = sa.Table(
    "tokens",
    metadata,
    _id(),
    _user_id(),
    _text("name"),
    _text("secret_hash"),
    _text("ending"),
    _text("scopes"),
    _number("created_ms"),
    _number("expires_ms", null=True),
    _number("revoked_ms", null=True),
    _number("used_ms", null=True),
    sa.UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)

sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    _id(),
    _text("name_hash"),
    _text("address"),
    _number("at_ms"),
    sa.Index(None, "at_ms"),
)

audit = sa.Table(
    "audit",
    metadata,
    _id(),
    _number("at_ms"),
    _number("user_id", null=True),
    _text("actor"),
    _number("token_id", null=True),
    _text("address"),
    _text("request_id"),
    _text("action"),
    _text("subject"),
    _text("detail"),
    sa.Index(None, "at_ms"),
    sqlite_autoincrement=True,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", _Text, primary_key=True),
    _number("owner_id"),
    _text("owner"),
    _text("idempotency_key", null=True),
    _text("export_type"),
    _text("time_zone"),
    _text("start", null=True),
    _text("end", null=True),
    _text("channels"),
    _text("as_of", null=True),
    _text("headers"),
    _text("format"),
    _text("dialect"),
    _text("kind"),
    _text("state"),
    _text("error", null=True),
    _number("created_ms"),
    _number("started_ms", null=True),
    _number("ended_ms", null=True),
    _number("expires_ms", null=True),
    _text("file_name", null=True),
    _text("file_path", null=True),
    _text("media_type", null=True),
    _number("rows", null=True),
    _number("size_bytes", null=True),
    _text("sha256", null=True),
    _text("receipt", null=True),
    _number("version"),
    _text("reason", null=True),
    sa.UniqueConstraint("owner_id", "idempotency_key"),
    sa.Index(None, "created_ms"),
    sa.Index(None, "state"),
)

run_channels = sa.Table(
    "run_channels",
    metadata,
    sa.Column("run_id", _Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel_id", _Text, primary_key=True),
)

inbox = sa.Table(
    "inbox",
    metadata,
    _id(),
    _number("received_ms"),
    _number("events"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

refusals = sa.Table(
    "refusals",
    metadata,
    _id(),
    _number("at_ms"),
    _text("input"),
    _number("number"),
    _text("field"),
    _text("found"),
    _text("allowed"),
    _text("texts", null=True),
    sqlite_autoincrement=True,
)

PURPOSES: dict[str, str] = {
    "audit": "who did what, when, from where; exportable",
    "inbox": "acknowledged events on their way into the log",
    "refusals": "refused events with reasons",
    "run_channels": "channels of a run, for what a supervisor may see",
    "runs": "export runs and their receipts; kept when the file is gone",
    "sessions": "people who are signed in",
    "set_up_links": "the one-time link to create the first administrator",
    "sign_in_failures": "recent failures, for the limit on guessing",
    "tokens": "API tokens, hashed",
    "user_channels": "channels given to a supervisor",
    "users": "people",
}
"""What each table is for."""
