"""What always holds between exports, in one table; `tawny verify` looks whether it does on a log.

Each identity is a statement of `tawny/queries/sql/checks` over whole exports and over the exports
of adjoining ranges. For each row or id that it compares, it gives two numbers and how often they
break it; their sums must be equal (or the left one not larger). Lock times are compared in
milliseconds, before they are rounded for a cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from tawny.queries.catalogue import EXPORT_TYPES
from tawny.queries.statements import statement
from tawny.text import Text

Which = Literal["whole", "parts", "log"]
"""The rows of the range, of the ranges that adjoin in it, or of the range of the whole log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity. `sql` gives rows: a key, left number, right number, how often it breaks.

    It reads `<type>_whole` and `<type>_parts` (the rows of the range and of the ranges that adjoin
    in it, hyphens as underscores), or for `compares` the keys and hashes of both (`whole_rows`,
    `part_rows`), and the tables of lock times and virtual agents (`verify.py`).
    """

    name: str
    holds: Text
    unit: Text
    """What the numbers count."""
    sql: str
    relation: Literal["=", "<="] = "="
    in_ms: bool = False
    """Whether the numbers are milliseconds; they are shown as seconds."""
    compares: str = ""
    """The export of which all rows are compared, whatever its columns."""

    def is_between(self, export_types: Collection[str]) -> bool:
        """Whether it compares rows of these exports in the range itself, and nothing else."""
        reads = self.reads()
        return (
            bool(reads)
            and all(name in export_types and which == "whole" for name, which in reads)
            and not any(table in self.sql for table in EVENT_TABLES)
        )

    def reads(self) -> list[tuple[str, Which]]:
        """The exports it needs."""
        return [
            (export_type, which)
            for export_type in EXPORT_TYPES
            for which in _WHICH
            if (export_type == self.compares and which != "log")
            or re.search(rf"\b{relation_name(export_type, which)}\b", self.sql)
        ]


_WHICH: tuple[Which, ...] = ("whole", "parts", "log")

EVENT_TABLES = ("conversations_of_log", "applied_labels_in_range")
"""Tables that are read from the events of the whole log, beside the exports."""


def relation_name(export_type: str, which: Which) -> str:
    """The name under which an identity reads the rows of an export."""
    return f"{export_type.replace('-', '_')}_{which}"


def _identity(
    name: str, holds: Text, unit: Text, relation: Literal["=", "<="] = "=", *, in_ms: bool = False
) -> Identity:
    """What a statement of `checks/` compares, named as it."""
    return Identity(name, holds, unit, statement(f"checks/{name}.sql"), relation, in_ms)


def _adjoining(export_type: str, unit: Text) -> Identity:
    """The rows of adjoining ranges, cell by cell, are those of the whole, and none comes twice."""
    return Identity(
        name=f"{export_type}-adjoining",
        holds=Text(
            "{export_type}: adjoining ranges have no row in common and together all rows",
            export_type=export_type,
        ),
        unit=unit,
        sql=statement("checks/adjoining.sql"),
        compares=export_type,
    )


IDENTITIES: tuple[Identity, ...] = (
    _adjoining("resolved-conversations", Text("conversations")),
    _adjoining("messages", Text("messages")),
    _adjoining("response-times", Text("responses")),
    _identity(
        "response-messages",
        Text("response-times: every Outbound Message ID is in messages"),
        Text("responses"),
    ),
    _identity(
        "users-replies",
        Text("users: Replies are the agent replies by human agents in messages"),
        Text("replies"),
    ),
    _identity(
        "users-lock-times-adjoining",
        Text("Handle, No Response and Cherry Picking Time of users: adjoining ranges add up "
            "to the whole"),
        Text("s"),
        in_ms=True,
    ),
    _identity(
        "lock-times-everywhere",
        Text("the same times over the whole log: users and all conversations, those of "
            "erased contacts included"),
        Text("s"),
        in_ms=True,
    ),
    _identity(
        "topics-current-conversations",
        Text("topics: current conversations are at most the total conversations"),
        Text("conversations"),
        "<=",
    ),
    _identity(
        "tags-current-messages",
        Text("tags: current messages are at most the total messages"),
        Text("messages"),
        "<=",
    ),
    _identity(
        "virtual-agents-handed-over-error",
        Text("virtual-agents: Handed Over Due to Error is at most Handed Over to Agent"),
        Text("conversations"),
        "<=",
    ),
    _identity(
        "users-utilization",
        Text("users: Utilization is from 0 to 100"),
        Text("users"),
    ),
    _identity(
        "open-not-resolved",
        Text("open-conversations: no Current Status is resolved"),
        Text("conversations"),
    ),
    _identity(
        "teams-replies",
        Text("teams: Replies are the agent replies with the team in messages"),
        Text("replies"),
    ),
    _identity(
        "lock-times-of-teams",
        Text("the lock times of users are those of teams and of locks without a team"),
        Text("s"),
        in_ms=True,
    ),
    _identity(
        "users-presence",
        Text("users: Available and Away Time are the intervals of user-presence, cut to the range"),
        Text("s"),
    ),
    _identity(
        "created-resolved-open",
        Text("the whole log: each created conversation is in resolved-conversations, in "
            "open-conversations or in both"),
        Text("conversations"),
    ),
    _identity(
        "topics-applied",
        Text("topics: total conversations are those to which an event applied the topic"),
        Text("conversations"),
    ),
    _identity(
        "tags-applied",
        Text("tags: total messages are those to which an event applied the tag"),
        Text("messages"),
    ),
)  # fmt: skip
"""All of them, in the order in which they are checked and shown."""

LOG_FILES = Identity(
    "log-files", Text("the log: every file holds the bytes that were written"), Text("files"), ""
)
STORED_FILES = Identity(
    "stored-files",
    Text("exports that the server keeps: every file is that of its receipt"),
    Text("files"),
    "",
)
FILE_CHECKS = (LOG_FILES, STORED_FILES)
"""What is looked at in files, not in rows: how many are right, of how many."""
