"""What always holds between exports, in one table; `tawny check` looks whether it does on a log.

Each identity is a query over whole exports and over the exports of adjoining ranges. It gives two
numbers that must be equal (or the left one not larger) and how many rows or ids break it. Lock
times are compared in milliseconds, before they are rounded for a cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tawny.exports.queries import EXPORT_TYPES

Which = Literal["whole", "parts"]

LOCK_TIMES = (
    "CREATE TEMP TABLE lock_times (part INTEGER, agent_id VARCHAR, kind VARCHAR, ms BIGINT)"
)
"""Lock time of human agents by kind: in the range (part 0), in each of the adjoining ranges (from
1), in the whole log (part -1)."""

CONVERSATION_LOCK_TIMES = (
    "CREATE TEMP TABLE conversation_lock_times (conversation_id VARCHAR, kind VARCHAR, ms BIGINT)"
)
"""Lock time of every conversation of the whole log, those of erased contacts among them."""

VIRTUAL_PEOPLE = "CREATE TEMP TABLE virtual_people (agent_id VARCHAR)"
"""Agents that are virtual."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity. `sql` gives one row: left number, right number, how many break it.

    It reads `<type>_whole` and `<type>_parts` (the rows of the range and of the ranges that adjoin
    in it, hyphens as underscores) and the tables above.
    """

    name: str
    holds: dict[str, str]
    """What holds, in `en` and `fr`."""
    unit: dict[str, str]
    """What the numbers count, in `en` and `fr`."""
    sql: str
    relation: Literal["=", "<="] = "="
    in_ms: bool = False
    """Whether the numbers are milliseconds; they are shown as seconds."""

    def reads(self) -> list[tuple[str, Which]]:
        """The exports it needs."""
        return [
            (export_type, which)
            for export_type in EXPORT_TYPES
            for which in _WHICH
            if re.search(rf"\b{relation_name(export_type, which)}\b", self.sql)
        ]


_WHICH: tuple[Which, ...] = ("whole", "parts")


def relation_name(export_type: str, which: Which) -> str:
    """The name under which an identity reads the rows of an export."""
    return f"{export_type.replace('-', '_')}_{which}"


def _adjoining(export_type: str, key: str, unit_en: str, unit_fr: str) -> Identity:
    """The rows of adjoining ranges, cell by cell, are those of the whole, and none comes twice."""
    whole, parts = (relation_name(export_type, which) for which in _WHICH)
    return Identity(
        name=f"{export_type}-adjoining",
        holds={
            "en": f"{export_type}: adjoining ranges have no row in common and together all rows",
            "fr": f"{export_type} : des plages contiguës n'ont aucune ligne en commun et "
            "réunissent toutes les lignes",
        },
        unit={"en": unit_en, "fr": unit_fr},
        sql=f"""
        WITH whole AS (SELECT {key} AS id, hash(cells) AS cells FROM {whole} AS cells),
        parts AS (SELECT {key} AS id, hash(cells) AS cells FROM {parts} AS cells),
        missing AS (SELECT id, cells FROM whole EXCEPT ALL SELECT id, cells FROM parts),
        additional AS (SELECT id, cells FROM parts EXCEPT ALL SELECT id, cells FROM whole)
        SELECT
            (SELECT count(*) FROM parts),
            (SELECT count(*) FROM whole),
            (SELECT count(*) FROM missing) + (SELECT count(*) FROM additional)
                + (SELECT count(*) - count(DISTINCT id) FROM parts)
        """,
    )


def _not_larger(
    export_type: str, part: str, whole: str, en: str, fr: str, unit_en: str, unit_fr: str
) -> Identity:
    """In no row is a part larger than its whole."""
    rows = relation_name(export_type, "whole")
    return Identity(
        name=f"{export_type}-{part.replace('_', '-')}",
        holds={"en": en, "fr": fr},
        unit={"en": unit_en, "fr": unit_fr},
        sql=f"SELECT coalesce(sum({part}), 0), coalesce(sum({whole}), 0), "
        f"count(*) FILTER ({part} > {whole}) FROM {rows}",
        relation="<=",
    )


IDENTITIES: tuple[Identity, ...] = (
    _adjoining("resolved-conversations", "conversation_id", "conversations", "conversations"),
    _adjoining("messages", "message_id", "messages", "messages"),
    _adjoining("response-times", "outbound_message_id", "responses", "réponses"),
    Identity(
        name="response-messages",
        holds={
            "en": "response-times: every Outbound Message ID is in messages",
            "fr": "response-times : chaque ID du message sortant figure dans messages",
        },
        unit={"en": "responses", "fr": "réponses"},
        sql="""
        SELECT count(*) FILTER (is_there), count(*), count(*) FILTER (NOT is_there)
        FROM (
            SELECT outbound_message_id IN (SELECT message_id FROM messages_whole) AS is_there
            FROM response_times_whole
        ) AS responses
        """,
    ),
    Identity(
        name="users-replies",
        holds={
            "en": "users: Replies are the agent replies by human agents in messages",
            "fr": "users : Réponses compte les réponses d'agents humains de messages",
        },
        unit={"en": "replies", "fr": "réponses"},
        sql="""
        WITH shown AS (SELECT user_id AS agent_id, replies FROM users_whole WHERE replies > 0),
        sent AS (
            SELECT agent_id, count(*) AS replies
            FROM messages_whole
            WHERE outbound_message_type = 'agent'
                AND agent_id IS NOT NULL
                AND agent_id NOT IN (SELECT agent_id FROM virtual_people)
            GROUP BY agent_id
        )
        SELECT
            (SELECT coalesce(sum(replies), 0) FROM shown),
            (SELECT coalesce(sum(replies), 0) FROM sent),
            (SELECT count(*) FROM (SELECT * FROM shown EXCEPT SELECT * FROM sent) AS one)
                + (SELECT count(*) FROM (SELECT * FROM sent EXCEPT SELECT * FROM shown) AS other)
        """,
    ),
    Identity(
        name="users-lock-times-adjoining",
        holds={
            "en": "Handle, No Response and Cherry Picking Time of users: adjoining ranges add up "
            "to the whole",
            "fr": "temps de traitement, sans réponse et de consultation sans suite de users : des "
            "plages contiguës s'additionnent",
        },
        unit={"en": "s", "fr": "s"},
        sql="""
        WITH per_agent AS (
            SELECT
                coalesce(sum(ms) FILTER (part > 0), 0) AS parts_ms,
                coalesce(sum(ms) FILTER (part = 0), 0) AS whole_ms
            FROM lock_times
            WHERE part >= 0
            GROUP BY agent_id, kind
        )
        SELECT
            coalesce(sum(parts_ms), 0), coalesce(sum(whole_ms), 0),
            count(*) FILTER (parts_ms <> whole_ms)
        FROM per_agent
        """,
        in_ms=True,
    ),
    Identity(
        name="lock-times-everywhere",
        holds={
            "en": "the same times over the whole log: users and all conversations, those of "
            "erased contacts included",
            "fr": "les mêmes temps sur tout le journal : users et toutes les conversations, "
            "contacts effacés compris",
        },
        unit={"en": "s", "fr": "s"},
        sql="""
        WITH kinds AS (
            SELECT kind, ms AS users_ms, 0 AS conversations_ms FROM lock_times WHERE part = -1
            UNION ALL
            SELECT kind, 0 AS users_ms, ms AS conversations_ms
            FROM (SELECT DISTINCT conversation_id, kind, ms FROM conversation_lock_times) AS times
        ),
        totals AS (
            SELECT sum(users_ms) AS users_ms, sum(conversations_ms) AS conversations_ms
            FROM kinds
            GROUP BY kind
        )
        SELECT
            coalesce(sum(users_ms), 0), coalesce(sum(conversations_ms), 0),
            count(*) FILTER (users_ms <> conversations_ms)
        FROM totals
        """,
        in_ms=True,
    ),
    _not_larger(
        "topics", "current_conversations", "total_conversations",
        "topics: current conversations are at most the total conversations",
        "topics : les conversations actuelles ne dépassent pas le nombre total",
        "conversations", "conversations",
    ),
    _not_larger(
        "tags", "current_messages", "total_messages",
        "tags: current messages are at most the total messages",
        "tags : les messages actuels ne dépassent pas le nombre total",
        "messages", "messages",
    ),
    _not_larger(
        "virtual-agents", "handed_over_error", "handed_over",
        "virtual-agents: Handed Over Due to Error is at most Handed Over to Agent",
        "virtual-agents : Transférées suite à une erreur ne dépasse pas Transférées à un agent",
        "conversations", "conversations",
    ),
    Identity(
        name="users-utilization",
        holds={
            "en": "users: Utilization is from 0 to 100",
            "fr": "users : Utilisation va de 0 à 100",
        },
        unit={"en": "users", "fr": "utilisateurs"},
        sql="""
        SELECT
            count(*) FILTER (utilization BETWEEN 0 AND 100), count(utilization),
            count(*) FILTER (utilization NOT BETWEEN 0 AND 100)
        FROM users_whole
        """,
    ),
    Identity(
        name="open-not-resolved",
        holds={
            "en": "open-conversations: no Current Status is resolved",
            "fr": "open-conversations : aucun Statut actuel n'est resolved",
        },
        unit={"en": "conversations", "fr": "conversations"},
        sql="""
        SELECT
            count(*) FILTER (current_status <> 'resolved'), count(*),
            count(*) FILTER (current_status = 'resolved')
        FROM open_conversations_whole
        """,
    ),
)  # fmt: skip
"""All of them, in the order in which they are checked and shown."""
