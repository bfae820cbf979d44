"""A timeline as text for people and as JSON for programs."""

from __future__ import annotations

from typing import Any

from tawny.languages import translated
from tawny.model.zones import instant_text, local_text
from tawny.queries.catalogue import query
from tawny.queries.columns import Column
from tawny.text import Text, one_line
from tawny.timelines.timeline import Metric, Timeline, TimelineSpan
from tawny.timelines.words import LANES, length_words, mark_words, span_words, summary

Json = dict[str, Any]


def column_of(metric: Metric) -> Column:
    """The column of the exports that a time is the value of."""
    columns = query("resolved-conversations").columns
    return next(column for column in columns if column.key == metric.column)


def as_text(timeline: Timeline, language: str) -> str:
    """What it says, in a language (`en`, `fr`), without a line end."""

    def say(text: Text) -> str:
        return translated(text.with_values(one_line), language)

    def moment(instant_ms: int) -> str:
        return local_text(instant_ms, timeline.zone)

    def period(start_ms: int, end_ms: int | None) -> str:
        begin = moment(start_ms)
        if end_ms is None:
            return say(Text("from {begin} on", begin=begin))
        length = say(length_words(end_ms - start_ms))
        return say(
            Text("{begin} to {end}, {length}", begin=begin, end=moment(end_ms), length=length)
        )

    lines = [say(summary(timeline)), ""]
    for metric in timeline.metrics:
        header = column_of(metric).headers[language]
        if metric.value is None:
            lines.append(say(Text("{header}: empty", header=header)))
            continue
        lines.append(say(Text("{header}: {value}", header=header, value=metric.value)))
        lines += [f"    {period(run.start_ms, run.end_ms)}" for run in metric.runs]
    for lane in ("status", "virtual_agent", "lock", "response"):
        spans = timeline.of_lane(lane)
        if spans:
            lines += ["", say(LANES[lane])]
            lines += [
                f"  {period(span.start_ms, span.end_ms)}: {say(span_words(span))}" for span in spans
            ]
    lines += ["", say(Text("As of {as_of}, what happened in its order:",
                           as_of=moment(timeline.as_of_ms)))]  # fmt: skip
    lines += [f"  {moment(mark.time_ms)}  {say(mark_words(mark))}" for mark in timeline.marks]
    return "\n".join(lines)


def as_json(timeline: Timeline, language: str) -> Json:
    """The same for programs; sentences in a language. Instants are UTC."""
    hours = timeline.open_hours
    return {
        "conversation": timeline.conversation,
        "says": translated(summary(timeline), language),
        "channel": {"id": timeline.channel_id, "name": timeline.channel},
        "time_zone": timeline.time_zone,
        "as_of": instant_text(timeline.as_of_ms),
        "log_version": timeline.log_version,
        "created": instant_text(timeline.created_ms),
        "resolved": None if timeline.resolved_ms is None else instant_text(timeline.resolved_ms),
        "status": timeline.status,
        "inbound_messages": timeline.inbound_messages,
        "outbound_messages": timeline.outbound_messages,
        "metrics": [
            {
                "column": metric.column,
                "header": column_of(metric).headers[language],
                "value": metric.value,
                "runs": [
                    {
                        "from": instant_text(run.start_ms),
                        "to": instant_text(run.end_ms),
                        "ms": run.length_ms,
                    }
                    for run in metric.runs
                ],
            }
            for metric in timeline.metrics
        ],
        "statuses": [_span(span, language) for span in timeline.of_lane("status")],
        "virtual_agents": [_span(span, language) for span in timeline.of_lane("virtual_agent")],
        "locks": [_span(span, language) for span in timeline.of_lane("lock")],
        "responses": [_span(span, language) for span in timeline.of_lane("response")],
        "open_hours": None
        if hours is None
        else [{"from": instant_text(start), "to": instant_text(end)} for start, end in hours],
        "events": [
            {
                "time": instant_text(mark.time_ms),
                "kind": mark.kind,
                "says": translated(mark_words(mark), language),
                "agent_id": mark.agent_id,
                "agent_name": mark.agent,
                "message_id": mark.message_id,
            }
            for mark in timeline.marks
        ],
    }


def _span(span: TimelineSpan, language: str) -> Json:
    return {
        "from": instant_text(span.start_ms),
        "to": None if span.end_ms is None else instant_text(span.end_ms),
        "ms": None if span.end_ms is None else span.end_ms - span.start_ms,
        "kind": span.kind,
        "says": translated(span_words(span), language),
        "agent_id": span.agent_id,
        "agent_name": span.agent,
        "message_id": span.message_id,
    }
