"""Names that people sign in with, and names that are shown: what can be mistaken for something else
is refused.

A name to sign in with is kept in one form (NFKC, small letters). It has no character that cannot be
seen or that turns the direction of writing, its letters are of one script, and it does not look
like the name of somebody else. What looks like what is Unicode's list of confusables (UTS 39), from
the package that carries it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable

from tawny.errors import ConflictError, RequestError

LONGEST = 128

_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs that nobody sees, though Unicode does not call them format characters."""

_TOGETHER = (
    frozenset({"HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"HAN", "HANGUL"}),
    frozenset({"HAN", "BOPOMOFO"}),
)
"""Scripts that are written together: Japanese, Korean, Chinese."""

_JOINERS = frozenset("\u200c\u200d")
"""Invisible, and part of the spelling of Persian, Hindi or a family of emoji."""


def as_typed(name: str) -> str:
    """The form in which a name to sign in with is kept and looked for."""
    return unicodedata.normalize("NFKC", name.strip()).lower()


def legal_name(name: str) -> str:
    """The kept form of a new name to sign in with. Raises `RequestError` for one that could be
    mistaken for another, whoever there is."""
    kept = as_typed(name)
    if not 1 <= len(kept) <= LONGEST:
        raise RequestError(
            "name: found {count} characters; allowed 1 to {longest}",
            count=len(kept),
            longest=LONGEST,
        )
    for character in kept:
        if unicodedata.category(character)[0] in "CZ" or character in _BLANKS:
            raise _unseen("name", character)
    scripts = _scripts(kept)
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        raise RequestError(
            "name: found letters of several scripts ({scripts}), some of which look the same; "
            "allowed letters of one",
            scripts=", ".join(sorted(script.lower() for script in scripts)),
        )
    return kept


def check_unlike(name: str, others: Iterable[str]) -> None:
    """Raise `ConflictError` when a name is or looks like one of the others."""
    looks = _looks(name)
    for other in others:
        if other == name:
            raise ConflictError("name: {name!r} is taken; choose another", name=name)
        if _looks(as_typed(other)) == looks:
            raise ConflictError(
                "name: {name!r} looks like {other!r}, which is taken; choose another",
                name=name,
                other=other,
            )


def shown_name(field: str, text: str) -> str:
    """A name that is only shown, without blanks around it. Raises `RequestError` for characters
    that cannot be seen or turn the direction of what stands around it."""
    for character in text:
        unseen = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
        if unseen and character not in _JOINERS:
            raise _unseen(field, character)
    return text.strip()


def _unseen(field: str, character: str) -> RequestError:
    return RequestError(
        "{field}: found the character U+{code} ({what}), which cannot be seen; leave it out",
        field=field,
        code=f"{ord(character):04X}",
        what=unicodedata.name(character, "control character").lower(),
    )


def _scripts(text: str) -> frozenset[str]:
    from confusable_homoglyphs import categories  # type: ignore[import-untyped]

    found = {categories.alias(character) for character in text}
    return frozenset(found - {"COMMON", "INHERITED"})


def _looks(text: str) -> str:
    """What a text looks like: equal for two texts that can be mistaken for each other (the skeleton
    of UTS 39, without regard to capitals)."""
    prototypes = _prototypes()
    plain = unicodedata.normalize("NFD", text)
    drawn = "".join(prototypes.get(character, character) for character in plain)
    return unicodedata.normalize("NFD", drawn).lower()


@functools.cache
def _prototypes() -> dict[str, str]:
    """What each character looks like, by Unicode's list. The package has it in both directions: the
    prototype of a group names all the others, they name it alone."""
    # The list is read when somebody is added, which is seldom.
    from confusable_homoglyphs.confusables import (  # type: ignore[import-untyped]
        confusables_data,
    )

    found = {}
    for character, others in confusables_data.items():
        if len(others) != 1 or len(character.strip("\u200e")) != 1:
            continue
        [other] = (one["c"] for one in others)
        of_other = confusables_data.get(other, [])
        # Of a group of two, the longer is the prototype (m: rn), or else the first.
        is_prototype = len(of_other) == 1 and (len(other), character) < (len(character), other)
        if not is_prototype:
            found[character.strip("\u200e")] = other.strip("\u200e")
    return found
