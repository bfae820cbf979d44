"""The data dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from markupsafe import Markup, escape

from tawny.queries.columns import Column
from tawny.server.dependencies import Caller, Services
from tawny.server.pages import labels as names
from tawny.server.pages.rendering import AnyRequest, is_part, render
from tawny.server.pages.run_search import folded
from tawny.server.shown_exports import ExportTypeAccess


@dataclass(frozen=True, slots=True)
class TypeMatches:
    """The columns of a type that fit a search; `matches` counts those in each type."""

    type: ExportTypeAccess
    columns: tuple[tuple[int, Column], ...]


SYNONYMS = {
    "frt": "first response time",
    "art": "response time",
    "aht": "handle time",
    "ttr": "resolution time",
    "sla": "first response time",
    "satisfaction": "csat",
    "nps": "csat",
    "survey": "csat",
    "enquete": "csat",
    "backlog": "status",
    "chatbot": "virtual agent",
    "bot": "virtual agent",
}
"""What people search for, by the words that definitions have for it."""


def search(types: list[ExportTypeAccess], words: str) -> list[TypeMatches]:
    """Columns that hold every word in their key, a header or a definition, in any language."""
    wanted = [part for word in folded(words).split() for part in SYNONYMS.get(word, word).split()]
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
        found.append(TypeMatches(one, columns))
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
    request: AnyRequest, caller: Caller, services: Services, name: FromPath[str]
) -> Response[str]:
    """Every column of an export with its definition and the SQL that computes it."""
    return _dictionary(request, caller, services, name)


def _dictionary(
    request: AnyRequest, caller: Caller, services: Services, name: str
) -> Response[str]:
    types = list(services.types(caller))
    if name and name not in names.EXPORTS:
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


ROUTES = [dictionary_page, dictionary_of_type]
