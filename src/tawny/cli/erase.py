"""`tawny erase`: a contact is taken out of everything, with a certificate."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Literal

import click
import msgspec

from tawny.cli.app import say, settings
from tawny.erasures.certificate import new_request
from tawny.erasures.erasing import erase
from tawny.erasures.following import wait_for_server
from tawny.erasures.telling import lines_of
from tawny.text import Text, one_line

NOT_REACHED = 3
"""What the command ends with when something that held the contact could not be reached."""


def erase_contact(
    home: Path, contact: str, yes: bool, output_format: Literal["text", "json"]
) -> None:
    """Erase a contact and print what became of it."""
    question = Text("Erase contact {contact}? Nothing brings it back.", contact=one_line(contact))
    if not yes and sys.stdin.isatty() and not click.confirm(say(question), err=True):
        raise click.exceptions.Exit(1)
    asked = new_request(contact, "")
    certificate = erase(home, settings(), asked, lambda version: _follow(home, version))
    if output_format == "json":
        told = msgspec.to_builtins(certificate, builtin_types=())
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for line in lines_of(certificate):
            click.echo(one_line(say(line)))
    if not certificate.complete:
        raise click.exceptions.Exit(NOT_REACHED)


def _follow(home: Path, erasure_version: int) -> None:
    """Make again what was delivered with the contact in it; a server on this folder does so by
    itself, and is waited for."""
    if not settings().has_state(home):
        return
    # A folder without a server has no deliveries, and does not wait for the database's library.
    from tawny.background.here import ExportsHere
    from tawny.deliveries.store import Destinations
    from tawny.people.audit import Audit
    from tawny.schedules.carrier import Carrier, alone
    from tawny.state.database import open_database

    with alone(home) as first:
        if first:
            with contextlib.closing(open_database(home, settings())) as database:
                audit = Audit(database)
                destinations = Destinations(home, settings(), database, audit)
                maker = ExportsHere(home, settings(), database, audit)
                carrier = Carrier(home, settings(), database, destinations, audit, maker)
                carrier.follow()
                carrier.carry_out()
                carrier.take_back()
            return
    wait_for_server(home, settings(), erasure_version)
