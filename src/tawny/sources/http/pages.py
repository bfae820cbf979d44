"""The ways in which APIs give lists page by page. None of them is read for ever: a desk that gives
the same page again is told so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tawny.sources.http.client import Json, Parameters
from tawny.sources.reader import SourceError

Ask = Callable[[str, Parameters], Json]
"""Path and parameters of a call; gives its object."""


@dataclass(frozen=True, slots=True)
class ApiPage:
    """Some items of a list, and where the next ones begin."""

    items: Sequence[Any]
    next: str
    """A cursor, or the seconds since 1970 UTC of a list that is read by time."""
    ended: bool
    whole: Mapping[str, Any]
    """The object they came in, with what else was asked for."""


def cursor_pages(
    ask: Ask, path: str, name: str, first: Parameters, parameters: Parameters, cursor: str | None
) -> Iterator[ApiPage]:
    """A list whose pages say `after_cursor` until `end_of_stream`. `first` begins one that has no
    cursor yet, and only then."""
    while True:
        page = ask(path, {**parameters, **({"cursor": cursor} if cursor else first)})
        following = page.get("after_cursor")
        # The end of a list that grows has a cursor too; without one it is asked from there again.
        found = following if isinstance(following, str) and following else cursor or ""
        ended = bool(page.get("end_of_stream")) or not following
        if not ended and found == cursor:
            raise _repeated(path)
        yield ApiPage(_items(page, name, path), found, ended, page)
        if ended:
            return
        cursor = found


def time_pages(
    ask: Ask, path: str, name: str, parameters: Parameters, start: int, page_size: int
) -> Iterator[ApiPage]:
    """A list by time: each page says up to when it goes (`end_time`), the next one begins there,
    and the items of that moment come again. A moment of more items than a page has comes whole."""
    while True:
        page = ask(path, {**parameters, "start_time": start})
        items = _items(page, name, path)
        told = page.get("end_time")
        end = int(told) if isinstance(told, (int, float)) and not isinstance(told, bool) else start
        ended = page.get("end_of_stream")
        ended = bool(ended) if ended is not None else len(items) < page_size
        ended = ended or not page.get("next_page")
        if not ended and end <= start:
            raise _repeated(path)
        yield ApiPage(items, str(end), ended, page)
        if ended:
            return
        start = end


def linked_pages(
    ask: Ask, path: str, name: str, parameters: Parameters, size: int = 100
) -> Iterator[ApiPage]:
    """A list whose pages say `meta.has_more` and `meta.after_cursor`; one without pages is one."""
    cursor: str | None = None
    while True:
        after = {} if cursor is None else {"page[after]": cursor}
        page = ask(path, {**parameters, "page[size]": size, **after})
        meta = page.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        following = meta.get("after_cursor")
        ended = not meta.get("has_more") or not isinstance(following, str)
        if not ended and following == cursor:
            raise _repeated(path)
        yield ApiPage(_items(page, name, path), str(following or ""), ended, page)
        if ended:
            return
        cursor = str(following)


def pages_until_empty(
    ask: Ask, path: str, name: str, parameters: Parameters
) -> Iterator[Sequence[Any]]:
    """A list of numbered pages that ends with an empty one. It may move while it is read: what it
    gives comes twice then."""
    number, before = 1, None
    while True:
        items = _items(ask(path, {**parameters, "page": number}), name, path)
        if not items:
            return
        if items == before:
            raise _repeated(path)
        yield items
        number, before = number + 1, items


def pages_before(ask: Ask, path: str, name: str) -> Iterator[Sequence[Any]]:
    """A list from its newest item back to its first: a page has the items before an id, and the
    last one is empty."""
    before: int | None = None
    while True:
        items = _items(ask(path, {} if before is None else {"before": before}), name, path)
        if not items:
            return
        ids = [one.get("id") if isinstance(one, dict) else None for one in items]
        least = min((one for one in ids if isinstance(one, int)), default=None)
        if least is None or (before is not None and least >= before):
            raise _repeated(path)
        yield items
        before = least


def searched_pages(
    ask: Callable[[str, Json], Json], path: str, name: str, query: Json, size: int
) -> Iterator[ApiPage]:
    """The hits of a search: its answers say `pages.next.starting_after` as long as there are
    more."""
    cursor: str | None = None
    while True:
        pagination: Json = {"per_page": size}
        if cursor is not None:
            pagination["starting_after"] = cursor
        page = ask(path, {**query, "pagination": pagination})
        following = _starting_after(page)
        if following is not None and following == cursor:
            raise _repeated(path)
        yield ApiPage(_items(page, name, path), following or "", following is None, page)
        if following is None:
            return
        cursor = following


def numbered_pages(ask: Ask, path: str, name: str, parameters: Parameters) -> Iterator[ApiPage]:
    """A list whose pages are numbered: each says which it is, and how many there are."""
    number = 1
    while True:
        page = ask(path, parameters if number == 1 else {**parameters, "page": number})
        pages = page.get("pages")
        pages = pages if isinstance(pages, dict) else {}
        told, total = pages.get("page"), pages.get("total_pages")
        if number > 1 and told not in (None, number):
            raise _repeated(path)
        ended = not isinstance(total, int) or number >= total
        yield ApiPage(_items(page, name, path), str(number), ended, page)
        if ended:
            return
        number += 1


def _starting_after(page: Json) -> str | None:
    pages = page.get("pages")
    following = pages.get("next") if isinstance(pages, dict) else None
    found = following.get("starting_after") if isinstance(following, dict) else None
    return str(found) if isinstance(found, (str, int)) and found != "" else None


def _items(page: Json, name: str, path: str) -> Sequence[Any]:
    items = page.get(name)
    if not isinstance(items, list):
        raise SourceError("{path}: the answer has no list of {name}", path=path, name=name)
    return items


def _repeated(path: str) -> SourceError:
    return SourceError(
        "{path}: the desk gives the same page again; what was read before is kept, and a later "
        "sync goes on from there",
        path=path,
    )
