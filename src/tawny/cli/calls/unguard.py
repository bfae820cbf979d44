"""How `tawny unguard` is called."""

from __future__ import annotations

from pathlib import Path

import click

from tawny.cli.help import Command


@click.command("unguard", cls=Command)
@click.argument(
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A CSV file of the dialect excel or excel-semicolon.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Default: FILE itself is rewritten.",
)
def unguard(file: Path, output: Path | None) -> None:
    """Give the exact texts of a spreadsheet's file back.

    The excel dialects put ' before a text that a spreadsheet would run as a formula, and write an
    id that it would run or change as ="...". This takes both off again; everything else in the
    file stays as it is. The file may have some of an export's columns, in their order. Do it once:
    the file does not show that it was done.
    """
    from tawny.cli import unguard as work

    work.unguard(file, output)
