"""Pages to find things out: the data dictionary, and the log."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import Response, get
from litestar.exceptions import NotFoundException
from markupsafe import Markup, escape

from tawny.exports.columns import Column
from tawny.server.pages import names
from tawny.server.pages.rendering import AnyRequest, is_part, render
from tawny.server.services import ExportType, Services
from tawny.state.callers import Caller

REFUSALS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Found:
    """The columns of a type that fit a search; `matches` counts those in each type."""

    type: ExportType
    columns: tuple[tuple[int, Column], ...]


def folded(text: str) -> str:
    """Text as a search compares it: no accents, no capitals.

    >>> folded("Délai de Première")
    'delai de premiere'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def search(types: list[ExportType], words: str) -> list[Found]:
    """Columns that hold every word in their key, a header or a definition, in any language."""
    wanted = folded(words).split()
    found = []
    for one in types:
        columns = tuple(
            (position, column)
            for position, column in enumerate(one.columns, 1)
            if all(
                word
                in folded(
                    " ".join([column.key, *column.headers.values(), *column.definition.values()])
                )
                for word in wanted
            )
        )
        found.append(Found(one, columns))
    return found


def marked(text: str, words: str) -> Markup:
    """Text with what was searched for marked, where its letters map one to one."""
    plain = folded(text)
    wanted = [word for word in folded(words).split() if len(word) > 1]
    if not wanted or len(plain) != len(text):
        return escape(text)
    inside = [False] * len(text)
    for word in wanted:
        at = plain.find(word)
        while at >= 0:
            inside[at : at + len(word)] = [True] * len(word)
            at = plain.find(word, at + 1)
    parts, position = [], 0
    while position < len(text):
        end = position
        while end < len(text) and inside[end] == inside[position]:
            end += 1
        piece = escape(text[position:end])
        parts.append(Markup("<mark>{}</mark>").format(piece) if inside[position] else piece)
        position = end
    return Markup("").join(parts)


@get("/dictionary", sync_to_thread=True)
def dictionary_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """The first type, or the columns of all types that fit a search."""
    return _dictionary(request, caller, services, "")


@get("/dictionary/{name:str}", sync_to_thread=True)
def dictionary_of_type(
    request: AnyRequest, caller: Caller, services: Services, name: str
) -> Response[str]:
    """Every column of an export with its definition and the SQL that computes it."""
    return _dictionary(request, caller, services, name)


def _dictionary(
    request: AnyRequest, caller: Caller, services: Services, name: str
) -> Response[str]:
    types = list(services.types(caller))
    if name and name not in names.EXPORT_TYPES:
        raise NotFoundException
    words = request.query_params.get("q", "").strip()[:100]
    found = search(types, words)
    if words and not name:
        shown = [one for one in found if one.columns]
    else:
        shown = [one for one in found if one.type.name == (name or types[0].name)]
    query = f"?{urlencode({'q': words})}" if words else ""
    return render(
        request, caller, "parts/columns.html" if is_part(request) else "dictionary.html",
        headers={"HX-Replace-Url": f"{request.url.path}{query}"} if is_part(request) else None,
        found=found, shown=shown, words=words, chosen=name or ("" if words else types[0].name),
        marked=lambda text: marked(text, words),
    )  # fmt: skip


@get("/log", sync_to_thread=True)
def log_page(request: AnyRequest, caller: Caller, services: Services) -> Response[str]:
    """What came in, how fresh each channel is, and what was refused."""
    status = services.log_status(caller)
    media = {channel.id: channel for channel in services.channels(caller)}
    return render(
        request, caller, "log.html",
        log=status,
        channels=sorted(status.channels, key=lambda one: one.newest_ms, reverse=True),
        known=media,
        refusals=services.refusals(caller, REFUSALS_SHOWN) if caller.administrator else [],
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )  # fmt: skip


ROUTES = [dictionary_page, dictionary_of_type, log_page]
