"""A column of an export: its name in every language, its type, its definition."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import pyarrow as pa


class ColumnType(enum.StrEnum):
    """What a cell holds. Every type but the last three numbers may be empty for "unknown".

    `ID` and `ID_LIST` are never changed by a spreadsheet guard; `TEXT`, `ENUM`, `URL` and
    `TEXT_LIST` hold what other people typed or sent.
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

    @property
    def catalogue_name(self) -> str:
        """The name in the data dictionary, where both kinds of list are a `list`."""
        return "list" if self in (ColumnType.ID_LIST, ColumnType.TEXT_LIST) else self.value


ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.ID: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.ENUM: pa.string(),
    ColumnType.URL: pa.string(),
    ColumnType.TIMESTAMP: pa.timestamp("ms", "UTC"),
    ColumnType.DURATION: pa.int64(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.PERCENT: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.ID_LIST: pa.list_(pa.string()),
    ColumnType.TEXT_LIST: pa.list_(pa.string()),
}
"""The Arrow type the engine delivers for each column type: instants in UTC, durations in whole
seconds, an empty cell as null (an empty list as null too)."""

HEADER_STYLES = ("en", "fr", "hootdesk-fr", "key")
"""The header rows a file may have; `key` is the machine name."""

HEADER_LANGUAGES = {"en": "en", "fr": "fr", "hootdesk-fr": "fr", "key": "en"}
"""The language of titles and definitions that goes with a header style."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one export type.

    `headers` has an entry for each of `HEADER_STYLES`; `definition` one for `en` and `fr`.
    `unit` is empty or a word such as `s` or `messages`.
    """

    key: str
    type: ColumnType
    unit: str
    headers: dict[str, str]
    definition: dict[str, str]
    expression: str
    """The SQL line that computes it."""
