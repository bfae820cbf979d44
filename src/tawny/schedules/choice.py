"""What somebody sets of a schedule, and what it becomes for a slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from msgspec import structs

from tawny.errors import RequestError, UnknownValueError
from tawny.exports.request import ExportRequest
from tawny.exports.undated import without_range
from tawny.model.durations import checked_duration, milliseconds
from tawny.model.periods import FREQUENCIES, Period, request_texts
from tawny.model.zones import instant_text, requested_zone
from tawny.people.names import as_typed, shown_name
from tawny.schedules.planner import Pause, Timing
from tawny.text import Text

LONGEST_NAME = 255
DEFAULT_DELAY = "15m"
NO_WAIT = "off"
NO_CORRECTIONS = "off"

_AS_OF_THEIR_END = "open-conversations"


@dataclass(frozen=True, slots=True)
class ScheduleChoice:
    """What somebody sets."""

    name: str
    request: ExportRequest
    """Without a range."""
    frequency: str
    destinations: Sequence[str]
    """Their names."""
    delay: str = DEFAULT_DELAY
    """How long after the end of a range it is made, such as `15m`."""
    wait: str = NO_WAIT
    """How much longer it waits, at most, for channels that are not complete; `off` = not at all."""
    corrections: str = NO_CORRECTIONS
    """For how long after the end of a range late events have it delivered again, such as `7d`;
    `off` = not at all."""
    changes: bool = False
    """Whether its files are what changed since the one before, instead of the rows of a range."""
    notify: Sequence[str] = ()
    """Who is told how its deliveries go, besides its owner: the names they sign in with."""

    @classmethod
    def of(cls, given: object, request: ExportRequest) -> ScheduleChoice:
        """From a request and what has all else under the same names: a form, a body of the API."""
        others = [one.name for one in fields(cls) if one.name != "request"]
        return cls(request=request, **{name: getattr(given, name) for name in others})

    def timing(self, created_ms: int, pauses: Sequence[Pause]) -> Timing:
        """When its slots are due."""
        return Timing(
            self.frequency,
            requested_zone(self.request.time_zone),
            milliseconds(self.delay),
            created_ms,
            pauses,
        )

    @property
    def corrections_ms(self) -> int:
        """For how long after the end of a range it is corrected; 0 = not at all."""
        return milliseconds(self.corrections)

    def latest_ms(self, slot: Period) -> int:
        """When a slot is made, whatever has not come by then."""
        return slot.to_ms + milliseconds(self.delay) + milliseconds(self.wait)

    def request_for(self, slot: Period, as_of_ms: int) -> ExportRequest:
        """What is asked for a slot."""
        start, end = request_texts(self.frequency, requested_zone(self.request.time_zone), slot)
        return structs.replace(
            self.request,
            start=start,
            end=end,
            as_of=instant_text(self.as_of_ms(slot, as_of_ms)),
            kind="scheduled",
            changes=self.frequency if self.changes else None,
        )

    def as_of_ms(self, slot: Period, first_run_ms: int) -> int:
        """As of when a slot is: when it first runs, but open conversations are as of its end."""
        return slot.to_ms if self.request.export_type == _AS_OF_THEIR_END else first_run_ms


def checked_choice(choice: ScheduleChoice) -> ScheduleChoice:
    """The choice as it is kept. Raises `RequestError`."""
    name = shown_name("name", choice.name)
    if not 1 <= len(name) <= LONGEST_NAME:
        raise RequestError("name: found nothing or too much; allowed 1 to 255 characters")
    if choice.frequency not in FREQUENCIES:
        raise UnknownValueError("frequency", choice.frequency, FREQUENCIES)
    if not choice.destinations:
        raise RequestError(
            "destinations: found none; allowed one or more (tawny destinations list shows them)"
        )
    request = without_range(
        choice.request, Text("a schedule has a frequency instead, leave it out")
    )
    if choice.changes:
        _check_changes(choice, request)
    return replace(
        choice,
        name=name,
        delay=checked_duration("delay", choice.delay),
        wait=checked_duration("wait", choice.wait, off=True),
        corrections=checked_duration("corrections", choice.corrections, off=True, least="1h"),
        destinations=tuple(dict.fromkeys(choice.destinations)),
        notify=tuple(sorted({as_typed(one) for one in choice.notify} - {""})),
        request=request,
    )


def _check_changes(choice: ScheduleChoice, request: ExportRequest) -> None:
    """Raise `RequestError` for what files of changes cannot have."""
    if request.is_bundle:
        raise RequestError(
            "changes: found with several exports; a feed is of one, make a schedule for each"
        )
    if choice.corrections != NO_CORRECTIONS:
        raise RequestError(
            "corrections: found {found} with changes; late events are in the next file of changes, "
            "leave it out",
            found=choice.corrections,
        )
