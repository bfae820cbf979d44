"""The audit trail: who did what, when, from where, with which request. Rows are only ever added.

Actions are words such as `sign_in`; `subject` is what it was done to, `detail` what else matters.
Nothing of the exported content is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tawny.model.zones import current_ms
from tawny.people.callers import Caller, Scope
from tawny.state.database import Database
from tawny.state.tables import audit

ACTIONS = (
    "set_up",
    "sign_in",
    "sign_in_failed",
    "sign_in_limited",
    "sign_out",
    "password_changed",
    "user_created",
    "user_invited",
    "user_changed",
    "user_deleted",
    "sign_in_freed",
    "group_created",
    "group_changed",
    "group_deleted",
    "password_link_made",
    "password_reset",
    "token_created",
    "token_revoked",
    "export_requested",
    "export_saved",
    "saved_export_changed",
    "saved_export_deleted",
    "schedule_added",
    "schedule_changed",
    "schedule_paused",
    "schedule_resumed",
    "schedule_removed",
    "schedule_run",
    "schedule_backfilled",
    "delivery_retried",
    "export_sent",
    "destination_added",
    "destination_changed",
    "destination_removed",
    "destination_tested",
    "source_added",
    "source_changed",
    "source_paused",
    "source_resumed",
    "source_removed",
    "source_tested",
    "source_webhook_made",
    "sync_requested",
    "export_cancelled",
    "export_deleted",
    "file_deleted",
    "file_downloaded",
    "link_used",
    "preview_read",
    "charts_read",
    "feed_read",
    "explanation_read",
    "timeline_read",
    "differences_read",
    "audit_read",
    "erasure_requested",
    "verification_requested",
    "erased_contact_found",
    "delivery_with_erased_contact",
    "log_accepted",
    "session_ended",
    "sample_loaded",
    "sample_removed",
)
"""Everything that is written down."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail; `at_ms` in milliseconds since 1970 UTC."""

    id: int
    at_ms: int
    actor: str
    """The name the person signs in with; empty when nobody knows."""
    token_id: int | None
    address: str
    request_id: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted; empty = all. Times in milliseconds since 1970 UTC."""

    actor: str = ""
    actions: Sequence[str] = ()
    subject: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    """Not included."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A part of the trail, newest first."""

    items: Sequence[AuditEntry]
    next_cursor: str | None


class Audit:
    """The trail of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, caller: Caller, action: str, subject: str = "", **detail: object) -> None:
        """Write down what a known caller did."""
        with self._database.write() as connection:
            self.add(connection, caller, action, subject, **detail)

    def add(
        self,
        connection: sa.Connection,
        caller: Caller,
        action: str,
        subject: str = "",
        **detail: object,
    ) -> None:
        """The same, in the transaction that does it."""
        assert action in ACTIONS
        connection.execute(
            audit.insert().values(
                at_ms=current_ms(),
                user_id=caller.user_id,
                actor=caller.name,
                token_id=caller.token_id,
                address=caller.address,
                request_id=caller.request_id,
                action=action,
                subject=subject,
                detail=json.dumps(detail, ensure_ascii=False),
            )
        )

    def add_unknown(
        self,
        connection: sa.Connection,
        actor: str,
        address: str,
        request_id: str,
        action: str,
        subject: str = "",
        **detail: object,
    ) -> None:
        """Write down what somebody did who is not signed in. `actor` is a name that exists, or
        empty: what people type into a name field by mistake is often a password."""
        assert action in ACTIONS
        connection.execute(
            audit.insert().values(
                at_ms=current_ms(),
                actor=actor,
                address=address,
                request_id=request_id,
                action=action,
                subject=subject,
                detail=json.dumps(detail, ensure_ascii=False),
            )
        )

    def add_own(
        self, connection: sa.Connection, action: str, subject: str, **detail: object
    ) -> None:
        """Write down what nobody asked for by name: maintenance did it."""
        assert action in ACTIONS
        connection.execute(
            audit.insert().values(
                at_ms=current_ms(),
                actor="",
                address="",
                request_id="",
                action=action,
                subject=subject,
                detail=json.dumps(detail, ensure_ascii=False),
            )
        )

    def has(self, action: str, subject: str) -> bool:
        """Whether something was written down about a subject."""
        with self._database.read() as connection:
            return connection.execute(
                sa.select(sa.exists().where(audit.c.action == action, audit.c.subject == subject))
            ).scalar_one()

    def subjects(self, action: str) -> dict[str, int]:
        """What something was done to, and when first, in milliseconds since 1970 UTC."""
        with self._database.read() as connection:
            return dict(
                connection.execute(
                    sa.select(audit.c.subject, sa.func.min(audit.c.at_ms))
                    .where(audit.c.action == action)
                    .group_by(audit.c.subject)
                )
                .tuples()
                .all()
            )

    def last_ms(self, action: str, subject: str) -> int | None:
        """When something was last written down about a subject, in milliseconds since 1970 UTC;
        None if it never was."""
        with self._database.read() as connection:
            return connection.execute(
                sa.select(sa.func.max(audit.c.at_ms)).where(
                    audit.c.action == action, audit.c.subject == subject
                )
            ).scalar()

    def downloads(self, run_id: str) -> tuple[str, ...]:
        """Who downloaded the file of a run, by name."""
        with self._database.read() as connection:
            return tuple(
                connection.execute(
                    sa.select(audit.c.actor)
                    .where(audit.c.action == "file_downloaded", audit.c.subject == run_id)
                    .distinct()
                    .order_by(audit.c.actor)
                ).scalars()
            )

    def list(
        self,
        caller: Caller,
        cursor: int | None = None,
        limit: int = 100,
        wanted: AuditFilter | None = None,
    ) -> AuditPage:
        """The trail, newest first; administrators only. `cursor` is the `next_cursor` before."""
        caller.need(Scope.ADMIN)
        query = sa.select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            query = query.where(audit.c.id < cursor)
        query = query.where(*_conditions(wanted or AuditFilter()))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = [
            AuditEntry(
                id=row.id,
                at_ms=row.at_ms,
                actor=row.actor,
                token_id=row.token_id,
                address=row.address,
                request_id=row.request_id,
                action=row.action,
                subject=row.subject,
                detail=json.loads(row.detail),
            )
            for row in rows[:limit]
        ]
        return AuditPage(items, str(items[-1].id) if len(rows) > limit else None)


def _conditions(wanted: AuditFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.actor:
        conditions.append(audit.c.actor == wanted.actor)
    if wanted.actions:
        conditions.append(audit.c.action.in_(list(wanted.actions)))
    if wanted.subject:
        conditions.append(audit.c.subject == wanted.subject)
    if wanted.from_ms is not None:
        conditions.append(audit.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        conditions.append(audit.c.at_ms < wanted.to_ms)
    return conditions
