"""How `tawny schedules` and `tawny deliveries` are called."""

from __future__ import annotations

from typing import Any

import click

from tawny.cli.app import home_of
from tawny.cli.choice import choice_options
from tawny.cli.help import Command, Group
from tawny.cli.options import desk_options, options

_STATES = ("waiting", "running", "delivered", "failed", "given_up", "skipped")
_FREQUENCIES = ("hourly", "daily", "weekly", "monthly")


_schedule_options = options(
    click.option(
        "--delay",
        metavar="TIME",
        help="How long after the end of a range it is made, such as 15m, 2h; at first 15m.",
    ),
    click.option(
        "--wait",
        metavar="TIME",
        help="How much longer it waits, at most, for channels whose events have not all come, such "
        "as 2h; off = not at all, at first off.",
    ),
    click.option(
        "--corrections",
        metavar="TIME",
        help="For how long after the end of a range late events have it delivered again, as its "
        "next revision, such as 7d; off = not at all, at first off.",
    ),
    click.option(
        "--notify",
        metavar="NAME",
        multiple=True,
        help="Who is told how its deliveries go, besides its owner; may be repeated, empty = "
        "nobody.",
    ),
    choice_options,
    click.option(
        "--content",
        metavar="HOW",
        help="Contents of messages: setting (TAWNY_CONTENT_SCHEDULED), yes or no.",
    ),
)
"""What can be given when a schedule is made and changed afterwards."""


@click.group("schedules", cls=Group)
def schedules() -> None:
    """Exports that are made and delivered by themselves, each range once."""


@schedules.command("list", cls=Command)
@desk_options
def list_schedules(context: click.Context, **given: Any) -> None:
    """Show every schedule: its owner, frequency, next run, last delivery, what fails."""
    from tawny.cli import schedules as work

    work.list_schedules(home_of(context), given)


@schedules.command("show", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def show_schedule(context: click.Context, name: str, **given: Any) -> None:
    """Show one schedule: all that is set of it, and its last deliveries."""
    from tawny.cli import schedules as work

    work.show_schedule(home_of(context), name, given)


@schedules.command("add", cls=Command)
@click.argument("name", metavar="NAME")
@click.argument("types", nargs=-1, required=True, metavar="TYPE...")
@click.option(
    "--frequency",
    type=click.Choice(_FREQUENCIES),
    required=True,
    help="How long each range is; fixed for good.",
)
@click.option(
    "--tz", "time_zone", metavar="ZONE", help="IANA time zone; at first UTC, then fixed for good."
)
@click.option(
    "--destination",
    "destinations",
    metavar="NAME",
    multiple=True,
    required=True,
    help="Where its files go; may be repeated.",
)
@click.option(
    "--changes",
    is_flag=True,
    help="Files of what changed since the one before (tawny feed), instead of the rows of a range; "
    "the first holds everything.",
)
@click.option("--paused", is_flag=True, help="Have it wait for tawny schedules resume.")
@_schedule_options
@desk_options
def add_schedule(context: click.Context, name: str, types: tuple[str, ...], **given: Any) -> None:
    """Make a schedule: from the next whole range on, its file is made and delivered.

    A TYPE is an export type (tawny exports); several, or all, become one bundle. A running server
    carries it out; without one, tawny schedules run --due does, called by cron.
    """
    from tawny.cli import schedules as work

    work.add_schedule(home_of(context), name, types, given)


@schedules.command("set", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@click.option(
    "--export", "types", metavar="TYPE", multiple=True, help="Other exports; may be repeated."
)
@click.option(
    "--destination",
    "destinations",
    metavar="NAME",
    multiple=True,
    help="Other destinations; may be repeated.",
)
@click.option("--give-to", metavar="NAME", help="Another owner; for administrators.")
@_schedule_options
@desk_options
def set_schedule(context: click.Context, name: str, **given: Any) -> None:
    """Change a schedule, for ranges that have not run."""
    from tawny.cli import schedules as work

    work.set_schedule(home_of(context), name, given)


@schedules.command("remove", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def remove_schedule(context: click.Context, name: str, **given: Any) -> None:
    """Take a schedule away; what was delivered stays."""
    from tawny.cli import schedules as work

    work.remove_schedule(home_of(context), name, given)


@schedules.command("pause", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def pause_schedule(context: click.Context, name: str, **given: Any) -> None:
    """Pause a schedule: ranges that end meanwhile are skipped."""
    from tawny.cli import schedules as work

    work.set_active(home_of(context), name, given, active=False)


@schedules.command("resume", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def resume_schedule(context: click.Context, name: str, **given: Any) -> None:
    """End the pause of a schedule."""
    from tawny.cli import schedules as work

    work.set_active(home_of(context), name, given, active=True)


@schedules.command("run", cls=Command)
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--due", is_flag=True, help="Whatever is due, of every schedule; for cron.")
@desk_options
def run_schedule(context: click.Context, name: str | None, due: bool, **given: Any) -> None:
    """Make and deliver the last whole range of a schedule now, or whatever is due.

    On a data folder without a server it does the work before it ends: with 0, or 1 when something
    could not be delivered (it is tried again when it is due).
    """
    from tawny.cli import schedules as work

    work.run_schedule(home_of(context), name, given, due=due)


@schedules.command("backfill", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--from", "start", metavar="MOMENT", required=True, help="Begin, included.")
@click.option("--to", "end", metavar="MOMENT", required=True, help="End, not included.")
@click.option("--again", is_flag=True, help="Also those that are there, as their next revision.")
@desk_options
def backfill_schedule(
    context: click.Context, name: str, start: str, end: str, again: bool, **given: Any
) -> None:
    """Make ranges of the past, as if they had been scheduled.

    Those that are there are left alone. Ends as tawny schedules run does.
    """
    from tawny.cli import schedules as work

    work.backfill(home_of(context), name, start, end, given, again=again)


@schedules.command("apply", cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--prune", is_flag=True, help="Remove what the file does not name.")
@desk_options
def apply_schedules(
    context: click.Context, file: str, dry_run: bool, yes: bool, prune: bool, **given: Any
) -> None:
    """Make schedules, saved exports and destinations what a TOML file says.

    Shows what would be changed, asks, and changes all of it or, after a mistake, nothing. What the
    file does not name is left alone and listed. Ends with 0, or 2 when nothing was changed.
    """
    from tawny.cli import apply as work

    work.apply_file(home_of(context), file, given, prune=prune, dry_run=dry_run, yes=yes)


@click.group("deliveries", cls=Group)
def deliveries() -> None:
    """What was brought where, and what is to be."""


@deliveries.command("list", cls=Command)
@click.option("--schedule", metavar="NAME", help="Only of this schedule.")
@click.option("--destination", metavar="NAME", help="Only to this destination.")
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only in this state; may be repeated.",
)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, metavar="N",
              help="How many, the newest first.")  # fmt: skip
@desk_options
def list_deliveries(context: click.Context, **given: Any) -> None:
    """Show deliveries, newest first."""
    from tawny.cli import schedules as work

    work.list_deliveries(home_of(context), given)


@deliveries.command("show", cls=Command)
@click.argument("number", metavar="NUMBER", type=click.IntRange(min=1))
@desk_options
def show_delivery(context: click.Context, number: int, **given: Any) -> None:
    """Show one delivery: its files, or why it failed."""
    from tawny.cli import schedules as work

    work.show_delivery(home_of(context), number, given)


@deliveries.command("retry", cls=Command)
@click.argument("number", metavar="NUMBER", type=click.IntRange(min=1))
@desk_options
def retry_delivery(context: click.Context, number: int, **given: Any) -> None:
    """Try a delivery now, also one that was given up.

    Ends as tawny schedules run does.
    """
    from tawny.cli import schedules as work

    work.retry_delivery(home_of(context), number, given)


@deliveries.command("send", cls=Command)
@click.argument("export", metavar="EXPORT")
@click.argument("destination", metavar="DESTINATION")
@desk_options
def send_export(context: click.Context, export: str, destination: str, **given: Any) -> None:
    """Send a finished export to a destination, once.

    EXPORT is the number of its run. Sent again, the answer is the same delivery. Ends as tawny
    schedules run does.
    """
    from tawny.cli import schedules as work

    work.send_export(home_of(context), export, destination, given)
