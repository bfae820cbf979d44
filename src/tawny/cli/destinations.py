"""`tawny destinations`: on a data folder or a server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from tawny.cli.app import say
from tawny.cli.options import SECRET_FIELDS, Given, Json, given_fields
from tawny.cli.printing import is_json, named, print_fields, print_json, print_one, print_rows
from tawny.cli.schedules import desk_of
from tawny.errors import RequestError
from tawny.text import Text

_DESTINATION = Text("destination")
_OPTIONS = (
    "path",
    "url",
    "host_key",
    "endpoint",
    "region",
    "account",
    "template",
    "org",
    "folder",
    "to",
    "attach_mb",
    "link",
    "link_days",
    "schema",
)


def list_destinations(home: Path, given: Given) -> None:
    """One line for each destination."""
    with desk_of(home, given) as desk:
        found = desk.destinations()
    heads = ("name", "kind", "where", "used_at", "error")
    print_rows(given, found, heads, lambda one: {**one, "where": _where(one)})


def show_destination(home: Path, name: str, given: Given) -> None:
    """All of one."""
    with desk_of(home, given) as desk:
        found = named(_DESTINATION, name, desk.destinations())
    if is_json(given):
        print_json(found)
        return
    print_fields({**found, **found["settings"], "settings": None})


def add_destination(home: Path, kind: str, name: str, given: Given) -> None:
    """Set one up, and say by which key its server is known again."""
    body = {"name": name, "kind": kind, **_fields(given)}
    with desk_of(home, given) as desk:
        made = desk.add_destination(body, *_secrets(given))
    print_one(given, made, Text("{name} is set up; tawny destinations test {name} says whether it "
                                 "works", name=name))  # fmt: skip
    _print_host_key(given, made)
    _print_signing_secret(given, made)


def set_destination(home: Path, name: str, given: Given) -> None:
    """Change what is named."""
    with desk_of(home, given) as desk:
        before = named(_DESTINATION, name, desk.destinations())
        settings = dict(before["settings"])
        if given["url"] is not None:
            # Of another server another key is expected.
            settings.pop("host_key", None)
        body = {"name": name, "kind": before["kind"], **settings}
        body |= _fields(given) | given_fields(given, new_name="name")
        changed = desk.change_destination(before["id"], body, *_secrets(given))
    print_one(given, changed, Text("{name} is changed", name=changed["name"]))
    if changed["settings"].get("host_key") != before["settings"].get("host_key"):
        _print_host_key(given, changed)
    _print_signing_secret(given, changed)


def _print_host_key(given: Given, made: Json) -> None:
    host_key = made["settings"].get("host_key")
    if host_key and not is_json(given):
        told = Text("its server is known from now on by the host key {host_key}; ask whoever runs "
                    "the server whether that is its own", host_key=host_key)  # fmt: skip
        click.echo(say(told))


def _print_signing_secret(given: Given, made: Json) -> None:
    if made["signing_secret"] and not is_json(given):
        told = Text("its messages are signed with {secret}; keep it where they are received, it is "
                    "shown this once", secret=made["signing_secret"])  # fmt: skip
        click.echo(say(told))


def remove_destination(home: Path, name: str, given: Given) -> None:
    """Forget one."""
    with desk_of(home, given) as desk:
        found = named(_DESTINATION, name, desk.destinations())
        desk.remove_destination(found["id"])
    print_one(given, found, Text("{name} is removed; what was delivered stays", name=name))


def test_destination(home: Path, name: str, given: Given) -> None:
    """Try one out."""
    with desk_of(home, given) as desk:
        found = desk.test_destination(named(_DESTINATION, name, desk.destinations())["id"])
    from tawny.deliveries.kinds import destination_kind

    print_one(given, found, destination_kind(found["kind"]).worked(name))


def _fields(given: Given) -> Json:
    fields = given_fields(given, **{name: name for name in _OPTIONS})
    word = _instead_of_a_secret(given)
    return fields if word is None else {**fields, "signing_secret": word}


def _instead_of_a_secret(given: Given) -> str | None:
    """The word that is given instead of a signing secret, if one is."""
    word: str | None = given["signing_secret"]
    if word is None:
        return None
    # Who gives none does not wait for the library that encrypts.
    from tawny.deliveries.own_secrets import END, NEW

    return word if word in (NEW, END) else None


def _secrets(given: Given) -> tuple[Mapping[str, str], str]:
    """The secrets that were given, as they were given, and what standard input holds of them."""
    found = {name: given[name] for name in SECRET_FIELDS if given[name] is not None}
    if _instead_of_a_secret(given) is not None:
        del found["signing_secret"]
    if list(found.values()).count("-") > 1:
        raise RequestError("-: found for two secrets; standard input holds one")
    return found, sys.stdin.read() if "-" in found.values() else ""


def _where(destination: Json) -> str:
    found = destination["settings"]
    return str(found.get("path") or found.get("url") or found.get("to") or "-")
