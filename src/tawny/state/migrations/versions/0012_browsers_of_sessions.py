"""In which browser a session is, for the list of sessions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Unknown of sessions from before; filled in when they are seen again."""
    op.add_column("sessions", sa.Column("browser", sa.Text(), nullable=True))
