"""Schedules that wait for channels to be complete, and of which channels a delivery lacks events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Schedules of before do not wait, and nobody knows what their deliveries lack."""
    op.add_column("schedules", sa.Column("wait", sa.Text(), nullable=False, server_default="off"))
    for name in ("held", "at_once"):
        op.add_column(
            "slots", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.add_column("deliveries", sa.Column("incomplete", sa.Text(), nullable=True))
