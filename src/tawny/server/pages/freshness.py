"""How fresh the channels are, in words: a strip above the exports, a note at a range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from litestar import Response, get

from tawny.completeness.rule import Completeness, incomplete, punctuality
from tawny.completeness.words import channels_of_receipt
from tawny.errors import TawnyError
from tawny.model.zones import EARLIEST_MS, LATEST_MS, current_ms, moment_ms, requested_zone
from tawny.server.cached_reading import PART_PATIENCE_S
from tawny.server.dependencies import Caller, Services
from tawny.server.freshness import Freshness
from tawny.server.pages import formatting as words
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.submitted import of_query
from tawny.text import N_

NAMED = 2
"""So many late channels are named in the strip; the page of what was received has all."""

_DAY_MS = 86_400_000
_PATIENCE_S = 2.0
"""So long a part waits for the first look at the log; then it asks again by itself."""


@dataclass(frozen=True, slots=True)
class Strip:
    """What the strip says, in the reader's words."""

    kind: str
    """`good`, `late`, `unknown` (nothing can be said) or `wait` (it is being looked at)."""
    text: str
    is_latest: bool = True
    """Whether the page need not ask at once for what is newer."""


def strip_of(
    services: Services,
    caller: Caller,
    reader: Reader,
    patience_s: float = 0.0,
    newer_within_s: float = 0.0,
) -> Strip:
    """The strip of a caller; when the first look at the log takes longer than `patience_s`, the
    place of one that comes."""
    try:
        found = services.freshness.get(caller, patience_s, newer_within_s=newer_within_s)
        if found is None:
            text = reader.translate(N_("Looking at the channels…"))
            return Strip("wait", text, is_latest=False)
        channels = services.channels(caller)
        made = strip(found, {one.id: one.title for one in channels}, reader)
        return replace(made, is_latest=found.is_current)
    except TawnyError as error:
        return Strip("unknown", reader.say(error.text))


def strip(found: Freshness, titles: Mapping[str, str], reader: Reader) -> Strip:
    """The strip; `titles` are what the channels that are there are called, by id."""
    known = len(titles)
    if not known and not found.channels:
        return Strip("unknown", reader.translate(N_("Nothing has come in yet.")))
    states = {one.channel_id: punctuality(one, found.as_of_ms) for one in found.channels}
    counts = Counter(states.values())
    silent = counts["nothing yet"] + max(0, known - len(states))
    parts = []
    if on_time := counts["on time"]:
        text = reader.plural("%(num)s channel on time", "%(num)s channels on time", on_time)
        parts.append(_with_number(text, on_time, reader))
    late = [one for one in found.channels if states[one.channel_id] == "late"]
    if late:
        late.sort(key=lambda one: one.complete_until_ms or EARLIEST_MS)
        said = [
            _late(one, titles.get(one.channel_id, one.channel_id), found.as_of_ms, reader)
            for one in late[:NAMED]
        ]
        if len(late) > NAMED:
            more = reader.translate(N_("and %(num)s more"))
            said.append(_with_number(more, len(late) - NAMED, reader))
        text = reader.plural("%(num)s late: %(channels)s", "%(num)s late: %(channels)s", len(late))
        parts.append(_with_number(text, len(late), reader, channels="; ".join(said)))
    if quiet := counts["too quiet"]:
        text = reader.plural("%(num)s too quiet to judge", "%(num)s too quiet to judge", quiet)
        parts.append(_with_number(text, quiet, reader))
    if silent:
        text = reader.plural("%(num)s without any event", "%(num)s without any event", silent)
        parts.append(_with_number(text, silent, reader))
    kind = "late" if late else "good" if counts["on time"] else "unknown"
    return Strip(kind, " · ".join(parts))


def _with_number(text: str, number: int, reader: Reader, **values: str) -> str:
    return text % {"num": words.number(number, reader.locale), **values}


def _late(one: Completeness, title: str, now_ms: int, reader: Reader) -> str:
    def span(length_ms: int) -> str:
        return words.span(_rounded(length_ms), reader.translate)

    values = {"channel": title, "silence": span(now_ms - (one.complete_until_ms or 0))}
    text = N_("%(channel)s, nothing for %(silence)s, usually %(usual)s")
    usual_ms = one.usual_gap_ms
    if one.by == "watermark":
        text = N_("%(channel)s, complete until %(silence)s ago, usually %(usual)s")
        usual_ms = one.usual_step_ms
    return reader.translate(text) % {**values, "usual": span(usual_ms or 0)}


def _rounded(length_ms: int) -> int:
    """A length in seconds, to whole minutes, from ten hours on to whole hours, as people say it."""
    seconds = max(60, round(length_ms / 60_000) * 60)
    return round(seconds / 3600) * 3600 if seconds >= 36_000 else seconds


@get("/freshness", sync_to_thread=True)
def freshness_part(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The strip."""
    reader = reader_of(request, caller)
    shown = strip_of(services, caller, reader, _PATIENCE_S, PART_PATIENCE_S)
    # Events may come in faster than they are looked at: then it is of a moment ago.
    shown = replace(shown, is_latest=shown.kind != "wait")
    return render(request, caller, "parts/freshness.html", strip=shown)


@get("/freshness/range", sync_to_thread=True)
def range_part(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """Whether what is chosen is complete: `from` and `to` are the ends of a range, `tz` its
    zone."""
    fields = of_query(request)
    try:
        zone = requested_zone(fields.one("tz", "UTC"))
        to_ms = moment_ms("to", fields.one("to"), zone)
        from_ms = moment_ms("from", fields.one("from"), zone) if "from" in fields else None
        now_ms = current_ms()
        up_to_ms = min(to_ms, now_ms)
        found = services.freshness.get(caller, _PATIENCE_S, up_to_ms)
    except TawnyError:
        return render(
            request, caller, "parts/range_completeness.html", is_over=True, late=None,
            begins_ms=None,
        )  # fmt: skip
    late = None if found is None else incomplete(found.channels, up_to_ms)
    if late is not None and to_ms > now_ms:
        # Nothing is complete up to now by its newest event; named is who is late by its own habits.
        late = [one for one in late if punctuality(one, now_ms) == "late"]
    return render(
        request, caller, "parts/range_completeness.html",
        is_over=to_ms <= now_ms,
        is_today=0 < to_ms - now_ms <= 86_400_000 and to_ms < LATEST_MS,
        late=late,
        begins_ms=begins_within(services, from_ms),
        titles={one.id: one.title for one in services.channels(caller)},
    )  # fmt: skip


def begins_within(services: Services, from_ms: int | None) -> int | None:
    """When the log begins, in milliseconds since 1970 UTC, where a range begins days before that,
    of which nothing is known; None else. All of time begins nowhere."""
    begins_ms = services.log_begins_ms()
    if begins_ms is None or from_ms is None or from_ms <= EARLIEST_MS:
        return None
    return begins_ms if begins_ms - from_ms > _DAY_MS else None


def of_receipt(receipt: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the page of a run says of its channels: `complete`, the entry of each by id, and
    `late_channels`, those of which the file may lack events."""
    # Runs of an earlier version say nothing of it.
    entries = [] if receipt is None else receipt.get("completeness", [])
    if receipt is None or not entries:
        return {"complete": {}, "late_channels": []}
    channels, up_to_ms = channels_of_receipt(receipt)
    return {
        "complete": {one["channel_id"]: one for one in entries},
        "late_channels": incomplete(channels, up_to_ms),
    }


ROUTES = [freshness_part, range_part]
