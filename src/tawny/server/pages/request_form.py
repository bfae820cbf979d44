"""The form for an export: what stands in its fields, and the request they make."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from urllib.parse import urlencode

from tawny.errors import RequestError
from tawny.exports.request import SNAPSHOT_TYPES, ExportRequest
from tawny.model.zones import requested_zone
from tawny.server.pages import names
from tawny.server.pages.ranges import CUSTOM, PRESETS, preset
from tawny.server.pages.submitted import Submitted

DEFAULT_TYPE = "resolved-conversations"
DEFAULT_PRESET = "last-7-days"


class FieldError(Exception):
    """A field that cannot be used; the message is an English message id."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class RequestForm:
    """The fields as they were filled in. Dates are `YYYY-MM-DD`, times `HH:MM`, both local."""

    export_type: str = DEFAULT_TYPE
    time_zone: str = "UTC"
    preset: str = DEFAULT_PRESET
    first_day: str = ""
    last_day: str = ""
    """Included, unless times are given: then the range ends at `to_time` of this day."""
    with_times: bool = False
    from_time: str = "00:00"
    to_time: str = "00:00"
    some_channels: bool = False
    channels: tuple[str, ...] = ()
    format: str = "csv"
    dialect: str = "machine"
    headers: str = "en"

    @property
    def takes_range(self) -> bool:
        """Whether the type uses a range."""
        return self.export_type not in SNAPSHOT_TYPES

    @property
    def key(self) -> str:
        """Identifies the fields that decide the range: the bounds shown to the person count only
        while these are the ones they were shown for."""
        custom = (self.first_day, self.last_day, str(self.with_times), self.from_time, self.to_time)
        return urlencode([("z", self.time_zone), ("p", self.preset)]) + (
            "&" + "&".join(custom) if self.preset == CUSTOM else ""
        )

    def range_texts(self, now_ms: int) -> tuple[str, str]:
        """Begin and end of the range as the request writes them. Raises `FieldError`."""
        if self.preset != CUSTOM:
            start, end = preset(self.preset, now_ms, requested_zone(self.time_zone))
            return start.isoformat(), end.isoformat()
        first = _date("first_day", self.first_day)
        last = _date("last_day", self.last_day)
        if self.with_times:
            return f"{first}T{_time('from_time', self.from_time)}", (
                f"{last}T{_time('to_time', self.to_time)}"
            )
        if last < first:
            raise FieldError("last_day", names.N_("The last day lies before the first day."))
        return first.isoformat(), (last + datetime.timedelta(days=1)).isoformat()

    def request(self, now_ms: int, shown: tuple[str, str] | None = None) -> ExportRequest:
        """The request; `shown` are the bounds the person saw for exactly these fields.

        Raises `FieldError` for what the form can name, `RequestError` for a wrong zone.
        """
        start, end = None, None
        if self.takes_range:
            start, end = shown or self.range_texts(now_ms)
        if self.some_channels and not self.channels:
            raise FieldError("channels", names.N_("Choose at least one channel, or all of them."))
        return ExportRequest(
            export_type=self.export_type,
            time_zone=self.time_zone,
            start=start,
            end=end,
            channels=self.channels if self.some_channels else (),
            headers=self.headers,
            format=self.format,
            dialect=self.dialect,
        )


def request_form(fields: Submitted, time_zone: str, language: str) -> RequestForm:
    """The form as it was sent; what is missing has the reader's defaults."""
    asked_zone = fields.one("time_zone") or time_zone
    return RequestForm(
        export_type=fields.chosen("type", names.EXPORT_TYPES, DEFAULT_TYPE),
        time_zone=asked_zone,
        preset=fields.chosen("preset", [*PRESETS, CUSTOM], DEFAULT_PRESET),
        first_day=fields.one("first_day"),
        last_day=fields.one("last_day"),
        with_times="with_times" in fields,
        from_time=fields.one("from_time", "00:00"),
        to_time=fields.one("to_time", "00:00"),
        some_channels=fields.one("which_channels") == "some",
        channels=fields.all("channel"),
        format=fields.chosen("format", names.FORMATS, "csv"),
        dialect=fields.chosen("dialect", names.DIALECTS, "machine"),
        headers=fields.chosen("headers", names.HEADERS, "fr" if language == "fr" else "en"),
    )


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
            names.N_("This time zone is not known. Choose one of the list, such as Europe/Paris."),
        ) from None


def _date(field: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise FieldError(field, names.N_("Choose a day.")) from None


def _time(field: str, text: str) -> str:
    try:
        return datetime.time.fromisoformat(text).strftime("%H:%M:%S")
    except ValueError:
        raise FieldError(field, names.N_("Give a time such as 09:30.")) from None
