"""What a file format says of itself. Everybody else reads it here, and nobody asks for a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tawny.text import N_

if TYPE_CHECKING:
    # The names of the formats are known without the libraries that write them.
    from tawny.engine.finished_rows import ColumnTable
    from tawny.exports.formats.source import RowSource


@dataclass(frozen=True, slots=True)
class Written:
    """A whole file: its rows, and the SHA-256 of its bytes in hexadecimal digits."""

    rows: int
    sha256: str
    cut_cells: int = 0
    """Cells with a text that no cell of the format holds, of which they have the beginning."""


Writer = Callable[["RowSource", Path], Written]
"""Writes the whole file."""

FirstRows = Callable[[Path, int], list[list[str | None]]]
"""Reads at most so many rows of a file; None = empty."""

ColumnTexts = Callable[[Path, str], Iterator[str]]
"""Reads the texts under a header of a file."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way to write the cells of a format."""

    name: str
    label: str
    """Its name on pages, a text of the catalogue."""


PROGRAMS = Dialect("machine", N_("Programs (exact values)"))
"""What a format without dialects has."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format and dialect of it."""

    name: str
    label: str
    """The format's name on pages, a text of the catalogue."""
    version: int
    """Of the way the cells are written; a receipt says it. It grows when the same rows would make
    other bytes than before."""
    ending: str
    media_type: str
    write: Writer
    dialect: Dialect = PROGRAMS
    place: int = 0
    """Among the formats a page offers, those that people open first."""
    is_text: bool = False
    """Whether the engine writes it, so that slices of it can be made side by side."""
    has_row_key: bool = False
    """Whether its rows have what the row key names beside the cells."""
    is_guarded: bool = False
    """Whether its texts are guarded (`tawny.queries.guard`)."""
    holds_sheets: bool = False
    """Whether one file may hold several exports, a sheet each."""
    cuts_long_cells: bool = False
    """Whether its cells have an end, so that a longer text is refused or cut."""
    lists_are_texts: bool = False
    """Whether a list is one text in its cells."""
    package: Mapping[str, Any] | None = field(default_factory=dict)
    """What a data package says of it beside its columns; None where it can list no such file."""
    column_table: ColumnTable | None = None
    """How the engine reads a column again; None where it does not read the format."""
    column_texts: ColumnTexts | None = None
    """How a column is read again where the engine does not."""
    first_rows: FirstRows | None = None
    """How the first rows are read from a whole file as `tawny.reading.preview` computes them; None
    where a file's cells are not written as there."""
