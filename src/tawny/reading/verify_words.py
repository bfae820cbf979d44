"""What a check compares and its two numbers, in words."""

from __future__ import annotations

from tawny.languages import translated
from tawny.reading.identities import FILE_CHECKS, IDENTITIES, Identity
from tawny.text import Text

_BY_NAME: dict[str, Identity] = {one.name: one for one in (*IDENTITIES, *FILE_CHECKS)}


def holds_of(name: str) -> Text:
    """What a check says is so; its name where this version has no such check any more."""
    identity = _BY_NAME.get(name)
    if identity is None:
        return Text("{name}, a check that another version made", name=name)
    return identity.holds


def numbers_of(name: str, left: int, right: int, broken: int, language: str) -> str:
    """The two numbers of a check with their relation, and how many rows break it."""
    identity = _BY_NAME.get(name)
    in_ms = identity is not None and identity.in_ms
    numbers = (translated(_number(number, in_ms=in_ms), language) for number in (left, right))
    text = f" {_relation(identity, left, right)} ".join(numbers)
    if identity is not None:
        text += f" {translated(identity.unit, language)}"
    if broken:
        text += f"; {translated(Text('wrong: {broken:,}', broken=broken), language)}"
    return text


def _relation(identity: Identity | None, left: int, right: int) -> str:
    """How the two numbers are to each other, whatever they should be."""
    if left == right:
        return "="
    if identity is None or identity.relation == "=":
        return "≠"
    return "<=" if left < right else ">"


def _number(number: int, *, in_ms: bool) -> Text:
    if in_ms:
        return Text("{seconds:,.3f}", seconds=number / 1000)
    return Text("{number:,}", number=number)
