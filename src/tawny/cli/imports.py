"""`tawny import`: real data in other layouts as events."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tawny.cli.app import app, home_of, say, settings
from tawny.cli.ingest import REFUSED, RefusalReport, finish
from tawny.cli.progress import IngestProgress
from tawny.cli.sample import opened
from tawny.imports.twitter import TwitterFile
from tawny.runs.ingest import Ingest

import_app = typer.Typer(
    help="Events from data in another layout.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(import_app, name="import")


@import_app.callback()
def _layouts() -> None:
    """Events from data in another layout."""


@import_app.command("twitter")
def twitter(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Tweets, one a row.")],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write the events to a file instead of the log."
        ),
    ] = None,
) -> None:
    """Read the public layout "Customer Support on Twitter" into events.

    Only what the tweets say: no locks, presence, resolves or surveys are made up. Importing a file
    twice changes nothing.
    """
    source = TwitterFile(file)
    for skipped in [*source.summary.refused, *source.summary.left_out]:
        sys.stderr.write(f"{file}:{skipped.line}: {say(skipped.reason)}\n")
    typer.echo(str(source.summary))
    if output is not None:
        with opened(output) as stream:
            for block in source.events():
                stream.write(block)
        if source.summary.refused:
            raise typer.Exit(REFUSED)
        return
    home = home_of(context)
    report = RefusalReport(home)
    with IngestProgress(None) as progress:
        run = Ingest(home, settings(), report.add, progress.update)
        with run:
            run.read(str(file), source.events())
    report.save()
    run.outcome.refused += len(source.summary.refused)
    finish(home, run.outcome)
