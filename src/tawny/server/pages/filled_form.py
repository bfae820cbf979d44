"""The form filled in again: from a saved export, from a run, from what was chosen last."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from litestar.datastructures import Cookie

from tawny.exports.formats.registry import dialects_of
from tawny.exports.periods import PERIODS
from tawny.exports.request import ALL, ExportChoices
from tawny.people.callers import Caller
from tawny.server.pages.ranges import CUSTOM
from tawny.server.pages.rendering import AnyRequest
from tawny.server.pages.request_form import RequestForm, columns_of
from tawny.server.pages.submitted import Submitted

CHOICE_COOKIE = "tawny_choice"
"""What the person of this browser asked for last."""

_LONGEST_COOKIE = 3000
_YEAR_S = 31_536_000


def form_query(request: ExportChoices, period: str = "", name: str = "") -> str:
    """The fields of the form that ask for a request, as an address has them; with a period instead
    of its range, and the name it was saved under."""
    which = "one"
    if request.is_bundle:
        which = "all" if ALL in request.exports else "several"
    fields: list[tuple[str, str]] = [
        ("which", which),
        ("type", request.export_type),
        *(("export", one) for one in request.exports if one != ALL),
        ("workbook", "1" if request.bundle == "workbook" else ""),
        ("time_zone", request.time_zone),
        *_range_fields(request, period),
        ("which_channels", "some" if request.channels else ""),
        *(("channel", channel) for channel in request.channels),
        ("format", request.format),
        ("dialect", request.dialect if len(dialects_of(request.format)) > 1 else ""),
        ("headers", request.headers),
        *(("column", key) for key in request.columns),
        ("columns_of", columns_of(request.export_types) if request.columns else ""),
        ("saved_name", name),
    ]
    return urlencode([(name, value) for name, value in fields if value])


def _range_fields(request: ExportChoices, period: str) -> Sequence[tuple[str, str]]:
    if period or request.start is None or request.end is None:
        return [("preset", period)]
    start, end = request.start.strip(), request.end.strip()
    if len(start) == len(end) == 10:
        last = datetime.date.fromisoformat(end) - datetime.timedelta(days=1)
        return [("preset", CUSTOM), ("first_day", start), ("last_day", last.isoformat())]
    return [
        *(("preset", CUSTOM), ("with_times", "1")),
        *(("first_day", start[:10]), ("from_time", start[11:16] or "00:00")),
        *(("end_day", end[:10]), ("to_time", end[11:16] or "00:00")),
    ]


def last_choice(request: AnyRequest, caller: Caller, fields: Submitted) -> Submitted:
    """The fields of an address, or where it names none of the form those of the last choice."""
    if any(name in fields for name in ("which", "type", "preset", "range")):
        return fields
    who, _, text = request.cookies.get(CHOICE_COOKIE, "").partition(".")
    return Submitted(parse_qsl(text)) if who == str(caller.user_id) else fields


def choice_cookie(caller: Caller, form: RequestForm, asked: ExportChoices) -> Cookie | None:
    """What remembers a choice; one of very many channels is not remembered."""
    period = form.preset if form.preset in PERIODS else ""
    value = f"{caller.user_id}.{form_query(asked, period)}"
    if len(value) > _LONGEST_COOKIE:
        return None
    return Cookie(
        key=CHOICE_COOKIE, value=value, path="/exports", max_age=_YEAR_S, httponly=True,
        samesite="lax",
    )  # fmt: skip
