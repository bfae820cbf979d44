"""How `tawny ingest` is called."""

from __future__ import annotations

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command


@click.command("ingest", cls=Command)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    help="Newline-delimited JSON, plain, .gz or .zst; - is standard input.",
)
@click.pass_context
def ingest(context: click.Context, files: tuple[str, ...]) -> None:
    """Take events into the log.

    Prints accepted=N duplicates=N refused=N. Ends with 0 when nothing was refused, 3 when something
    was (the rest is kept), 2 for a wrong call, 1 for a failure that kept nothing.
    """
    from tawny.cli import ingest as work

    work.ingest(home_of(context), files)
