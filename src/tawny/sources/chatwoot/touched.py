"""Conversations that have to be read again although their own rows did not change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.sources.chatwoot.desk import Desk
from tawny.sources.chatwoot.enumerations import CSAT
from tawny.sources.postgres import moment


def with_records_since(desk: Desk, since_us: int) -> set[int]:
    """Conversations with a message or a reporting event created, or an answer changed, since an
    instant in microseconds since 1970 UTC."""
    found = []
    for name, column in (
        ("messages", "created_at"),
        ("reporting_events", "created_at"),
        ("csat_survey_responses", "updated_at"),
    ):
        if desk.has(name):
            table = desk.database.tables[name]
            found.append(
                sa.select(table.c.conversation_id).where(
                    table.c.account_id == desk.account,
                    table.c[column] >= moment(since_us),
                    table.c.conversation_id.is_not(None),
                )
            )
    return _ids(desk, sa.union(*found))


def with_later_messages(desk: Desk, message_id: int) -> set[int]:
    """Conversations with a message of a higher id."""
    table = desk.database.tables["messages"]
    return _ids(
        desk,
        sa.select(table.c.conversation_id)
        .where(table.c.account_id == desk.account, table.c.id > message_id)
        .distinct(),
    )


def with_surveys(desk: Desk, from_us: int, to_us: int) -> set[int]:
    """Conversations with a survey sent in an interval, which has expired in the meantime."""
    table = desk.database.tables["messages"]
    return _ids(
        desk,
        sa.select(table.c.conversation_id)
        .where(
            table.c.account_id == desk.account,
            table.c.created_at >= moment(from_us),
            table.c.created_at <= moment(to_us),
            table.c.content_type == CSAT,
        )
        .distinct(),
    )


def with_numbers(desk: Desk, numbers: Sequence[int]) -> set[int]:
    """Conversations by the numbers that people see."""
    table = desk.database.tables["conversations"]
    return _ids(
        desk,
        sa.select(table.c.id).where(
            table.c.account_id == desk.account, table.c.display_id.in_(numbers)
        ),
    )


def numbers_of(records: Iterable[str], kind: str = "conversation") -> Sequence[int]:
    """The numbers of the records of a kind.

    >>> numbers_of(["conversation/12", "contact/3"])
    [12]
    """
    found = (record.partition(f"{kind}/") for record in records)
    return [int(one[2]) for one in found if not one[0] and one[2]]


def _ids(desk: Desk, statement: sa.Select[Any] | sa.CompoundSelect[Any]) -> set[int]:
    return {row[0] for row in desk.database.rows(statement)}
