"""What a timeline says, read from the facts that the exports read."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import msgspec

from tawny.engine.one_conversation import make_facts, rows_of
from tawny.errors import NotFoundError, RequestError
from tawny.exports.request import ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.exports.slicing import values_of
from tawny.model.business_hours import BusinessHours
from tawny.model.opening import windows
from tawny.model.zones import from_ms
from tawny.queries.catalogue import facts_alone
from tawny.timelines.timeline import Lane, Metric, MetricRun, Timeline, TimelineMark, TimelineSpan

Row = dict[str, Any]

LONGEST_ID = 256

_EXPORT = "open-conversations"
"""Whose facts these are: the same as those of resolved conversations, and without a range."""

_FACTS = ("conversation_summary", "responses", "scope_messages")

_STATUSES = ("new", "pending", "resolved")

_DAY_MS = 86_400_000

_MOST_DAYS = 3700
"""Opening hours of so many days are drawn at most, from the first."""

_LOCK_COLUMNS = {
    "handle": "handle_time",
    "no_response": "no_response_time",
    "cherry_picking": "cherry_picking_time",
}


def timeline(
    session: ExportSession,
    conversation: str,
    *,
    time_zone: str = "UTC",
    as_of: str | None = None,
    channels: Sequence[str] = (),
) -> Timeline:
    """A conversation as of an instant, in a time zone, on the state of the log of a session that
    has made nothing else; with channels only one of theirs. Raises `RequestError`, and
    `NotFoundError` for a conversation that has no rows."""
    if not 0 < len(conversation) <= LONGEST_ID:
        raise RequestError(
            "conversation: found an id of {length} characters; allowed 1 to {most}",
            length=len(conversation),
            most=LONGEST_ID,
        )
    request = ExportRequest(
        export_type=_EXPORT, time_zone=time_zone, as_of=as_of, channels=tuple(channels)
    )
    bounds = resolve(request, session.now_ms)
    view = dataclasses.replace(session.view(request, bounds, None), names_events=True)
    facts = facts_alone(_EXPORT, _FACTS)
    engine = session.engine
    there = make_facts(engine, session.snapshot, view, facts, conversation, values_of(view))
    values = rows_of(engine, "values") if there else []
    if not values:
        raise NotFoundError(
            "conversation: found {conversation!r}, which is none that can be shown: it was not "
            "created by then, is of another channel, or its contact was erased; take an id from an "
            "export",
            conversation=conversation,
        )
    found = values[0]
    marks = [_mark(row) for row in rows_of(engine, "marks")]
    locks = _spans("lock", rows_of(engine, "locks"))
    read = Timeline(
        conversation=conversation,
        channel_id=found["channel_id"],
        channel=found["channel_name"] or found["channel_id"],
        zone=bounds.zone,
        time_zone=time_zone,
        as_of_ms=bounds.as_of_ms,
        log_version=session.log_version,
        created_ms=found["created_ms"],
        status=found["current_status"],
        resolved_ms=found["resolved_ms"],
        inbound_messages=found["inbound_messages"],
        outbound_messages=found["outbound_messages"],
        marks=marks,
        spans=[
            *_statuses(found["created_ms"], marks),
            *_spans("virtual_agent", rows_of(engine, "virtual_agents")),
            *locks,
            *_spans("response", rows_of(engine, "responses")),
        ],
        metrics=_metrics(found, locks),
        open_hours=None,
    )
    hours = rows_of(engine, "hours")
    return dataclasses.replace(read, open_hours=_open_hours(hours, read.first_ms, read.last_ms))


def _mark(row: Row) -> TimelineMark:
    return TimelineMark(
        row["time_ms"],
        row["kind"],
        row["agent_id"],
        row["agent_name"] or row["agent_id"],
        row["message_id"],
        row["cause"],
        row["reason"],
    )


def _spans(lane: Lane, rows: Sequence[Row]) -> list[TimelineSpan]:
    return [
        TimelineSpan(
            lane,
            row["start_ms"],
            row["end_ms"],
            row["kind"],
            row["agent_id"],
            row["agent_name"] or row["agent_id"],
            row.get("message_id"),
        )
        for row in rows
    ]


def _statuses(created_ms: int, marks: Sequence[TimelineMark]) -> list[TimelineSpan]:
    """The statuses one after the other: `new` from the creation on, what is dated before it too."""
    changes = [mark for mark in marks if mark.kind in _STATUSES]
    begin = min([created_ms, *(mark.time_ms for mark in changes)])
    steps: list[tuple[int, str]] = [(begin, "new")]
    for mark in changes:
        if mark.kind != steps[-1][1]:
            steps.append((mark.time_ms, mark.kind))
    ends = [start for start, _ in steps[1:]]
    return [
        TimelineSpan("status", start, end, status)
        for (start, status), end in zip(steps, [*ends, None], strict=True)
        if start != end
    ]


def _metrics(found: Row, locks: Sequence[TimelineSpan]) -> list[Metric]:
    first, resolution = [], []
    if found["first_response_time"] is not None:
        start, end = found["first_response_from_ms"], found["first_response_to_ms"]
        first = [MetricRun(start, end, found["first_response_ms"])]
    if found["resolution_time"] is not None:
        start, end = found["first_inbound_ms"], found["resolved_ms"]
        resolution = [MetricRun(start, end, end - start)]
    of_locks = {
        column: [
            MetricRun(span.start_ms, span.end_ms, span.end_ms - span.start_ms)
            for span in locks
            if span.kind == kind and span.end_ms is not None
        ]
        for kind, column in _LOCK_COLUMNS.items()
    }
    runs = {"first_response_time": first, "resolution_time": resolution, **of_locks}
    return [Metric(column, found[column], some) for column, some in runs.items()]


def _open_hours(
    versions: Sequence[Row], first_ms: int, last_ms: int
) -> list[tuple[int, int]] | None:
    """The windows of the business hours that the channel had at each instant between two."""
    if all(version["business_hours"] is None for version in versions):
        return None
    first_ms -= first_ms % _DAY_MS
    last_ms = min(last_ms + _DAY_MS, first_ms + _MOST_DAYS * _DAY_MS)
    found: list[tuple[int, int]] = []
    for version in versions:
        start = first_ms if version["from_ms"] is None else max(first_ms, version["from_ms"])
        end = last_ms if version["until_ms"] is None else min(last_ms, version["until_ms"])
        if start >= end:
            continue
        if version["business_hours"] is None:
            found.append((start, end))
            continue
        hours = msgspec.json.decode(version["business_hours"], type=BusinessHours)
        near = datetime.timedelta(days=1)
        days = windows(hours, from_ms(start).date() - near, from_ms(end).date() + near)
        cut = ((max(start, begins), min(end, ends)) for begins, ends in days)
        found += [(begins, ends) for begins, ends in cut if begins < ends]
    return found
