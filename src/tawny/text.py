"""Sentences for people that are not said yet: an English template and the values in it.

    Text("limit: found {limit}; allowed 1 to 500", limit=0)

`str()` says it in English; `tawny.languages.translated` in another language, by the French of the
template in the catalogue. A test holds that every template has one, with the same values.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def N_(text: str) -> str:
    """Marks a text for the catalogue where it is written but not yet said."""
    return text


class Text:
    """One sentence, or a part of one. Texts may stand in texts.

    The template is `str.format`'s; without values it is the sentence as it is, braces included.
    An `OSError` as a value is told by the words of the operating system, an error of ours by its
    own sentence, anything else that is no text and no number by `str()`.
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values: Mapping[str, Any] = {name: _kept(value) for name, value in values.items()}

    def __str__(self) -> str:
        return self.filled(_ENGLISH, lambda template: template)

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def with_values(self, change: Callable[[str], str]) -> Text:
        """The same sentence with other texts as values."""
        changed = {
            name: value.with_values(change)
            if isinstance(value, Text)
            else change(value)
            if isinstance(value, str)
            else value
            for name, value in self.values.items()
        }
        return Text(self.template, **changed) if changed else self

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Text)
            and self.template == other.template
            and self.values == other.values
        )

    def __hash__(self) -> int:
        return hash(str(self))

    def filled(self, formatter: string.Formatter, translate: Callable[[str], str]) -> str:
        """The sentence by the translation of its template and of the texts in it."""
        template = translate(self.template) if self.template else ""
        if not self.values:
            return template
        values = {
            name: value.filled(formatter, translate) if isinstance(value, Text) else value
            for name, value in self.values.items()
        }
        return formatter.vformat(template, (), values)


def to_json(texts: object) -> str:
    """Texts, alone or in a list, as they are stored or sent, to be said later in any language."""
    return json.dumps(texts, default=_to_plain, ensure_ascii=False, separators=(",", ":"))


def from_json(stored: str) -> Any:
    """What `to_json` was given."""
    return json.loads(stored, object_hook=_from_plain)


def joined(between: str, parts: Sequence[Text | str]) -> Text | str:
    """Parts with the same thing between them, as one part. `between` is translated when it is a
    word."""
    whole = parts[0]
    for part in parts[1:]:
        whole = Text("{before}{between}{after}",
                     before=whole, between=Text(between), after=part)  # fmt: skip
    return whole


_ENGLISH = string.Formatter()


def _kept(value: object) -> Any:
    words = getattr(value, "text", None) if isinstance(value, Exception) else None
    if isinstance(words, Text):
        return words
    if isinstance(value, OSError):
        return Text(value.strerror or str(value) or type(value).__name__)
    if value is None or isinstance(value, (Text, str, int, float)):
        return value
    return str(value) or type(value).__name__


def _to_plain(text: Text) -> dict[str, Any]:
    plain: dict[str, Any] = {"$text": text.template}
    return plain | {"$values": text.values} if text.values else plain


def _from_plain(plain: dict[str, Any]) -> Any:
    # No value has a name with a dollar: the object of the values is no text.
    return Text(plain["$text"], **plain.get("$values", {})) if "$text" in plain else plain


def one_line(text: str) -> str:
    """A text as it is, with what would break the line or the terminal shown as an escape."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
