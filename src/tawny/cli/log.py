"""`tawny log`: what is in the event log, and making its small files large."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from tawny.cli.app import app, home_of, say, settings
from tawny.cli.columns import aligned, one_line
from tawny.model.zones import instant_text
from tawny.runs.compact import compact as compact_log
from tawny.runs.erase import purge
from tawny.runs.exported import ExportedFile
from tawny.runs.status import LogStatus, log_status
from tawny.state.refusals import RefusalStore
from tawny.text import Text

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
    rows = [
        (row.type, f"{row.events:,}", instant_text(row.first_ms), instant_text(row.last_ms))
        for row in status.types
    ]
    typer.echo(aligned(("type", "events", "first", "last"), rows, right=("events",)))
    if status.newest:
        channels = [(one_line(c), one_line(n or ""), instant_text(t)) for c, n, t in status.newest]
        typer.echo("\n" + aligned(("channel", "name", "newest event"), channels))
    typer.echo(
        f"\nevents {status.events:,}   size {status.size_bytes:,} bytes   "
        f"files {status.files:,}   version {status.version}   refused so far {refused:,}"
    )


def _found(file: ExportedFile) -> Text:
    name = one_line(file.name)
    if file.what == "yours":
        return Text("an erased contact is in it, delete it or export it again: {name}", name=name)
    if file.what == "gone":
        text = Text("an erased contact may be in copies of it: {name}", name=name)
    else:
        text = Text("deleted, an erased contact was in it: {name}", name=name)
    if not file.people:
        return text
    people = ", ".join(one_line(person) for person in file.people)
    return Text("{text}; downloaded by {people}", text=text, people=people)


@log_app.command("compact")
def compact(context: typer.Context) -> None:
    """Make small files large, and purge the contacts that were erased from storage.

    Files exported before that hold such a contact are deleted where a server keeps them, and
    printed by name in any case. Exports and ingests may go on meanwhile.
    """
    home = home_of(context)
    purged = purge(home, settings())
    for file in purged.exported:
        typer.echo(say(_found(file)))
    result = compact_log(home, settings())
    typer.echo(
        f"files_before={result.files_before} files_after={result.files_after} "
        f"deleted_files={result.deleted_files} erased_contacts={purged.contacts} "
        f"purged_files={purged.files}"
    )
