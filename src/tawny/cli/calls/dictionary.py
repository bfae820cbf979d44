"""How `tawny exports`, `tawny columns`, `tawny events` and `tawny settings` are called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.help import Command
from tawny.queries.dictionary import DICTIONARY_FORMATS

Language = Literal["en", "fr"]


@click.command("exports", cls=Command)
def exports() -> None:
    """The twelve export types, one a line, with what a row is."""
    from tawny.cli import dictionary as work

    work.exports()


@click.command("columns", cls=Command)
@click.argument("export_type", metavar="TYPE", help="An export type.")
@click.option(
    "--format",
    "output_format",
    metavar="FORMAT",
    default="text",
    show_default=True,
    help=f"One of: {', '.join(DICTIONARY_FORMATS)}.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="Of the definitions.",
)
def columns(export_type: str, output_format: str, language: Language) -> None:
    """The data dictionary of one export type: every column, its type and its definition."""
    from tawny.cli import dictionary as work

    work.columns(export_type, output_format, language)


@click.command("events", cls=Command)
@click.argument(
    "event_type", required=False, metavar="[TYPE]", help="An event type; none = all of them."
)
@click.option("--schema", is_flag=True, help="The JSON Schema of all types.")
def events(event_type: str | None, schema: bool) -> None:
    """The event types, or the fields of one of them."""
    from tawny.cli import dictionary as work

    work.events(event_type, schema)


@click.command("settings", cls=Command)
@click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="Of the texts.",
)
def settings(language: Language) -> None:
    """Every setting: the variable that sets it, its value now, what is allowed, what it does."""
    from tawny.cli import dictionary as work

    work.show_settings(language)
