"""How `tawny export` is called."""

from __future__ import annotations

from pathlib import Path

import click

from tawny.cli.help import Command
from tawny.cli.options import channels_option, range_options, server_option, time_zone_option
from tawny.exports.formats.registry import DIALECTS, FORMAT_NAMES
from tawny.queries.columns import HEADER_STYLES


@click.command("export", cls=Command)
@click.argument(
    "types", nargs=-1, metavar="[TYPE]...", help="An export type, several, or all (tawny exports)."
)
@range_options
@time_zone_option
@channels_option
@click.option("--as-of", metavar="INSTANT", help="Only events up to it; default now.")
@click.option(
    "--log-version",
    metavar="N",
    type=int,
    help="Only events that had arrived with this version of the log (a receipt says it).",
)
@click.option("--headers", metavar="STYLE", help=f"One of: {', '.join(HEADER_STYLES)}; default en.")
@click.option(
    "--format",
    "format_name",
    metavar="FORMAT",
    help=f"One of: {', '.join(FORMAT_NAMES)}; default from the ending of the file.",
)
@click.option(
    "--dialect",
    metavar="DIALECT",
    help=f"Of CSV, one of: {', '.join(DIALECTS)}; default machine.",
)
@click.option(
    "--long-cells",
    metavar="HOW",
    help="Of XLSX, a text that no cell holds: refuse it, or cut it; default refuse.",
)
@click.option(
    "--columns",
    metavar="KEY,...",
    help="Only these columns (tawny columns), in the export's order.",
)
@click.option(
    "--engine",
    metavar="ENGINE",
    help="duckdb, or spark for the cluster of TAWNY_ENGINE_URL; default by the settings. The bytes "
    "are the same.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file; - is standard output. Of several types a folder, or one .zip or .xlsx.",
)
@click.option(
    "--receipt",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Make the file of this receipt again, byte for byte.",
)
@click.option(
    "--wait-until-complete",
    "longest_wait",
    metavar="DURATION",
    help="Wait until every channel is complete up to the end of the range, such as 30s, 5m, 2h; "
    "after that write the file all the same, and name the channels.",
)
@server_option("Have this server compute it, with the token in TAWNY_TOKEN.")
@click.pass_context
def export(
    context: click.Context,
    types: tuple[str, ...],
    start: str | None,
    end: str | None,
    time_zone: str | None,
    channels: tuple[str, ...],
    as_of: str | None,
    log_version: int | None,
    headers: str | None,
    format_name: str | None,
    dialect: str | None,
    long_cells: str | None,
    columns: str | None,
    engine: str | None,
    output: str | None,
    receipt: Path | None,
    longest_wait: str | None,
    server: str | None,
) -> None:
    """Write an export to a file, with a receipt beside it.

    A MOMENT is YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS[.mmm]] in the time zone, or either with an offset
    or Z. Ends with 0, 2 for a wrong request, 1 for a failure; a failed export leaves no file.
    Several types are of one state of the log; it ends with 4 when they do not agree.
    """
    from tawny.cli import export as work

    work.export(
        context,
        types,
        start=start,
        end=end,
        time_zone=time_zone,
        channels=channels,
        as_of=as_of,
        log_version=log_version,
        headers=headers,
        format_name=format_name,
        dialect=dialect,
        long_cells=long_cells,
        columns=columns,
        engine=engine,
        output=output,
        receipt=receipt,
        longest_wait=longest_wait,
        server=server,
    )
