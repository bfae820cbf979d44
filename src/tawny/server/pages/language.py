"""The languages of the pages: which one a request gets, and the catalogues behind it.

English texts are the message ids. The French catalogue is the `.po` file itself, read at start, so
that no compiled copy can be older than what people translate.
"""

from __future__ import annotations

import functools
import gettext
import io
from importlib import resources

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "fr": "Français"}
"""Codes and the names people know them by."""

DOMAIN = "tawny"


@functools.cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; the texts themselves for English."""
    if language == "en":
        return gettext.NullTranslations()
    path = resources.files("tawny.server") / "translations" / language / f"{DOMAIN}.po"
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@functools.cache
def locale(language: str) -> Locale:
    """How numbers and dates are written in a language."""
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
