"""How `tawny timeline` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command
from tawny.cli.options import language_option, time_zone_option


@click.command("timeline", cls=Command)
@click.argument("conversation", metavar="CONVERSATION")
@time_zone_option
@click.option("--as-of", metavar="INSTANT", help="Only events up to it; default now.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "svg", "json"]),
    help="text for people, svg as a drawing, json for programs; default from the file's ending, "
    "else text.",
)
@click.option(
    "-o",
    "target",
    type=click.Path(path_type=Path),
    default="-",
    show_default=True,
    help="File to write; - is standard output.",
)
@language_option
@click.pass_context
def timeline(
    context: click.Context,
    conversation: str,
    time_zone: str | None,
    as_of: str | None,
    output_format: Literal["text", "svg", "json"] | None,
    target: Path,
    language: Literal["en", "fr"] | None,
) -> None:
    """Show one conversation over time: its messages and statuses, who held it locked, when it was
    with a virtual agent, waits and the responses that ended them, the channel's opening hours, and
    between which instants each of its times runs.

    CONVERSATION is its id, as the exports have it. Stretches without anything are shortened in the
    drawing, and it says so.
    """
    from tawny.cli import timeline as work

    work.show_timeline(
        home_of(context),
        conversation,
        time_zone=time_zone,
        as_of=as_of,
        output_format=output_format,
        target=target,
        language=language,
    )
