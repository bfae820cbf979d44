"""Syncs that somebody asked a server for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has asked for one yet."""
    op.add_column("sources", sa.Column("asked", sa.Text(), nullable=True))
