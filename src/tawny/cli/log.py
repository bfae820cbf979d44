"""`tawny log`: what is in the event log, and making its small files large."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from tawny.cli.app import app, home_of, settings
from tawny.model.zones import instant_text
from tawny.runs.compact import compact as compact_log
from tawny.runs.status import LogStatus, log_status
from tawny.state.refusals import RefusalStore

log_app = typer.Typer(
    help="What is in the event log.", invoke_without_command=True, rich_markup_mode=None
)
app.add_typer(log_app, name="log")


@log_app.callback()
def show(
    context: typer.Context,
    output_format: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How to print it.")
    ] = "text",
) -> None:
    """Show events by type with first and last time, the newest event of each channel, size, files,
    version, and how many events were refused so far."""
    if context.invoked_subcommand is not None:
        return
    home = home_of(context)
    status = log_status(home, settings())
    refused = RefusalStore(home, settings()).count()
    if output_format == "json":
        typer.echo(
            json.dumps(status.to_dict() | {"refused": refused}, indent=2, ensure_ascii=False)
        )
    else:
        _print(status, refused)


def _print(status: LogStatus, refused: int) -> None:
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120)
    events = Table(box=None, pad_edge=False, header_style="")
    for heading in ("type", "events", "first", "last"):
        events.add_column(heading, justify="right" if heading == "events" else "left")
    for row in status.types:
        events.add_row(
            row.type, f"{row.events:,}", instant_text(row.first_ms), instant_text(row.last_ms)
        )
    console.print(events)
    channels = Table(box=None, pad_edge=False, header_style="")
    for heading in ("channel", "name", "newest event"):
        channels.add_column(heading)
    for channel, name, newest_ms in status.newest:
        channels.add_row(channel, name or "", instant_text(newest_ms))
    if status.newest:
        console.print()
        console.print(channels)
    console.print()
    console.print(
        f"events {status.events:,}   size {status.size_bytes:,} bytes   files {status.files:,}   "
        f"version {status.version}   refused so far {refused:,}",
        highlight=False,
    )


@log_app.command("compact")
def compact(context: typer.Context) -> None:
    """Make small files large. Exports and ingests may go on meanwhile."""
    result = compact_log(home_of(context), settings())
    typer.echo(
        f"files_before={result.files_before} files_after={result.files_after} "
        f"deleted_files={result.deleted_files}"
    )
