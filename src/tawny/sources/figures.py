"""What a desk says of each conversation in its own statistics, beside what follows from the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from tawny.engine.source_events import ConversationFigures

NAMED = 100
"""So many conversations that differ are named in a row; all are counted."""


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """What a desk says of a conversation; None = it does not say. Instants in milliseconds since
    1970 UTC, cut to seconds."""

    month: str
    """In which it was created, UTC."""
    reopens: int | None
    first_reply_ms: int | None
    first_close_ms: int | None


@runtime_checkable
class FigureReader(Protocol):
    """A desk that says something of each conversation."""

    def figures(self) -> Mapping[str, DeskFigures]:
        """By the id in the log, of the conversations that the last `counts` read."""


def compared(
    there: Mapping[str, DeskFigures], here: Mapping[str, ConversationFigures]
) -> list[dict[str, Any]]:
    """A row for each figure and month: how many conversations the desk says it of, in how many of
    them the log says the same, and which differ."""
    said: dict[tuple[str, str], int] = defaultdict(int)
    differ: dict[tuple[str, str], list[str]] = defaultdict(list)
    for conversation, figures in there.items():
        own = here.get(conversation, ConversationFigures(0, None, None))
        for name, theirs, ours in (
            ("statistics.count_reopens", figures.reopens, own.reopens),
            ("statistics.first_admin_reply_at", figures.first_reply_ms, own.first_reply_ms),
            ("statistics.first_close_at", figures.first_close_ms, own.first_close_ms),
        ):
            if theirs is None:
                continue
            said[name, figures.month] += 1
            if theirs != ours:
                differ[name, figures.month].append(conversation)
    return [
        {
            "kind": kind,
            "month": month,
            "source": count,
            "log": count - len(differ[kind, month]),
            "difference": len(differ[kind, month]),
            "records": differ[kind, month][:NAMED],
        }
        for (kind, month), count in sorted(said.items(), key=lambda one: one[0][::-1])
    ]
