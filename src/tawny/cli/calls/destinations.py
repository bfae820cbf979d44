"""How `tawny destinations` is called."""

from __future__ import annotations

from typing import Any

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command, Group
from tawny.cli.options import desk_options, options


@click.group("destinations", cls=Group)
def destinations() -> None:
    """Where files are delivered to."""


_destination_options = options(
    click.option(
        "--path",
        metavar="FOLDER",
        help="Of a folder, one below TAWNY_DELIVERY_FOLDERS.",
    ),
    click.option(
        "--url",
        metavar="URL",
        help="sftp://USER@HOST:PORT/FOLDER, s3://BUCKET/PREFIX, gs://..., az://..., the https "
        "address of a webhook, or postgresql://USER@HOST:PORT/DATABASE.",
    ),
    click.option(
        "--host-key",
        metavar="KEY",
        help="Of an SFTP server: fingerprint or public key; at first what it shows, and new for "
        "what it shows now.",
    ),
    click.option(
        "--password",
        metavar="SOURCE",
        help="env:NAME, file:PATH or - (standard input) with the password, or the passphrase of "
        "the private key.",
    ),
    click.option(
        "--private-key",
        metavar="SOURCE",
        help="env:NAME, file:PATH or - with a private key.",
    ),
    click.option(
        "--endpoint",
        metavar="URL",
        help="Of a store that is compatible with S3, of Google or Azure.",
    ),
    click.option("--region", metavar="NAME", help="Of S3; at first us-east-1."),
    click.option("--account", metavar="NAME", help="Of Azure: the storage account."),
    click.option(
        "--access-key",
        metavar="SOURCE",
        help="env:NAME, file:PATH or -; of S3, or the access ID of an HMAC key of Google.",
    ),
    click.option(
        "--secret-key",
        metavar="SOURCE",
        help="env:NAME, file:PATH or -; of S3, of an Azure account, or the secret of an HMAC key "
        "of Google.",
    ),
    click.option(
        "--signing-secret",
        metavar="SOURCE",
        help="env:NAME, file:PATH or -, of a webhook; at first, and with new, one that Tawny makes "
        "and shows once. The one before signs as well until end.",
    ),
    click.option("--to", metavar="ADDRESSES", help="Of mail: addresses, separated by commas."),
    click.option(
        "--attach-mb",
        metavar="NUMBER",
        help="Of mail: up to which size files are attached, in megabytes; at first 10.",
    ),
    click.option(
        "--link",
        metavar="WHEN",
        help="Of mail: beyond that size (beyond, at first), or always and nothing attached; signed "
        "is as beyond, but the link needs no signing in.",
    ),
    click.option(
        "--link-days",
        metavar="DAYS",
        help="Of mail: for how many days a signed link works, 1 to 30; at first 7.",
    ),
    click.option(
        "--schema",
        metavar="NAME",
        help="Of a database: in which schema its tables are; at first public.",
    ),
    click.option(
        "--template",
        metavar="NAME",
        help="What files are called: tawny, hootdesk, or a name with fields such as "
        "{type}/{date:%Y-%m-%d}.{ext}; at first tawny.",
    ),
    click.option("--org", metavar="TEXT", help="What {org} stands for."),
    click.option("--folder", metavar="TEXT", help="What {folder} stands for."),
)
"""What can be given when a destination is set up and changed afterwards."""


@destinations.command("list", cls=Command)
@desk_options
def list_destinations(context: click.Context, **given: Any) -> None:
    """Show every destination, and whether it worked the last time."""
    from tawny.cli import destinations as work

    work.list_destinations(home_of(context), given)


@destinations.command("show", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def show_destination(context: click.Context, name: str, **given: Any) -> None:
    """Show one destination; of its secrets only which there are."""
    from tawny.cli import destinations as work

    work.show_destination(home_of(context), name, given)


@destinations.command("add", cls=Command)
@click.argument("kind", metavar="KIND")
@click.argument("name", metavar="NAME")
@_destination_options
@desk_options
def add_destination(context: click.Context, /, kind: str, name: str, **given: Any) -> None:
    """Set up a destination; tawny destinations test says whether it works.

    The kind is folder, sftp, object_store, webhook, mail or database. Secrets are given once and
    never shown.
    """
    from tawny.cli import destinations as work

    work.add_destination(home_of(context), kind, name, given)


@destinations.command("set", cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@_destination_options
@desk_options
def set_destination(context: click.Context, name: str, **given: Any) -> None:
    """Change a destination: all of it but its kind."""
    from tawny.cli import destinations as work

    work.set_destination(home_of(context), name, given)


@destinations.command("remove", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def remove_destination(context: click.Context, name: str, **given: Any) -> None:
    """Forget a destination to which no schedule delivers."""
    from tawny.cli import destinations as work

    work.remove_destination(home_of(context), name, given)


@destinations.command("test", cls=Command)
@click.argument("name", metavar="NAME")
@desk_options
def test_destination(context: click.Context, name: str, **given: Any) -> None:
    """Write, read back and remove a small file, or send a message marked as a test.

    Says what failed, and ends with 0, or 1 when it does not work.
    """
    from tawny.cli import destinations as work

    work.test_destination(home_of(context), name, given)
