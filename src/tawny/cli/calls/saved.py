"""How `tawny saved` is called."""

from __future__ import annotations

from typing import Any

import click

from tawny.cli.app import home_of
from tawny.cli.choice import choice_options
from tawny.cli.help import Command, Group
from tawny.cli.options import desk_options, options
from tawny.exports.periods import PERIODS

_saved_options = options(
    click.option("--tz", "time_zone", metavar="ZONE", help="IANA time zone; at first UTC."),
    choice_options,
    click.option(
        "--bundle",
        metavar="KIND",
        help="What several exports become: zip, or with xlsx a workbook.",
    ),
)
"""What can be given when one is saved and changed afterwards."""


@click.group("saved", cls=Group)
def saved() -> None:
    """Exports saved under a name, with a period that moves on with the time."""


@saved.command("list", cls=Command)
@desk_options
def list_saved(context: click.Context, **given: Any) -> None:
    """Show your saved exports and those that others share."""
    from tawny.cli import saved as work

    work.list_saved(home_of(context), given)


@saved.command("show", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def show_saved(context: click.Context, name: str, **given: Any) -> None:
    """Show all of one."""
    from tawny.cli import saved as work

    work.show_saved(home_of(context), name, given)


@saved.command("add", cls=Command)
@click.argument("name", metavar="NAME")
@click.argument("types", nargs=-1, required=True, metavar="TYPE...")
@click.option("--period", metavar="PERIOD", required=True, help=f"One of: {', '.join(PERIODS)}.")
@click.option("--shared", is_flag=True, help="Others see it, and run it with their own rights.")
@_saved_options
@desk_options
def add_saved(context: click.Context, name: str, types: tuple[str, ...], **given: Any) -> None:
    """Save an export under a name.

    A TYPE is an export type (tawny exports); several, or all, become one bundle.
    """
    from tawny.cli import saved as work

    work.add_saved(home_of(context), name, types, given)


@saved.command("set", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@click.option(
    "--type", "types", metavar="TYPE", multiple=True, help="Other exports; may be repeated."
)
@click.option("--period", metavar="PERIOD", help=f"One of: {', '.join(PERIODS)}.")
@click.option("--shared/--private", default=None, help="Whether others see it.")
@_saved_options
@desk_options
def set_saved(context: click.Context, name: str, **given: Any) -> None:
    """Change what is named of one; the rest stays."""
    from tawny.cli import saved as work

    work.set_saved(home_of(context), name, given)


@saved.command("remove", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def remove_saved(context: click.Context, name: str, **given: Any) -> None:
    """Forget one; files made of it stay."""
    from tawny.cli import saved as work

    work.remove_saved(home_of(context), name, given)


@saved.command("run", cls=Command)
@click.argument("name", metavar="NAME")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Where the file goes, - for standard output; of several exports also a folder.",
)
@desk_options
def run_saved(context: click.Context, name: str, output: str, **given: Any) -> None:
    """Make the file of what its period means now."""
    from tawny.cli import saved as work

    work.run_saved(home_of(context), name, output, given)
