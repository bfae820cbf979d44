"""What belongs to tickets and people and is read by itself: ratings, surveys, presence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tawny.sources.reader import Page, Record, Window
from tawny.sources.report import GapReport
from tawny.sources.zendesk.context import SyncContext
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.presence import AgentTimeline
from tawny.sources.zendesk.surveys import rating_record, response_record

Json = Mapping[str, Any]
_RecordOf = Callable[[Json, ZendeskDirectory, Window, GapReport], Record | None]


class Feedback:
    """Reads them."""

    def __init__(self, at: SyncContext) -> None:
        self._at = at

    def ratings(self, answered_ms: int) -> Iterator[Page]:
        """Ratings of two steps; those offered since `answered_ms` may have an answer now."""
        start_s = min(self._at.start_s("ratings_s"), answered_ms // 1000)
        with self._at.optional("satisfaction_ratings"):
            for page in self._at.desk.some(
                "/api/v2/satisfaction_ratings.json", "satisfaction_ratings", {"start_time": start_s}
            ):
                yield self._at.page(
                    self._surveys(page.items, rating_record, "satisfaction_ratings")
                )
            self._at.cursors["ratings_s"] = self._at.window.horizon_us // 1_000_000

    def responses(self) -> Iterator[Page]:
        """Surveys: new ones each time; all of them, for their answers, when is looked for what is
        gone."""
        looks = self._at.window.look_for_gone or "responses" not in self._at.cursors
        after = "" if looks else str(self._at.cursors["responses"])
        first = {"page[after]": after} if after else {}
        with self._at.optional("survey_responses"):
            for page in self._at.desk.some(
                "/api/v2/guide/survey_responses.json", "survey_responses", first
            ):
                yield self._at.page(self._surveys(page.items, response_record, "survey_responses"))
                after = page.next or after
            self._at.cursors["responses"] = after

    def _surveys(self, rows: Sequence[Any], record: _RecordOf, kind: str) -> list[Record]:
        found = []
        for row in rows:
            with self._at.one(kind, row):
                self._at.report.read[kind] += 1
                made = record(row, self._at.directory, self._at.window, self._at.report)
                if made is not None:
                    found.append(made)
        return found

    def timeline(self) -> Iterator[Page]:
        """Spans of the presence of agents."""
        reached_us = self._at.cursors.get("timeline_us")
        start_us = self._at.since_s * 1_000_000
        if reached_us is not None:
            start_us = max(0, int(reached_us) - self._at.window.overlap_us)
        timeline = AgentTimeline(self._at.directory, self._at.window, self._at.report)
        with self._at.optional("agent_timeline"):
            for page in self._at.desk.agent_timeline(start_us):
                self._at.report.read["agent_timeline"] += len(page.items)
                yield self._at.page(timeline.records(page.items, ended=page.ended))
            waiting_ms = timeline.waiting_ms()
            reached_us = self._at.window.horizon_us
            if waiting_ms is not None:
                reached_us = min(reached_us, waiting_ms * 1000 + self._at.window.overlap_us)
            self._at.cursors["timeline_us"] = reached_us
