"""Whom a schedule names to be told how its deliveries go, besides its owner.

Somebody who is named is told as long as the account may be used and the person may see all that the
schedule exports: what is in the way of a delivery may name its channels.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from tawny.errors import RequestError
from tawny.exports.request import ExportRequest, request_of_json
from tawny.people.accounts import caller_of_user
from tawny.people.callers import Caller
from tawny.runs.parts import seen_exports
from tawny.schedules.owners import OPERATOR, OPERATOR_ID
from tawny.state.delivery_tables import schedule_people, schedules
from tawny.state.tables import users

Audiences = Mapping[int, frozenset[int]]
"""Numbers of people, by the number of the schedule that names them."""


def may_be_told(person: Caller | None, owner: Caller | None, request: ExportRequest) -> bool:
    """Whether a person may see all that a schedule exports; None = an account that may not be used.
    Of an owner without one nothing is known but what the request names."""
    if person is None:
        return False
    channels = request.channels or (None if owner is None else owner.channels)
    if person.channels is not None and (channels is None or not person.channels >= {*channels}):
        return False
    shown = request.export_types if owner is None else seen_exports(owner, request)
    return {*shown} <= {*seen_exports(person, request)}


def check_audience(
    connection: sa.Connection, names: Sequence[str], owner: Caller, request: ExportRequest
) -> None:
    """Raise `RequestError` for a name of somebody who cannot be told. It says the same of who is
    not there and of who may not: not everybody may know who has an account."""
    for name in names:
        user_id = connection.execute(sa.select(users.c.id).where(users.c.name == name)).scalar()
        person = None if user_id is None else caller_of_user(connection, user_id)
        if not may_be_told(person, owner, request):
            raise RequestError(
                "notify: found {found!r}, who has no account here or may not see all that the "
                "schedule exports; allowed are people who may (an administrator can give them its "
                "channels)",
                found=name,
            )


def audiences(connection: sa.Connection, user_id: int | None = None) -> Audiences:
    """The people who are told though they are not the owner, by the number of the schedule; all of
    them, or as far as one person is."""
    wanted = sa.select(
        schedule_people, schedules.c.owner_id, schedules.c.request
    ).join(schedules, schedules.c.id == schedule_people.c.schedule_id)  # fmt: skip
    if user_id is not None:
        wanted = wanted.where(schedule_people.c.user_id == user_id)

    @functools.cache
    def caller(number: int) -> Caller | None:
        return OPERATOR if number == OPERATOR_ID else caller_of_user(connection, number)

    found: dict[int, frozenset[int]] = {}
    for row in connection.execute(wanted).all():
        request = request_of_json(json.loads(row.request))
        if may_be_told(caller(row.user_id), caller(row.owner_id), request):
            found[row.schedule_id] = found.get(row.schedule_id, frozenset()) | {row.user_id}
    return found
