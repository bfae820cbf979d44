"""How `tawny serve` is called."""

from __future__ import annotations

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command


@click.command("serve", cls=Command)
@click.option(
    "--host",
    metavar="ADDRESS",
    envvar="TAWNY_HOST",
    default="127.0.0.1",
    show_envvar=True,
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    metavar="N",
    type=int,
    envvar="TAWNY_PORT",
    default=8000,
    show_envvar=True,
    show_default=True,
    help="Port to listen on.",
)
@click.pass_context
def serve(context: click.Context, host: str, port: int) -> None:
    """Serve the pages and the API.

    The first start prints a link, good for one use, that creates the first administrator. Behind a
    proxy that speaks TLS, let the proxy send X-Forwarded-Proto and X-Forwarded-For.
    """
    from tawny.cli import serve as work

    work.serve(home_of(context), host, port)
