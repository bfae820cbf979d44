"""How `tawny feed` is called."""

from __future__ import annotations

from pathlib import Path

import click

from tawny.cli.help import Command
from tawny.cli.options import channels_option, server_option, time_zone_option


@click.command("feed", cls=Command)
@click.argument("export_type", metavar="TYPE", help="An export type (tawny exports).")
@click.option(
    "--since", metavar="CURSOR", help="Only what changed after it; without it all there is."
)
@click.option(
    "--cursor-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Read the cursor from this file if it is there, and leave the next one in it.",
)
@time_zone_option
@channels_option
@click.option(
    "--period",
    metavar="PERIOD",
    help="Of types whose rows sum up, one of: hour, day, week, month; default day.",
)
@click.option(
    "-o", "--output", metavar="FILE", default="-", help="The file; default - (standard output)."
)
@server_option("Read it from this server, with the token in TAWNY_TOKEN.")
@click.pass_context
def feed(
    context: click.Context,
    export_type: str,
    since: str | None,
    cursor_file: Path | None,
    time_zone: str | None,
    channels: tuple[str, ...],
    period: str | None,
    output: str,
    server: str | None,
) -> None:
    """Write what changed in an export since a cursor, a line of JSON each.

    Each has op (insert, update, delete), at (the version of the log), the row key and the cells.
    Keep of each key the row with the largest at, deletes included: neither order nor repetition
    matters. The next cursor is the last line on standard error.
    """
    from tawny.cli import feed as work

    work.feed(
        context,
        export_type,
        since=since,
        cursor_file=cursor_file,
        time_zone="UTC" if time_zone is None else time_zone,
        channels=channels,
        period=period,
        output=output,
        server=server,
    )
