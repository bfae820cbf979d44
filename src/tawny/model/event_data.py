"""What the types of event have in common: the base of their classes, the types of fields that
several have, and how a rule between fields is said to be broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta, Struct

from tawny.text import Text

Id = Annotated[str, Meta(min_length=1, max_length=256, description="id")]
"""An opaque text of 1 to 256 characters, any but NUL."""

TIME_RULE = Text("an RFC 3339 date-time with offset such as 2026-06-08T14:03:22.120+02:00")


class Broken(NamedTuple):
    """A rule that is not kept: the field, what stands there, what is allowed."""

    field: str
    found: object
    allowed: Text


class RuleError(ValueError):
    """Rules of a struct beyond the types of its fields are not kept."""

    def __init__(self, *broken: Broken) -> None:
        super().__init__("; ".join(f"{one.field}: {one.allowed}" for one in broken))
        self.broken = broken


Rule = Callable[[Any], None]
"""Raises `RuleError`; given something that has the fields it reads, and perhaps no others."""


class EventData(Struct, gc=False):
    """Base of the fields of one event type. A rule between fields is its `__post_init__`."""

    event_type: ClassVar[str]
    family: ClassVar[str]


def rules_of(struct: type[Struct]) -> tuple[Rule, ...]:
    """The rules of a struct beyond the types of its fields, each by itself."""
    after = getattr(struct, "__post_init__", None)
    own: tuple[Rule, ...] = () if after is None else (after,)
    return getattr(struct, "rules", own)


def check_medium(medium: str | None) -> None:
    """Raise `RuleError` for a medium that is not in small letters."""
    if medium is not None and medium != medium.lower():
        allowed = Text("a lower-case id such as twitter, whatsapp or email")
        raise RuleError(Broken("medium", medium, allowed))
