"""Which exports a run makes: one, or those of a bundle"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every run there is has made one."""
    op.create_table(
        "run_exports",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("export_type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_exports_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "export_type", name=op.f("pk_run_exports")),
    )
    op.execute("INSERT INTO run_exports SELECT id, export_type FROM runs")
