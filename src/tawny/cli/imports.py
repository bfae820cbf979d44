"""`tawny import`: real data in other layouts as events."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tawny.cli.app import home_of, say
from tawny.cli.ingest import REFUSED, finish, taking
from tawny.cli.sample import opened
from tawny.imports.twitter import TwitterFile


def twitter(context: click.Context, file: Path, output: str | None) -> None:
    """Take a file of tweets into the log, or write its events to `output`."""
    source = TwitterFile(file)
    for skipped in [*source.summary.refused, *source.summary.left_out]:
        sys.stderr.write(f"{file}:{skipped.line}: {say(skipped.reason)}\n")
    click.echo(str(source.summary))
    if output is not None:
        with opened(output) as stream:
            for block in source.events():
                stream.write(block)
        if source.summary.refused:
            raise click.exceptions.Exit(REFUSED)
        return
    home = home_of(context)
    with taking(home, None, lambda event_bytes: event_bytes) as run:
        run.read(str(file), source.events())
    run.outcome.refused += len(source.summary.refused)
    finish(home, run.outcome)
