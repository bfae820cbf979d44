"""Which runs somebody sees, which of them a list shows, and in which order: parts of queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from tawny.model.rights import Right
from tawny.model.zones import current_ms
from tawny.people.callers import Caller, Scope
from tawny.queries.catalogue import export_types_that_need
from tawny.state.run_rows import RunFilter, RunState, RunWord
from tawny.state.tables import run_channels, run_exports, runs


def state_now() -> sa.ColumnElement[str]:
    """The state of a run as everybody sees it: a file past its time is gone, whether or not the
    next cleaning has been there."""
    over = sa.and_(runs.c.state == RunState.READY.value, runs.c.expires_ms <= current_ms())
    return sa.case((over, RunState.EXPIRED.value), else_=runs.c.state)


SORT_COLUMNS: dict[str, Callable[[], sa.ColumnElement[Any]]] = {
    "created": lambda: sa.type_coerce(runs.c.created_ms, sa.BigInteger),
    "type": lambda: runs.c.export_type,
    "state": state_now,
    "owner": lambda: runs.c.owner,
    "rows": lambda: sa.func.coalesce(runs.c.rows, -1),
}
"""By the names of `run_rows.SORTS`."""


def visible(caller: Caller) -> list[sa.ColumnElement[bool]]:
    """What is true of the runs a caller may know of."""
    conditions: list[sa.ColumnElement[bool]] = []
    if caller.channels is not None:
        of_run = sa.select(run_channels.c.run_id).where(run_channels.c.run_id == runs.c.id)
        conditions = [
            of_run.exists(),
            ~of_run.where(run_channels.c.channel_id.not_in(sorted(caller.channels))).exists(),
        ]
    if not caller.may(Scope.EXPORTS_READ):
        conditions.append(runs.c.owner_id == caller.user_id)
    if not caller.has(Right.PRESENCE):
        hidden = sorted(export_types_that_need(Right.PRESENCE))
        conditions.append(~_makes(hidden))
    return conditions


def _makes(export_types: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a run makes one of these exports, alone or in a bundle."""
    return (
        sa.select(run_exports.c.run_id)
        .where(run_exports.c.run_id == runs.c.id, run_exports.c.export_type.in_(list(export_types)))
        .exists()
    )


def filtered(filters: RunFilter) -> list[sa.ColumnElement[bool]]:
    """What is true of the runs that fit all filters."""
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.states:
        conditions.append(state_now().in_([state.value for state in filters.states]))
    if filters.export_types:
        conditions.append(_makes(filters.export_types))
    if filters.owner is not None:
        conditions.append(runs.c.owner == filters.owner)
    if filters.channel is not None:
        conditions.append(
            sa.select(run_channels.c.run_id)
            .where(run_channels.c.run_id == runs.c.id, run_channels.c.channel_id == filters.channel)
            .exists()
        )
    if filters.created_from_ms is not None:
        conditions.append(runs.c.created_ms >= filters.created_from_ms)
    if filters.created_to_ms is not None:
        conditions.append(runs.c.created_ms < filters.created_to_ms)
    if filters.ended_after_ms is not None:
        conditions.append(runs.c.ended_ms > filters.ended_after_ms)
    if filters.kind is not None:
        conditions.append(runs.c.kind == filters.kind)
    if filters.text:
        conditions.append(_holds(filters.text))
    conditions += [_fits(word) for word in filters.words]
    return conditions


def _holds(text: str) -> sa.ColumnElement[bool]:
    columns = (runs.c.export_type, runs.c.owner, runs.c.channels, runs.c.file_name)
    return sa.or_(*(column.icontains(text, autoescape=True) for column in columns))


def _fits(word: RunWord) -> sa.ColumnElement[bool]:
    """Whether a run has a word anywhere a person reads it."""
    month = sa.func.substr(runs.c.start, 6, 2)
    return sa.or_(
        _holds(word.text),
        runs.c.start.startswith(word.text, autoescape=True),
        _makes(word.export_types),
        state_now().in_([state.value for state in word.states]),
        runs.c.format.in_(list(word.formats)),
        runs.c.owner.in_(list(word.owners)),
        month.in_(list(word.months)),
        runs.c.id.in_(
            sa.select(run_channels.c.run_id).where(
                run_channels.c.channel_id.in_(list(word.channels))
            )
        ),
    )
