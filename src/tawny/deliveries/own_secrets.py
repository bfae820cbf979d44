"""Secrets that Tawny makes itself, and renews: with a new one, the one before counts as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tawny.credentials import encrypted, revealed
from tawny.errors import RequestError

NEW = "new"
"""Given instead of a secret: one that Tawny makes."""
END = "end"
"""Given instead of a secret: the one before counts no longer."""


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """A secret of a kind of destination that nobody has to give."""

    name: str
    before: str
    """What the one that it replaced is kept as."""
    make: Callable[[], str]
    check: Callable[[str], None]
    """Raises `RequestError` for what is no such secret."""


def renewed(
    home: Path, own: OwnSecret, before: Mapping[str, str], given: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """The secrets of a destination as they are kept from now on, and the one that was made now,
    which is told once; empty where none was. Raises `RequestError`."""
    kept = {**before, **given}
    if own.name in before and own.name not in given:
        return kept, ""
    asked = revealed(home, own.name, given[own.name]) if own.name in given else NEW
    if asked == END and own.name in before:
        return {name: one for name, one in before.items() if name != own.before}, ""
    made = own.make() if asked == NEW else ""
    if made:
        kept[own.name] = encrypted(home, made)
    else:
        own.check(asked)
    if own.name in before:
        last = _readable(home, own, before[own.name])
        if last is not None and last != asked:
            kept[own.before] = before[own.name]
    return kept, made


def _readable(home: Path, own: OwnSecret, kept: str) -> str | None:
    """What a kept secret is; None for one that cannot be read any more, which signs nothing."""
    try:
        return revealed(home, own.name, kept)
    except RequestError:
        return None
