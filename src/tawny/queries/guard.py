"""The guards of the CSV dialects for spreadsheets, and how they are undone exactly.

A spreadsheet runs a cell as a formula when its text starts with `=`, `+`, `-` or `@` (plain or
full-width), also behind a tab or a line end, and takes many a text for a number, a date or a truth
value. Which guard a cell has follows from the type of its column:

- A **text** that would run gets one `'` put before it. So does a text that has only `'` before such
  a character: without this, a text that came with its own `'` could not be told from a guarded one.
  Taking one `'` away from what matches is therefore the exact inverse:

      @ann hello   ->  '@ann hello   ->  @ann hello
      '@ann hello  ->  ''@ann hello  ->  '@ann hello
      'quoted'     ->  'quoted'      ->  'quoted'

- An **id** (an identifier, a list of ids) that would run or become something else is written as a
  formula that is one literal, which a spreadsheet shows as it is:

      00012        ->  ="00012"      ->  00012
      =1+1         ->  ="=1+1"       ->  =1+1
      conv-7       ->  conv-7        ->  conv-7

  A literal holds 255 characters; a longer id gets a `'` like a text, also one that is a number.

Numbers, instants and booleans are never guarded: they are meant to be read as such.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Mapping

from tawny.queries.columns import ColumnType
from tawny.queries.spreadsheet_reading import CHANGED_PATTERN, KEPT_PATTERN, NUMBER_PATTERN


class Guard(enum.Enum):
    """How the cells of a column are guarded."""

    TEXT = "text"
    ID = "id"


GUARDS: Mapping[ColumnType, Guard] = {
    ColumnType.TEXT: Guard.TEXT,
    ColumnType.ENUM: Guard.TEXT,
    ColumnType.URL: Guard.TEXT,
    ColumnType.TEXT_LIST: Guard.TEXT,
    ColumnType.ID: Guard.ID,
    ColumnType.IDENTIFIER: Guard.ID,
    ColumnType.ID_LIST: Guard.ID,
}
"""The column types that are guarded; a list is guarded as the joined text of its cell."""

MAX_LITERAL = 255
"""Characters of a text in a formula: a spreadsheet's limit."""

_RUN = r"'*[=+\-@\t\r\n＝＋－＠][\s\S]*"

GUARD_PATTERN = _RUN
"""What gets a `'` as a text. This and the other patterns are for a whole text, in the syntax that
RE2 (`regexp_full_match` of the query engine) and Python share. The engine binds them as values, so
that both sides follow one definition."""

LONG_ID_PATTERN = f"{_RUN}|'*{NUMBER_PATTERN}"
"""What gets a `'` as an id that is too long for a literal."""

ID_PATTERN = f"{_RUN}|'*(?:{CHANGED_PATTERN})"
"""What becomes a literal as an id of up to `MAX_LITERAL` characters, unless it matches
`ID_KEPT_PATTERN`."""

ID_KEPT_PATTERN = KEPT_PATTERN

_LITERAL = re.compile(r'="((?:[^"]|"")*)"')


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # When it is needed, not when the module is read: that takes longer than most calls.
    return re.compile(pattern)


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


def guard(text: str, how: Guard = Guard.TEXT) -> str:
    """A text as a dialect for spreadsheets writes it."""
    if how is Guard.TEXT:
        return "'" + text if _matches(GUARD_PATTERN, text) else text
    if len(text) > MAX_LITERAL:
        return "'" + text if _matches(LONG_ID_PATTERN, text) else text
    if _matches(ID_KEPT_PATTERN, text) or not _matches(ID_PATTERN, text):
        return text
    return '="' + text.replace('"', '""') + '"'


def unguard(text: str, how: Guard = Guard.TEXT) -> str:
    """The text that `guard` was given: `unguard(guard(text)) == text` for every text."""
    if how is Guard.TEXT:
        return text[1:] if text.startswith("'") and _matches(GUARD_PATTERN, text) else text
    literal = _LITERAL.fullmatch(text)
    if literal is not None:
        return literal[1].replace('""', '"')
    if len(text) > MAX_LITERAL + 1 and text.startswith("'") and _matches(LONG_ID_PATTERN, text):
        return text[1:]
    return text
