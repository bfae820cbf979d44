"""The rule: up to when a channel is complete, and by what that is known.

Where senders state a watermark, the watermark decides. Elsewhere a channel is complete up to its
newest event; and up to now, when its silence is no longer than it usually is in that weekday and
hour. All instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tawny.model.zones import from_ms, instant_text, local_to_ms

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

SENDERS_MS = 30 * DAY_MS
"""So long a sender that sends nothing more of a channel still counts for its watermark."""

RHYTHM_WEEKS = 8
RHYTHM_MS = RHYTHM_WEEKS * 7 * DAY_MS
"""How far back the rhythm of a channel is looked for."""

FEWEST_GAPS = 50
"""Of fewer gaps nobody knows what is usual."""

SHORTEST_SILENCE_MS = HOUR_MS
"""A silence no longer than this is none in a channel whose rhythm is known."""

By = Literal["watermark", "newest", "rhythm"]


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What the log knows of a channel."""

    channel_id: str
    name: str | None
    """None while the channel was never saved."""
    newest_ms: int | None
    """The time of its newest event that is not dated later than its arrival; None before one."""
    watermark_ms: int | None = None
    """Up to when every sender that states watermarks has sent everything; None without one."""
    usual_gap_ms: int | None = None
    """The 99th percentile of its gaps in the weekday and hour of its newest event, over 8 weeks;
    None where nobody knows what is usual, or where the rule did not need it."""
    usual_step_ms: int | None = None
    """How far the watermark usually goes on at once; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The watermark of one sender for one channel."""

    until_ms: int
    """The largest that it stated."""
    last_ms: int
    """When the sender last sent something of the channel, a watermark included."""
    step_ms: int | None = None
    """How far it usually goes on at once; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """Up to when a channel is complete."""

    channel_id: str
    name: str | None
    complete_until_ms: int | None
    """None for a channel that nobody has sent anything of."""
    by: By
    newest_ms: int | None = None
    usual_gap_ms: int | None = None
    usual_step_ms: int | None = None

    @property
    def title(self) -> str:
        """What the channel is called."""
        return self.name or self.channel_id

    def is_complete(self, up_to_ms: int) -> bool:
        """Whether everything dated before an instant has come, as far as anybody knows."""
        return self.complete_until_ms is not None and self.complete_until_ms >= up_to_ms

    def content(self) -> dict[str, str | None]:
        """What receipts say of it."""
        until_ms = self.complete_until_ms
        return {
            "channel_id": self.channel_id,
            "complete_until": None if until_ms is None else instant_text(until_ms),
            "by": self.by,
        }


def completeness(facts: ChannelFacts, at_ms: int, up_to_ms: int | None = None) -> Completeness:
    """Up to when a channel is complete, seen from an instant.

    `up_to_ms` is what is asked for: where the newest event answers it, the rhythm is not asked;
    None = everything up to `at_ms`. Whatever is asked for, the channel is complete up to it when
    `complete_until_ms` is at or after it.
    """

    def found(until_ms: int | None, by: By) -> Completeness:
        return Completeness(
            channel_id=facts.channel_id,
            name=facts.name,
            complete_until_ms=until_ms,
            by=by,
            newest_ms=facts.newest_ms,
            usual_gap_ms=facts.usual_gap_ms,
            usual_step_ms=facts.usual_step_ms,
        )

    if facts.watermark_ms is not None:
        return found(facts.watermark_ms, "watermark")
    newest_ms = facts.newest_ms
    if newest_ms is None or not needs_rhythm(facts, at_ms if up_to_ms is None else up_to_ms):
        return found(newest_ms, "newest")
    usual_ms = facts.usual_gap_ms
    if usual_ms is not None and at_ms - newest_ms <= max(usual_ms, SHORTEST_SILENCE_MS):
        return found(max(at_ms, newest_ms), "rhythm")
    return found(newest_ms, "newest")


def needs_rhythm(facts: ChannelFacts, up_to_ms: int) -> bool:
    """Whether watermark and newest event leave open if a channel is complete up to an instant."""
    return facts.watermark_ms is None and facts.newest_ms is not None and facts.newest_ms < up_to_ms


def incomplete(found: Iterable[Completeness], up_to_ms: int) -> list[Completeness]:
    """The channels that may lack something dated before an instant, longest first."""
    return sorted(
        (one for one in found if not one.is_complete(up_to_ms)),
        key=lambda one: (one.complete_until_ms is not None, one.complete_until_ms, one.channel_id),
    )


def watermark(statements: Iterable[Statement], at_ms: int) -> Statement | None:
    """The watermark of a channel: the smallest of its senders of the last 30 days."""
    return min(
        (one for one in statements if one.last_ms > at_ms - SENDERS_MS),
        key=lambda one: one.until_ms,
        default=None,
    )


Punctuality = Literal["on time", "late", "too quiet", "nothing yet"]


def punctuality(found: Completeness, at_ms: int) -> Punctuality:
    """Whether a channel is late, for somebody who looks at it now. It may be on time and not
    complete up to now: who states a watermark each midnight is not late at noon. It is `too quiet`
    where nobody knows what is usual."""
    until_ms = found.complete_until_ms
    if until_ms is None:
        return "nothing yet"
    usual_ms = found.usual_step_ms if found.by == "watermark" else found.usual_gap_ms
    allowed_ms = SHORTEST_SILENCE_MS
    if found.by == "watermark" and usual_ms is not None:
        allowed_ms += usual_ms
    if found.by == "rhythm" or at_ms - until_ms <= allowed_ms:
        return "on time"
    return "too quiet" if usual_ms is None else "late"


def same_hours(newest_ms: int, at_ms: int, zone: zoneinfo.ZoneInfo) -> list[tuple[int, int]]:
    """The hours of the last 8 weeks in the weekday and hour of an event, `[from, to)`, oldest
    first, on the clocks of a zone.

    >>> from tawny.model.zones import zone as named, instant_ms
    >>> newest_ms = instant_ms("2026-04-02T15:40:00Z")
    >>> hours = same_hours(newest_ms, newest_ms, named("Europe/Paris"))
    >>> len(hours), instant_text(hours[-1][0]), instant_text(hours[1][0])
    (9, '2026-04-02T15:00:00.000Z', '2026-02-12T16:00:00.000Z')
    """
    local = from_ms(newest_ms).astimezone(zone).replace(tzinfo=None, minute=0, second=0)
    local = local.replace(microsecond=0)
    hours = []
    for weeks in range(RHYTHM_WEEKS, -1, -1):
        begin = local - datetime.timedelta(weeks=weeks)
        start_ms = local_to_ms(begin, zone)
        end_ms = local_to_ms(begin + datetime.timedelta(hours=1), zone)
        start_ms = max(start_ms, at_ms - RHYTHM_MS)
        if start_ms < end_ms:
            hours.append((start_ms, end_ms))
    return hours
