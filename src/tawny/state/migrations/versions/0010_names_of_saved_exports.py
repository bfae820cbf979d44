"""Names of saved exports are unique in an installation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LONGEST_NAME = 255


def upgrade() -> None:
    """Of several of one name the oldest keeps it; the others have their owner's name added."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT saved_exports.id, saved_exports.name, users.name AS owner FROM saved_exports "
            "JOIN users ON users.id = saved_exports.user_id ORDER BY saved_exports.id"
        )
    ).all()
    there = {row.name for row in rows}
    kept: set[str] = set()
    for row in rows:
        if row.name not in kept:
            kept.add(row.name)
            continue
        number, name = 1, row.name
        while name in there:
            added = f" ({row.owner})" if number == 1 else f" ({row.owner} {number})"
            name = row.name[: _LONGEST_NAME - len(added)] + added
            number += 1
        there.add(name)
        kept.add(name)
        connection.execute(
            sa.text("UPDATE saved_exports SET name = :name WHERE id = :id"),
            {"name": name, "id": row.id},
        )
    with op.batch_alter_table(
        "saved_exports", schema=None, table_kwargs={"sqlite_autoincrement": True}
    ) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_saved_exports_user_id_name"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_saved_exports_name"), ["name"])
