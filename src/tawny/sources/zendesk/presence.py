"""Who was there when, where the account has Zendesk Chat: spans of a status become changes.

A span ends what was before it. What no span covers was offline; that is said once a span that goes
on there would be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tawny.sources.events import Event, Facts
from tawny.sources.reader import Record, Window
from tawny.sources.report import GapReport
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.words import instant_ms, number_of
from tawny.text import Text

_PRESENCE = {"online": "available", "away": "away", "invisible": "offline", "offline": "offline"}
_TOUCHING_MS = 1_000
"""Spans so near to each other follow on each other: they are told in seconds."""

Span = tuple[int, int, str]
"""Start, end, status. Times in milliseconds since 1970 UTC."""


class AgentTimeline:
    """Spans page by page: the last one of each agent waits for what follows on it."""

    def __init__(self, directory: ZendeskDirectory, window: Window, report: GapReport) -> None:
        self._directory = directory
        self._window = window
        self._report = report
        self._last: dict[int, Span] = {}

    def records(self, rows: Sequence[Any], *, ended: bool) -> list[Record]:
        """The records of the agents of a page; all that wait of the last one."""
        spans: dict[int, set[Span]] = {agent: {span} for agent, span in self._last.items()}
        for row in rows:
            name = f"timeline/{row.get('agent_id')}" if isinstance(row, Mapping) else "timeline"
            try:
                start_ms = instant_ms(row["start_time"])
                end_ms = start_ms + round(float(row["duration"]) * 1000)
                agent, word = number_of(row["agent_id"]), str(row["status"])
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                self._report.leave_out(
                    name, Text("it cannot be read ({reason})", reason=type(error).__name__)
                )
                continue
            if word not in _PRESENCE:
                self._report.unknown_value("agent_timeline.status", word, name)
                self._report.leave_out(name, Text("its status is unknown"))
            elif not self._window.is_young(start_ms * 1000):
                spans.setdefault(agent, set()).add((start_ms, end_ms, word))
        records = []
        for agent, found in spans.items():
            ordered = sorted(found)
            self._last[agent] = ordered[-1]
            changes = list(self._changes(agent, ordered, ended=ended))
            records.append(Record(f"presence/{agent}", _Sent(changes)))
        return records

    def waiting_ms(self) -> int | None:
        """Since when there are spans whose end is not sure yet."""
        return min(
            (start for start, end, word in self._last.values() if not self._is_sure(end, word)),
            default=None,
        )

    def _is_sure(self, end_ms: int, word: str) -> bool:
        settled_us = self._window.horizon_us - self._window.overlap_us
        return _PRESENCE[word] == "offline" or end_ms * 1000 < settled_us

    def _changes(self, agent: int, spans: Sequence[Span], *, ended: bool) -> Iterator[Event]:
        data = {"agent_id": self._directory.named(agent)}
        for place, (start_ms, end_ms, word) in enumerate(spans):
            event_id = f"chat/timeline/{agent}/{start_ms}"
            told = {**data, "presence": _PRESENCE[word]}
            yield Event(event_id, "presence.changed", start_ms, told)
            if place + 1 < len(spans):
                goes_on = spans[place + 1][0] <= end_ms + _TOUCHING_MS
            else:
                goes_on = not (ended and self._is_sure(end_ms, word))
            if not goes_on and _PRESENCE[word] != "offline":
                gone = {**data, "presence": "offline"}
                yield Event(f"{event_id}/end", "presence.changed", end_ms, gone)


class _Sent:
    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events

    def __call__(self, _: Facts) -> Sequence[Event]:
        return self._events
