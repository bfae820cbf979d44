"""How `tawny sample` is called."""

from __future__ import annotations

import click

from tawny.cli.help import Command


@click.command("sample", cls=Command)
@click.option(
    "--conversations", metavar="N", type=int, required=True, help="How many conversations."
)
@click.option("--from", "start", metavar="MOMENT", required=True, help="When it begins (UTC).")
@click.option("--to", "end", metavar="MOMENT", required=True, help="When it ends (UTC).")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Compressed when it ends in .gz or .zst; - is standard output.",
)
@click.option(
    "--seed",
    metavar="N",
    type=int,
    default=1,
    show_default=True,
    help="Same seed, same bytes.",
)
def sample(conversations: int, start: str, end: str, output: str, seed: int) -> None:
    """Simulate a care centre and write its events, in constant memory."""
    from tawny.cli import sample as work

    work.sample(conversations, start, end, output, seed)
