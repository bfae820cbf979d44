"""How `tawny erase` is called."""

from __future__ import annotations

from typing import Literal

import click

from tawny.cli.app import home_of
from tawny.cli.help import Command
from tawny.cli.options import format_option


@click.command("erase", cls=Command)
@click.argument("contact", metavar="CONTACT")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@format_option
@click.pass_context
def erase(
    context: click.Context, contact: str, yes: bool, output_format: Literal["text", "json"]
) -> None:
    """Erase a contact everywhere, and print the certificate.

    CONTACT is the contact_id of the events. The event contact.erased is taken in; identifiers,
    attributes, contents and comments are purged from every version of the log, files of exports
    that held the contact are deleted where Tawny keeps them, what was delivered is made again; then
    every byte under the data folder is looked through for what is left. Asks before on a terminal:
    nothing brings the contact back. Ends with 0, or with 3 when something could not be reached,
    such as a mail that was sent.
    """
    from tawny.cli import erase as work

    work.erase_contact(home_of(context), contact, yes, output_format)
