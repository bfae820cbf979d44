"""A conversation over time, as a drawing and as a list, and where its times are explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from markupsafe import Markup

from tawny.model.zones import instant_ms, instant_text, requested_zone
from tawny.server.asked_timelines import conversation_of_path, conversation_timeline
from tawny.server.dependencies import Caller, Services
from tawny.server.files import disposition
from tawny.server.pages import formatting as words
from tawny.server.pages.explanation import cell_url
from tawny.server.pages.rendering import AnyRequest, Reader, reader_of, render
from tawny.server.pages.submitted import of_query
from tawny.server.pages.timeline_links import timeline_url

MOST_EVENTS = 500
"""More are not read on a page; the command line and the API give all."""

_SVG = "image/svg+xml"


@dataclass(frozen=True, slots=True)
class MetricShown:
    """A time of the conversation: its value, from when to when it runs, where it is explained."""

    header: str
    value: str | None
    runs: tuple[str, ...]
    explained_at: str


@get("/timelines/{conversation:path}", sync_to_thread=True)
def timeline_page(
    request: AnyRequest, caller: Caller, services: Services, conversation: FromPath[str]
) -> Response[str]:
    """A conversation of a channel that the person may see; its drawing alone for `format=svg`."""
    fields, reader = of_query(request), reader_of(request, caller)
    asked = conversation_of_path(conversation)
    zone_name = fields.one("tz") or reader.zone_name
    as_of = fields.one("as_of") or None
    found = conversation_timeline(
        services,
        caller,
        reader.language,
        asked,
        time_zone=zone_name,
        as_of=as_of,
        drawn=True,
    )
    if fields.one("format") == "svg":
        name = disposition(f"{asked}.svg")
        return Response(found["file"], media_type=_SVG, headers={"Content-Disposition": name})
    told = found["told"]
    zone = requested_zone(zone_name)

    def moment(text: str) -> str:
        at_ms = instant_ms(text)
        assert at_ms is not None, "timelines hold instants"
        return words.moment_exact(at_ms, zone, reader.locale)

    return render(
        request,
        caller,
        "timeline.html",
        told=told,
        # Every text in it is escaped where it is drawn.
        wide=Markup(found["wide"]),  # noqa: S704
        narrow=Markup(found["narrow"]),  # noqa: S704
        metrics=[_metric(one, told, as_of, moment, reader) for one in told["metrics"]],
        spans=[*told["virtual_agents"], *told["locks"], *told["responses"]],
        events=told["events"][:MOST_EVENTS],
        moment_of=moment,
        file_url=timeline_url(asked, tz=zone_name, as_of=as_of, format="svg"),
        zone_name=zone_name,
        as_of=as_of,
    )


def _metric(
    metric: Mapping[str, Any],
    told: Mapping[str, Any],
    as_of: str | None,
    moment: Callable[[str], str],
    reader: Reader,
) -> MetricShown:
    gap = "\N{NARROW NO-BREAK SPACE}"
    value = metric["value"]
    return MetricShown(
        metric["header"].removesuffix(" (s)"),
        None
        if value is None
        else f"{words.span(value, reader.translate)} ({words.number(value, reader.locale)}{gap}s)",
        tuple(f"{moment(run['from'])} – {moment(run['to'])}" for run in metric["runs"]),
        cell_url(*_row_of(told), metric["column"], told["time_zone"], as_of),
    )


def _row_of(told: Mapping[str, Any]) -> tuple[str, str, str | None, str | None]:
    """The row of a conversation: its export, its key, and a range that holds it."""
    if told["status"] != "resolved":
        return "open-conversations", told["conversation"], None, None
    at_ms = instant_ms(told["resolved"])
    assert at_ms is not None, "who is resolved was so at an instant"
    return "resolved-conversations", told["conversation"], told["resolved"], instant_text(at_ms + 1)


ROUTES = [timeline_page]
