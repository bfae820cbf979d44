"""A long list in pages, and where in it one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """A page of a list: pages count from 1, so do `first` and `last`, the places in the list."""

    items: Sequence[T]
    page: int
    last_page: int
    first: int
    total: int

    @property
    def last(self) -> int:
        """The place of the last item shown."""
        return self.first + len(self.items) - 1


def paged(items: Sequence[T], page: int, size: int) -> Paged[T]:
    """A page of a list that is there as a whole; the last one where there is no such page."""
    last_page = last_page_of(len(items), size)
    page = min(max(page, 1), last_page)
    begin = (page - 1) * size
    return Paged(items[begin : begin + size], page, last_page, begin + 1, len(items))


def last_page_of(total: int, size: int) -> int:
    """The number of the last page; an empty list has one.

    >>> last_page_of(0, 25), last_page_of(25, 25), last_page_of(26, 25)
    (1, 1, 2)
    """
    return max(1, -(-total // size))
