"""What lies behind the lanes of a timeline: days and clocks, closed hours, breaks."""

from __future__ import annotations

import datetime
import zoneinfo
from html import escape

from tawny.languages import locale, translated
from tawny.model.zones import from_ms, offset_ms
from tawny.text import Text
from tawny.timelines.scale import BREAK_WIDTH, Stretch, TimeScale
from tawny.timelines.timeline import Timeline
from tawny.timelines.words import length_words

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000

_STEPS_MS = [
    *(_MINUTE_MS * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(_DAY_MS * days for days in (1, 2, 7, 14, 28, 91, 364)),
]

_TOP = 40
"""Where lanes begin; days and clocks are above."""
_CLOCK_WIDTH, _DAY_WIDTH = 36, 52


class Axis:
    """The ground of a drawing that is so high."""

    def __init__(self, timeline: Timeline, scale: TimeScale, language: str, height: float) -> None:
        self._timeline = timeline
        self._scale = scale
        self._language = language
        self._height = height
        self._day_until = 0.0
        self._last_day: datetime.date | None = None
        self._clock_until = 0.0

    @staticmethod
    def clock(instant_ms: int, zone: zoneinfo.ZoneInfo) -> str:
        """`2026-06-08 14:03:22`."""
        return _local(instant_ms, zone).isoformat(" ", timespec="seconds")

    def ground(self) -> str:
        """Closed hours, days and clocks."""
        parts = []
        for stretch in self._scale.stretches:
            parts += self._closed(stretch)
        for stretch in self._scale.stretches:
            parts += self._ticks(stretch)
        return "".join(parts)

    def breaks(self) -> str:
        """What was shortened; over everything."""
        return "".join(self._break(before, after) for before, after in self._scale.breaks)

    def _closed(self, stretch: Stretch) -> list[str]:
        """Shade what lies outside the opening hours."""
        hours = self._timeline.open_hours
        if hours is None:
            return []
        shades = []
        begin = stretch.start_ms
        for start, end in [*hours, (stretch.end_ms, stretch.end_ms)]:
            if begin < min(start, stretch.end_ms):
                shades.append((begin, min(start, stretch.end_ms)))
            begin = max(begin, end)
        tip = translated(Text("closed"), self._language)
        return [
            f'<rect class="closed" x="{(left := stretch.place(start)):.1f}" y="{_TOP - 4}" '
            f'width="{max(stretch.place(end) - left, 0.5):.1f}" '
            f'height="{self._height - _TOP + 4:g}"><title>{escape(tip)}</title></rect>'
            for start, end in shades
        ]

    def _ticks(self, stretch: Stretch) -> list[str]:
        """The clock of the beginning, and round ones where there is room."""
        parts = self._label(stretch.start_ms, stretch.left)
        length = stretch.end_ms - stretch.start_ms
        if not length:
            return parts
        pixels = (stretch.right - stretch.left) / length
        step = next((one for one in _STEPS_MS if one * pixels >= 60), _STEPS_MS[-1])
        ahead = offset_ms(stretch.start_ms, self._timeline.zone)
        at = ((stretch.start_ms + ahead) // step + 1) * step - ahead
        while at <= stretch.end_ms:
            parts += self._label(at, stretch.place(at))
            at += step
        return parts

    def _label(self, instant_ms: int, x: float) -> list[str]:
        """A line with its clock, and its day where it is another one and there is room."""
        parts = [f'<path class="grid" d="M{x:.1f} {_TOP - 4}V{self._height:g}"/>']
        local = _local(instant_ms, self._timeline.zone)
        if x >= self._clock_until:
            parts.append(f'<text x="{x:.1f}" y="30">{local:%H:%M}</text>')
            self._clock_until = x + _CLOCK_WIDTH
        day = local.date()
        if day != self._last_day and x >= self._day_until:
            words = escape(_day(day, self._language))
            parts.append(f'<text class="value" x="{x:.1f}" y="14">{words}</text>')
            self._day_until = x + _DAY_WIDTH
            self._last_day = day
        return parts

    def _break(self, before: Stretch, after: Stretch) -> str:
        """A gap across all lanes, with how long it is below."""
        left, middle = before.right, (before.right + after.left) / 2
        length = translated(length_words(after.start_ms - before.end_ms), self._language)
        tip = translated(
            Text("{length} without anything, shortened", length=length), self._language
        )
        top, bottom = _TOP - 4, self._height
        zigzag = " ".join(
            f"{middle + (3 if turn % 2 else -3):.1f},{min(top + 8 * turn, bottom):g}"
            for turn in range(int((bottom - top) // 8) + 2)
        )
        short = length.split(" ")
        return (
            f'<g><title>{escape(tip)}</title><rect class="break" x="{left + 9:.1f}" y="{top}" '
            f'width="{BREAK_WIDTH - 18:g}" height="{bottom - top:g}"/>'
            f'<polyline class="zigzag" points="{zigzag}"/></g>'
            f'<text class="value" x="{middle:.1f}" y="{bottom + 13:g}" text-anchor="middle">'
            f"{escape(' '.join(short[:2]))}</text>"
        )


def _local(instant_ms: int, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """The wall clock at an instant, without an offset."""
    ahead = datetime.timedelta(milliseconds=offset_ms(instant_ms, zone))
    moment = from_ms(instant_ms).replace(tzinfo=None)
    try:
        return moment + ahead
    except OverflowError:  # the first or last hours that a calendar shows in UTC alone
        return moment


def _day(date: datetime.date, language: str) -> str:
    """`8 Jun`."""
    from babel.dates import format_skeleton  # only who draws waits for it

    return str(format_skeleton("MMMd", date, locale=locale(language)))
