"""In which language somebody reads who is known by an address only."""

from __future__ import annotations

import sqlalchemy as sa

from tawny.state.database import Database
from tawny.state.tables import users


def language_of_address(database: Database, address: str) -> str | None:
    """The language that the account of that name or address has chosen, if there is one."""
    with database.read() as connection:
        found: str | None = connection.execute(
            sa.select(users.c.language)
            .where(
                sa.or_(
                    sa.func.lower(users.c.name) == address.lower(),
                    sa.func.lower(users.c.email) == address.lower(),
                ),
                users.c.disabled.is_(False),
            )
            .order_by(users.c.id)
        ).scalar()
    return found
