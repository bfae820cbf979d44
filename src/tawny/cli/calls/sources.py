"""How `tawny sources` and its commands are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command, Group
from tawny.cli.options import Decorator, options, print_options
from tawny.sources.options import OPTIONS, Form, SourceOption


def _as_typed(option: SourceOption) -> Decorator:
    """An option of a source as one of a command."""
    kinds: dict[Form, dict[str, Any]] = {
        Form.NUMBER: {"type": click.IntRange(min=1)},
        Form.CHOICE: {"type": click.Choice(option.choices)},
        Form.LIST: {"multiple": True},
        Form.SWITCH: {"is_flag": True, "default": None},
    }
    how = kinds.get(option.form, {})
    if option.form not in (Form.CHOICE, Form.SWITCH):
        how["metavar"] = option.metavar
    return click.option(f"--{option.typed}", option.name, help=option.help, **how)


_source_options = options(*(_as_typed(one) for one in OPTIONS.values() if not one.is_fixed))
"""What can be given when a source is added and changed afterwards."""
_fixed_options = options(*(_as_typed(one) for one in OPTIONS.values() if one.is_fixed))
"""What is given when a source is added and never changed."""


@click.group("sources", cls=Group)
def sources() -> None:
    """Help desks that are read into the log: set one up, then sync it as often as you like."""


@sources.command("add", cls=Command)
@click.argument("kind", metavar="KIND")
@click.argument("name", metavar="NAME")
@_fixed_options
@click.option(
    "--id-prefix",
    metavar="TEXT",
    help="What all ids of the source begin with in the log; fixed for good. At first nothing for "
    "the first source, its name and a colon for others.",
)
@click.option(
    "--since", metavar="TIME", help="Read nothing that was last changed before; none = everything."
)
@_source_options
@print_options
@click.pass_context
def add(
    context: click.Context,
    /,
    kind: str,
    name: str,
    id_prefix: str | None,
    since: str | None,
    output_format: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Test the access to a help desk and set it up as a source.

    Says what is there and what will stay unmeasured. Nothing is stored when it cannot be read. The
    kind is chatwoot, intercom, zendesk, or table for any other desk whose rows lie in files or a
    database.
    """
    from tawny.cli import sources as work

    work.add(
        home_of(context), kind, name, id_prefix, since, given,
        "json" if as_json else output_format,
    )  # fmt: skip


@sources.command("list", cls=Command)
@print_options
@click.pass_context
def list_(context: click.Context, output_format: str, as_json: bool) -> None:
    """Show every source: its kind, state, newest record, lag, next run and open gaps."""
    from tawny.cli import sources as work

    work.show(home_of(context), "json" if as_json else output_format)


@sources.command("check", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--counts", is_flag=True, help="Compare the desk's own counts with the log.")
@print_options
@click.pass_context
def check(
    context: click.Context, name: str, counts: bool, output_format: str, as_json: bool
) -> None:
    """Test whether a source can be read, and say what is in it and what will be missing.

    Reads only. Ends with 0, or 1 when the desk cannot be read.
    """
    from tawny.cli import sources as work

    work.check(home_of(context), name, counts, "json" if as_json else output_format)


@sources.command("sync", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--since", metavar="TIME", help="Read again from here.")
@click.option("--until", metavar="TIME", help="Read nothing after it.")
@click.option("--full", is_flag=True, help="Read everything again; what was sent is recognised.")
@click.option(
    "--dry-run", is_flag=True, help="Read, and send nothing; of a table, show the first events."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.ndjson",
    help="Write the events to a file instead of the log.",
)
@click.option(
    "--accept-deletions", is_flag=True, help="Believe that so many records are gone at once."
)
@print_options
@click.pass_context
def sync(
    context: click.Context,
    name: str,
    since: str | None,
    until: str | None,
    full: bool,
    dry_run: bool,
    output: Path | None,
    accept_deletions: bool,
    output_format: str,
    as_json: bool,
) -> None:
    """Read what is new in a help desk into the log, from where the last sync stopped.

    Prints accepted=N duplicates=N refused=N. Ends with 0, 3 when a record was refused or left out
    (the rest is kept), 2 for a wrong call, 1 when nothing could be read.
    """
    from tawny.cli import sources as work

    work.sync(
        home_of(context), name, since=since, until=until, full=full, dry_run=dry_run,
        output=output, accept_deletions=accept_deletions,
        output_format="json" if as_json else output_format,
    )  # fmt: skip


@sources.command("report", cls=Command)
@click.argument("name", metavar="NAME")
@print_options
@click.pass_context
def report(context: click.Context, name: str, output_format: str, as_json: bool) -> None:
    """Show the gap report of the last sync: what was read, and what is missing and why."""
    from tawny.cli import sources as work

    work.report(home_of(context), name, "json" if as_json else output_format)


@sources.command("set", cls=Command)
@click.argument("name", metavar="NAME")
@_source_options
@click.pass_context
def set_(context: click.Context, /, name: str, **given: Any) -> None:
    """Change a source: everything but its address and prefix.

    Options that change what is sent count for records that are first sent afterwards.
    """
    from tawny.cli import sources as work

    work.change(home_of(context), name, given)


@sources.command("pause", cls=Command)
@click.argument("name", metavar="NAME")
@click.pass_context
def pause(context: click.Context, name: str) -> None:
    """Have the schedule leave a source alone."""
    from tawny.cli import sources as work

    work.pause(home_of(context), name, paused=True)


@sources.command("resume", cls=Command)
@click.argument("name", metavar="NAME")
@click.pass_context
def resume(context: click.Context, name: str) -> None:
    """Have the schedule read a source again."""
    from tawny.cli import sources as work

    work.pause(home_of(context), name, paused=False)


@sources.command("remove", cls=Command)
@click.argument("name", metavar="NAME")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Forget settings, secrets and position of a source; its events stay.

    Adding the same desk again takes its address and prefix over.
    """
    from tawny.cli import sources as work

    work.remove(home_of(context), name)
