"""The head of a query file: what is said once about an export, in comments before its SQL.

    -- title: Response times
    -- One row per response whose reply lies in the range, by To.
    -- place: 10
    -- range: required
    -- order: time
    -- key: outbound_message_id
    -- links: outbound_message_id -> messages, contact_profile_id -> contacts
    -- never empty: conversation_id, started_by, from, to

The title comes first, then words that say what a row is, then the other lines with a name; one that
begins with two more spaces goes on with the line before. The head of a fact has only words.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from tawny.errors import EngineError
from tawny.model.rights import Right
from tawny.queries.columns import Column, ColumnType
from tawny.text import Text

BESIDE_CELLS = {"channel_id": ColumnType.ID, "n": ColumnType.INTEGER}
"""What a row key may name that is no cell of the file: the channel's id where the file shows its
name, and the number of an interval among those of the agent that begin in the same millisecond,
from 1. Feeds and tables of databases carry them as columns of their own."""

_FIELDS = {
    "title": None,
    "place": None,
    "range": ("required", "none"),
    "order": ("time", "key"),
    "key": None,
    "beside": None,
    "links": None,
    "right": tuple(right.value for right in Right),
    "never empty": None,
}
"""What a head may name, and the words allowed there; None = others."""
_REQUIRED = ("title", "place", "range", "order", "key")


@dataclass(frozen=True, slots=True)
class Head:
    """What always holds for an export."""

    title: str
    """Its name for people, in English."""
    description: str
    """What a row is and in which order they come, in English."""
    place: int
    """Where it stands among the exports, from 1: the order people know them in."""
    takes_range: bool
    """Whether it needs a range; otherwise it shows the state as of `as_of`."""
    is_time_ordered: bool
    """Whether its rows belong to one instant of the range each and come in that order, so that the
    rows of adjoining ranges, one after the other, are those of the whole."""
    key: tuple[str, ...]
    """The columns that together tell its rows apart, `BESIDE_CELLS` among them."""
    beside: Mapping[str, str]
    """Where the final select finds those of `BESIDE_CELLS`, by their names."""
    links: Mapping[str, str]
    """Columns that always name a row of another export of the same request, which one."""
    right: Right | None
    """What a person needs to see it, beside its channels."""
    never_empty: tuple[str, ...]
    """Columns that are never empty, beside those of the key."""
    line_numbers: Mapping[str, int]
    """Where the file says what, by the name of the line, from 1."""

    @property
    def beside_cells(self) -> tuple[str, ...]:
        """What the row key names that is no cell of the file."""
        return tuple(name for name in self.key if name in BESIDE_CELLS)

    @property
    def primary_cells(self) -> tuple[str, ...]:
        """The cells of the file that it names."""
        return tuple(name for name in self.key if name not in BESIDE_CELLS)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The row key where all of it are cells of the file, else nothing."""
        return () if self.beside_cells else self.key

    def check(self, path: str, columns: tuple[Column, ...]) -> None:
        """Raise `EngineError` where it names a column that the export does not have."""
        cells = [column.key for column in columns]
        for name, named, allowed in (
            ("key", self.key, [*cells, *sorted(BESIDE_CELLS)]),
            ("beside", tuple(self.beside), self.beside_cells),
            ("links", tuple(self.links), cells),
            ("never empty", self.never_empty, cells),
        ):
            if not set(named).issubset(allowed):
                raise EngineError(
                    "{path}: found {found} in the line {name}; allowed columns are {allowed}",
                    path=f"{path}:{self.line_numbers[name]}",
                    found=", ".join(named),
                    name=name,
                    allowed=", ".join(allowed),
                )


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands in a line with a name."""

    number: int
    value: str


def check_head(path: str, text: str) -> None:
    """Raise `EngineError` for a file that does not say what a row is."""
    if not _comments(text):
        raise EngineError(
            "{path}: found no comment on the first line; say what a row is", path=f"{path}:1"
        )


def head_of(path: str, text: str) -> Head:
    """The head of an export's file. Raises `EngineError` by file and line."""
    check_head(path, text)
    lines, words = _read(path, _comments(text))
    for name in _REQUIRED:
        if name not in lines:
            raise EngineError(
                "{path}: found no line {line}; the head of an export needs {needed}",
                path=f"{path}:1",
                line=f"-- {name}: ...",
                needed=", ".join(_REQUIRED),
            )
    for name, allowed in _FIELDS.items():
        if allowed and name in lines and lines[name].value not in allowed:
            raise _refused(path, name, lines[name], ", ".join(allowed))
    if not lines["place"].value.isdecimal():
        raise _refused(path, "place", lines["place"], Text("a whole number"))
    fields = {name: line.value for name, line in lines.items()}
    right = fields.get("right")
    return Head(
        title=fields["title"],
        description=words,
        place=int(fields["place"]),
        takes_range=fields["range"] == "required",
        is_time_ordered=fields["order"] == "time",
        key=_listed(fields["key"]),
        beside=_links(path, lines.get("beside"), "beside", "="),
        links=_links(path, lines.get("links"), "links", "->"),
        right=Right(right) if right else None,
        never_empty=_listed(fields.get("never empty", "")),
        line_numbers={name: line.number for name, line in lines.items()},
    )


def _comments(text: str) -> list[str]:
    """The lines of comments that a file begins with, without their marks."""
    comments = itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())
    return [line.removeprefix("--") for line in comments]


def _read(path: str, comments: list[str]) -> tuple[dict[str, _Line], str]:
    """The lines of a head that have a name, and its words."""
    lines: dict[str, _Line] = {}
    words: list[str] = []
    last = ""
    for number, text in enumerate(comments, 1):
        name, colon, value = text.strip().partition(": ")
        if last and text.startswith("   "):
            lines[last] = _Line(lines[last].number, f"{lines[last].value} {text.strip()}")
        elif colon and name in _FIELDS:
            line = _Line(number, value)
            if name in lines:
                raise _refused(path, name, line, Text("one such line"))
            last, lines[name] = name, line
        elif lines.keys() <= {"title"}:
            last = ""
            words.append(text.strip())
        else:
            raise EngineError(
                "{path}: found {found!r} after the words of the head; allowed: {allowed}",
                path=f"{path}:{number}",
                found=text.strip(),
                allowed=", ".join(f"{name}: ..." for name in _FIELDS),
            )
    return lines, " ".join(words)


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",")) if value else ()


def _links(path: str, line: _Line | None, name: str, mark: str) -> dict[str, str]:
    links = {}
    for link in _listed(line.value) if line else ():
        column, found, target = (part.strip() for part in link.partition(mark))
        if line and not (found and column and target):
            meant = {"links": "column -> export, column -> export"}.get(
                name, "column = step.column"
            )
            raise _refused(path, name, _Line(line.number, link), meant)
        links[column] = target
    return links


def _refused(path: str, name: str, line: _Line, allowed: str | Text) -> EngineError:
    return EngineError(
        "{path}: found {found!r} in the line {name}; allowed {allowed}",
        path=f"{path}:{line.number}",
        found=line.value,
        name=name,
        allowed=allowed,
    )
