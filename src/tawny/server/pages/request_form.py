"""The form for an export: what stands in its fields, and the request they make."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from msgspec import structs

from tawny.errors import RequestError
from tawny.exports.formats.base import PROGRAMS
from tawny.exports.formats.registry import DIALECTS, dialects_of, file_format, holds_sheets
from tawny.exports.periods import PERIODS, period
from tawny.exports.request import ALL, ExportRequest
from tawny.model.zones import from_ms, requested_zone
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.columns import Column
from tawny.server.pages import labels as names
from tawny.server.pages.ranges import CUSTOM, TYPED
from tawny.server.pages.submitted import Submitted
from tawny.server.pages.typed_range import LONGEST, period_named, typed_range
from tawny.text import Text

WHICH = ("one", "several", "all")
"""How many exports the form asks for."""
DEFAULT_TYPE = "resolved-conversations"
DEFAULT_PRESET = "last-7-days"
DEFAULT_FORMAT = "xlsx"
"""What a person opens with a click; programs ask the API."""


NOT_UNDERSTOOD = Text(
    "This range is not understood. Write for example “last 30 days”, “1 to 15 November” or "
    "“2026-11-01 to 2026-11-15”."
)


class FieldError(Exception):
    """A field that cannot be used, and why."""

    def __init__(self, field: str, text: Text) -> None:
        super().__init__(str(text))
        self.field = field
        self.text = text


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The fields as they were filled in. Dates are `YYYY-MM-DD`, times `HH:MM`, both local.

    A range of whole days has a last day, which belongs to it; one with times has an end, which does
    not. Of the two fields only the one that counts is filled.
    """

    which: str = "one"
    """One of `WHICH`."""
    export_type: str = DEFAULT_TYPE
    exports: tuple[str, ...] = ()
    """Those that are ticked, for several."""
    workbook: bool = False
    """Whether several become one workbook, with a sheet each."""
    time_zone: str = "UTC"
    preset: str = DEFAULT_PRESET
    """One of `PERIODS`, `CUSTOM` or `TYPED`."""
    typed: str = ""
    """The range as it was typed, whatever it says."""
    language: str = "en"
    """In which dates were typed."""
    first_day: str = ""
    last_day: str = ""
    end_day: str = ""
    with_times: bool = False
    from_time: str = "00:00"
    to_time: str = "00:00"
    some_channels: bool = False
    channels: tuple[str, ...] = ()
    format: str = DEFAULT_FORMAT
    dialect: str = "excel"
    headers: str = "en"
    columns: tuple[str, ...] = ()
    """Keys of the columns that are ticked; empty = all."""
    columns_listed: bool = False
    """Whether the columns are there to be ticked."""
    no_columns: bool = False
    """Whether none is ticked where some can be."""
    saved_name: str = ""
    """What it is or will be saved as."""

    @property
    def takes_range(self) -> bool:
        """Whether an export that is asked for uses a range."""
        return any(query(name).head.takes_range for name in self.named)

    @property
    def named(self) -> tuple[str, ...]:
        """The exports that are asked for; none ticked yet may be any."""
        if self.which == "one":
            return (self.export_type,)
        return self.exports if self.which == "several" and self.exports else EXPORT_TYPES

    @property
    def key(self) -> str:
        """Identifies the fields that decide the range: the bounds shown to the person count only
        while these are the ones they were shown for."""
        custom = (self.first_day, self.last_day, self.end_day, self.from_time, self.to_time)
        chosen = {CUSTOM: custom, TYPED: (self.typed,)}.get(self.preset, ())
        return urlencode([("z", self.time_zone), ("p", self.preset), *(("c", c) for c in chosen)])

    @property
    def end_field(self) -> str:
        """The field that says where the range ends."""
        if self.preset != CUSTOM:
            return "range"
        return "end_day" if self.with_times else "last_day"

    def range_texts(self, now_ms: int) -> tuple[str, str]:
        """Begin and end of the range as the request writes them. Raises `FieldError`."""
        if self.preset == TYPED:
            today = from_ms(now_ms).astimezone(requested_zone(self.time_zone)).date()
            found = typed_range(self.typed, today, self.language)
            if found is None:
                raise FieldError("range", NOT_UNDERSTOOD)
            return found
        if self.preset != CUSTOM:
            start, end = period(self.preset, now_ms, requested_zone(self.time_zone))
            return start.isoformat(), end.isoformat()
        first = _date("first_day", self.first_day)
        if self.with_times:
            end = _date("end_day", self.end_day)
            return f"{first}T{_time('from_time', self.from_time)}", (
                f"{end}T{_time('to_time', self.to_time)}"
            )
        last = _date("last_day", self.last_day)
        if last < first:
            raise FieldError("last_day", Text("The last day lies before the first day."))
        return first.isoformat(), (last + datetime.timedelta(days=1)).isoformat()

    def request(self, now_ms: int, shown: tuple[str, str] | None = None) -> ExportRequest:
        """The request; `shown` are the bounds the person saw for exactly these fields.

        Raises `FieldError` for what the form can name, `RequestError` for a wrong zone.
        """
        asked = self.choices()
        if not self.takes_range:
            return asked
        start, end = shown or self.range_texts(now_ms)
        return structs.replace(asked, start=start, end=end)

    def choices(self) -> ExportRequest:
        """The request without its range. Raises `FieldError`."""
        if self.some_channels and not self.channels:
            raise FieldError("channels", Text("Choose at least one channel, or all of them."))
        cuts = file_format(self.format, PROGRAMS.name).cuts_long_cells
        if self.which == "several" and not self.exports:
            raise FieldError("exports", Text("Choose at least one export, or all of them."))
        if self.no_columns:
            raise FieldError("columns", Text("Choose at least one column, or all of them."))
        exports = {"one": (), "several": self.exports, "all": (ALL,)}[self.which]
        return ExportRequest(
            export_type="" if exports else self.export_type,
            exports=exports,
            bundle="workbook" if exports and self.workbook and holds_sheets(self.format) else "zip",
            time_zone=self.time_zone,
            channels=self.channels if self.some_channels else (),
            headers=self.headers,
            format=self.format,
            dialect=self.dialect if self.dialect in dialects_of(self.format) else PROGRAMS.name,
            columns=self.columns,
            # A person gets the file; the page says how many cells were cut.
            long_cells="cut" if cuts else "refuse",
        )


def columns_of(export_types: Sequence[str]) -> str:
    """Says of which exports columns were chosen: those of others do not count."""
    return ",".join(export_types)


def offered_columns(export_types: Sequence[str]) -> list[Column]:
    """The columns of some exports; a key that several have once."""
    return list(
        {column.key: column for name in export_types for column in query(name).columns}.values()
    )


def _chosen_columns(fields: Submitted, form: RequestForm) -> RequestForm:
    """The form with the columns that are ticked, if they were ticked for its exports."""
    if fields.one("columns_of") != columns_of(form.named):
        return form
    offered = [column.key for column in offered_columns(form.named)]
    ticked = tuple(key for key in offered if key in fields.all("column"))
    if not ticked and fields.one("columns_listed") != "1":
        return form
    return replace(
        form, columns=() if len(ticked) == len(offered) else ticked, no_columns=not ticked
    )


def dialects(language: str) -> list[str]:
    """The dialects of CSV to offer; first the one that the spreadsheets of the reader open."""
    offered = list(names.DIALECTS)
    if language == "fr":
        offered.sort(key=lambda name: name != "excel-semicolon")
    return offered


def request_form(fields: Submitted, time_zone: str, language: str) -> RequestForm:
    """The form as it was sent; what is missing has the reader's defaults."""
    asked_zone = fields.one("time_zone") or time_zone
    with_times = "with_times" in fields
    last_day, end_day, to_time = _end_of_range(fields, with_times=with_times)
    preset = fields.chosen("preset", [*PERIODS, CUSTOM], "")
    typed = fields.one("range")[:LONGEST]
    if typed and not preset:
        preset = period_named(typed) or TYPED
    form = RequestForm(
        which=fields.chosen("which", WHICH, WHICH[0]),
        export_type=fields.chosen("type", names.EXPORTS, DEFAULT_TYPE),
        exports=tuple(name for name in fields.all("export") if name in names.EXPORTS),
        workbook="workbook" in fields,
        time_zone=asked_zone,
        preset=preset or DEFAULT_PRESET,
        typed=typed,
        columns_listed=bool(fields.one("columns_listed")),
        language=language,
        first_day=fields.one("first_day"),
        last_day=last_day,
        end_day=end_day,
        with_times=with_times,
        from_time=fields.one("from_time", "00:00"),
        to_time=to_time,
        some_channels=fields.one("which_channels") == "some",
        channels=fields.all("channel"),
        format=fields.chosen("format", names.FORMATS, DEFAULT_FORMAT),
        dialect=fields.chosen("dialect", DIALECTS, dialects(language)[0]),
        saved_name=fields.one("saved_name"),
        headers=fields.chosen("headers", names.HEADERS, "fr" if language == "fr" else "en"),
    )
    return _chosen_columns(fields, form)


def _end_of_range(fields: Submitted, *, with_times: bool) -> tuple[str, str, str]:
    """Last day, end and time of the end. Where times were switched on or off since the form was
    made, and no script saw it, the end is still said by the other field: it means the same."""
    last_day, end_day = fields.one("last_day"), fields.one("end_day")
    to_time = fields.one("to_time", "00:00")
    if with_times:
        return ("", end_day, to_time) if end_day else ("", _moved(last_day, 1), "00:00")
    if end_day:
        last_day = _moved(end_day, -1) if to_time in ("", "00:00") else end_day
    return last_day, "", "00:00"


def _moved(day: str, days: int) -> str:
    """A date so many days later; what is no date stays."""
    try:
        return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def shown_range(form: RequestForm, fields: Submitted) -> tuple[str, str] | None:
    """The bounds that were on the screen, if they belong to these fields."""
    if fields.one("shown_for") != form.key or not fields.one("from") or not fields.one("to"):
        return None
    return fields.one("from"), fields.one("to")


def check_zone(form: RequestForm) -> None:
    """Raise `FieldError` unless the zone exists."""
    try:
        requested_zone(form.time_zone)
    except RequestError:
        raise FieldError(
            "time_zone",
            Text("This time zone is not known. Choose one of the list, such as Europe/Paris."),
        ) from None


def _date(field: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise FieldError(field, Text("Choose a day.")) from None


def _time(field: str, text: str) -> str:
    try:
        return datetime.time.fromisoformat(text).strftime("%H:%M:%S")
    except ValueError:
        raise FieldError(field, Text("Give a time such as 09:30.")) from None
