"""`tawny unguard`: the exact texts of a spreadsheet's file."""

from __future__ import annotations

from pathlib import Path

import click

from tawny.exports.formats.guarded_file import unguard_file
from tawny.queries.catalogue import EXPORT_TYPES, query


def unguard(file: Path, output: Path | None) -> None:
    """Restore the texts of a file, into another one or itself."""
    layouts = [query(export_type).columns for export_type in EXPORT_TYPES]
    restored = unguard_file(file, output or file, layouts)
    click.echo(f"restored={restored}")
