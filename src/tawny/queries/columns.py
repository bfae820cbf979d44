"""A column of an export: its name in every language, its type, its definition."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


class ColumnType(enum.StrEnum):
    """What a cell holds. Any may be empty for "unknown", unless the head of the export says
    that the column never is.

    `IDENTIFIER` is a text that stands for somebody elsewhere, such as a phone number or a
    personnel number: in a file for a spreadsheet it is kept like an id.
    """

    ID = "id"
    TEXT = "text"
    ENUM = "enum"
    URL = "url"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    INTEGER = "integer"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    ID_LIST = "id-list"
    TEXT_LIST = "text-list"
    IDENTIFIER = "identifier"

    @property
    def catalogue_name(self) -> str:
        """The name in the data dictionary, where both kinds of list are a `list` and an
        identifier is a text."""
        if self in (ColumnType.ID_LIST, ColumnType.TEXT_LIST):
            return "list"
        return "text" if self is ColumnType.IDENTIFIER else self.value


HEADER_STYLES = ("en", "fr", "hootdesk-fr", "key")
"""The header rows a file may have; `key` is the machine name. The others are English and the
catalogues of the same name: French, and the words of the original French article."""

HEADER_LANGUAGES = {"en": "en", "fr": "fr", "hootdesk-fr": "fr", "key": "en"}
"""The language of titles and definitions that goes with a header style."""


@dataclass(frozen=True, slots=True)
class Translations(Mapping[str, str]):
    """One English text in several languages, looked up in the catalogues when it is asked for.

    A text that means different things in different exports has an entry of its own there, with
    the type of the export as its context.
    """

    text: str
    context: str
    languages: tuple[str, ...]
    key: str = ""
    """What the language `key` gives."""

    def __getitem__(self, language: str) -> str:
        if language not in self.languages:
            raise KeyError(language)
        if language == "key":
            return self.key
        if language == "en":
            return self.text
        # English does not wait for what reads a catalogue.
        from tawny.languages import translations

        return translations(language).pgettext(self.context, self.text)

    def __iter__(self) -> Iterator[str]:
        return iter(self.languages)

    def __len__(self) -> int:
        return len(self.languages)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one export type.

    `headers` has an entry for each of `HEADER_STYLES`; `definition` one for `en` and `fr`.
    `unit` is empty or a word such as `s` or `messages`.
    """

    key: str
    type: ColumnType
    unit: str
    headers: Mapping[str, str]
    definition: Mapping[str, str]
    expression: str
    """The SQL that computes it."""
