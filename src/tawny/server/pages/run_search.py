"""The search of the list of runs: what somebody typed, as what the list shows. Each word is looked
for in all that a row says, in the reader's language: the type, person, channel, state, format, file
name, and the month or year of the range or of the request."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from babel.dates import get_month_names

from tawny.people.callers import Caller
from tawny.server.pages import labels as names
from tawny.server.pages.rendering import Reader
from tawny.server.services import Services
from tawny.state.run_rows import RunState, RunWord


def folded(text: str) -> str:
    """Text as a search compares it: no accents, no capitals.

    >>> folded("Délai de Première")
    'delai de premiere'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def run_words(
    text: str, services: Services, caller: Caller, reader: Reader, people: Mapping[str, str]
) -> Sequence[RunWord]:
    """What each word of a search may mean. `people` are the names to show by those to sign in."""
    words = text.split()
    if not words:
        return ()
    channels = {
        one.id: f"{one.title} {' '.join(one.other_names)} "
        f"{reader.translate(names.MEDIA.get(one.medium, one.medium))}"
        for one in services.channels(caller)
    }
    tables = (
        {key: reader.translate(title) for key, title in names.EXPORTS.items()},
        {key: reader.translate(title) for key, title in names.STATES.items()},
        {key: reader.translate(title) for key, title in names.FORMATS.items()},
    )
    months = {
        f"{number:02d}": name for number, name in get_month_names(locale=reader.locale).items()
    }
    found = []
    for word in words:
        wanted = folded(word)
        types, states, formats = (_holding(wanted, table) for table in tables)
        # A month is named from its beginning: "oct", "octobre"; "mar" is March, not "summary".
        named = [key for key, name in months.items() if folded(name).startswith(wanted)]
        found.append(
            RunWord(
                text=word,
                export_types=types,
                states=[RunState(state) for state in states],
                formats=formats,
                channels=_holding(wanted, channels),
                owners=_holding(wanted, people),
                months=named if len(wanted) >= 3 else (),
            )
        )
    return found


def _holding(wanted: str, texts: Mapping[str, str]) -> list[str]:
    """The keys of the texts that hold a word."""
    return [key for key, text in texts.items() if wanted in folded(text)]
