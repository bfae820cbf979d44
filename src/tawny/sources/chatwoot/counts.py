"""How much there is in the desk, in its own terms, to compare with the log."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from tawny.sources.chatwoot.desk import Desk
from tawny.sources.chatwoot.enumerations import CSAT, INCOMING, OUTGOING, TEMPLATE
from tawny.sources.postgres import moment


def counts(desk: Desk, until_us: int, excluded: frozenset[str]) -> Mapping[tuple[str, str], int]:
    """Records by kind and UTC month of their creation, those of channels that are left out not
    counted."""
    found: dict[tuple[str, str], int] = {}

    def add(kind: str, months: Mapping[str, int]) -> None:
        for month, rows in months.items():
            found[kind, month] = rows

    def inboxes(table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.inbox_id.not_in([int(one) for one in excluded if one.isdigit()])

    conversations, messages = (desk.database.tables[n] for n in ("conversations", "messages"))
    contacts = desk.database.tables["contacts"]
    add("conversations", desk.by_month("conversations", until_us, inboxes(conversations)))
    public = (messages.c.private.is_(False), inboxes(messages))
    inbound = messages.c.message_type == INCOMING
    outbound = messages.c.message_type.in_([OUTGOING, TEMPLATE])
    add("messages inbound", desk.by_month("messages", until_us, inbound, *public))
    add("messages outbound", desk.by_month("messages", until_us, outbound, *public))
    surveys = messages.c.content_type == CSAT
    add("surveys", desk.by_month("messages", until_us, surveys, outbound, *public))
    if desk.has("csat_survey_responses"):
        add("answers", desk.by_month("csat_survey_responses", until_us))
    events = desk.database.tables["reporting_events"]
    resolves = events.c.name == "conversation_resolved"
    add("resolves", desk.by_month("reporting_events", until_us, resolves, inboxes(events)))
    add("contacts", desk.by_month("contacts", until_us, contacts.c.id.is_not(None)))
    add("labels", _labels(desk, until_us, inboxes(conversations)))
    return found


def _labels(desk: Desk, until_us: int, condition: sa.ColumnElement[bool]) -> Mapping[str, int]:
    """Labels that are on conversations which meet a condition, by the UTC month in which they were
    put there."""
    taggings, owned = (desk.database.tables[name] for name in ("taggings", "conversations"))
    month = sa.func.to_char(taggings.c.created_at, "YYYY-MM").label("month")
    rows = desk.database.rows(
        sa.select(month, sa.func.count().label("rows"))
        .join(owned, owned.c.id == taggings.c.taggable_id)
        .where(
            taggings.c.taggable_type == "Conversation",
            taggings.c.context == "labels",
            taggings.c.created_at <= moment(until_us),
            owned.c.account_id == desk.account,
            condition,
        )
        .group_by(month)
    )
    return {row.month: int(row.rows) for row in rows if row.month is not None}
