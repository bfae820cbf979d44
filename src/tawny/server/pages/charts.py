"""Charts as SVG, drawn by the server: no script, no style attribute, both themes by classes.

A chart is decoration for those who would rather look than read; the table beside it holds the same
numbers, so the drawing is named for screen readers and its marks are not read one by one.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from tawny.model.zones import from_ms, requested_zone
from tawny.reading.charts import Chart
from tawny.server.pages import formatting as words
from tawny.server.pages.chart_words import BEFORE, BUCKETS, LABELS, OTHER, SERIES, SPLITS, TITLES
from tawny.server.pages.rendering import Reader
from tawny.text import N_

WIDE, NARROW = 1120, 340
"""A drawing for wide windows and one for phones, so that words stay as large as they are."""
COLORS = 6
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 14, 30


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as its template takes it. `legend` pairs a colour's number with a name."""

    title: str
    wide: Markup | None
    narrow: Markup | None
    """The same for phones."""
    by_day: bool
    """Whether it can be drawn by week too."""
    splits: Sequence[str]
    """What it can be split by, one of `SPLITS` each; `""` first."""
    split: str
    has_before: bool
    """Whether the period before is marked."""
    more: int
    legend: Sequence[tuple[int, str]]
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def drawn(
    charts: Sequence[Chart],
    zone_name: str,
    reader: Reader,
    *,
    by_week: bool = False,
    split: str = "",
) -> list[Drawn]:
    """The charts of a run in the reader's language; those by day by week where that is asked."""
    offered = {
        chart.key: [
            name for name in SPLITS if name in {c.split for c in charts if c.key == chart.key}
        ]
        for chart in charts
    }
    chosen = {
        chart.key: chart
        for chart in charts
        if chart.split == (split if split in offered[chart.key] else "")
    }
    return [
        replace(
            _draw(_weekly(chart) if by_week and chart.label == "day" else chart, zone_name, reader),
            splits=offered[chart.key],
        )
        for chart in map(chosen.__getitem__, offered)
    ]


def _weekly(chart: Chart) -> Chart:
    """The days of a chart added up to weeks, which begin on Monday."""
    mondays = [
        (day - datetime.timedelta(days=day.weekday())).isoformat()
        for day in map(datetime.date.fromisoformat, chart.labels)
    ]
    weeks = list(dict.fromkeys(mondays))

    def added(values: Sequence[float | None]) -> list[float | None]:
        pairs = list(zip(mondays, values, strict=True))
        return [sum(value or 0 for monday, value in pairs if monday == week) for week in weeks]

    series = [replace(one, values=added(one.values)) for one in chart.series]
    before = added(chart.before) if chart.before else ()
    return replace(chart, labels=weeks, series=series, before=before)


def _label(text: str, chart: Chart, reader: Reader) -> str:
    """A label as people read it: the words of a bucket, a day of their calendar, a share."""
    if chart.label == "bucket":
        return reader.translate(BUCKETS.get(text, text))
    if chart.label == "day":
        return words.short_day(datetime.date.fromisoformat(text), reader.locale)
    if chart.label == "percentile":
        return f"{text.removeprefix('p')}\N{NARROW NO-BREAK SPACE}%"
    return text


def _draw(chart: Chart, zone_name: str, reader: Reader) -> Drawn:
    _ = reader.translate
    title = _(TITLES.get(chart.key, chart.key))
    if chart.spans:
        begins_ms = min(span.start_ms for span in chart.spans)
        day = words.day(from_ms(begins_ms).astimezone(requested_zone(zone_name)), reader.locale)
        title = _(N_("%(title)s: %(day)s")) % {"title": title, "day": day}
    labels = [_label(text, chart, reader) for text in chart.labels]
    series = [
        (one.name if one.is_data else _(SERIES.get(one.name, one.name)), one.values)
        for one in chart.series
    ]
    columns = [*series, (_(BEFORE), chart.before)] if chart.before else series
    rows = [
        (label, [_cell(values[at], chart.unit, reader) for _name, values in columns])
        for at, label in enumerate(labels)
    ]
    shown = series if len(series) <= COLORS else _with_other(series, _(OTHER))

    def svg(width: int) -> Markup | None:
        if chart.kind == "timeline":
            made = _timeline(chart, title, zone_name, reader, width)
        elif chart.label in ("team", "agent", "topic", "tag", "channel"):
            stacked = chart.kind == "stacked"
            made = _across(
                labels, shown, title, chart.unit, reader, width, chart.before, stacked=stacked
            )
        else:
            made = _upright(labels, shown, title, chart.unit, reader, width, chart.before)
        return None if made is None else Markup(made)  # noqa: S704 - every text in it is escaped

    return Drawn(
        title=title,
        wide=svg(WIDE),
        narrow=svg(NARROW),
        by_day=chart.label == "day",
        splits=(),
        split=chart.split,
        has_before=bool(chart.before),
        more=chart.more,
        legend=[(at, name) for at, (name, _values) in enumerate(shown, 1)],
        heads=[_(LABELS.get(chart.label, chart.label)), *(name for name, _values in columns)],
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


def _open(title: str, width: int, height: float) -> str:
    kind = "wide" if width == WIDE else "narrow"
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height:g}" role="img" '
        f'aria-label="{escape(title)}">'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attribute}>{escape(text)}</text>'


def _bar(x: float, y: float, width: float, height: float, color: int, tip: str) -> str:
    return (
        f'<rect class="mark series-{color}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{max(height, 0.5):.1f}" rx="1.5"><title>{escape(tip)}</title></rect>'
    )


def _upright(
    labels: Sequence[str],
    series: Sequence[_Series],
    title: str,
    unit: str,
    reader: Reader,
    width: int,
    before: Sequence[float | None],
) -> str | None:
    """Bars that stand, several series on top of each other; a line across each where the period
    before was."""
    sums = [sum(values[at] or 0 for _name, values in series) for at in range(len(labels))]
    if not labels or not any(sums):
        return None
    height = 250
    ticks = _ticks(max([*sums, *(value or 0 for value in before)]), unit)
    floor, scale = height - BOTTOM, (height - BOTTOM - TOP) / ticks[-1]
    slot = (width - LEFT - RIGHT) / len(labels)
    parts = [_open(title, width, height)]
    for tick in ticks:
        y = floor - tick * scale
        kind = "axis" if tick == 0 else "grid"
        parts.append(f'<path class="{kind}" d="M{LEFT} {y:.1f}H{width - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, _cell(tick, unit, reader), "end"))
    longest = max(len(label) for label in labels) * 6.4 + 8
    every = max(1, math.ceil(len(labels) * longest / (width - LEFT - RIGHT)))
    if len(labels[0]) <= 4:
        every = max(1, math.ceil(len(labels) * 26 / (width - LEFT - RIGHT)))
    for at, label in enumerate(labels):
        x, y = LEFT + at * slot + slot * 0.12, float(floor)
        for color, (name, values) in enumerate(series, 1):
            value = values[at]
            if value:
                y -= value * scale
                tip = f"{label} · {name}: {_cell(value, unit, reader)}"
                parts.append(_bar(x, y, min(slot * 0.76, 72), value * scale, color, tip))
        if before and before[at] is not None:
            line = floor - (before[at] or 0) * scale
            tip = f"{label} · {reader.translate(BEFORE)}: {_cell(before[at], unit, reader)}"
            parts.append(
                f'<path class="before" d="M{x - 3:.1f} {line:.1f}h{min(slot * 0.76, 72) + 6:.1f}">'
                f"<title>{escape(tip)}</title></path>"
            )
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
    width: int,
    before: Sequence[float | None],
    *,
    stacked: bool,
) -> str | None:
    """Bars that lie, a row for each name; series behind each other or under each other; a line
    across each where the period before was."""
    sums = [
        (sum if stacked else max)(values[at] or 0 for _name, values in series)
        for at in range(len(labels))
    ]
    if not labels or not any(sums):
        return None
    left, right, line = 190, 80, 26 if stacked else 12 * len(series) + 10
    longest = 26
    if width == NARROW:
        left, right, longest = 112, 64, 15
    scale = (width - left - right) / max([*sums, *(value or 0 for value in before)])
    parts = [_open(title, width, len(labels) * line + 8)]
    for at, label in enumerate(labels):
        y, x = 4 + at * line, float(left)
        short = label if len(label) <= longest else label[: longest - 1] + "…"
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
        ends = sums[at]
        if before and before[at] is not None:
            ends = max(ends, before[at] or 0)
            tip = f"{label} · {reader.translate(BEFORE)}: {_cell(before[at], unit, reader)}"
            parts.append(
                f'<path class="before" d="M{left + (before[at] or 0) * scale:.1f} {y + 2:.1f}'
                f'v{line - 4:.1f}"><title>{escape(tip)}</title></path>'
            )
        parts.append(
            _text(left + ends * scale + 7, y + line / 2 + 3, _cell(sums[at], unit, reader),
                  kind="value")
        )  # fmt: skip
    return "".join(parts) + "</svg>"


def _timeline(chart: Chart, title: str, zone_name: str, reader: Reader, width: int) -> str | None:
    """A row for each person, a bar for each time of being available or away."""
    if not chart.spans:
        return None
    zone, _ = requested_zone(zone_name), reader.translate
    left, line, longest = (190, 22, 26) if width == WIDE else (104, 22, 14)
    start = min(span.start_ms for span in chart.spans) // 3_600_000 * 3_600_000
    end = -(-max(span.end_ms for span in chart.spans) // 3_600_000) * 3_600_000
    scale = (width - left - RIGHT) / (end - start)
    height = len(chart.labels) * line + 30
    parts = [_open(title, width, height)]
    hours = (end - start) // 3_600_000
    step = next(
        one
        for one in (1, 2, 3, 4, 6, 12, 24, 48)
        if hours / one <= (9 if width == WIDE else 4) or one == 48
    )
    for hour in range(0, hours + 1, step):
        at_ms = start + hour * 3_600_000
        x = left + (at_ms - start) * scale
        parts.append(f'<path class="grid" d="M{x:.1f} 0V{height - 24}"/>')
        clock = words.clock(from_ms(at_ms).astimezone(zone), reader.locale)
        parts.append(_text(x, height - 8, clock, "middle"))
    rows = {label: at for at, label in enumerate(chart.labels)}
    colors = {one.name: color for color, one in enumerate(chart.series, 1)}
    for label, at in rows.items():
        short = label if len(label) <= longest else label[: longest - 1] + "…"
        parts.append(_text(left - 10, at * line + 15, short, "end"))
    for span in chart.spans:
        begins, ends = (
            words.clock(from_ms(at_ms).astimezone(zone), reader.locale)
            for at_ms in (span.start_ms, span.end_ms)
        )
        tip = f"{span.row} · {_(SERIES.get(span.kind, span.kind))}: {begins} – {ends}"
        x = left + (span.start_ms - start) * scale
        length = (span.end_ms - span.start_ms) * scale
        top = rows[span.row] * line + 5
        parts.append(_bar(x, top, length, line - 9, colors.get(span.kind, COLORS), tip))
    return "".join(parts) + "</svg>"
