"""`tawny exports`, `tawny columns`, `tawny events`, `tawny settings`: what there is, explained."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from tawny.cli.app import app, settings
from tawny.errors import UnknownValueError
from tawny.exports.dictionary import DICTIONARY_FORMATS, columns_as
from tawny.exports.queries import EXPORT_TYPES, query
from tawny.languages import said
from tawny.model.events import DATA_TYPES, EVENT_TYPES
from tawny.model.schema import fields, json_schema, summary
from tawny.settings import SETTINGS
from tawny.text import Text

Language = Literal["en", "fr"]


@app.command("exports")
def exports() -> None:
    """The twelve export types, one a line, with what a row is."""
    width = max(len(name) for name in EXPORT_TYPES)
    for name in EXPORT_TYPES:
        typer.echo(f"{name:<{width}}  {query(name).description['en']}")


@app.command("columns")
def columns(
    export_type: Annotated[str, typer.Argument(metavar="TYPE", help="An export type.")],
    output_format: Annotated[
        str, typer.Option("--format", help=f"One of: {', '.join(DICTIONARY_FORMATS)}.")
    ] = "text",
    language: Annotated[Language, typer.Option("--language", help="Of the definitions.")] = "en",
) -> None:
    """The data dictionary of one export type: every column, its type and its definition."""
    if output_format not in DICTIONARY_FORMATS:
        raise UnknownValueError("--format", output_format, DICTIONARY_FORMATS)
    typer.echo(columns_as(query(export_type), output_format, language), nl=False)


@app.command("events")
def events(
    event_type: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="An event type; none = all of them.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON Schema of all types.")] = False,
) -> None:
    """The event types, or the fields of one of them."""
    if schema:
        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    elif event_type is None:
        width = max(len(name) for name in EVENT_TYPES)
        for data in DATA_TYPES:
            typer.echo(f"{data.event_type:<{width}}  {summary(data)}")
    elif event_type not in EVENT_TYPES:
        raise UnknownValueError(Text("event type"), event_type, EVENT_TYPES)
    else:
        data = EVENT_TYPES[event_type]
        typer.echo(summary(data))
        width = max(len(name) for name in data.__struct_fields__)
        for name, required, allowed in fields(data):
            typer.echo(f"  {name:<{width}}  {'required' if required else 'optional'}  {allowed}")


@app.command("settings")
def show_settings(
    language: Annotated[Language, typer.Option("--language", help="Of the texts.")] = "en",
) -> None:
    """Every setting: the variable that sets it, its value now, what is allowed, what it does."""
    current = settings()
    for setting in SETTINGS:
        typer.echo(f"{setting.variable}={current.text(setting.name)}")
        typer.echo(f"    {setting.help_fr if language == 'fr' else setting.help_en}")
        typer.echo(said(Text("    allowed: {allowed}", allowed=setting.allowed), language))
