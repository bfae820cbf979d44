"""Charts as SVG, drawn by the server: no script, no style attribute, both themes by classes.

A chart is decoration for those who would rather look than read; the table beside it holds the same
numbers, so the drawing is named for screen readers and its marks are not read one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tawny.model.zones import from_ms, requested_zone
from tawny.runs.charts import Chart
from tawny.server.pages import words
from tawny.server.pages.names import N_
from tawny.server.pages.rendering import Reader

WIDTH = 640
COLORS = 6
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 30

TITLES = {
    "resolved_per_day": N_("Resolved per day"),
    "first_response_distribution": N_("First response time"),
    "messages_per_hour_by_direction": N_("Messages per hour of the day, by direction"),
    "messages_per_hour_by_channel": N_("Messages per hour of the day, by channel"),
    "lock_time_per_team": N_("Handle, no-response and cherry-picking time per team"),
    "lock_time_per_agent": N_("Handle, no-response and cherry-picking time per agent"),
    "presence_of_the_day": N_("Presence, first day of the range"),
    "response_time_percentiles": N_("Response time percentiles"),
    "topics_by_volume": N_("Topics by volume"),
    "tags_by_volume": N_("Tags by volume"),
}
SERIES = {
    "resolved": N_("Resolved conversations"),
    "conversations": N_("Conversations"),
    "inbound": N_("Inbound"),
    "outbound": N_("Outbound"),
    "handle": N_("Handle time"),
    "no_response": N_("No-response time"),
    "cherry_picking": N_("Cherry-picking time"),
    "available": N_("Available"),
    "away": N_("Away"),
    "response_time": N_("Response time"),
    "total": N_("In total"),
    "current": N_("Still applied"),
}
OTHER = N_("Other")
LABELS = {
    "day": N_("Day"),
    "hour": N_("Hour"),
    "bucket": N_("Waited"),
    "percentile": N_("Percentile"),
    "team": N_("Team"),
    "topic": N_("Topic"),
    "tag": N_("Tag"),
    "agent": N_("Agent"),
}
BUCKETS = {
    "under_1_min": N_("< 1 min"),
    "under_5_min": N_("< 5 min"),
    "under_15_min": N_("< 15 min"),
    "under_1_h": N_("< 1 h"),
    "under_4_h": N_("< 4 h"),
    "under_1_d": N_("< 1 day"),
    "longer": N_("longer"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as its template takes it. `legend` pairs a colour's number with a name."""

    title: str
    svg: Markup | None
    legend: Sequence[tuple[int, str]]
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def drawn(charts: Sequence[Chart], zone_name: str, reader: Reader) -> list[Drawn]:
    """The charts of a run in the reader's language."""
    return [_draw(chart, zone_name, reader) for chart in charts]


def _draw(chart: Chart, zone_name: str, reader: Reader) -> Drawn:
    _ = reader.translate
    title = _(TITLES.get(chart.key, chart.key))
    labels = [_(BUCKETS.get(text, text)) if chart.label == "bucket" else text
              for text in chart.labels]  # fmt: skip
    series = [
        (one.name if one.is_data else _(SERIES.get(one.name, one.name)), one.values)
        for one in chart.series
    ]
    rows = [
        (label, [_cell(values[at], chart.unit, reader) for _name, values in series])
        for at, label in enumerate(labels)
    ]
    shown = series if len(series) <= COLORS else _with_other(series, _(OTHER))
    svg: str | None
    if chart.kind == "timeline":
        svg = _timeline(chart, title, zone_name, reader)
    elif chart.label in ("team", "agent", "topic", "tag"):
        svg = _across(labels, shown, title, chart.unit, reader, stacked=chart.kind == "stacked")
    else:
        svg = _upright(labels, shown, title, chart.unit, reader)
    return Drawn(
        title=title,
        svg=None if svg is None else Markup(svg),  # noqa: S704 - every text in it is escaped
        legend=[(at, name) for at, (name, _values) in enumerate(shown, 1)],
        heads=[_(LABELS.get(chart.label, chart.label)), *(name for name, _values in series)],
        rows=rows,
    )


_Series = tuple[str, Sequence[float | None]]


def _with_other(series: Sequence[_Series], name: str) -> list[_Series]:
    kept, rest = list(series[: COLORS - 1]), series[COLORS - 1 :]
    sums = [sum(values[at] or 0 for _name, values in rest) for at in range(len(rest[0][1]))]
    return [*kept, (name, sums)]


def _cell(value: float | None, unit: str, reader: Reader) -> str:
    if value is None:
        return "–"
    return duration(value, reader) if unit == "s" else words.number(value, reader.locale)


def duration(seconds: float, reader: Reader) -> str:
    """`45 s`, `12 min`, `3 h 20`: as precise as a chart needs."""
    gap = "\N{NO-BREAK SPACE}"
    whole = round(seconds)
    if whole < 120:
        return f"{whole}{gap}s"
    if whole < 7200:
        return f"{whole // 60}{gap}min" + (f"{gap}{whole % 60}{gap}s" if whole % 60 else "")
    minutes = f"{gap}{whole % 3600 // 60:02d}" if whole % 3600 >= 60 else ""
    return f"{words.number(whole // 3600, reader.locale)}{gap}h{minutes}"


def _ticks(highest: float, unit: str) -> list[float]:
    """Four or so round values from 0 to at least the highest."""
    if highest <= 0:
        return [0]
    steps: Sequence[float]
    if unit == "s":
        steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600,
                 43_200, 86_400, 172_800, 432_000, 864_000]  # fmt: skip
        step = next((one for one in steps if highest / one <= 5), highest / 4)
    else:
        magnitude = 10 ** math.floor(math.log10(highest / 4)) if highest > 4 else 1
        step = next(one * magnitude for one in (1, 2, 5, 10) if highest / (one * magnitude) <= 5)
    return [step * number for number in range(math.ceil(highest / step) + 1)]


def _open(title: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attribute}>{escape(text)}</text>'


def _bar(x: float, y: float, width: float, height: float, color: int, tip: str) -> str:
    return (
        f'<rect class="mark series-{color}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{max(height, 0.5):.1f}" rx="1.5"><title>{escape(tip)}</title></rect>'
    )


def _upright(
    labels: Sequence[str], series: Sequence[_Series], title: str, unit: str, reader: Reader
) -> str | None:
    """Bars that stand, several series on top of each other."""
    sums = [sum(values[at] or 0 for _name, values in series) for at in range(len(labels))]
    if not labels or not any(sums):
        return None
    height = 250
    ticks = _ticks(max(sums), unit)
    floor, scale = height - BOTTOM, (height - BOTTOM - TOP) / ticks[-1]
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    parts = [_open(title, height)]
    for tick in ticks:
        y = floor - tick * scale
        kind = "axis" if tick == 0 else "grid"
        parts.append(f'<path class="{kind}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, _cell(tick, unit, reader), "end"))
    every = max(1, math.ceil(len(labels) * 62 / (WIDTH - LEFT - RIGHT)))
    if len(labels[0]) <= 4:
        every = max(1, math.ceil(len(labels) * 30 / (WIDTH - LEFT - RIGHT)))
    for at, label in enumerate(labels):
        x, y = LEFT + at * slot + slot * 0.12, float(floor)
        for color, (name, values) in enumerate(series, 1):
            value = values[at]
            if value:
                y -= value * scale
                tip = f"{label} · {name}: {_cell(value, unit, reader)}"
                parts.append(_bar(x, y, min(slot * 0.76, 72), value * scale, color, tip))
        if at % every == 0:
            middle = x + min(slot * 0.76, 72) / 2
            parts.append(_text(middle, floor + 18, label, "middle"))
    return "".join(parts) + "</svg>"


def _across(
    labels: Sequence[str],
    series: Sequence[_Series],
    title: str,
    unit: str,
    reader: Reader,
    *,
    stacked: bool,
) -> str | None:
    """Bars that lie, a row for each name; series behind each other or under each other."""
    sums = [
        (sum if stacked else max)(values[at] or 0 for _name, values in series)
        for at in range(len(labels))
    ]
    if not labels or not any(sums):
        return None
    left, right, line = 170, 70, 26 if stacked else 12 * len(series) + 10
    scale = (WIDTH - left - right) / max(sums)
    parts = [_open(title, len(labels) * line + 8)]
    for at, label in enumerate(labels):
        y, x = 4 + at * line, float(left)
        short = label if len(label) <= 26 else label[:25] + "…"
        parts.append(_text(left - 10, y + line / 2 + 3, short, "end"))
        for color, (name, values) in enumerate(series, 1):
            value = values[at] or 0
            tip = f"{label} · {name}: {_cell(value, unit, reader)}"
            if stacked:
                if value:
                    parts.append(_bar(x, y + 4, value * scale, line - 8, color, tip))
                    x += value * scale
            else:
                top = y + 5 + (color - 1) * 12
                parts.append(_bar(left, top, value * scale, 10, color, tip))
        parts.append(
            _text(left + sums[at] * scale + 7, y + line / 2 + 3, _cell(sums[at], unit, reader),
                  kind="value")
        )  # fmt: skip
    return "".join(parts) + "</svg>"


def _timeline(chart: Chart, title: str, zone_name: str, reader: Reader) -> str | None:
    """A row for each person, a bar for each time of being available or away."""
    if not chart.spans:
        return None
    zone, _ = requested_zone(zone_name), reader.translate
    left, line = 150, 22
    start = min(span.start_ms for span in chart.spans) // 3_600_000 * 3_600_000
    end = -(-max(span.end_ms for span in chart.spans) // 3_600_000) * 3_600_000
    scale = (WIDTH - left - RIGHT) / (end - start)
    height = len(chart.labels) * line + 30
    parts = [_open(title, height)]
    hours = (end - start) // 3_600_000
    step = next(one for one in (1, 2, 3, 4, 6, 12, 24, 48) if hours / one <= 9 or one == 48)
    for hour in range(0, hours + 1, step):
        at_ms = start + hour * 3_600_000
        x = left + (at_ms - start) * scale
        parts.append(f'<path class="grid" d="M{x:.1f} 0V{height - 24}"/>')
        clock = words.clock(from_ms(at_ms).astimezone(zone), reader.locale)
        parts.append(_text(x, height - 8, clock, "middle"))
    rows = {label: at for at, label in enumerate(chart.labels)}
    colors = {one.name: color for color, one in enumerate(chart.series, 1)}
    for label, at in rows.items():
        short = label if len(label) <= 22 else label[:21] + "…"
        parts.append(_text(left - 10, at * line + 15, short, "end"))
    for span in chart.spans:
        begins, ends = (
            words.clock(from_ms(at_ms).astimezone(zone), reader.locale)
            for at_ms in (span.start_ms, span.end_ms)
        )
        tip = f"{span.row} · {_(SERIES.get(span.kind, span.kind))}: {begins} – {ends}"
        x = left + (span.start_ms - start) * scale
        width = (span.end_ms - span.start_ms) * scale
        top = rows[span.row] * line + 5
        parts.append(_bar(x, top, width, line - 9, colors.get(span.kind, COLORS), tip))
    return "".join(parts) + "</svg>"
