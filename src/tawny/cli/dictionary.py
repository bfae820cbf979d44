"""`tawny exports`, `tawny columns`, `tawny events`, `tawny settings`: what there is, explained."""

from __future__ import annotations

import json
from typing import Literal

import click

from tawny.cli.app import settings
from tawny.errors import UnknownValueError
from tawny.languages import translated
from tawny.model.events import DATA_TYPES, EVENT_TYPES
from tawny.model.schema import fields, json_schema, summary
from tawny.queries.catalogue import EXPORT_TYPES, query
from tawny.queries.dictionary import DICTIONARY_FORMATS, columns_as
from tawny.settings import SETTINGS
from tawny.text import Text

Language = Literal["en", "fr"]


def exports() -> None:
    """Print the export types."""
    width = max(len(name) for name in EXPORT_TYPES)
    for name in EXPORT_TYPES:
        click.echo(f"{name:<{width}}  {query(name).description['en']}")


def columns(export_type: str, output_format: str, language: Language) -> None:
    """Print the columns of an export type."""
    if output_format not in DICTIONARY_FORMATS:
        raise UnknownValueError("--format", output_format, DICTIONARY_FORMATS)
    click.echo(columns_as(query(export_type), output_format, language), nl=False)


def events(event_type: str | None, schema: bool) -> None:
    """Print the event types, the fields of one, or the schema of all."""
    if schema:
        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    elif event_type is None:
        width = max(len(name) for name in EVENT_TYPES)
        for data in DATA_TYPES:
            click.echo(f"{data.event_type:<{width}}  {summary(data)}")
    elif event_type not in EVENT_TYPES:
        raise UnknownValueError(Text("event type"), event_type, EVENT_TYPES)
    else:
        data = EVENT_TYPES[event_type]
        click.echo(summary(data))
        width = max(len(name) for name in data.__struct_fields__)
        for name, required, allowed in fields(data):
            click.echo(f"  {name:<{width}}  {'required' if required else 'optional'}  {allowed}")


def show_settings(language: Language) -> None:
    """Print the settings in force."""
    current = settings()
    for setting in SETTINGS:
        click.echo(f"{setting.variable}={current.text(setting.name)}")
        click.echo(f"    {translated(setting.help, language)}")
        click.echo(translated(Text("    allowed: {allowed}", allowed=setting.allowed), language))
