"""Columns of text for the terminal and for programs that read lines."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Rows under their heads, two spaces apart, a line each; `right` names heads of numbers."""
    table = [heads, *rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(heads))]
    lines = []
    for row in table:
        cells = [
            cell.rjust(width) if head in right else cell.ljust(width)
            for cell, width, head in zip(row, widths, heads, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
