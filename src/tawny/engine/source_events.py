"""The events of one source in the log, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tawny.engine.duck import Duck
from tawny.engine.schema_evolution import events_of
from tawny.log.files import Snapshot
from tawny.model.event_types.watermark import SourceWatermark
from tawny.model.events import FAMILIES

WATERMARKS = SourceWatermark.family
"""The family of what a source states of its own reading; no record of the desk tells it."""


def source_events(
    duck: Duck, snapshot: Snapshot, source: str, after_version: int
) -> Iterator[Mapping[str, Any]]:
    """The events of a source that arrived after a version of the log, a family after the other;
    `time_ms` in milliseconds since 1970 UTC, absent fields null."""
    for family in FAMILIES:
        paths = snapshot.paths(family)
        if not paths or family == WATERMARKS:
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

_LABELS = """
    SELECT strftime(last.time, '%Y-%m') AS month, count(*)
    FROM (
        SELECT arg_max(
            {{'type': type, 'id': id, 'time': time}},
            {{'time': time, 'sequence': coalesce(sequence, ''), 'id': id}}
        ) AS last
        FROM ({events}) AS events
        WHERE source = $source AND epoch_us(time) <= $until
            AND type IN ('topic.applied', 'topic.removed')
        GROUP BY conversation_id, topic_id
    )
    WHERE last.type = 'topic.applied' AND regexp_matches(last.id, '/label/[0-9]+$')
    GROUP BY month
"""
"""Topics that are on a conversation now because a record of the desk says since when."""


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
    paths = snapshot.paths("label")
    if paths:
        events = _all(snapshot, "label", paths)
        rows = duck.rows(_LABELS.format(events=events), {"source": source, "until": until_us})
        found |= {("labels", str(month)): int(str(count)) for month, count in rows}
    return found


class ConversationFigures(NamedTuple):
    """What follows from the events of a conversation. Instants in milliseconds since 1970 UTC, cut
    to seconds."""

    reopens: int
    first_reply_ms: int | None
    """Of a person."""
    first_close_ms: int | None


_FIGURES = {
    "status": """
        SELECT
            conversation_id,
            count(*) FILTER (status = 'new' AND before = 'resolved'),
            NULL,
            min(time) FILTER (status = 'resolved')
        FROM (
            SELECT conversation_id, status, time, lag(status) OVER (
                PARTITION BY conversation_id ORDER BY time, sequence NULLS FIRST, id
            ) AS before
            FROM ({events}) AS events
            WHERE source = $source AND epoch_us(time) <= $until
                AND type = 'conversation.status_changed'
        )
        GROUP BY conversation_id
    """,
    "message": """
        SELECT conversation_id, 0, min(time), NULL
        FROM ({events}) AS events
        WHERE source = $source AND epoch_us(time) <= $until
            AND type = 'message.created' AND outbound_type = 'agent'
        GROUP BY conversation_id
    """,
}


def figures_of_conversations(
    duck: Duck, snapshot: Snapshot, source: str, until_us: int
) -> dict[str, ConversationFigures]:
    """What follows from a source's events up to an instant, by conversation; one of which nothing
    follows is not there."""
    parts = [
        text.format(events=_all(snapshot, family, paths))
        for family, text in _FIGURES.items()
        if (paths := snapshot.paths(family))
    ]
    if not parts:
        return {}
    rows = duck.rows(
        "SELECT id, sum(reopens)::BIGINT, epoch_ms(max(reply)) // 1000 * 1000, "
        "epoch_ms(max(closed)) // 1000 * 1000 "
        f"FROM ({' UNION ALL '.join(parts)}) AS figures(id, reopens, reply, closed) GROUP BY id",
        {"source": source, "until": until_us},
    )
    return {
        str(conversation): ConversationFigures(
            int(str(reopens)), *(None if one is None else int(str(one)) for one in instants)
        )
        for conversation, reopens, *instants in rows
    }


def count_of_source(duck: Duck, snapshot: Snapshot, source: str) -> int:
    """How many events of a source are in the log, what it states of itself not counted."""
    total = 0
    for family in FAMILIES:
        paths = snapshot.paths(family)
        if paths and family != WATERMARKS:
            rows = duck.rows(
                f"SELECT count(*) FROM ({_all(snapshot, family, paths)}) AS events "
                "WHERE source = $source",
                {"source": source},
            )
            total += int(str(rows[0][0]))
    return total


def _all(snapshot: Snapshot, family: str, paths: list[str]) -> str:
    return f"SELECT * FROM {events_of(snapshot, family, paths)}"
