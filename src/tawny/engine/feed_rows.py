"""The rows of an export in two states of the log, compared: what a change feed says.

`rows_now` and `rows_before` are made by the export's own statement, with what the row key names
beside the cells. A row is told when a cell differs, when it is there in one state only, and when it
is `restless` (`tawny.engine.touched`); a key that was neither before nor is now, but may have been
in between, is told as deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tawny.engine.base import Value
from tawny.engine.cells import Segments, identifier, json_select
from tawny.engine.duck import Duck
from tawny.queries.columns import Column, ColumnType

ROWS = "rows_now"
"""The table of the rows of one state."""

WANTED = "rows_wanted"
"""The table that says of which conversations, or agents, rows are wanted (`entity_id`)."""

BESIDE_TYPES = {"channel_id": ColumnType.ID, "n": ColumnType.INTEGER}
"""What a row key names beside the cells."""


def beside_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Columns of a feed for what the row key names beside the cells."""
    return tuple(
        Column(name, BESIDE_TYPES[name], "", {"key": name}, {}, expression=name) for name in names
    )


RESTLESS_PART = "part WHERE is_restless"
"""The restless ones of the conversations or agents that are looked at."""


def is_wanted(column: str) -> str:
    """The condition under which what a column names is in `WANTED`."""
    return f"{column} IN (SELECT entity_id FROM {WANTED})"


def keep_rows(duck: Duck, select: str, condition: str, values: Mapping[str, Value]) -> None:
    """Make `ROWS` of those rows of a select that meet a condition."""
    statement = f"SELECT * FROM (\n{select}\n) AS export WHERE {condition}"
    duck.make_step(ROWS, statement, values, reads=1)


def kept_rows(duck: Duck) -> pa.Table:
    """What `keep_rows` kept."""
    return duck.table(f"SELECT * FROM {ROWS}")


def is_restless(column: str, table: str = "restless", entity: str = "entity_id") -> str:
    """The condition of `make_changes` under which a row is of something in a table."""
    return f"coalesce(now.{column}, before.{column}) IN (SELECT {entity} FROM {table})"


_SAID = "type = 'message.created'"
_IN_PERIOD = "time_ms >= $from_ms AND time_ms < $to_ms"
_HERE = "conversation_id IN (SELECT conversation_id FROM restless_conversations)"
_CREATIONS = (
    "INNER JOIN (SELECT DISTINCT conversation_id, channel_id, contact_id FROM all_conversation "
    "WHERE type = 'conversation.created') AS creations "
    "ON creations.conversation_id = events.conversation_id"
)

_HUMANS = (
    " AND agent_id NOT IN (SELECT agent_id FROM virtual_agents EXCEPT "
    "SELECT agent_id FROM fresh_reference WHERE type = 'agent.saved')"
)
_VIRTUAL = (
    " AND agent_id IN (SELECT agent_id FROM virtual_agents UNION "
    "SELECT agent_id FROM fresh_reference WHERE type = 'agent.saved')"
)


def _of_agents(families: Sequence[str]) -> str:
    return " UNION ".join(
        f"SELECT agent_id, conversation_id FROM all_{family} WHERE {_HERE} AND {_IN_PERIOD}"
        for family in families
    )


PERHAPS: Mapping[str, str] = {
    "resolved-conversations": "SELECT conversation_id FROM all_status "
    f"WHERE {_HERE} AND status = 'resolved' AND cause <> 'csat'",
    "open-conversations": "SELECT conversation_id FROM all_conversation "
    f"WHERE {_HERE} AND type = 'conversation.created'",
    "messages": f"SELECT message_id FROM all_message WHERE {_SAID} "
    "AND message_id IN (SELECT entity_id FROM restless)",
    "response-times": "SELECT message_id AS outbound_message_id FROM all_message "
    f"WHERE {_HERE} AND {_SAID} AND outbound_type = 'agent'",
    "teams": f"SELECT team_id FROM all_message WHERE {_HERE} AND {_IN_PERIOD} AND {_SAID} "
    "AND outbound_type = 'agent'",
    "contacts": f"SELECT creations.contact_id AS contact_profile_id FROM all_message AS events "
    f"{_CREATIONS} WHERE {_IN_PERIOD} AND {_SAID} "
    "AND creations.contact_id IN (SELECT entity_id FROM restless)",
    "contact-attributes": "SELECT attributes.contact_id AS contact_profile_id, "
    "attributes.attribute_id FROM all_contact AS attributes "
    "WHERE attributes.type = 'contact.attribute_set' AND attributes.contact_id IN ("
    f"SELECT creations.contact_id FROM all_message AS events {_CREATIONS} "
    f"WHERE {_IN_PERIOD} AND {_SAID} AND direction = 'inbound' "
    "AND creations.contact_id IN (SELECT entity_id FROM restless))",
    "topics": f"SELECT events.topic_id, creations.channel_id FROM all_label AS events {_CREATIONS} "
    f"WHERE events.{_HERE} AND {_IN_PERIOD} AND type = 'topic.applied'",
    "tags": f"SELECT events.tag_id, creations.channel_id FROM all_label AS events {_CREATIONS} "
    f"WHERE events.{_HERE} AND {_IN_PERIOD} AND type = 'tag.applied'",
    "virtual-agents": "SELECT events.agent_id, creations.channel_id FROM "
    f"({_of_agents(('message', 'status', 'label'))}) AS events {_CREATIONS} WHERE true{_VIRTUAL}",
    "users": "SELECT agent_id AS user_id FROM (SELECT agent_id FROM ("
    f"{_of_agents(('message', 'status', 'label'))}) UNION SELECT agent_id FROM all_lock "
    f"WHERE {_HERE} AND time_ms < $to_ms UNION SELECT agent_id FROM all_status "
    f"WHERE {_HERE} AND time_ms < $to_ms UNION SELECT agent_id FROM fresh_presence "
    f"WHERE time_ms < $to_ms) AS agents WHERE agent_id IS NOT NULL{_HUMANS}",
    "user-presence": 'SELECT agent_id AS user_id, time_ms AS "from", '
    "row_number() OVER (PARTITION BY agent_id, time_ms ORDER BY id) AS n "
    "FROM all_presence WHERE agent_id IN (SELECT entity_id FROM part WHERE is_restless)",
}
"""Of each export the keys that rows of restless entities may have had in between. A few too many
do no harm."""


def make_changes(
    duck: Duck,
    export_type: str,
    key: Sequence[str],
    columns: Sequence[Column],
    *,
    before: pa.Table | None,
    restless: str,
    of_restless: bool,
    values: Mapping[str, Any],
) -> int:
    """Make `feed_changes` of `rows_now` and the rows of before: `nth` from 0 in an order that is
    always the same, `op`, the key and the cells; returns how many.

    `restless` is the condition under which a row of `now` or `before` is told in any case;
    `of_restless` says whether keys that may have been in between are told too.
    """
    names = list(dict.fromkeys([*key, *(column.key for column in columns)]))
    if before is None:
        duck.make_step("rows_before", "SELECT * FROM rows_now WHERE false", {}, reads=1)
    else:
        duck.add_table("rows_before", before)
    same_key = " AND ".join(f"now.{identifier(k)} = before.{identifier(k)}" for k in key)
    first = identifier(key[0])
    differs = " OR ".join(
        f"now.{identifier(name)} IS DISTINCT FROM before.{identifier(name)}" for name in names
    )
    cells = ", ".join(
        f"coalesce(now.{identifier(name)}, before.{identifier(name)}) AS {identifier(name)}"
        if name in key
        else f"now.{identifier(name)} AS {identifier(name)}"
        for name in names
    )
    select = (
        f"SELECT CASE WHEN now.{first} IS NULL THEN 'delete' WHEN before.{first} IS NULL "
        f"THEN 'insert' ELSE 'update' END AS op, {cells} "
        f"FROM rows_now AS now FULL JOIN rows_before AS before ON {same_key} "
        f"WHERE now.{first} IS NULL OR before.{first} IS NULL OR {differs} OR ({restless})"
    )
    perhaps = PERHAPS.get(export_type)
    if of_restless and perhaps is not None:
        absent = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {table} AS there WHERE "
            + " AND ".join(f"there.{identifier(k)} = perhaps.{identifier(k)}" for k in key)
            + ")"
            for table in ("rows_now", "rows_before")
        )
        given = " AND ".join(f"{identifier(k)} IS NOT NULL" for k in key)
        keys = ", ".join(identifier(k) for k in key)
        select += (
            f" UNION ALL BY NAME SELECT DISTINCT 'delete' AS op, {keys} FROM ({perhaps}) "
            f"AS perhaps WHERE {given} AND {absent}"
        )
    order = ", ".join(identifier(k) for k in key)
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE feed_changes AS "
        f"SELECT row_number() OVER (ORDER BY {order}) - 1 AS nth, * FROM ({select}) AS told",
        values,
    )
    [[count]] = duck.rows("SELECT count(*) FROM feed_changes")
    return int(str(count))


def changes_between(
    duck: Duck, columns: Sequence[Column], segments: Segments, first: int, end: int
) -> list[dict[str, Any]]:
    """The changes with `nth` in `[first, end)`, in order, cells as JSON has them; `op` is one."""
    shown = [Column("op", ColumnType.ENUM, "", {"key": "op"}, {}, "op"), *columns]
    select = json_select(
        f"SELECT * FROM feed_changes WHERE nth >= {int(first)} AND nth < {int(end)} ORDER BY nth",
        shown,
        segments,
        "key",
    )
    return duck.named_rows(select)
