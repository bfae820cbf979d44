"""Texts made of columns: `message/{message_no}`, `50-{message_no:012}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from tawny.errors import RequestError
from tawny.sources.table.cells import cell_text

_PAD = re.compile(r"0?([1-9][0-9]?)")


class Template:
    """A text with columns in braces. Raises `RequestError` for one that cannot be read."""

    def __init__(self, text: str, place: str) -> None:
        self._parts: list[tuple[str, str | None, int]] = []
        try:
            parsed = list(Formatter().parse(text))
        except ValueError:
            raise self._wrong(text, place) from None
        for literal, column, form, conversion in parsed:
            if column is None:
                self._parts.append((literal, None, 0))
                continue
            pad = _PAD.fullmatch(form) if form else None
            if not column or conversion or (form and pad is None):
                raise self._wrong(text, place)
            self._parts.append((literal, column, int(pad[1]) if pad else 0))

    @staticmethod
    def _wrong(text: str, place: str) -> RequestError:
        return RequestError(
            "--mapping: {place}: found {text!r}; allowed columns in braces, such as "
            "message/{{message_no}}, or {{message_no:012}} for a number with zeros before it",
            place=place,
            text=text,
        )

    @property
    def columns(self) -> Sequence[str]:
        """The columns it names."""
        return [column for _, column, _ in self._parts if column is not None]

    def filled(self, row: Mapping[str, Any]) -> str:
        """The text for a row; an empty cell gives nothing."""
        return "".join(
            literal + ("" if column is None else cell_text(row.get(column)).rjust(pad, "0"))
            for literal, column, pad in self._parts
        )
