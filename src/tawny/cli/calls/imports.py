"""How `tawny import` and its commands are called."""

from __future__ import annotations

from pathlib import Path

import click

from tawny.cli.help import Group


@click.group("import", cls=Group)
def import_() -> None:
    """Events from data in another layout."""


@import_.command("twitter")
@click.argument(
    "file", type=click.Path(path_type=Path), metavar="FILE.csv", help="Tweets, one a row."
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write the events to a file instead of the log."
)
@click.pass_context
def twitter(context: click.Context, file: Path, output: str | None) -> None:
    """Read the public layout "Customer Support on Twitter" into events.

    Only what the tweets say: no locks, presence, resolves or surveys are made up. Importing a file
    twice changes nothing.
    """
    from tawny.cli import imports as work

    work.twitter(context, file, output)
