"""On whose behalf a schedule runs: its owner, with the rights that person has at that moment.

Where nobody has an account yet, the schedules that the command line makes are those of whoever runs
it, who can read the whole data folder anyway.
"""

from __future__ import annotations

import sqlalchemy as sa

from tawny.errors import NotAllowedError, RequestError, UnknownValueError
from tawny.people.accounts import caller_of_user
from tawny.people.callers import Caller, Role
from tawny.state.database import Database
from tawny.state.tables import users
from tawny.text import Text

OPERATOR_ID = 0
OPERATOR = Caller(OPERATOR_ID, "operator", Role.ADMINISTRATOR, None, True)


def caller_of_owner(database: Database, owner_id: int, owner: str) -> Caller:
    """The owner of a schedule as a caller. Raises `NotAllowedError` for one who is gone."""
    if owner_id == OPERATOR_ID:
        return OPERATOR
    with database.read() as connection:
        found = caller_of_user(connection, owner_id)
    if found is None:
        raise NotAllowedError(
            "its owner {owner} has no account any more that may be used; an administrator can give "
            "it another owner",
            owner=owner,
        )
    return found


def caller_by_name(database: Database, name: str | None) -> Caller:
    """A person for the command line; None = the only administrator, or, where nobody has an account
    yet, whoever runs it. Raises `RequestError`."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(users.c.id, users.c.name, users.c.role)
            .where(users.c.disabled.is_(False))
            .order_by(users.c.name)
        ).all()
        if name is not None:
            fitting = [row.id for row in rows if row.name == name]
            if not fitting:
                raise UnknownValueError("--owner", name, [row.name for row in rows])
        else:
            fitting = [row.id for row in rows if row.role == Role.ADMINISTRATOR.value]
            if not rows:
                return OPERATOR
            if len(fitting) != 1:
                raise RequestError(
                    "--owner: found nothing; there is not one administrator alone, name one of "
                    "{allowed}",
                    allowed=", ".join(row.name for row in rows),
                )
        found = caller_of_user(connection, fitting[0])
    assert found is not None
    return found


def user_by_name(connection: sa.Connection, name: str) -> tuple[int, str]:
    """Number and name of somebody with an account. Raises `UnknownValueError`."""
    rows = connection.execute(
        sa.select(users.c.id, users.c.name).where(users.c.disabled.is_(False))
    ).all()
    for row in rows:
        if row.name == name:
            return row.id, row.name
    raise UnknownValueError(
        "owner", name, [row.name for row in rows], Text("it is the name to sign in with")
    )
