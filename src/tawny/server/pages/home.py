"""The first page of the day: the last seven days against the seven before, in six figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get

from tawny.errors import RequestError
from tawny.exports.request import ExportChoices
from tawny.reading.figures import Figures
from tawny.server.cached_reading import PART_PATIENCE_S, PATIENCE_S
from tawny.server.day_figures import PERIOD, DayFigures
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import formatting as words
from tawny.server.pages.filled_form import form_query
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.request_form import DEFAULT_FORMAT
from tawny.server.pages.start import start_page
from tawny.text import N_

_PATIENCE_S = 0.1
"""So long the page waits for figures that are not there yet; then it asks for them by itself."""
_PART_PATIENCE_S = 1.0

DEFINITIONS = {
    "conversations": N_(
        "Different conversations among the rows of the export Messages: those with a message in "
        "the period, inbound or outbound."
    ),
    "resolved": N_(
        "Rows of the export Resolved conversations: conversations whose first resolve lies in the "
        "period."
    ),
    "first_response": N_(
        "First Response Time of the rows of the export Resolved conversations that have one, in "
        "opening hours of the channel: the median, and what nine in ten stay under (the 90th "
        "percentile)."
    ),
    "open": N_(
        "Rows of the export Open conversations, by the time since Created at: now, and as it was "
        "seven days ago."
    ),
    "satisfaction": N_(
        "Average CSAT Score, from 1 to 5, of the rows of the export Resolved conversations that "
        "have one."
    ),
    "virtual_agents": N_(
        "Rows of the export Resolved conversations that a virtual agent resolved (Resolved By), of "
        "all its rows."
    ),
}
"""What each figure is, in terms of the export it is read from."""

TITLES = {
    "conversations": N_("Conversations"),
    "resolved": N_("Resolved"),
    "first_response": N_("Median first response"),
    "open": N_("Open now"),
    "satisfaction": N_("Satisfaction"),
    "virtual_agents": N_("Resolved by virtual agents"),
}

EXPORTS_OF = {
    "conversations": "messages",
    "resolved": "resolved-conversations",
    "first_response": "resolved-conversations",
    "open": "open-conversations",
    "satisfaction": "resolved-conversations",
    "virtual_agents": "resolved-conversations",
}
"""The export each figure is read from."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure as it is shown, in the reader's words."""

    key: str
    title: str
    value: str
    """A dash where nothing was measured; `detail` then says what is missing."""
    detail: str
    before: str
    definition: str
    export: str
    """The address of the form, filled in for this figure's export and period."""
    ages: Sequence[tuple[str, str]] = ()
    """How many of which age, of what is open."""


@get("/", sync_to_thread=True)
def home_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The figures of the day; for an administrator of an empty server the ways to begin."""
    if caller.administrator and services.is_empty():
        return start_page(request, caller, services)
    return render(
        request, caller, "home.html",
        sample_loaded=caller.administrator and services.sample_data.is_loaded(),
        **_context(request, caller, services, _PATIENCE_S, PATIENCE_S),
    )  # fmt: skip


@get("/figures", sync_to_thread=True)
def figures_part(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The figures alone, for a page that was there before them."""
    context = _context(request, caller, services, _PART_PATIENCE_S, PART_PATIENCE_S)
    # Events may come in faster than figures are made: these are of a moment ago then.
    return render(request, caller, "parts/figures.html", **context | {"is_latest": True})


def _context(
    request: AnyRequest,
    caller: Caller,
    services: Services,
    patience_s: float,
    newer_within_s: float,
) -> dict[str, Any]:
    reader = reader_of(request, caller)
    context: dict[str, Any] = {
        "figures": None, "tiles": (), "missing": "", "period": "", "partial": "",
        "titles": [reader.translate(title) for title in TITLES.values()],
    }  # fmt: skip
    if caller.channels is not None and not caller.channels:
        return context | {"missing": "channels"}
    if services.is_empty():
        return context | {"missing": "events"}
    try:
        figures = services.day_figures.get(caller, reader.zone_name, patience_s, newer_within_s)
    except RequestError:
        return context | {"missing": "events"}  # none of the caller's channels has any yet
    if figures is None:
        return context
    return context | {
        "figures": figures,
        "is_latest": figures.is_current,
        "tiles": tiles_of(figures, reader),
        "period": words.days(figures.start.isoformat(), figures.end.isoformat(), reader.locale),
        "partial": _partial(figures, reader),
    }


def _partial(figures: DayFigures, reader: Reader) -> str:
    """What is missing of the periods because the log begins in one of them."""
    begin = figures.data_begin
    if begin is None:
        return ""
    text = N_("The data begin on %(day)s: the 7 days before are not complete.")
    if begin.date() >= figures.start:
        text = N_("The data begin on %(day)s: the last 7 days are not complete.")
    return reader.translate(text) % {"day": words.day(begin.date(), reader.locale)}


def tiles_of(figures: DayFigures, reader: Reader) -> list[Tile]:
    """The six figures in the reader's words."""
    later, earlier = figures.later, figures.earlier
    there_was = earlier.conversations or earlier.resolved
    made = _Words(reader, is_known_before=bool(there_was))

    def tile(key: str, value: str, detail: str, before: str, **more: Any) -> Tile:
        return Tile(
            key, reader.translate(TITLES[key]), value, detail, before,
            reader.translate(DEFINITIONS[key]), _form_address(key, reader), **more,
        )  # fmt: skip

    return [
        tile(
            "conversations", made.number(later.conversations), "",
            made.count_before(later.conversations, earlier.conversations),
        ),
        tile(
            "resolved", made.number(later.resolved), "",
            made.count_before(later.resolved, earlier.resolved),
        ),
        tile(
            "first_response", made.span(later.half_s),
            made.nine_in_ten(later), made.response_before(earlier),
        ),
        tile(
            "open", made.number(_open(later)), "",
            made.open_before(_open(earlier)), ages=made.ages(later),
        ),
        tile(
            "satisfaction", made.score(later), made.answers(later),
            made.before(made.score(earlier) if earlier.scores else ""),
        ),
        tile(
            "virtual_agents", made.share(later),
            made.share_of(later), made.before(made.share(earlier) if earlier.resolved else ""),
        ),
    ]  # fmt: skip


def _open(figures: Figures) -> int:
    return figures.open_under_1_day + figures.open_under_7_days + figures.open_longer


def _form_address(key: str, reader: Reader) -> str:
    """The form with the export and the period of a figure."""
    export_type = EXPORTS_OF[key]
    asked = ExportChoices(
        export_type=export_type, time_zone=reader.zone_name, headers=reader.language,
        format=DEFAULT_FORMAT,
    )  # fmt: skip
    period = "" if export_type == "open-conversations" else PERIOD
    return f"/exports?{form_query(asked, period)}"


class _Words:
    """Says numbers; nothing that was not measured is a number."""

    def __init__(self, reader: Reader, *, is_known_before: bool) -> None:
        self._reader = reader
        self._is_known_before = is_known_before

    def number(self, value: int) -> str:
        return words.number(value, self._reader.locale)

    def span(self, seconds: float | None) -> str:
        if seconds is None:
            return "–"
        # Half a second up, as in the cells of files, whatever is beyond a microsecond.
        return words.span(int(round(seconds, 6) + 0.5), self._reader.translate)

    def nine_in_ten(self, figures: Figures) -> str:
        if figures.most_s is None:
            return self._reader.translate(N_("No first response among what was resolved."))
        text = self._reader.translate(N_("nine in ten within %(most)s"))
        return text % {"most": self.span(figures.most_s)}

    def score(self, figures: Figures) -> str:
        if figures.score is None:
            return "–"
        average = words.decimal(figures.score, 1, self._reader.locale)
        return self._reader.translate(N_("%(average)s of 5")) % {"average": average}

    def answers(self, figures: Figures) -> str:
        if not figures.scores:
            return self._reader.translate(N_("No survey was answered."))
        return self._reader.plural(
            "%(n)s answered survey", "%(n)s answered surveys", figures.scores
        ) % {"n": self.number(figures.scores)}

    def share(self, figures: Figures) -> str:
        if not figures.resolved:
            return "–"
        return words.percent(figures.by_virtual_agents / figures.resolved, self._reader.locale)

    def share_of(self, figures: Figures) -> str:
        if not figures.resolved:
            return self._reader.translate(N_("Nothing was resolved."))
        return self._reader.translate(N_("%(some)s of %(all)s resolved")) % {
            "some": self.number(figures.by_virtual_agents), "all": self.number(figures.resolved),
        }  # fmt: skip

    def ages(self, figures: Figures) -> list[tuple[str, str]]:
        translate = self._reader.translate
        return [
            (translate(N_("less than a day")), self.number(figures.open_under_1_day)),
            (translate(N_("1 to 7 days")), self.number(figures.open_under_7_days)),
            (translate(N_("longer")), self.number(figures.open_longer)),
        ]

    def before(self, value: str) -> str:
        if not self._is_known_before:
            return self._reader.translate(N_("No data for the 7 days before."))
        if not value:
            return self._reader.translate(N_("Not measured in the 7 days before."))
        return self._reader.translate(N_("%(value)s in the 7 days before")) % {"value": value}

    def response_before(self, figures: Figures) -> str:
        if figures.half_s is None or figures.most_s is None:
            return self.before("")
        both = self._reader.translate(N_("%(half)s and %(most)s"))
        return self.before(
            both % {"half": self.span(figures.half_s), "most": self.span(figures.most_s)}
        )

    def count_before(self, later: int, earlier: int) -> str:
        if not self._is_known_before or not earlier:
            return self.before(self.number(earlier))
        change = words.signed_percent((later - earlier) / earlier, self._reader.locale)
        return self.before(f"{self.number(earlier)} ({change})")

    def open_before(self, earlier: int) -> str:
        if not self._is_known_before and not earlier:
            return self.before("")
        return self._reader.translate(N_("%(value)s seven days ago")) % {
            "value": self.number(earlier)
        }


ROUTES = [home_page, figures_part]
