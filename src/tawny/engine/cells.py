"""Cells as text: the select list that turns a query's typed columns into what a file shows, and the
options with which the embedded engine writes such rows.

It is written in that engine's SQL, so that a file of any size is formatted where it is computed.
Instants come as milliseconds since 1970 UTC and get the offsets of the request's zone from a list
made by `tawny.model.zones`, not from the engine's own copy of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from tawny.queries.columns import Column, ColumnType
from tawny.queries.guard import (
    GUARD_PATTERN,
    GUARDS,
    ID_KEPT_PATTERN,
    ID_PATTERN,
    LONG_ID_PATTERN,
    MAX_LITERAL,
    Guard,
)

Segments = Sequence[tuple[int, int]]
"""`(from_ms, offset_ms)` in order; see `tawny.model.zones.offset_segments`."""


def offset_text(offset_ms: int) -> str:
    """`+02:00`, `-04:30`; old local mean times have seconds, `+00:09:21`."""
    sign = "-" if offset_ms < 0 else "+"
    minutes, seconds = divmod(abs(offset_ms) // 1000, 60)
    text = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def typed_select(statement: str, columns: Sequence[Column]) -> str:
    """The query with columns named by key and of the types of `ARROW_TYPES`."""
    items = [f"{_typed(column)} AS {identifier(column.key)}" for column in columns]
    return _over(statement, items)


def machine_select(
    statement: str, columns: Sequence[Column], segments: Segments, header_style: str
) -> str:
    """Every cell as text for a CSV file that programs read."""
    items = [
        _named(_text(column, _instant(column.key, segments, "T", ".%g", with_offset=True)),
               column, header_style)
        for column in columns
    ]  # fmt: skip
    return _over(statement, items)


def excel_select(
    statement: str,
    columns: Sequence[Column],
    segments: Segments,
    header_style: str,
    *,
    decimal_comma: bool,
) -> str:
    """Every cell as text for a CSV file that a spreadsheet opens: local times without offset and
    to the second (with milliseconds a spreadsheet shows minutes and seconds only), and guarded
    where it would run or become something else (`tawny.queries.guard`)."""
    items = []
    for index, column in enumerate(columns):
        text = _text(column, _instant(column.key, segments, " ", "", with_offset=False))
        how = GUARDS.get(column.type)
        if how is not None:
            text = guarded(text, how)
        elif column.type is ColumnType.PERCENT and decimal_comma:
            text = f"replace({text}, '.', ',')"
        mark = BYTE_ORDER_MARK if index == 0 else ""
        items.append(f"{text} AS {identifier(mark + column.headers[header_style])}")
    return _over(statement, items)


def guarded(text: str, how: Guard) -> str:
    """`tawny.queries.guard.guard` in the engine's words."""
    if how is Guard.TEXT:
        return (
            f"CASE WHEN regexp_full_match({text}, $guard_pattern) THEN '''' || {text} "
            f"ELSE {text} END"
        )
    return (
        f"CASE WHEN length({text}) > {MAX_LITERAL} THEN "
        f"CASE WHEN regexp_full_match({text}, $long_id_pattern) THEN '''' || {text} "
        f"ELSE {text} END "
        f"WHEN regexp_full_match({text}, $id_kept_pattern) THEN {text} "
        f"WHEN regexp_full_match({text}, $id_pattern) "
        f"THEN '=\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    )


def json_select(
    statement: str, columns: Sequence[Column], segments: Segments, header_style: str
) -> str:
    """Cells for JSON: numbers, booleans and lists as such, instants as text with offset."""
    items = []
    for column in columns:
        if column.type is ColumnType.TIMESTAMP:
            value = _instant(column.key, segments, "T", ".%g", with_offset=True)
        else:
            value = _typed(column)
        items.append(_named(value, column, header_style))
    return _over(statement, items)


BYTE_ORDER_MARK = "\ufeff"
"""Begins a spreadsheet's file, and so its first header: the engine writes no other beginning."""

TEXT_VALUES = {
    "guard_pattern": GUARD_PATTERN,
    "long_id_pattern": LONG_ID_PATTERN,
    "id_kept_pattern": ID_KEPT_PATTERN,
    "id_pattern": ID_PATTERN,
}
"""Values the select lists bind."""


class WritingOptions(NamedTuple):
    """With which the engine writes a file of text that is made in pieces."""

    first: LiteralString
    """Of the first piece, which has the header if the format has one."""
    rest: LiteralString
    """Of those that follow."""


def csv_options(delimiter: LiteralString, line_end: LiteralString) -> WritingOptions:
    """For CSV; `line_end` is written as `\\n` or `\\r\\n`. A cell is quoted where it must be."""
    options: LiteralString = (
        "FORMAT csv, NULLSTR '', COMMENT '', QUOTE '\"', ESCAPE '\"', DELIMITER '"
        + delimiter
        + "', NEW_LINE '"
        + line_end
        + "'"
    )
    return WritingOptions(options + ", HEADER true", options + ", HEADER false")


JSON_OPTIONS = WritingOptions("FORMAT json", "FORMAT json")
"""For JSON lines."""


def _over(statement: str, items: Sequence[str]) -> str:
    return f"SELECT {', '.join(items)} FROM (\n{statement}\n) AS export"


def _named(value: str, column: Column, header_style: str) -> str:
    return f"{value} AS {identifier(column.headers[header_style])}"


def _typed(column: Column) -> str:
    key = identifier(column.key)
    if column.type is ColumnType.TIMESTAMP:
        return f"CAST(make_timestamp_ms({key}) AS TIMESTAMP_MS)"
    if column.type in (ColumnType.DURATION, ColumnType.INTEGER):
        return f"CAST({key} AS BIGINT)"
    if column.type is ColumnType.PERCENT:
        return f"CAST({key} AS DOUBLE)"
    return key


def _text(column: Column, instant: str) -> str:
    key = identifier(column.key)
    match column.type:
        case ColumnType.TIMESTAMP:
            return instant
        case ColumnType.ID_LIST | ColumnType.TEXT_LIST:
            escaped = (
                f"list_transform({key}, lambda x: replace(replace(x, '\\', '\\\\'), ';', '\\;'))"
            )
            return f"nullif(array_to_string({escaped}, ';'), '')"
        case ColumnType.PERCENT:
            return f"CAST(CAST({key} AS DECIMAL(9, 1)) AS VARCHAR)"
        case ColumnType.DURATION | ColumnType.INTEGER | ColumnType.BOOLEAN:
            return f"CAST({key} AS VARCHAR)"
        case ColumnType.ID:
            return key  # never an empty text: the contract has none
        case _:
            return f"nullif({key}, '')"


def _instant(
    key: str, segments: Segments, separator: str, fraction: str, *, with_offset: bool
) -> str:
    """The local date-time of an instant; one branch for each offset the zone had."""
    column = identifier(key)
    branches = []
    for index, (_, offset) in enumerate(segments):
        text = offset_text(offset) if with_offset else ""
        pattern = f"'%Y-%m-%d{separator}%H:%M:%S{fraction}{text}'"
        local = f"strftime(make_timestamp_ms({column} + ({offset})), {pattern})"
        if index + 1 < len(segments):
            branches.append(f"WHEN {column} < {segments[index + 1][0]} THEN {local}")
        else:
            branches.append(f"ELSE {local}")
    if len(branches) == 1:
        return branches[0].removeprefix("ELSE ")
    return f"CASE WHEN {column} IS NULL THEN NULL {' '.join(branches)} END"
