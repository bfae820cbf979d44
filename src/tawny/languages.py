"""The languages people read: which one a request gets, and the catalogues behind it.

English texts are the message ids, of pages and of errors alike. The French catalogue is the `.po`
file itself, read at start, so that no compiled copy can be older than what people translate.
"""

from __future__ import annotations

import functools
import gettext
import io
import string
from importlib import resources
from typing import TYPE_CHECKING, Any

from tawny.text import Text

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = {"en": "English", "fr": "Français"}
"""Codes and the names people know them by."""

DOMAIN = "tawny"


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; the texts themselves for English. `hootdesk-fr` holds the column
    headers of the original French article."""
    if language == "en":
        return gettext.NullTranslations()
    # English does not wait for what reads a catalogue.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = resources.files("tawny") / "translations" / language / f"{DOMAIN}.po"
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language.rpartition("-")[2])
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    found = gettext.GNUTranslations(compiled)
    found.add_fallback(_WithoutContext(found))
    return found


class _WithoutContext(gettext.NullTranslations):
    """Where a catalogue has no entry of a text for a context, its entry for all."""

    def __init__(self, catalogue: gettext.NullTranslations) -> None:
        super().__init__()
        self._catalogue_of_all = catalogue

    def pgettext(self, context: str, message: str) -> str:
        """The entry without context."""
        del context
        return self._catalogue_of_all.gettext(message)


def translated(text: Text | str, language: str) -> str:
    """A text in a language; in English what the catalogue lacks. What is no `Text` is data, and
    the same in every language.

    >>> translated(Text("{count} characters", count=300), "fr")
    '300 caractères'
    """
    if isinstance(text, str) or language not in _FORMATTERS:
        return str(text)
    return text.filled(_FORMATTERS[language], translations(language).gettext)


class _French(string.Formatter):
    """Quotes and groups of digits as the French write them."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """`!r` is a value in guillemets, escaped as in English."""
        if conversion == "r" and isinstance(value, str):
            return f"«\N{NO-BREAK SPACE}{repr(value)[1:-1]}\N{NO-BREAK SPACE}»"
        return super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> Any:
        """`,` groups by narrow spaces; a comma begins a fraction."""
        formatted = super().format_field(value, format_spec)
        return formatted.translate(_NUMBERS) if format_spec else formatted


_NUMBERS = str.maketrans({",": "\N{NARROW NO-BREAK SPACE}", ".": ","})


_FORMATTERS = {"fr": _French()}


@functools.cache
def locale(language: str) -> Locale:
    """How numbers and dates are written in a language."""
    from babel import Locale

    return Locale("en", "GB") if language == "en" else Locale(language)


def accepted(header: str) -> str:
    """The best of our languages for an `Accept-Language` header; English when none fits.

    >>> accepted("de;q=0.9, fr-CA;q=0.8, en;q=0.2")
    'fr'
    >>> accepted("")
    'en'
    """
    wishes: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = 1.0
        if parameters.strip().startswith("q="):
            try:
                quality = float(parameters.strip()[2:])
            except ValueError:
                quality = 0.0
        wishes.append((quality, tag.split("-")[0].lower()))
    for quality, code in sorted(wishes, key=lambda wish: -wish[0]):
        if quality > 0 and code in LANGUAGES:
            return code
    return "en"
