"""The tables of what is made and delivered by itself; times are milliseconds since 1970 UTC."""

from __future__ import annotations

import sqlalchemy as sa

from tawny.state.columns import id_column, metadata, number_column, text_column, user_column

destinations = sa.Table(
    "destinations",
    metadata,
    id_column(),
    text_column("name"),
    text_column("kind"),
    text_column("options"),
    text_column("secrets"),
    number_column("created_ms"),
    number_column("used_ms", null=True),
    text_column("error", null=True),
    sa.UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

schedules = sa.Table(
    "schedules",
    metadata,
    id_column(),
    text_column("name"),
    number_column("owner_id"),
    text_column("owner"),
    text_column("request"),
    text_column("frequency"),
    text_column("delay"),
    sa.Column("active", sa.Boolean, nullable=False),
    text_column("pauses"),
    number_column("created_ms"),
    number_column("planned_to_ms", null=True),
    number_column("next_due_ms"),
    text_column("stopped", null=True),
    # What was delivered is remembered also when its schedule is gone.
    number_column("removed_ms", null=True),
    text_column("wait", default="off"),
    text_column("corrections", default="off"),
    sa.Column("changes", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_autoincrement=True,
)

schedule_destinations = sa.Table(
    "schedule_destinations",
    metadata,
    sa.Column(
        "schedule_id",
        sa.BigInteger,
        sa.ForeignKey("schedules.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("destination_id", sa.BigInteger, sa.ForeignKey("destinations.id"), primary_key=True),
)

# Whom a schedule names to be told how its deliveries go; its owner is told anyway.
schedule_people = sa.Table(
    "schedule_people",
    metadata,
    sa.Column(
        "schedule_id",
        sa.BigInteger,
        sa.ForeignKey("schedules.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "user_id", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    ),
)

slots = sa.Table(
    "slots",
    metadata,
    id_column(),
    sa.Column(
        "schedule_id",
        sa.BigInteger,
        sa.ForeignKey("schedules.id", ondelete="CASCADE"),
        nullable=False,
    ),
    number_column("from_ms"),
    number_column("to_ms"),
    text_column("state"),
    text_column("reason", null=True),
    number_column("revision"),
    number_column("as_of_ms", null=True),
    text_column("run_id", null=True),
    number_column("tries"),
    number_column("first_try_ms", null=True),
    number_column("next_try_ms", null=True),
    # Whether it waits for channels to be complete, and whether somebody wants it without that.
    sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("at_once", sa.Boolean, nullable=False, server_default=sa.false()),
    # Which version of the log its file is known to agree with, and whose erasures it knows.
    number_column("log_version", null=True),
    number_column("erasures_version", null=True),
    # Why its present revision is made, and the run of the one before; none for what was asked for.
    text_column("cause", null=True),
    text_column("corrects", null=True),
    # Up to where its file leads, of a schedule of changes.
    text_column("cursor", null=True),
    sa.UniqueConstraint("schedule_id", "from_ms"),
    sa.Index(None, "state"),
    sqlite_autoincrement=True,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    id_column(),
    sa.Column(
        "slot_id", sa.BigInteger, sa.ForeignKey("slots.id", ondelete="CASCADE"), nullable=False
    ),
    number_column("revision"),
    number_column("destination_id"),
    text_column("destination"),
    text_column("state"),
    text_column("reason", null=True),
    text_column("run_id", null=True),
    text_column("files"),
    number_column("tries"),
    number_column("first_try_ms", null=True),
    number_column("next_try_ms", null=True),
    number_column("delivered_ms", null=True),
    text_column("incomplete", null=True),
    # How many rows of a revision are other ones, and what becomes of files with an erased contact.
    text_column("changes", null=True),
    text_column("erasure", null=True),
    sa.UniqueConstraint("slot_id", "revision", "destination_id"),
    sa.Index(None, "state"),
    sqlite_autoincrement=True,
)

notices = sa.Table(
    "notices",
    metadata,
    id_column(),
    user_column(),
    text_column("kind"),
    number_column("destination_id"),
    text_column("destination"),
    number_column("schedule_id"),
    text_column("schedule"),
    text_column("reason", null=True),
    number_column("at_ms"),
    sa.Index(None, "user_id"),
    sqlite_autoincrement=True,
)

PURPOSES: dict[str, str] = {
    "deliveries": "what was, or is to be, brought where: a slot, its revision, a destination",
    "destinations": "where files are delivered to: settings, references to secrets, last use",
    "notices": "what people were told of their deliveries: that they fail, or arrive again",
    "schedule_destinations": "where the files of a schedule go",
    "schedule_people": "whom a schedule names to be told how its deliveries go",
    "schedules": "exports that are made by themselves; kept, with what was delivered, when removed",
    "slots": "the ranges of schedules: made, to be made, skipped; each once",
}
"""What each table is for."""
