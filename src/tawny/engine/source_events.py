"""The events of one source in the log, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tawny.engine.duck import Duck
from tawny.engine.schema_evolution import events_of
from tawny.log.files import Snapshot
from tawny.model.events import FAMILIES


def source_events(
    duck: Duck, snapshot: Snapshot, source: str, after_version: int
) -> Iterator[Mapping[str, Any]]:
    """The events of a source that arrived after a version of the log, a family after the other;
    `time_ms` in milliseconds since 1970 UTC, absent fields null."""
    for family in FAMILIES:
        paths = snapshot.paths(family)
        if not paths:
            continue
        batches = duck.batches(
            f"SELECT * EXCLUDE (time, log_version), epoch_ms(time) AS time_ms "
            f"FROM ({_all(snapshot, family, paths)}) AS events "
            "WHERE source = $source AND log_version > $version",
            {"source": source, "version": after_version},
        )
        for batch in batches:
            yield from batch.to_pylist()


_COUNTED = (
    ("conversations", "conversation", "type = 'conversation.created'", "conversation_id"),
    ("messages inbound", "message",
     "type = 'message.created' AND direction = 'inbound'", "message_id"),
    ("messages outbound", "message",
     "type = 'message.created' AND direction = 'outbound'", "message_id"),
    ("surveys", "survey", "type = 'csat.sent'", "survey_id"),
    ("answers", "survey", "type = 'csat.answered'", "survey_id"),
    ("resolves", "status",
     "type = 'conversation.status_changed' AND status = 'resolved' AND id LIKE '%/status/r%'",
     "id"),
    ("contacts", "contact", "type = 'contact.saved'", "contact_id"),
)  # fmt: skip
"""What is counted, by which of a family's events, and what each is known by."""


def events_by_month(
    duck: Duck, snapshot: Snapshot, source: str, until_us: int
) -> dict[tuple[str, str], int]:
    """How many things of a kind a source's events name, by the UTC month (`YYYY-MM`) of the first
    of them, up to an instant in microseconds since 1970 UTC."""
    found: dict[tuple[str, str], int] = {}
    for kind, family, condition, known_by in _COUNTED:
        paths = snapshot.paths(family)
        if not paths:
            continue
        rows = duck.rows(
            f"SELECT strftime(first, '%Y-%m') AS month, count(*) FROM ("
            f"SELECT min(time) AS first FROM ({_all(snapshot, family, paths)}) AS events "
            f"WHERE source = $source AND {condition} GROUP BY {known_by}) "
            "WHERE epoch_us(first) <= $until GROUP BY month",
            {"source": source, "until": until_us},
        )
        found |= {(kind, str(month)): int(str(count)) for month, count in rows}
    return found


def count_of_source(duck: Duck, snapshot: Snapshot, source: str) -> int:
    """How many events of a source are in the log."""
    total = 0
    for family in FAMILIES:
        paths = snapshot.paths(family)
        if paths:
            rows = duck.rows(
                f"SELECT count(*) FROM ({_all(snapshot, family, paths)}) AS events "
                "WHERE source = $source",
                {"source": source},
            )
            total += int(str(rows[0][0]))
    return total


def _all(snapshot: Snapshot, family: str, paths: list[str]) -> str:
    return f"SELECT * FROM {events_of(snapshot, family, paths)}"
