"""Who is told that deliveries fail, are given up, or arrive again, and that a file did not come.

An owner, whom a schedule names, or whoever sent an export once, is told once for each destination,
not for each delivery: the newest notice of a destination and a person says what that person knows.
What is to be told next is a function of that, of the deliveries and of the clock. The check for
files that did not come (`late`) asks schedules and clock, not the queue: it works where nothing is
decided any more.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tawny.text import Text

LATE_AFTER_MS = 2 * 3_600_000
"""How long after a slot should have run its file is missed."""


class NoticeKind(enum.StrEnum):
    """What somebody is told of a destination."""

    FAILED = "failed"
    LATE = "late"
    GIVEN_UP = "given_up"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody was told. Times are milliseconds since 1970 UTC."""

    kind: NoticeKind
    destination: str
    schedule_id: int
    schedule: str
    reason: Text | None
    at_ms: int
    once: bool = False
    """Whether it is about an export that somebody sent: then `schedule` is the name of its file."""
    owner: str | None = None
    """Whose schedule it is that names the person; None = it is the person's own."""
    opens: bool = True
    """Whether the person may open the page of the schedule."""

    @property
    def text(self) -> Text:
        """In words."""
        destination, schedule = self.destination, self.schedule
        if self.kind is NoticeKind.RECOVERED:
            return Text("{destination}: deliveries arrive again", destination=destination)
        if self.kind is NoticeKind.LATE and self.reason is None:
            return Text("{destination}: {schedule} has not arrived, 2 hours after its time",
                        destination=destination, schedule=schedule)  # fmt: skip
        why = self.reason or Text("no reason is known")
        if self.kind is NoticeKind.LATE:
            return Text("{destination}: {schedule} has not arrived, 2 hours after its time: {why}",
                        destination=destination, schedule=schedule, why=why)  # fmt: skip
        if self.kind is NoticeKind.GIVEN_UP:
            return Text("{destination}: {schedule} is given up after 24 hours: {why}",
                        destination=destination, schedule=schedule, why=why)  # fmt: skip
        return Text("{destination}: {schedule} was not delivered and is tried again: {why}",
                    destination=destination, schedule=schedule, why=why)  # fmt: skip

    @property
    def path(self) -> str | None:
        """The page where it is tried again: of its schedule, or the list of deliveries; None for
        who may not open it."""
        if not self.opens:
            return None
        if self.once:
            return f"/deliveries?{urlencode({'destination': self.destination})}"
        return f"/schedules/{self.schedule_id}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A delivery that did not work, or did not come."""

    kind: NoticeKind
    destination_id: int
    destination: str
    user_id: int
    schedule_id: int
    schedule: str
    reason: str | None
    """As it is kept."""
    since_ms: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a person was told last of a destination."""

    kind: NoticeKind
    at_ms: int
    schedule_id: int
    schedule: str
    destination: str


def to_tell(
    known: Known | None, troubles: Sequence[Trouble], delivered_ms: int | None
) -> Trouble | NoticeKind | None:
    """What a person is told next of a destination, if anything: a trouble, or that it is over.
    `delivered_ms` is when something last arrived there.

    >>> one = Trouble(NoticeKind.FAILED, 1, "sftp", 1, 1, "daily", None, 5)
    >>> to_tell(None, [one], None) is one
    True
    >>> to_tell(Known(NoticeKind.FAILED, 6, 1, "daily", "sftp"), [one], 4) is None
    True
    >>> to_tell(Known(NoticeKind.FAILED, 6, 1, "daily", "sftp"), [], 7)
    <NoticeKind.RECOVERED: 'recovered'>
    """
    is_well = known is None or known.kind is NoticeKind.RECOVERED
    # What was given up before it went well again is known.
    since_ms = known.at_ms if known is not None and is_well else -1
    given_up = [
        one for one in troubles if one.kind is NoticeKind.GIVEN_UP and one.since_ms > since_ms
    ]
    going_on = [one for one in troubles if one.kind is not NoticeKind.GIVEN_UP]
    if is_well:
        return next(iter([*given_up, *going_on]), None)
    assert known is not None
    if known.kind is not NoticeKind.GIVEN_UP and given_up:
        return given_up[0]
    is_over = not going_on and delivered_ms is not None and delivered_ms > known.at_ms
    return NoticeKind.RECOVERED if is_over else None
