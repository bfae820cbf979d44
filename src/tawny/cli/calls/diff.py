"""How `tawny diff` is called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.help import Command
from tawny.cli.options import channels_option, language_option, range_options, time_zone_option


@click.command("diff", cls=Command)
@click.argument("before", metavar="A")
@click.argument("now", metavar="B")
@click.argument("export_type", metavar="[TYPE]", required=False)
@range_options
@time_zone_option
@channels_option
@click.option("--columns", metavar="KEY,...", help="Compare only these columns (tawny columns).")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    help="text for people, json for programs; csv: a line for each cell and cause.",
)
@language_option
@click.pass_context
def diff(
    context: click.Context,
    before: str,
    now: str,
    export_type: str | None,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: tuple[str, ...],
    columns: str | None,
    output_format: Literal["text", "json", "csv"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Say what differs in an export between A and B: rows added, removed and changed, cell by cell,
    each with the event that caused it.

    A and B are each the receipt of a file, or the file beside it, the id of a run of this data
    folder, or an instant (now is one): the newest log as of then. A receipt or a run says what is
    compared; of a bundle TYPE names the export. For two instants TYPE and the options of tawny
    export follow. Ends with 0 when nothing differs, 5 when something does.
    """
    from tawny.cli import diff as work

    work.diff(
        context,
        before,
        now,
        export_type,
        start=start,
        end=end,
        time_zone=time_zone,
        channels=channels,
        columns=columns,
        output_format=output_format,
        language=language,
    )
