"""What Alembic runs for every command: the caller's connection, our tables."""

from __future__ import annotations

from alembic import context

from tawny.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
    render_as_batch=True,
)
context.run_migrations()
