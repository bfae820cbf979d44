"""What a form sent: texts by field name, some of them several times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency


class Submitted:
    """The fields of a form or of a query; a missing field is an empty text."""

    def __init__(self, fields: Iterable[tuple[str, Any]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            if isinstance(value, str):
                self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field, without blanks around it."""
        values = self._fields.get(name)
        return values[-1].strip() if values else default

    def number(self, name: str, default: int) -> int:
        """The value of a field as a whole number from 1 on, else the default."""
        text = self.one(name)
        fits = text.isascii() and text.isdigit() and len(text) < 10
        return max(1, int(text)) if fits else default

    def secret(self, name: str) -> str:
        """The last value exactly as it was typed."""
        return self._fields.get(name, [""])[-1]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order, each once."""
        return tuple(dict.fromkeys(self._fields.get(name, ())))

    def chosen(self, name: str, known: Mapping[str, object] | Iterable[str], default: str) -> str:
        """The value of a field if it is a known one, else the default."""
        value = self.one(name)
        return value if value in known else default


def of_query(request: Request[Any, Any, Any]) -> Submitted:
    """The query of the address."""
    return Submitted(request.query_params.multi_items())


async def provide_form(request: Request[Any, Any, Any]) -> Submitted:
    """The body of a form, for handlers that name a parameter `form`."""
    return Submitted((await request.form()).multi_items())


SubmittedForm: TypeAlias = NamedDependency[Submitted]
"""That body, as a handler names it."""
