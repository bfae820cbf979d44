"""`tawny diff`: what differs in an export between two states."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import click

from tawny.cli.app import home_of, settings
from tawny.differences.asked import NamedSide, two_sides
from tawny.differences.comparison import Comparison
from tawny.differences.side import NOW
from tawny.differences.telling import csv_lines, json_lines, text_lines
from tawny.errors import RequestError
from tawny.exports.receipt import read_receipt, receipt_path
from tawny.exports.request import ExportRequest
from tawny.intake.moving import move_inbox
from tawny.model.zones import current_ms
from tawny.settings import chosen_language

DIFFERENT = 5
"""Exit status when something differs."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def diff(
    context: click.Context,
    before: str,
    now: str,
    export_type: str | None,
    *,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: Sequence[str],
    columns: str | None,
    output_format: Literal["text", "json", "csv"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Compare two states and print what differs; the options are those of `tawny diff`."""
    home = home_of(context)
    move_inbox(home, settings())
    named = [
        NamedSide(label, text, _receipt(home, label, text))
        for label, text in (("A", before), ("B", now))
    ]
    has_receipt = any(side.receipt is not None for side in named)
    if has_receipt and (start, end, time_zone, *channels) != (None, None, None):
        raise RequestError(
            "--from, --to, --tz, --channel: found with a receipt or a run, which says them all; "
            "leave them out"
        )
    asked = ExportRequest(
        export_type=export_type or "",
        time_zone="UTC" if time_zone is None else time_zone,
        start=start,
        end=end,
        channels=tuple(channels),
        columns=() if columns is None else tuple(key.strip() for key in columns.split(",")),
    )
    one, other = two_sides(home, settings(), named, asked, current_ms())
    spoken = language or chosen_language()
    with Comparison(home, settings(), one, other) as comparison:
        if output_format == "json":
            for line in json_lines(comparison, comparison.rows(), spoken):
                click.echo(line, nl=False)
        elif output_format == "csv":
            for line in csv_lines(comparison, comparison.rows(), spoken):
                click.echo(line, nl=False)
        else:
            for line in text_lines(comparison, comparison.rows(), spoken):
                click.echo(line)
        if comparison.total:
            raise click.exceptions.Exit(DIFFERENT)


def _receipt(home: Path, name: str, text: str) -> Mapping[str, Any] | None:
    """The receipt that a file or a run has; None for an instant."""
    path = Path(text)
    if path.is_file():
        beside = receipt_path(path)
        return read_receipt(beside if beside.is_file() else path)[2]
    if text == NOW or _DATE.match(text):
        return None
    # Two files, or two instants, do not wait for the state database.
    from tawny.runs.store import RunStore
    from tawny.state.database import open_database_for_reading

    with closing(open_database_for_reading(home, settings())) as database:
        run = RunStore(database).find(text)
    if run is None or run.receipt is None:
        raise RequestError(
            "{name}: found {text!r}; allowed a receipt, the file beside it, the id of a run that "
            "made a file, an instant, or now",
            name=name,
            text=text,
        )
    return run.receipt
