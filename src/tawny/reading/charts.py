"""Charts of an export, computed from its own rows, so that a chart and a file cannot disagree. What
a chart shows is a statement of its name in `tawny/queries/sql/charts`.

Each type that is better looked at than read has its entry in `CHARTS`. Labels and series that are
words of ours are keys to be translated; those out of the data are marked.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tawny.engine.base import Value
from tawny.engine.finished_rows import keep_as_table
from tawny.errors import RequestError
from tawny.exports.periods import preceding
from tawny.exports.receipt import Replay
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.model.zones import offset_segments
from tawny.queries.statements import statement
from tawny.reading.preview import prepare

MOST_LABELS = 20
"""Of a ranking; the smaller ones are left to the file."""
MOST_AGENTS = 60
"""Rows of a timeline."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars: a value for each label of its chart; None = not measured."""

    name: str
    """A key to translate, such as `inbound`, or a name out of the data (`is_data`)."""
    values: Sequence[float | None]
    is_data: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of a timeline, in milliseconds since 1970 UTC."""

    row: str
    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers to be drawn and shown as a table."""

    key: str
    """Names the chart for its title, such as `resolved_per_day`."""
    kind: str
    """`bars`, `stacked`, `line` or `timeline`."""
    label: str
    """What `labels` are: `day`, `hour`, `bucket`, `percentile`, or, out of the data, `team`,
    `topic`, `tag`, `agent`."""
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]
    spans: Sequence[Span] = ()
    """Of a timeline, whose labels are its rows."""
    more: int = 0
    """How many labels are left out, the smaller ones."""
    split: str = ""
    """What its series are split by: `channel`, `agent` or `team`; empty = not split."""
    before: Sequence[float | None] = ()
    """The same of the period before, as long as this one: a value for each label, or nothing."""


class _Rows:
    """The rows of an export as the table that the statements of charts read."""

    def __init__(
        self,
        session: ExportSession,
        request: ExportRequest,
        replay: Replay | None,
        most_labels: int | None,
    ) -> None:
        self.most_labels = most_labels
        """Of a ranking; None = all."""
        prepared = prepare(session, request, replay)
        self.bounds: Bounds = resolve(request, session.now_ms)
        self._engine = session.engine
        keep_as_table(
            session.engine,
            prepared.export.statement,
            prepared.values,
            prepared.export.columns,
            offset_segments(self.bounds.zone, session.snapshot.months()),
        )

    def read(self, name: str, values: Mapping[str, Value] | None = None) -> list[dict[str, Any]]:
        """What a statement of `charts/` gives."""
        return self._engine.named_rows(statement(f"charts/{name}.sql"), values)

    def days(self) -> list[str]:
        """The local dates of the range, in order."""
        assert self.bounds.from_ms is not None and self.bounds.to_ms is not None
        zone = self.bounds.zone
        first = datetime.fromtimestamp(self.bounds.from_ms / 1000, UTC).astimezone(zone).date()
        last = datetime.fromtimestamp((self.bounds.to_ms - 1) / 1000, UTC).astimezone(zone).date()
        return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


_Maker = Callable[[_Rows], list[Chart]]


_SPLITS = ("channel", "agent", "team")
_MOST_SERIES = 5
"""Of a split; the others are one series more."""


def _resolved_by(split: str, days: Sequence[str], found: Sequence[Mapping[str, Any]]) -> Chart:
    """The resolved conversations of each day, split by the largest of something."""
    volumes: Counter[str] = Counter()
    for row in found:
        volumes[row[split]] += row["conversations"]
    largest = sorted(volumes, key=lambda title: (-volumes[title], title))[:_MOST_SERIES]
    counts: Counter[tuple[str, str]] = Counter()
    for row in found:
        counts[row[split] if row[split] in largest else "", row["day"]] += row["conversations"]
    series = [
        Series(title or "other", [counts[title, day] for day in days], is_data=bool(title))
        for title in (*filter(None, largest), "")
    ]
    shown = [one for one in series if any(one.values)]
    return Chart("resolved_per_day", "stacked", "day", "conversations", days, shown, split=split)


def _resolved(rows: _Rows) -> list[Chart]:
    per_day = {row["day"]: row["conversations"] for row in rows.read("resolved_per_day")}
    days = rows.days()
    by_name = rows.read("resolved_per_day_by_name")
    [buckets] = rows.read("first_response_distribution")
    return [
        Chart(
            "resolved_per_day", "bars", "day", "conversations", days,
            [Series("resolved", [per_day.get(day, 0) for day in days])],
        ),
        Chart(
            "first_response_distribution", "bars", "bucket", "conversations", list(buckets),
            [Series("conversations", list(buckets.values()))],
        ),
        *(_resolved_by(split, days, by_name) for split in _SPLITS),
    ]  # fmt: skip


def _messages(rows: _Rows) -> list[Chart]:
    found = rows.read("messages_per_hour")
    titles = _channel_titles(map(_channel, found))
    hours = [f"{hour:02d}" for hour in range(24)]
    by_direction: dict[str, list[float | None]] = {}
    by_channel: dict[str, list[float | None]] = {}
    for row in found:
        title = titles[_channel(row)]
        for values in (
            by_direction.setdefault(row["direction"], [0] * 24),
            by_channel.setdefault(title, [0] * 24),
        ):
            values[row["hour"]] = (values[row["hour"]] or 0) + row["messages"]
    volumes = {title: sum(filter(None, values)) for title, values in by_channel.items()}
    channels = sorted(volumes, key=lambda title: (-volumes[title], title))[:MOST_LABELS]
    return [
        Chart(
            "messages_per_hour_by_direction", "stacked", "hour", "messages", hours,
            [
                Series(name, by_direction.get(name, [0] * 24))
                for name in ("inbound", "outbound")
            ],
        ),
        Chart(
            "messages_per_hour_by_channel", "stacked", "hour", "messages", hours,
            [Series(title, by_channel[title], is_data=True) for title in channels],
        ),
    ]  # fmt: skip


def _channel(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["display_name"], row["channel"], row["medium"]


def _channel_titles(
    channels: Iterable[tuple[str, str, str]],
) -> dict[tuple[str, str, str], str]:
    """What channels are called, by display name, name and medium: by the display name, as wherever
    people read of them; the name stands beside it where two have the same."""
    titles = {channel: next(filter(None, channel), "") for channel in channels}
    times = Counter(titles.values())
    return {
        channel: f"{title} ({channel[1]})" if times[title] > 1 and channel[1] != title else title
        for channel, title in titles.items()
    }


def _lock_time(label: str) -> _Maker:
    def make(rows: _Rows) -> list[Chart]:
        found = rows.read(f"lock_time_per_{label}")
        shown = found[: rows.most_labels]
        kinds = ("handle", "no_response", "cherry_picking")
        return [
            Chart(
                f"lock_time_per_{label}", "stacked", label, "s", [row[label] for row in shown],
                [Series(kind, [row[f"{kind}_time"] for row in shown]) for kind in kinds],
                more=len(found) - len(shown),
            )
        ]  # fmt: skip

    return make


def _presence(rows: _Rows) -> list[Chart]:
    bounds = rows.bounds
    assert bounds.from_ms is not None and bounds.to_ms is not None
    # A day of a range: its first, the longest a day gets.
    end_ms = min(bounds.to_ms, bounds.from_ms + DAY_MS, max(bounds.as_of_ms, bounds.from_ms))
    found = [
        Span(row["agent"], row["presence"], row["start_ms"], row["end_ms"])
        for row in rows.read("presence_of_the_day", {"from_ms": bounds.from_ms, "to_ms": end_ms})
    ]
    everybody = list(dict.fromkeys(span.row for span in found))
    people = everybody[:MOST_AGENTS]
    shown = set(people)
    spans = [span for span in found if span.row in shown and span.end_ms > span.start_ms]
    totals = {
        kind: [
            sum(span.end_ms - span.start_ms for span in spans if (span.row, span.kind) == (p, kind))
            // 1000
            for p in people
        ]
        for kind in ("available", "away")
    }
    return [
        Chart(
            "presence_of_the_day", "timeline", "agent", "s", people,
            [Series(kind, values) for kind, values in totals.items()], spans,
            more=len(everybody) - len(people),
        )
    ]  # fmt: skip


def _response_times(rows: _Rows) -> list[Chart]:
    [found] = rows.read("response_time_percentiles")
    return [
        Chart(
            "response_time_percentiles", "bars", "percentile", "s", list(found),
            [Series("response_time", list(found.values()))],
        ),
        *(_responses_by(split, rows) for split in ("channel", "agent")),
    ]  # fmt: skip


def _responses_by(split: str, rows: _Rows) -> Chart:
    """Half and nine in ten of the response times, of those who answered most."""
    found = rows.read(f"response_time_percentiles_by_{split}")
    shown = found[:MOST_LABELS]
    return Chart(
        "response_time_percentiles", "bars", split, "s", [row[split] or "–" for row in shown],
        [Series(key, [row[key] for row in shown]) for key in ("half", "most")],
        more=len(found) - len(shown), split=split,
    )  # fmt: skip


def _ranking(label: str, unit: str) -> _Maker:
    def make(rows: _Rows) -> list[Chart]:
        found = rows.read(f"{label}s_by_volume")
        shown = found[: rows.most_labels]
        return [
            Chart(
                f"{label}s_by_volume", "bars", label, unit, [row[label] for row in shown],
                [
                    Series(name, [int(row[name]) for row in shown])
                    for name in ("total", "current")
                ],
                more=len(found) - len(shown),
            )
        ]  # fmt: skip

    return make


CHARTS: dict[str, _Maker] = {
    "resolved-conversations": _resolved,
    "messages": _messages,
    "teams": _lock_time("team"),
    "users": _lock_time("agent"),
    "user-presence": _presence,
    "response-times": _response_times,
    "topics": _ranking("topic", "conversations"),
    "tags": _ranking("tag", "messages"),
}
"""The types that have charts."""


def charts_of(
    session: ExportSession, request: ExportRequest, replay: Replay | None
) -> list[dict[str, Any]]:
    """The charts of an export as JSON has them; none for a type without."""
    make = CHARTS.get(request.export_type)
    if make is None:
        return []
    charts = make(_Rows(session, request, replay, MOST_LABELS))
    return [asdict(chart) for chart in _with_before(charts, make, session, request, replay)]


_COMPARED = ("day", "hour", "bucket", "percentile")
"""Labels that the period before has too, in the same places; others are looked for in it by what
they are called."""


def _with_before(
    charts: list[Chart],
    make: _Maker,
    session: ExportSession,
    request: ExportRequest,
    replay: Replay | None,
) -> list[Chart]:
    """The charts with what the period before had, where it had anything."""
    if all(chart.kind == "timeline" for chart in charts):
        return charts
    assert request.start is not None and request.end is not None
    try:
        start, end = preceding(request.start, request.end)
        asked = replace(request, start=start, end=end)
        earlier = make(_Rows(session, asked, replay, most_labels=None))
    except RequestError:
        return charts  # nothing lies before the year 1
    before = {chart.key: chart for chart in earlier if not chart.split}
    return [
        dataclasses.replace(chart, before=_before(chart, before[chart.key]))
        if not chart.split and chart.kind != "timeline" and any(_totals(before[chart.key]))
        else chart
        for chart in charts
    ]


def _totals(chart: Chart) -> list[float]:
    """What each label has: its series together, or the first of those that hold one another."""
    counted = chart.series if chart.kind == "stacked" or chart.label in _COMPARED else []
    counted = counted or chart.series[:1]
    return [sum(one.values[at] or 0 for one in counted) for at in range(len(chart.labels))]


def _before(chart: Chart, earlier: Chart) -> list[float | None]:
    """What the labels of a chart had in the period before."""
    totals = _totals(earlier)
    if chart.label in _COMPARED:
        return _as_long(totals, len(chart.labels))
    times = Counter(earlier.labels) | Counter(chart.labels)
    found = dict(zip(earlier.labels, totals, strict=True))
    # Of two that are called the same nobody can tell which is which.
    return [found.get(label, 0) if times[label] == 1 else None for label in chart.labels]


def _as_long(values: Sequence[float], count: int) -> list[float | None]:
    """A month may be shorter than the one after it."""
    return [*values[:count], *[None] * (count - len(values))]
