"""What a range means exactly, in the words of the reader; and why one means nothing."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass

from tawny.errors import RequestError
from tawny.model.zones import from_ms, moment_ms, requested_zone
from tawny.server.pages import formatting as words
from tawny.server.pages.labels import PRESETS
from tawny.server.pages.ranges import CUSTOM, Meaning, meaning
from tawny.server.pages.rendering import Reader
from tawny.server.pages.request_form import FieldError, RequestForm
from tawny.state.run_rows import ExportRun
from tawny.text import Text


@dataclass(frozen=True, slots=True)
class ShownBounds:
    """A range as the page shows it."""

    start: str
    end: str
    from_local: str
    to_local: str
    from_utc: str
    to_utc: str
    length: str
    changes: tuple[dict[str, str], ...]


def bounds_of_form(form: RequestForm, texts: tuple[str, str], reader: Reader) -> ShownBounds:
    """The bounds of a range that somebody is choosing. Raises `FieldError` when nothing can lie in
    it, `RequestError` for a zone that does not exist."""
    start, end = texts
    tz = requested_zone(form.time_zone)
    start_ms, end_ms = moment_ms("from", start, tz), moment_ms("to", end, tz)
    if start_ms == end_ms and start != end:
        raise FieldError(form.end_field, _skipped(start_ms, tz, reader))
    if start_ms >= end_ms:
        raise FieldError(form.end_field, Text("The end must lie after the beginning."))
    return describe(start, end, form.time_zone, reader)


def describe(start: str, end: str, zone_name: str, reader: Reader) -> ShownBounds:
    """The exact meaning of a range. Raises `RequestError`."""
    tz, place = requested_zone(zone_name), reader.locale
    means = meaning(moment_ms("from", start, tz), moment_ms("to", end, tz), tz)
    return ShownBounds(
        start=start,
        end=end,
        from_local=words.long_moment(means.from_ms, tz, place),
        to_local=words.long_moment(means.to_ms, tz, place),
        from_utc=_utc(means.from_ms),
        to_utc=_utc(means.to_ms),
        length=_length(means, tz, reader),
        changes=tuple(
            {
                "day": words.day(change.date, place),
                "hours": words.hours(change.length_ms, place, reader.plural),
                "before": words.clock(change.before, place),
                "after": words.clock(change.after, place),
            }
            for change in means.changes
        ),
    )


def range_text(form: RequestForm, reader: Reader, now_ms: int) -> str:
    """A range as its field says it: as it was typed, the name of a period, or its days; what the
    form reads back as the same range."""
    if form.preset in PRESETS and form.preset != CUSTOM:
        return form.typed or reader.translate(PRESETS[form.preset])
    if form.preset != CUSTOM:
        return form.typed
    try:
        return written_range(form.range_texts(now_ms), reader)
    except (FieldError, RequestError):
        return ""


def written_range(texts: tuple[str, str], reader: Reader) -> str:
    """From and to as a request has them, in words that are read back as the same."""
    start, end = texts
    if len(start) == len("2026-06-08") == len(end):
        return words.days(start, end, reader.locale)
    return " \N{EN DASH} ".join(f"{one[:10]} {one[11:16] or '00:00'}" for one in texts)


def range_words(run: ExportRun, reader: Reader) -> str:
    """A run's range in few words: days where it is whole days, else as it was written."""
    if run.start is None or run.end is None:
        return ""
    if len(run.start) == len("2026-06-08") == len(run.end):
        return words.days(run.start, run.end, reader.locale)
    return f"{run.start.replace('T', ' ')} → {run.end.replace('T', ' ')}"


def _skipped(jump_ms: int, tz: zoneinfo.ZoneInfo, reader: Reader) -> Text:
    """Both ends of a range are times that the clocks pass over at one instant."""
    after = from_ms(jump_ms).astimezone(tz)
    before = from_ms(jump_ms - 1).astimezone(tz) + datetime.timedelta(milliseconds=1)
    return Text(
        "This time does not exist: on {day} the clocks go from {before} to {after}. Choose an "
        "earlier beginning or a later end.",
        day=words.day(after.date(), reader.locale),
        before=words.clock(before, reader.locale),
        after=words.clock(after, reader.locale),
    )


def _utc(instant_ms: int) -> str:
    clock = "%Y-%m-%d %H:%M" if instant_ms % 60_000 == 0 else "%Y-%m-%d %H:%M:%S"
    return from_ms(instant_ms).strftime(clock)


def _length(means: Meaning, tz: zoneinfo.ZoneInfo, reader: Reader) -> str:
    hours = words.hours(means.length_ms, reader.locale, reader.plural)
    first, last = (from_ms(at).astimezone(tz) for at in (means.from_ms, means.to_ms))
    if first.time() != last.time() or first.date() == last.date():
        return hours
    count = (last.date() - first.date()).days
    days = reader.plural("%(num)s day", "%(num)s days", count) % {
        "num": words.number(count, reader.locale)
    }
    return f"{days} = {hours}"
