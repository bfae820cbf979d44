"""What Tawny has received: how much, from which channels, and what was refused."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as with_default
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from tawny.completeness.rule import Completeness
from tawny.model.zones import EARLIEST_MS
from tawny.server.cached_reading import PART_PATIENCE_S
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import labels as names
from tawny.server.pages.opening_words import opening_words
from tawny.server.pages.paging import Paged, paged
from tawny.server.pages.rendering import AnyRequest, Reader, is_part, reader_of, render
from tawny.server.pages.run_search import folded
from tawny.server.pages.submitted import of_query
from tawny.server.visible_channels import VisibleChannel
from tawny.state.refusals import KeptRefusal
from tawny.text import Text

PAGE_SIZE = 50
REFUSALS_READ = 1000
REFUSALS_SHOWN = 50


@dataclass(slots=True)
class EqualRefusals:
    """Refusals for one reason, newest first."""

    field: str
    found: Text | str
    allowed: Text | str
    places: list[tuple[int, str]] = with_default(default_factory=list)
    """When (milliseconds since 1970 UTC) and where: `input:line`."""

    @property
    def count(self) -> int:
        """How many of those that were read."""
        return len(self.places)


def channels_by_id(services: Services, caller: Caller) -> Mapping[str, VisibleChannel | None]:
    """The channels the caller may see; None for any other."""
    return defaultdict(lambda: None, {one.id: one for one in services.channels(caller)})


def equal_refusals(kept: Sequence[KeptRefusal]) -> list[EqualRefusals]:
    """One line for each mistake, however many events made it; the newest first."""
    found: dict[tuple[str, str, str], EqualRefusals] = {}
    for one in kept:
        for mistake in one.refusal.mistakes:
            # What was found differs from event to event, in numbers at most.
            shape = re.sub(r"\d+", "#", str(mistake.found))
            key = (mistake.field, shape, str(mistake.allowed))
            line = found.setdefault(
                key, EqualRefusals(mistake.field, mistake.found, mistake.allowed)
            )
            line.places.append((one.at_ms, f"{one.input}:{one.refusal.number}"))
    return list(found.values())


def found_channels(
    channels: Sequence[Completeness],
    known: Mapping[str, VisibleChannel | None],
    text: str,
    page: int,
    reader: Reader,
) -> Paged[Completeness]:
    """A page of the channels that have every word in a name or the medium; the longest silent
    first."""

    def words_of(one: Completeness) -> str:
        channel = known[one.channel_id]
        if channel is None:
            return folded(one.channel_id)
        medium = reader.translate(names.MEDIA.get(channel.medium, channel.medium))
        return folded(" ".join([channel.title, *channel.other_names, medium]))

    wanted = folded(text).split()
    fitting = [one for one in channels if all(word in words_of(one) for word in wanted)]
    return paged(sorted(fitting, key=lambda one: one.newest_ms or EARLIEST_MS), page, PAGE_SIZE)


@get("/log", sync_to_thread=True)
def log_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """What came in, how fresh each channel is, and what was refused."""
    fields = of_query(request)
    text, reader = fields.one("q")[:200], reader_of(request, caller)
    status, known = services.log_status(caller), channels_by_id(services, caller)
    channels = found_channels(status.channels, known, text, fields.number("page", 1), reader)

    def url(page: int) -> str:
        query = {"q": text, "page": str(page) if page > 1 else ""}
        kept = urlencode({name: value for name, value in query.items() if value})
        return f"/log?{kept}" if kept else "/log"

    shared: dict[str, Any] = {
        "log": status,
        "known": known,
        "channels": channels,
        "words": text,
        "url": url,
        "opening": lambda hours: opening_words(hours, reader),
    }
    if is_part(request):
        headers = {"HX-Replace-Url": url(channels.page)}
        return render(request, caller, "parts/channel_table.html", headers=headers, **shared)
    refusals = services.refusals(caller, REFUSALS_READ) if caller.administrator else []
    return render(
        request, caller, "log.html", **shared,
        refusals=equal_refusals(refusals)[:REFUSALS_SHOWN],
    )  # fmt: skip


@get("/log/numbers", sync_to_thread=True)
def numbers_part(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The numbers alone, once they are as new as can be, for a page that was there before them."""
    status = services.log_status(caller, PART_PATIENCE_S)
    # Events may come in faster than they are counted: then it says since when this is so.
    latest = replace(status, is_current=True)
    return render(request, caller, "parts/log_numbers.html", log=latest)


ROUTES = [log_page, numbers_part]
