"""What commands that list and change things print: text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import click

from tawny.cli.alignment import aligned
from tawny.cli.app import say
from tawny.cli.options import Given, Json
from tawny.errors import UnknownValueError
from tawny.text import Text, one_line


def named(thing: Text, name: str, found: Sequence[Json]) -> Json:
    """The one of that name. Raises `UnknownValueError`."""
    for one in found:
        if one["name"] == name:
            return one
    raise UnknownValueError(thing, name, [one["name"] for one in found])


def is_json(given: Given) -> bool:
    """Whether JSON was asked for."""
    return bool(given["as_json"]) or given["output_format"] == "json"


def print_json(found: object) -> None:
    """Print JSON."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


def print_one(given: Given, found: Json, sentence: Text) -> None:
    """Print one thing as JSON, or the sentence about it."""
    if is_json(given):
        print_json(found)
    else:
        click.echo(say(sentence))


def print_rows(
    given: Given, found: Sequence[Json], heads: Sequence[str], row_of: Callable[[Json], Json]
) -> None:
    """Print things as JSON, or the cells of their rows in columns."""
    if is_json(given):
        print_json(list(found))
        return
    rows = [row_of(one) for one in found]
    cells = [[_cell(row[head]) for head in heads] for row in rows]
    click.echo(aligned([head.replace("_", " ") for head in heads], cells))


def print_fields(found: Json) -> None:
    """Print the fields of a thing that have a value, one a line."""
    for name, value in found.items():
        if value not in (None, [], {}, ""):
            click.echo(f"{name.replace('_', ' ')}: {_cell(value)}")


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, list):
        return one_line(", ".join(map(str, value)))
    return one_line(str(value))
