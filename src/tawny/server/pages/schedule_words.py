"""How schedules, their ranges and deliveries are said on pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.dates import format_datetime

from tawny.completeness.words import Incompleteness, named_channels
from tawny.model.durations import milliseconds
from tawny.model.periods import Period, request_texts
from tawny.model.zones import from_ms, requested_zone
from tawny.schedules.choice import NO_CORRECTIONS, NO_WAIT, ScheduleChoice
from tawny.schedules.rows import Delivery
from tawny.server.pages import formatting as words
from tawny.server.pages.rendering import Reader
from tawny.text import N_, Text

DELAYS = ("0s", "5m", "15m", "30m", "1h", "2h", "6h", "12h", "1d", "2d", "7d")
"""How long after the end of a range a file is made: what the form offers."""
CORRECTIONS = (NO_CORRECTIONS, "1d", "2d", "3d", "7d", "14d", "30d")
"""For how long after a range late events are followed: what the form offers."""
WAITS = (NO_WAIT, "30m", "1h", "2h", "6h", "12h", "1d", "3d", "7d")
"""How much longer it waits for channels: what the form offers."""


def range_of_slot(frequency: str, zone_name: str, slot: Period, reader: Reader) -> str:
    """`27 Nov 2026`, `27 Nov 2026, 14:00 – 15:00`: a range in the zone of its schedule."""
    zone = requested_zone(zone_name)
    if frequency != "hourly":
        return words.days(*request_texts(frequency, zone, slot), reader.locale)
    begin, end = (from_ms(at).astimezone(zone) for at in (slot.from_ms, slot.to_ms))
    text = format_datetime(begin, "d MMM y, HH:mm", locale=reader.locale)
    if begin.utcoffset() != end.utcoffset() or begin.fold or end.fold:
        # An hour that comes twice is told apart by its offset.
        text += f" {words.offset(slot.from_ms, zone)}"
    return f"{text} – {words.clock(end, reader.locale)}"


def range_of_delivery(delivery: Delivery, reader: Reader) -> str:
    """The same of a delivery; of what was sent once days, two moments, or the one it is as of."""
    if not delivery.once:
        return range_of_slot(delivery.frequency, delivery.time_zone, delivery.range, reader)
    begin, end = delivery.range_texts
    if "T" not in begin:
        return words.days(begin, end, reader.locale)
    zone, slot = requested_zone(delivery.time_zone), delivery.range
    moments = [
        format_datetime(from_ms(at).astimezone(zone), "d MMM y, HH:mm", locale=reader.locale)
        for at in dict.fromkeys((slot.from_ms, slot.to_ms))
    ]
    return " – ".join(moments)


def duration_words(text: str, reader: Reader) -> str:
    """`15 min`, `2 h`, `1 d` for a duration such as `15m`."""
    return words.span(milliseconds(text) // 1000, reader.translate)


def delay_options(chosen: str, reader: Reader) -> list[tuple[str, str]]:
    """What the form offers as delay, with what is chosen."""
    return [
        (one, reader.translate(N_("at once")) if not milliseconds(one) else
         reader.translate(N_("%(time)s later")) % {"time": duration_words(one, reader)})
        for one in _with(DELAYS, chosen)
    ]  # fmt: skip


def wait_options(chosen: str, reader: Reader) -> list[tuple[str, str]]:
    """What the form offers as longest wait, with what is chosen."""
    return [
        (one, reader.translate(N_("No, make it at its time")) if one == NO_WAIT else
         reader.translate(N_("Yes, at most %(time)s")) % {"time": duration_words(one, reader)})
        for one in _with(WAITS, chosen)
    ]  # fmt: skip


def correction_options(chosen: str, reader: Reader) -> list[tuple[str, str]]:
    """What the form offers as time for which ranges are corrected, with what is chosen."""
    return [
        (one, reader.translate(N_("No, files stay as they are")) if one == NO_CORRECTIONS else
         reader.translate(N_("Yes, for %(time)s")) % {"time": duration_words(one, reader)})
        for one in _with(CORRECTIONS, chosen)
    ]  # fmt: skip


def changes_words(changes: Mapping[str, int], reader: Reader) -> str:
    """`3 rows added, 1 removed`: what is other in a revision."""
    added, removed, changed = changes["added"], changes["removed"], changes["changed"]
    parts = [
        (added, reader.plural("%(num)s row added", "%(num)s rows added", added)),
        (removed, reader.plural("%(num)s row removed", "%(num)s rows removed", removed)),
        (changed, reader.plural("%(num)s row changed", "%(num)s rows changed", changed)),
    ]
    return ", ".join(
        text % {"num": words.number(count, reader.locale)} for count, text in parts if count
    )


def _with(offered: Sequence[str], chosen: str) -> list[str]:
    """The durations that are offered, and what somebody chose elsewhere, by length."""
    try:
        known = {milliseconds(one): one for one in (chosen, *offered)}
    except ValueError:  # the form says what is wrong with it when it is sent
        return list(offered)
    return [known[length] for length in sorted(known)]


def lacking_words(found: Incompleteness, reader: Reader) -> str:
    """Of which channels a file may lack events, and since when, in the zone of the reader."""
    return reader.say(
        Text(
            "the file may lack events of {count} of {all} channels: {channels}",
            count=found.count,
            all=found.all,
            channels=named_channels(
                found.channels,
                lambda at_ms: words.moment(at_ms, reader.zone, reader.locale),
                in_receipt=found.count,
            ),
        )
    )


def missing_texts(choice: ScheduleChoice, media: Sequence[str] | None, reader: Reader) -> str:
    """What to say before a schedule is saved whose files will not hold the texts of messages that
    an export on demand would; `media` are those of which scheduled exports write them, None = all.
    Empty where nothing is missing."""
    request = choice.request
    has_texts = "messages" in request.export_types and (
        not request.columns or "content" in request.columns
    )
    if not has_texts or request.content == "yes":
        return ""
    if request.content == "no":
        return reader.translate(N_("The texts of messages will be missing, as you chose."))
    if media is None:
        return ""
    if media:
        text = N_(
            "The texts of messages will be missing, except those of %(media)s: the settings leave "
            "them out of scheduled exports. Choose “Always” to have them."
        )
        return reader.translate(text) % {"media": ", ".join(media)}
    return reader.translate(
        N_(
            "The texts of messages will be missing: the settings leave them out of scheduled "
            "exports. Choose “Always” to have them."
        )
    )
