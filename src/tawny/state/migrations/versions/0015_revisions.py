"""Corrections and erasures that are followed, and schedules of change files"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Schedules of before follow no corrections; what they delivered is looked at by its
    receipts."""
    op.add_column(
        "schedules", sa.Column("corrections", sa.Text(), nullable=False, server_default="off")
    )
    op.add_column(
        "schedules", sa.Column("changes", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for name in ("log_version", "erasures_version"):
        op.add_column("slots", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("cause", "corrects", "cursor"):
        op.add_column("slots", sa.Column(name, sa.Text(), nullable=True))
    for name in ("changes", "erasure"):
        op.add_column("deliveries", sa.Column(name, sa.Text(), nullable=True))
