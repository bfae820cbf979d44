"""What is read of a query file, as places in its text: its steps, its final select, their items.

The parser (`parsing.py`) takes as long to import as a small export to run. So `make docs` writes
what it read of all files to `sql/parsed.json`, with the version of their texts: files of that
version are not parsed again. Texts stay in the files, the places are of their characters.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

Span = tuple[int, int]
"""Where a part of a text begins and where it has ended."""


class SelectItem(Struct, frozen=True, array_like=True):
    """One item of a select list."""

    key: str
    expression: Span
    comment: Span | None
    """The comment above it, with its marks."""
    source: tuple[str, str] | None
    """The step, fact or table and the column, where the item is nothing but that column."""


class ParsedSelect(Struct, frozen=True, array_like=True):
    """One select; of a UNION the items are those of the first."""

    name: str
    text: Span
    reads: tuple[str, ...]
    """The tables it reads, in the order of the text and as often as it does, also in selects
    inside it; not what such a select names for itself."""
    parameters: tuple[str, ...]
    """The values it binds."""
    items: tuple[SelectItem, ...]


class SqlFile(Struct, frozen=True, array_like=True):
    """One query file."""

    steps: tuple[ParsedSelect, ...]
    select: ParsedSelect
    """The final select, without its order."""
    order_by: Span | None
    whole: ParsedSelect
    """All of it as one statement, which reads nothing of its own steps; without items."""

    def step(self, name: str) -> ParsedSelect | None:
        """Its step of that name."""
        return next((step for step in self.steps if step.name == name), None)


class ParsedFiles(Struct, frozen=True):
    """What was read of all files of one version, by their paths."""

    version: str
    files: Mapping[str, SqlFile]
