"""Creations of messages that are ignored altogether, because an earlier one of the same message
counts (docs/events.md, what you can rely on). No query sees them."""

from __future__ import annotations

from tawny.engine.duck import Duck
from tawny.engine.duplicate_ids import create_rare_tables
from tawny.engine.literals import files_literal
from tawny.log.files import Snapshot

_LATER = """
CREATE OR REPLACE TEMP TABLE later_creations AS
SELECT message_id, source, id
FROM (
    SELECT
        message_id, source, id,
        row_number() OVER (
            PARTITION BY message_id ORDER BY time, coalesce(sequence, ''), source, id
        ) AS nth
    FROM read_parquet({files}, hive_partitioning = false)
    WHERE type = 'message.created'
        AND message_id IN (SELECT message_id FROM repeated_messages)
        AND {counting}
) AS creations
WHERE nth > 1
"""

_NOT_LATER = (
    "NOT EXISTS (SELECT 1 FROM later_creations WHERE later_creations.message_id = "
    "creations.message_id AND later_creations.source = creations.source "
    "AND later_creations.id = creations.id)"
)


def create_later_creations(duck: Duck, snapshot: Snapshot, counting: str) -> None:
    """Create the table `later_creations (message_id, source, id)`: creations that are ignored
    altogether, because among those that meet the condition `counting` another one of the same
    message comes first by order (docs/events.md, what you can rely on)."""
    create_rare_tables(duck, snapshot, frozenset(["repeated_messages"]))
    paths = snapshot.paths("message")
    if not paths or duck.rows("SELECT count(*) > 0 FROM repeated_messages") == [(False,)]:
        duck.execute(
            "CREATE OR REPLACE TEMP TABLE later_creations AS SELECT CAST(NULL AS VARCHAR) AS "
            "message_id, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS id WHERE false"
        )
        return
    duck.execute(_LATER.format(files=files_literal(paths), counting=counting))


def not_later(duck: Duck) -> list[str]:
    """The condition that leaves out later creations from a relation called `creations`; none in
    most logs, which have none, so that their rows need not be looked at."""
    return [_NOT_LATER] if duck.rows("SELECT count(*) > 0 FROM later_creations")[0][0] else []
