"""A timeline as SVG: a lane for each thing that lasts, time from left to right.

Without script; every text in it is escaped. Inside a page the colours are those of its style sheet,
by the classes of charts; a file of its own carries them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Literal

from tawny.languages import translated
from tawny.text import Text, one_line
from tawny.timelines.axis import Axis
from tawny.timelines.scale import TimeScale, time_scale
from tawny.timelines.telling import column_of
from tawny.timelines.timeline import Lane, Metric, Timeline, TimelineSpan
from tawny.timelines.words import LANES, length_words, mark_words, span_words, summary

Say = Callable[[Text], str]
Width = Literal["wide", "narrow"]

_PIXELS: Mapping[Width, int] = {"wide": 1120, "narrow": 340}
"""A drawing for wide windows and one for phones, so that words stay as large as they are."""

_TAIL = 22
"""What is still so at the end goes on for so many pixels."""

_COLORS: Mapping[str, int] = {
    **{"new": 1, "pending": 6, "resolved": 5, "virtual_agent": 6},
    **{"handle": 2, "no_response": 3, "cherry_picking": 4},
    **{"handle_time": 2, "no_response_time": 3, "cherry_picking_time": 4},
    **{"first_response_time": 1, "resolution_time": 5},
    **{"inbound": 1, "reply": 2, "outbound": 6},
}
"""What a colour means, by its number; a response has that of the wait."""

_BAR, _GAP = 16, 10
_CHARACTER = 6.3
"""In pixels, about as wide as a character."""

_STYLE = """
text { font: 11px "Figtree", "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #645b50 }
.ground { fill: #fff } .value { fill: #221e19 } .inside { fill: #fff } .grid { stroke: #e4ded4 }
.axis { stroke: #8f8679 } .closed { fill: #f1eee8 } .break { fill: #fff }
.zigzag { stroke: #8f8679; fill: none }
.series-1 { fill: #2a6f97 } .series-2 { fill: #4b7f43 } .series-3 { fill: #8a4f8d }
.series-4 { fill: #a8433f } .series-5 { fill: #1f7a74 } .series-6 { fill: #6b6459 }
@media (prefers-color-scheme: dark) {
text { fill: #aea394 } .ground, .break { fill: #1e1b18 } .value { fill: #ece6dd }
.inside { fill: #151311 } .grid { stroke: #37312b } .axis, .zigzag { stroke: #7d7368 }
.closed { fill: #2b2723 }
.series-1 { fill: #7fb8de } .series-2 { fill: #93c98a } .series-3 { fill: #cf9fd2 }
.series-4 { fill: #ef9a93 } .series-5 { fill: #7cc9c2 } .series-6 { fill: #b5aa9b } }
"""


def as_svg(timeline: Timeline, language: str) -> str:
    """A file of its own, with a title and a description that say it without looking."""
    return _Drawing(timeline, language, "wide").file()


def as_part(timeline: Timeline, language: str, width: Width) -> str:
    """A part of a page, named for who does not see it."""
    return _Drawing(timeline, language, width).part()


class _Drawing:
    def __init__(self, timeline: Timeline, language: str, width: Width) -> None:
        self._timeline = timeline
        self._language = language
        self._kind = width
        self._width = _PIXELS[width]
        wide = width == "wide"
        self._left, self._right = (190, self._width - 96) if wide else (4, self._width - 72)
        self._above = 0 if wide else 15
        """Room for the name of a lane over it."""
        self._y = 44.0
        self._scale: TimeScale = time_scale(_instants(timeline), self._left, self._right - _TAIL)
        self._parts: list[str] = []
        self._names: list[str] = []

    def file(self) -> str:
        """The drawing in a file."""
        body = self._body()
        title = self._say(Text("Timeline of {conversation}",
                               conversation=self._timeline.conversation))  # fmt: skip
        marks = "\n".join(self._say(mark_words(mark)) for mark in self._timeline.marks[:200])
        described = f"{self._say(summary(self._timeline))}\n{marks}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self._width}" '
            f'height="{self._y:g}" viewBox="0 0 {self._width} {self._y:g}" role="img" '
            'aria-labelledby="title description">'
            f'<title id="title">{escape(title)}</title>'
            f'<desc id="description">{escape(described)}</desc><style>{_STYLE}</style>'
            f'<rect class="ground" width="{self._width}" height="{self._y:g}"/>{body}</svg>\n'
        )

    def part(self) -> str:
        """The drawing for a page."""
        body = self._body()
        name = escape(self._say(summary(self._timeline)))
        return (
            f'<svg class="{self._kind}" viewBox="0 0 {self._width} {self._y:g}" role="img" '
            f'aria-label="{name}">{body}</svg>'
        )

    def _say(self, text: Text) -> str:
        return translated(text.with_values(one_line), self._language)

    def _body(self) -> str:
        self._messages()
        lanes: Sequence[Lane] = ("status", "virtual_agent", "lock", "response")
        for lane in lanes:
            spans = self._timeline.of_lane(lane)
            if spans:
                self._lane(self._say(LANES[lane]))
                for span in spans:
                    self._bar(span.start_ms, span.end_ms, *self._words_of(span))
                self._y += _BAR + _GAP
        for metric in self._timeline.metrics:
            if metric.runs and metric.value is not None:
                self._metric(metric, metric.value)
        self._y += 4
        axis = Axis(self._timeline, self._scale, self._language, self._y)
        if self._scale.breaks:
            self._y += 18
        # A break is seen through everything that goes on meanwhile.
        return axis.ground() + "".join(self._parts) + axis.breaks() + "".join(self._names)

    def _lane(self, name: str, height: float = _BAR) -> None:
        """Begin a lane with its name."""
        if self._above:
            self._names.append(_text(self._left, self._y + 9, name))
            self._y += self._above
        else:
            most = int((self._left - 14) / _CHARACTER)
            short = name if len(name) <= most else f"{name[: most - 1]}…"
            self._names.append(_text(self._left - 12, self._y + height / 2 + 4, short, "end"))

    def _messages(self) -> None:
        """The contact above, who answers below."""
        self._lane(self._say(LANES["message"]), 34)
        drawn = set()
        for mark in self._timeline.marks:
            if not mark.message_id and not mark.kind.startswith("survey"):
                continue
            x = self._scale.place(mark.time_ms)
            row = {"inbound": 0, "reply": 1, "outbound": 1}.get(mark.kind, 0.5)
            color = _COLORS.get(mark.kind, 3)
            if (where := (round(x), row, color)) in drawn:
                continue
            drawn.add(where)
            self._parts.append(
                f'<circle class="mark series-{color}" cx="{x:.1f}" cy="{self._y + 8 + 18 * row:g}" '
                f'r="{4.5 if mark.kind in ("inbound", "reply") else 3}">'
                f"<title>{escape(self._tip(mark.time_ms, mark_words(mark)))}</title></circle>"
            )
        self._y += 34 + _GAP

    def _tip(self, instant_ms: int, text: Text) -> str:
        return f"{Axis.clock(instant_ms, self._timeline.zone)} · {self._say(text)}"

    def _words_of(self, span: TimelineSpan) -> tuple[str, str, int]:
        """What a bar says: when one points at it, in it, and by its colour."""
        words = self._say(span_words(span))
        inside = words if span.lane == "status" else one_line(span.agent or "")
        end = self._timeline.as_of_ms if span.end_ms is None else span.end_ms
        length = self._say(length_words(max(0, end - span.start_ms)))
        if span.lane == "response":
            inside = length
        return f"{words}, {length}", inside, _COLORS.get(span.kind, 1)

    def _metric(self, metric: Metric, value: int) -> None:
        header = column_of(metric).headers[self._language].removesuffix(" (s)")
        length = self._say(length_words(value * 1000))
        self._lane(header)
        for run in metric.runs:
            tip = f"{header}: {self._say(length_words(run.length_ms))}"
            self._bar(run.start_ms, run.end_ms, tip, "", _COLORS[metric.column])
        self._parts.append(_text(self._right + 6, self._y + 12, length, kind="value"))
        self._y += _BAR + _GAP

    def _bar(self, start_ms: int, end_ms: int | None, tip: str, inside: str, color: int) -> None:
        left = self._scale.place(start_ms)
        right = self._right if end_ms is None else self._scale.place(end_ms)
        width = max(right - left, 2.0)
        self._parts.append(
            f'<rect class="mark series-{color}" x="{left:.1f}" y="{self._y:g}" '
            f'width="{width:.1f}" height="{_BAR}" rx="2"><title>{escape(tip)}</title></rect>'
        )
        begin, room = self._widest(left, left + width)
        if inside and len(inside) * _CHARACTER + 8 < room:
            self._parts.append(_text(begin + 5, self._y + 12, inside, kind="inside"))

    def _widest(self, left: float, right: float) -> tuple[float, float]:
        """Of a bar the widest piece that no break cuts: where it begins, and how wide it is."""
        cuts = [(before.right, after.left) for before, after in self._scale.breaks]
        begins = [left, *(end for begin, end in cuts if left <= begin < right)]
        ends = [*(begin for begin, _ in cuts if left <= begin < right), right]
        pieces = [(begin, end - begin) for begin, end in zip(begins, ends, strict=False)]
        return max(pieces, key=lambda piece: piece[1])


def _instants(timeline: Timeline) -> Iterable[int]:
    """Every instant that is drawn at its place."""
    yield timeline.last_ms
    yield from (mark.time_ms for mark in timeline.marks)
    for span in timeline.spans:
        yield span.start_ms
        if span.end_ms is not None:
            yield span.end_ms


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attribute}>{escape(text)}</text>'
