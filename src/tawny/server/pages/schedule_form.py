"""The form of a schedule: what stands in its fields, and the choice they make."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from urllib.parse import parse_qsl

from msgspec import structs

from tawny.exports.request import ExportChoices
from tawny.model.periods import FREQUENCIES
from tawny.runs.store_saved import SavedExportRow
from tawny.schedules.choice import DEFAULT_DELAY, NO_CORRECTIONS, NO_WAIT, ScheduleChoice
from tawny.schedules.rows import ExportSchedule
from tawny.server.pages.filled_form import form_query
from tawny.server.pages.labels import CONTENTS
from tawny.server.pages.rendering import Reader
from tawny.server.pages.request_form import FieldError, RequestForm, check_zone, request_form
from tawny.server.pages.submitted import Submitted
from tawny.text import Text

_PERIODS = {
    "today": "daily",
    "yesterday": "daily",
    "this-week": "weekly",
    "last-week": "weekly",
    "last-7-days": "weekly",
    "this-month": "monthly",
    "last-month": "monthly",
    "last-30-days": "monthly",
    "month-to-date": "monthly",
    "last-quarter": "monthly",
}
"""The frequency that comes closest to a period of a saved export."""


@dataclass(frozen=True, slots=True)
class ScheduleForm:
    """The fields as they were filled in."""

    request: RequestForm
    name: str = ""
    frequency: str = "daily"
    delay: str = DEFAULT_DELAY
    wait: str = NO_WAIT
    corrections: str = NO_CORRECTIONS
    changes: bool = False
    notify: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    content: str = "setting"
    owner: str = ""
    """Empty = the caller, or whoever it is."""
    active: bool = True

    def choice(self) -> ScheduleChoice:
        """What the fields say; `Schedules` checks it. Raises `FieldError`."""
        if not self.name:
            raise FieldError("name", Text("Give it a name."))
        check_zone(self.request)
        if not self.destinations:
            raise FieldError("destinations", Text("Choose at least one destination."))
        return self.draft()

    def draft(self) -> ScheduleChoice:
        """The same of a form that may not be filled in yet. Raises `FieldError`."""
        request = structs.replace(self.request.choices(), content=self.content, kind="scheduled")
        return ScheduleChoice.of(self, request)


def schedule_form(fields: Submitted, reader: Reader) -> ScheduleForm:
    """The form as it was sent."""
    return ScheduleForm(
        request=request_form(fields, reader.zone_name, reader.language),
        name=fields.one("name"),
        frequency=fields.chosen("frequency", FREQUENCIES, "daily"),
        delay=fields.one("delay", DEFAULT_DELAY),
        wait=fields.one("wait", NO_WAIT),
        corrections=fields.one("corrections", NO_CORRECTIONS),
        changes="changes" in fields,
        # No name has a space; who writes commas too means the same.
        notify=tuple(one.removesuffix(",") for one in fields.one("notify").split()),
        destinations=fields.all("destination"),
        content=fields.chosen("content", CONTENTS, "setting"),
        owner=fields.one("owner"),
        active="paused" not in fields,
    )


def of_schedule(schedule: ExportSchedule, reader: Reader) -> ScheduleForm:
    """The form with what a schedule is."""
    choice = schedule.choice
    return ScheduleForm(
        request=_request_form(choice.request, reader),
        name=choice.name,
        frequency=choice.frequency,
        delay=choice.delay,
        wait=choice.wait,
        corrections=choice.corrections,
        changes=choice.changes,
        notify=tuple(choice.notify),
        destinations=tuple(choice.destinations),
        content=choice.request.content,
        owner=schedule.owner,
        active=schedule.active,
    )


def of_saved(saved: SavedExportRow, reader: Reader) -> ScheduleForm:
    """The form with a saved export: its choice, its name, the frequency closest to its period."""
    choice = saved.choice
    return ScheduleForm(
        request=_request_form(choice.request, reader),
        name=choice.name,
        frequency=_PERIODS.get(choice.period, "daily"),
    )


def of_request(request: ExportChoices, name: str, reader: Reader) -> ScheduleForm:
    """The form with what a run was asked; the frequency closest to its range."""
    return ScheduleForm(
        request=_request_form(request, reader), name=name, frequency=_frequency(request)
    )


def _request_form(request: ExportChoices, reader: Reader) -> RequestForm:
    fields = Submitted(parse_qsl(form_query(request)))
    return request_form(fields, reader.zone_name, reader.language)


def _frequency(request: ExportChoices) -> str:
    """The frequency whose ranges are about as long as that of a request."""
    try:
        start, end = (datetime.date.fromisoformat((one or "")[:10])
                      for one in (request.start, request.end))  # fmt: skip
    except ValueError:
        return "daily"
    days = (end - start).days
    return "daily" if days < 7 else "weekly" if days < 28 else "monthly"
