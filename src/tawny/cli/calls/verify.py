"""How `tawny verify` is called; `tawny check` is another name of it."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command
from tawny.cli.options import channels_option, language_option


@click.command("verify", cls=Command)
@click.option(
    "--from", "start", metavar="MOMENT", help="Begin of the range; default the first event."
)
@click.option(
    "--to", "end", metavar="MOMENT", help="End of the range; default after the last event."
)
@click.option("--tz", "time_zone", metavar="ZONE", default="UTC", help="IANA time zone.")
@channels_option
@click.option("--as-of", metavar="INSTANT", help="Only events up to it; default now.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it.",
)
@language_option
@click.pass_context
def verify(
    context: click.Context,
    start: str | None,
    end: str | None,
    time_zone: str,
    channels: tuple[str, ...],
    as_of: str | None,
    output_format: Literal["text", "json"],
    language: Literal["en", "fr"] | None,
) -> None:
    """Check on the log that the exports agree with each other and that files are as they were
    written.

    Runs the exports of the range, and of adjoining ranges that it is cut into, and compares them:
    nothing is lost or counted twice at a border, numbers shown in two places are the same. Then
    reads every file of the log and every export that the server keeps, and compares their SHA-256
    with what was noted when they were written. Prints each check with its two numbers. Ends with 0
    when all pass, 4 when one fails.
    """
    from tawny.cli import verify as work

    work.verify(
        home_of(context),
        start=start,
        end=end,
        time_zone=time_zone,
        channels=channels,
        as_of=as_of,
        output_format=output_format,
        language=language,
    )


check = Command(
    "check",
    callback=verify.callback,
    params=verify.params,
    help="Another name of tawny verify.",
)
