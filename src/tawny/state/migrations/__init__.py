"""The steps that bring a state database to its newest form; the scripts are in `versions`."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def config(connection: sa.Connection) -> Config:
    """Alembic's configuration for a connection; there is no `.ini` file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: sa.Connection) -> None:
    """Run what is missing, in the transaction of the connection."""
    command.upgrade(config(connection), "head")
