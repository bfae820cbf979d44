"""The twelve exports in plain Python, transcribed from the written rules: lists, sorts, loops.

The product computes them in SQL. This second reading of the same rules shares no code with it, so
that a difference between the two is a mistake in one of them. It is slow on purpose: nothing here
is clever.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from . import exports, people
from .facts import Facts
from .values import csv_line

ROWS: dict[str, Callable[[Facts], list[list[str]]]] = {
    "resolved-conversations": exports.resolved_conversations,
    "open-conversations": exports.open_conversations,
    "messages": exports.messages,
    "teams": people.teams,
    "contacts": exports.contacts,
    "topics": exports.topics,
    "tags": exports.tags,
    "user-presence": people.user_presence,
    "users": people.users,
    "response-times": exports.response_times,
    "virtual-agents": exports.virtual_agents,
    "contact-attributes": exports.contact_attributes,
}


def read_headers() -> dict[str, list[str]]:
    """The English headers of every export, in order."""
    with (Path(__file__).parent / "headers.csv").open(encoding="utf-8", newline="") as lines:
        return {line[0]: line[1:] for line in csv.reader(lines)}


HEADERS = read_headers()


def rows(events: Iterable[Mapping[str, Any]], request: Mapping[str, Any]) -> list[list[str]]:
    """The cells of an export as the machine dialect writes them, without the header row.

    `events` are CloudEvents in any order, with repetitions; `request` has `type`, `from` and `to`
    (not needed for open conversations), `tz`, `as_of` and optionally `channels`. A range that is
    none and a channel that appears nowhere raise `ValueError`.
    """
    found = ROWS[request["type"]](Facts(events, request))
    assert all(len(row) == len(HEADERS[request["type"]]) for row in found)
    return found


def run(events: Iterable[Mapping[str, Any]], request: Mapping[str, Any]) -> str:
    """The whole file in the machine dialect, with English headers and message contents."""
    lines = [HEADERS[request["type"]], *rows(events, request)]
    return "".join(csv_line(line) for line in lines)


__all__ = ["HEADERS", "ROWS", "Facts", "rows", "run"]
