"""`tawny serve`: pages and API on one port, with everything they need inside."""

from __future__ import annotations

import socket
from pathlib import Path

import click
import uvicorn

from tawny.cli.app import settings
from tawny.errors import RequestError
from tawny.server.app import create_app
from tawny.server.logging import configure
from tawny.server.protocol import BoundedHeads

KEEP_ALIVE_S = 75
"""How long a connection stays open between requests: longer than proxies and clients keep theirs,
or a request now and then meets a connection that closes just then."""
STOP_S = 5
"""How long answers that are under way may take when the server is told to stop."""


def serve(home: Path, host: str, port: int) -> None:
    """Serve until the process is told to stop."""
    if not 0 < port < 65536:
        raise RequestError("--port: found {port}; allowed 1 to 65535", port=port)
    configure()
    # Before anything else: a link printed by a server that cannot listen would end the one of the
    # server that does.
    bound = _bound(host, port)
    application = create_app(home, settings())
    # Here and not when the server starts: what is wrong with the data folder is one line.
    application.state.services.open()
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{'localhost' if host in ('0.0.0.0', '::') else shown}:{port}"  # noqa: S104
    link = application.state.services.links.new_set_up_link()
    click.echo(f"tawny serves {home} on {address}")
    if link is not None:
        click.echo(f"create the first administrator, once: {address}/set-up/{link}")
    config = uvicorn.Config(
        application,
        http=BoundedHeads,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )
    uvicorn.Server(config).run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    """A socket of that address. Raises `RequestError` when it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        raise RequestError(
            "--port: {port} on {host} cannot be used ({error}); choose another port, or stop what "
            "listens there",
            port=port,
            host=host,
            error=error,
        ) from error
    return bound
