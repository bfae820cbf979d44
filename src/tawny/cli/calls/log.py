"""How `tawny log` and its commands are called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Group
from tawny.cli.options import format_option


@click.group("log", cls=Group, invoke_without_command=True, help="What is in the event log.")
@format_option
@click.pass_context
def log(context: click.Context, output_format: Literal["text", "json"]) -> None:
    """Show events by type with first and last time, up to when each channel is complete,
    size, files, version, and how many events were refused so far."""
    if context.invoked_subcommand is None:
        from tawny.cli import log as work

        work.show(home_of(context), output_format)


@log.command("compact")
@click.pass_context
def compact(context: click.Context) -> None:
    """Make small files large, and purge the contacts that were erased from storage.

    Files exported before that hold such a contact are deleted where a server keeps them, and
    printed by name in any case. Exports and ingests may go on meanwhile.
    """
    from tawny.cli import log as work

    work.compact(home_of(context))


@log.command("accept")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@format_option
@click.pass_context
def accept(context: click.Context, yes: bool, output_format: Literal["text", "json"]) -> None:
    """Take a log that is less than what was acknowledged as it is: a restored backup, lost files.

    Names what is lost and asks. What cannot be read is set aside, not deleted; the audit trail says
    what was accepted. Nothing is done to a log that has lost nothing.
    """
    from tawny.cli import log as work

    work.accept(home_of(context), yes, output_format)
