"""The events that changed the rows of a file after it was made, as its receipt names them."""

from __future__ import annotations

import functools
from typing import Any

from tawny.engine.duck import Duck
from tawny.engine.fresh_events import ERASED, EventsRead
from tawny.engine.touched import Touched
from tawny.engine.touched_files import FileSpan
from tawny.model.events import CONVERSATION_FAMILIES
from tawny.model.zones import instant_text
from tawny.queries.catalogue import Query

MOST_EVENTS = 100
"""So many are named; all are counted."""


class LateEvents:
    """Finds them where `Touched` has found what they touch."""

    def __init__(self, duck: Duck, touched: Touched, read: EventsRead) -> None:
        self._duck = duck
        self._events = touched.events
        self._types = read.types

    def content(self, file: FileSpan, export: Query) -> dict[str, Any]:
        """How many there are and the first of them, in the order in which they came; those of the
        conversations whose rows are other ones, or that something happened to in the range, and
        those about people, teams, labels and channels."""
        self._make_related(file, export)
        types = ", ".join(f"'{name}'" for name in sorted(self._types))
        parts = []
        for family in sorted(self._events.families & export.families | {"contact"}):
            where = f"type IN ({types}) AND (time_ms <= {file.as_of_ms} OR type = '{ERASED}')"
            if family in CONVERSATION_FAMILIES:
                where += " AND conversation_id IN (SELECT conversation_id FROM late_related)"
            elif family == "contact":
                where += (
                    " AND contact_id IN (SELECT contact_id FROM all_conversation "
                    "WHERE conversation_id IN (SELECT conversation_id FROM late_related))"
                )
            parts.append(
                "SELECT source, id, type, time_ms, log_version, coalesce(sequence, '') AS sequence "
                f"FROM fresh_{family} WHERE {where}"
            )
        select = "\nUNION ALL\n".join(parts)
        [[count]] = self._duck.rows(f"SELECT count(*) FROM ({select}) AS late")
        rows = self._duck.rows(
            f"SELECT source, id, type, time_ms FROM ({select}) AS late "
            f"ORDER BY log_version, time_ms, sequence, source, id LIMIT {MOST_EVENTS}"
        )
        return {
            "count": int(str(count)),
            "first": [
                {"source": source, "id": id_, "type": type_, "time": instant_text(int(str(at_ms)))}
                for source, id_, type_, at_ms in rows
            ],
        }

    def _make_related(self, file: FileSpan, export: Query) -> None:
        """Make `late_related (conversation_id)`."""
        touched = f"SELECT conversation_id FROM touches WHERE step <= {file.as_of_ms}"
        if "conversation_id" in [column.key for column in export.columns] and not export.sums_up:
            # Every row of such an export is of a conversation, and `rows_...` are those of both.
            touched = (
                "SELECT conversation_id FROM rows_now UNION SELECT conversation_id FROM rows_before"
            )
        elif file.from_ms is not None and file.to_ms is not None:
            near = functools.partial(self._near, file.from_ms, file.to_ms - 1)
            happened = " UNION ".join(
                f"SELECT conversation_id FROM {near(family)}"
                for family in self._events.own_families()
            )
            touched += f" AND conversation_id IN ({happened})"
        self._duck.make_step("late_related", f"SELECT DISTINCT * FROM ({touched}) AS found", {},
                             reads=1)  # fmt: skip

    def _near(self, first_ms: int, last_ms: int, family: str) -> str:
        return self._events.make_near(f"near_{family}", family, first_ms, last_ms)


def changes_by_op(duck: Duck) -> dict[str, int]:
    """How many of the rows that `make_changes` compared were inserted, updated, deleted."""
    rows = duck.rows("SELECT op, count(*) FROM feed_changes GROUP BY op")
    return {str(op): int(str(count)) for op, count in rows}
