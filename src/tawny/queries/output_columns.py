"""The output columns of a query, read from the text of its final select.

The comment above a column is the data dictionary: its type with its unit, its header, and from the
next line on its definition, as many lines as it takes.

    /* duration | Agent Response Time (s)
       From From to To on the wall clock: nights, weekends and closed hours count, and nothing is
       cut at the range. */
    (responses.to_ms - responses.from_ms + 500) // 1000 AS agent_response_time,

A column without a comment takes that of the column it is read from, in a step of the file or in a
fact, and that one's in turn; a comment of one line has a header of its own and takes the rest.
Other languages are in the catalogues, by the English text (`tawny/translations`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tawny.errors import EngineError
from tawny.queries.columns import HEADER_STYLES, Column, ColumnType, Translations
from tawny.queries.sql_file import SelectItem, SqlFile

_LINE_END = "\n"

FileOf = Callable[[str], tuple[SqlFile, str] | None]
"""What is read of the file at a path, and its text; None where there is none."""


@dataclass(frozen=True, slots=True)
class _Place:
    """An item of a select list where it stands."""

    path: str
    file: SqlFile
    text: str
    item: SelectItem

    @property
    def expression(self) -> str:
        """On one line."""
        return " ".join(self.text[slice(*self.item.expression)].split())

    @property
    def comment(self) -> str:
        """With its marks; empty without one."""
        return self.text[slice(*self.item.comment)] if self.item.comment else ""

    @property
    def line(self) -> str:
        """The file and the line of the item."""
        start = (self.item.comment or self.item.expression)[0]
        return f"{self.path}:{self.text.count(_LINE_END, 0, start) + 1}"


def columns_of(path: str, file_of: FileOf) -> tuple[Column, ...]:
    """The columns of the export at a path, in the order of its file. Raises `EngineError` by file
    and line."""
    found = file_of(path)
    if found is None:
        return ()
    file, text = found
    context = path.removesuffix(".sql")
    return tuple(
        _column(context, [*_origins(_Place(path, file, text, item), file_of)])
        for item in file.select.items
    )


def _origins(place: _Place, file_of: FileOf) -> Iterator[_Place]:
    """An item, the one it is read from as it is, and so on."""
    yield place
    if place.item.source is None:
        return
    name, key = place.item.source
    path, file, text = place.path, place.file, place.text
    select = file.step(name)
    if select is None:
        path = f"facts/{name}.sql"
        fact = file_of(path)
        if fact is None:
            return
        file, text = fact
        select = file.select
    for item in select.items:
        if item.key == key:
            yield from _origins(_Place(path, file, text, item), file_of)


def _column(context: str, origins: list[_Place]) -> Column:
    """A column of the first comment on the way to where it is read from."""
    key = origins[0].item.key
    commented = [place for place in origins if place.comment]
    if not commented:
        raise EngineError(
            "{path}: {expression} has no comment and none to take from a fact",
            path=origins[0].line,
            expression=origins[0].expression,
        )
    kind, header, definition = _parts(commented[0])
    if not definition and len(commented) > 1:
        definition = _parts(commented[1])[2]
    if not definition:
        raise _odd_comment(commented[0])
    kind, _, unit = kind.partition(" ")
    if kind not in list(ColumnType):
        raise EngineError(
            "{path}: found the type {kind!r} of {key}; allowed: {allowed}",
            path=commented[0].line,
            kind=kind,
            key=key,
            allowed=", ".join(ColumnType),
        )
    column_type = ColumnType(kind)
    if column_type is ColumnType.DURATION:
        unit = "s"
    elif column_type is ColumnType.PERCENT:
        unit = "%"
    return Column(
        key=key,
        type=column_type,
        unit=unit,
        headers=Translations(header, context, HEADER_STYLES, key),
        definition=Translations(definition, context, ("en", "fr")),
        expression=_computed(origins),
    )


def _computed(origins: list[_Place]) -> str:
    """The first expression that is more than the name of a column, else the last that says of
    which fact."""
    for place in origins:
        if place.item.source is None:
            return place.expression
    return next(
        (place.expression for place in reversed(origins) if "." in place.expression),
        origins[-1].expression,
    )


def _parts(place: _Place) -> tuple[str, str, str]:
    """Type with unit, header and definition in the comment of an item."""
    comment = place.comment
    first, _, definition = comment.removeprefix("/*").removesuffix("*/").strip().partition("\n")
    kind, bar, header = first.partition(" | ")
    if not (comment.startswith("/*") and bar and kind.strip() and header.strip()):
        raise _odd_comment(place)
    return kind.strip(), header.strip(), " ".join(definition.split())


def _odd_comment(place: _Place) -> EngineError:
    return EngineError(
        "{path}: found the comment {comment!r} above {key}; allowed: /* type unit | header, "
        "and from the next line on the definition */",
        path=place.line,
        comment=" ".join(place.comment.split()),
        key=place.item.key,
    )
