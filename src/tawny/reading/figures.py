"""The figures of the day: a period against the one before it, read from the rows of the exports
themselves, so that no page has a second definition of a number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from msgspec.structs import replace

from tawny.engine.base import Value
from tawny.engine.finished_rows import keep_as_table
from tawny.exports.request import ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.log.files import Snapshot
from tawny.model.events import CONVERSATION_FAMILIES
from tawny.model.zones import instant_text, moment_ms
from tawny.queries.statements import statement
from tawny.reading.preview import prepare


@dataclass(frozen=True, slots=True)
class Figures:
    """What the exports of one period come to; None where nothing was measured."""

    conversations: int
    """With a message in the period."""
    resolved: int
    measured: int
    """Of the resolved ones those with a first response time."""
    half_s: float | None
    """The median of first response times, in seconds of opening hours."""
    most_s: float | None
    """Their 90th percentile."""
    scores: int
    """Of the resolved ones those whose last survey was answered."""
    score: float | None
    """The average of these answers, from 1 to 5."""
    by_virtual_agents: int
    """Of the resolved ones those that a virtual agent resolved."""
    open_under_1_day: int
    """Conversations that are open at the end, by their age."""
    open_under_7_days: int
    open_longer: int


def figures_of_periods(
    session: ExportSession, request: ExportRequest, middle: str
) -> list[dict[str, Any]]:
    """The figures from a local date on (`middle`) to the end of a range, and those of the range up
    to that date; each as JSON has it.

    Adjoining ranges of these exports are disjoint, so one look at both gives the rows of each. Open
    are conversations as of the request, and so long before as the later period is.
    """
    bounds = resolve(replace(request, export_type="messages"), session.now_ms)
    assert bounds.from_ms is not None and bounds.to_ms is not None
    middle_ms = moment_ms("from", middle, bounds.zone)
    earlier_ms = bounds.as_of_ms - (bounds.to_ms - middle_ms)
    periods = [(middle_ms, bounds.to_ms), (bounds.from_ms, middle_ms)]
    reader = _Reader(session, request)
    messages = reader.split("messages", ("created_at", "conversation_id"), periods)
    resolved = reader.split(
        "resolved-conversations",
        ("resolved_at", "first_response_time", "csat_score", "resolved_by"),
        periods,
    )
    still_open = [reader.open_as_of(one_ms) for one_ms in (bounds.as_of_ms, earlier_ms)]
    return [
        asdict(Figures(**one, **another, **third))
        for one, another, third in zip(messages, resolved, still_open, strict=True)
    ]


def begin_of_conversations(snapshot: Snapshot) -> int | None:
    """When the first event of a conversation in the log was, in milliseconds since 1970 UTC; None
    when there is none."""
    times = (file.first_ms for file in snapshot.files if file.family in CONVERSATION_FAMILIES)
    return min(times, default=None)


class _Reader:
    """Reads figures of the rows of exports on one session."""

    def __init__(self, session: ExportSession, request: ExportRequest) -> None:
        self._session = session
        self._request = request

    def split(
        self, export_type: str, keys: Collection[str], periods: Sequence[tuple[int, int]]
    ) -> list[dict[str, Any]]:
        """The figures of an export in each of some periods, as far as it needs those columns."""
        self._keep(replace(self._request, export_type=export_type), keys)
        return [
            self._figures(export_type, {"from_ms": from_ms, "to_ms": to_ms})
            for from_ms, to_ms in periods
        ]

    def open_as_of(self, as_of_ms: int) -> dict[str, Any]:
        """How many conversations were open at an instant, by age."""
        request = replace(
            self._request,
            export_type="open-conversations",
            start=None,
            end=None,
            as_of=instant_text(as_of_ms),
        )
        self._keep(request, ("created_at",))
        return self._figures("open-conversations", {"as_of_ms": as_of_ms})

    def _keep(self, request: ExportRequest, keys: Collection[str]) -> None:
        prepared = prepare(self._session, request, None)
        keep_as_table(
            self._session.engine,
            prepared.export.statement,
            prepared.values,
            [column for column in prepared.export.columns if column.key in keys],
        )

    def _figures(self, export_type: str, values: Mapping[str, Value]) -> dict[str, Any]:
        text = statement(f"figures/{export_type}.sql")
        [row] = self._session.engine.named_rows(text, values)
        return row
