"""Reading the sentences that Chatwoot writes into a conversation: who did what, in any language.

A sentence holds names, no ids. It is read with the patterns of the account's language first, then
with all others; where several fit, one whose actor is known wins, then the one with more words of
its own. A sentence that fits nothing is counted by its shape and never guessed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tawny.errors import RequestError
from tawny.sources.chatwoot.enumerations import LOCALES
from tawny.toml_file import read_toml

_HOLES = ("user", "contact", "assignee", "team", "label", "count", "reason", "any")
_QUICK = 4_000
"""Longer ones are no sentence of Chatwoot's."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a sentence says: its key, and the names in it."""

    key: str
    user: str = ""
    team: str = ""
    """The team, or whoever else was assigned."""
    labels: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Pattern:
    key: str
    regex: re.Pattern[str]
    literal: int


class Sentences:
    """The patterns, those of one language first; `own` names a file with further ones."""

    def __init__(self, locale: int | None, own: Path | None = None) -> None:
        built_in = _built_in()
        first = LOCALES[locale] if locale is not None and 0 <= locale < len(LOCALES) else ""
        groups = [] if own is None else [_patterns(_own(own))]
        groups += [built_in[name] for name in (first,) if name in built_in]
        groups += [found for name, found in built_in.items() if name != first]
        self._groups: Sequence[Sequence[_Pattern]] = groups

    def read(self, text: str, is_known: Callable[[str], bool]) -> Sentence | None:
        """What a sentence says; None when no pattern fits."""
        if len(text) > _QUICK:
            return None
        found: Sentence | None = None
        for group in self._groups:
            for pattern in group:
                match = pattern.regex.fullmatch(text)
                if match is None:
                    continue
                sentence = _sentence(pattern.key, match.groupdict())
                if not sentence.user or is_known(sentence.user):
                    return sentence
                found = found or sentence
            if found is not None:
                return found
        return None


def shape(text: str, names: Iterable[str] = ()) -> str:
    """A sentence without names: only words in small letters are left of it, and none of `names`.

    >>> shape("Ann Berg chose big orders", ["big orders"])
    '… … chose … …'
    """
    for name in sorted((name for name in names if name and name in text), key=len, reverse=True):
        hidden = " ".join("…" for _ in name.split())
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", hidden, text)
    return " ".join(
        word if word.isalpha() and word.islower() else "…" for word in text.split()[:40]
    )


def _sentence(key: str, values: Mapping[str, str | None]) -> Sentence:
    label = values.get("label") or ""
    return Sentence(
        key=key,
        user=values.get("user") or "",
        # Who was assigned to, a person or a team: the sentences are the same.
        team=values.get("team") or values.get("assignee") or "",
        labels=tuple(one.strip() for one in label.split(",") if one.strip()),
        reason=values.get("reason") or "",
    )


def _patterns(table: Mapping[str, Any]) -> Sequence[_Pattern]:
    found = []
    for key, value in table.items():
        for text in [value] if isinstance(value, str) else value:
            regex, literal = "", 0
            for before, name, _, _ in string.Formatter().parse(text):
                regex += re.escape(before)
                literal += len(before)
                if name and f"(?P<{name}>" in regex:
                    regex += "(?:.+?)"
                elif name:
                    regex += f"(?P<{name}>.+?)"
            found.append(_Pattern(key, re.compile(regex, re.DOTALL), literal))
    return sorted(found, key=lambda pattern: -pattern.literal)


@cache
def _built_in() -> Mapping[str, Sequence[_Pattern]]:
    tables = read_toml(Path(__file__).with_name("sentences.toml"))
    return {language: _patterns(table) for language, table in tables.items()}


@cache
def keys() -> frozenset[str]:
    """Every kind of sentence there is."""
    return frozenset(pattern.key for group in _built_in().values() for pattern in group)


def _own(path: Path) -> Mapping[str, Any]:
    table = read_toml(path, "--sentences")
    for key, value in table.items():
        holes = _holes([value] if isinstance(value, str) else value)
        if key not in keys() or holes is None or not holes <= set(_HOLES):
            raise RequestError(
                "--sentences: {path}: found {key!r}; allowed the keys {keys}, each with a sentence "
                "in which the names are {holes}",
                path=path,
                key=key,
                keys=", ".join(sorted(keys())),
                holes=", ".join(f"{{{name}}}" for name in _HOLES),
            )
    return table


def _holes(texts: object) -> set[str] | None:
    """The names in sentences; nothing for what is no list of sentences."""
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None
    try:
        return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:  # a brace that is not closed
        return None
