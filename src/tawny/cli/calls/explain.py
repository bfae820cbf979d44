"""How `tawny explain` is called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command
from tawny.cli.options import channels_option, language_option, range_options, time_zone_option


@click.command("explain", cls=Command)
@click.argument("export_type", metavar="TYPE")
@click.argument("row", metavar="ROW")
@click.argument("column", metavar="COLUMN")
@range_options
@time_zone_option
@channels_option
@click.option("--as-of", metavar="INSTANT", help="Only events up to it; default now.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "ndjson"]),
    default="text",
    show_default=True,
    help="text for people, json for programs; ndjson: the events alone, as they would be ingested.",
)
@language_option
@click.pass_context
def explain(
    context: click.Context,
    export_type: str,
    row: str,
    column: str,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: tuple[str, ...],
    as_of: str | None,
    output_format: Literal["text", "json", "ndjson"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Say why a cell of an export says what it says: which events it hangs on, what each adds, and
    how they make the value.

    ROW is the row key (tawny columns), a comma between its parts and a backslash before a comma
    inside one; COLUMN a key or a header. The options are those of tawny export. The events alone,
    taken into an empty log, give the same cell for the same request.
    """
    from tawny.cli import explain as work

    work.explain_cell(
        home_of(context),
        export_type=export_type,
        row=row,
        column=column,
        start=start,
        end=end,
        time_zone=time_zone,
        channels=channels,
        as_of=as_of,
        output_format=output_format,
        language=language,
    )
