"""How `tawny user` and its commands are called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command, Group
from tawny.cli.options import print_options


@click.group("user", cls=Group, help="People of a server.")
def user() -> None:
    """People of a server."""


@user.command("reset", cls=Command)
@click.argument("name", metavar="NAME")
@click.option(
    "--url",
    metavar="URL",
    envvar="TAWNY_URL",
    default="http://localhost:8000",
    show_envvar=True,
    show_default=True,
    help="Where people reach the server.",
)
@print_options
@click.pass_context
def reset(
    context: click.Context,
    name: str,
    url: str,
    output_format: Literal["text", "json"],
    as_json: bool,
) -> None:
    """Print a link, good for one use and a day, with which a person gets a new password.

    For whoever runs the server, which may go on meanwhile. When the link is used, sessions and
    tokens of the person end. Making it and using it are in the audit trail.
    """
    from tawny.cli import user as work

    work.reset(home_of(context), name, url, "json" if as_json else output_format)
