"""`tawny unguard`: the exact texts of a spreadsheet's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tawny.cli.app import app
from tawny.exports.columns import HEADER_STYLES, Column
from tawny.exports.guard import unguard_file
from tawny.exports.queries import EXPORT_TYPES, query


@app.command("unguard")
def unguard(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file of the excel dialect.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Default: FILE itself is rewritten."),
    ] = None,
) -> None:
    """Take the guards against formulas off again.

    The excel dialect puts ' before texts that a spreadsheet would run as a formula. This gives the
    exact texts back; everything else in the file stays as it is. Do it once: the file does not show
    that it was done.
    """
    layouts: dict[tuple[str, ...], tuple[Column, ...]] = {}
    for export_type in EXPORT_TYPES:
        columns = query(export_type).columns
        for style in HEADER_STYLES:
            layouts[tuple(column.headers[style] for column in columns)] = columns
    restored = unguard_file(file, output or file, layouts)
    typer.echo(f"restored={restored}")
