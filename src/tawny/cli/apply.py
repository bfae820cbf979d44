"""`tawny schedules apply`: schedules, saved exports and destinations as a file says."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from tawny.cli.app import say
from tawny.cli.options import SECRET_FIELDS, Given, Json
from tawny.cli.printing import is_json, print_json
from tawny.cli.schedules import desk_of
from tawny.errors import RequestError, UnknownValueError
from tawny.schedules.applying import KIND_NAMES
from tawny.text import Text, one_line
from tawny.toml_file import read_toml

_TABLES = ("destinations", "saved_exports", "schedules")
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


def apply_file(
    home: Path, file: str, given: Given, *, prune: bool, dry_run: bool, yes: bool
) -> None:
    """Show what differs, ask, and make it so."""
    body = {**_read(file), "prune": prune}
    secrets = [_taken_off(one) for one in body["destinations"]]
    with desk_of(home, given) as desk:
        plan = desk.apply({**body, "dry_run": True}, secrets)
        differs = any(one["what"] in _SIGNS for one in plan["items"])
        if not is_json(given):
            _print(plan["items"])
        if dry_run or not differs:
            if is_json(given):
                print_json(plan)
            return
        if not yes:
            _ask(given)
        done = desk.apply({**body, "dry_run": False}, secrets)
    if is_json(given):
        print_json(done)
        return
    click.echo(say(Text("all of it is done")))
    for one in done["items"]:
        if one["signing_secret"]:
            told = Text("the messages of {name} are signed with {secret}; keep it where they are "
                        "received, it is shown this once", name=one["name"],
                        secret=one["signing_secret"])  # fmt: skip
            click.echo(say(told))


def _read(file: str) -> Json:
    """The file as the body of the API. Raises `RequestError`."""
    found = read_toml(file, or_stdin=True)
    for name, entries in found.items():
        if name not in _TABLES:
            raise UnknownValueError(Text("table"), name, _TABLES)
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise RequestError(
                "{name}: found one value; allowed several tables, each begun with [[{name}]]",
                name=name,
            )
    for number, one in enumerate(found.get("destinations", [])):
        for field in SECRET_FIELDS:
            text = one.get(field)
            if text is not None and not str(text).startswith(("env:", "file:")):
                raise RequestError(
                    "destinations.{number}.{field}: found the secret itself; a file says where it "
                    "is: env:NAME or file:PATH",
                    number=number,
                    field=field,
                )
    return {name: _plain(found.get(name, [])) for name in _TABLES}


def _plain(value: object) -> object:
    """A value of TOML as JSON has it: dates and times are texts."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def _taken_off(destination: Json) -> Mapping[str, str]:
    """The secrets of a destination, as the file gives them; it is without them afterwards."""
    return {name: destination.pop(name) for name in SECRET_FIELDS if name in destination}


def _ask(given: Given) -> None:
    if is_json(given) or not sys.stdin.isatty():
        raise RequestError(
            "--yes: found no terminal to ask at; give --yes to have it done, or --dry-run"
        )
    if not click.confirm(say(Text("Change this?"))):
        click.echo(say(Text("nothing is changed")), err=True)
        raise click.exceptions.Exit(2)


def _print(items: Sequence[Json]) -> None:
    for one in items:
        if one["what"] in _SIGNS:
            click.echo(f"{_SIGNS[one['what']]} {_named(one)}")
        for change in one["fields"]:
            click.echo(f"    {change['field'].replace('_', ' ')}: {_change(change)}")
    same = sum(one["what"] == "same" for one in items)
    if same:
        click.echo(say(Text("as the file says already: {count}", count=same)))
    left = [_named(one) for one in items if one["what"] == "left"]
    if left:
        click.echo(say(Text("not in the file, left alone: {names}", names=", ".join(left))))
    if not any(one["what"] in _SIGNS for one in items):
        click.echo(say(Text("nothing is to be changed")))


def _named(one: Json) -> str:
    return f"{say(KIND_NAMES[one['kind']])} {one_line(one['name'])}"


def _change(change: Json) -> str:
    if change["before"] is None and change["after"] is None:
        return say(Text("another one"))
    return f"{one_line(change['before'] or '-')} -> {one_line(change['after'] or '-')}"
