"""`tawny user`: the way back in for somebody who has lost a password."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Literal

import click

from tawny.cli.app import say, settings
from tawny.model.zones import instant_text
from tawny.people.accounts import Accounts
from tawny.people.audit import Audit
from tawny.people.links import Links
from tawny.state.database import open_database
from tawny.text import Text


def reset(home: Path, name: str, url: str, output_format: Literal["text", "json"]) -> None:
    """Make a link for a new password and print it."""
    with contextlib.closing(open_database(home, settings())) as database:
        audit = Audit(database)
        links = Links(database, audit, Accounts(database, audit, settings()))
        secret, expires_ms = links.new_password_link(name)
    link = f"{url.rstrip('/')}/reset/{secret}"
    if output_format == "json":
        found = {"name": name, "link": link, "expires_at": instant_text(expires_ms)}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    click.echo(link)
    moment = instant_text(expires_ms)[:16].replace("T", " ")
    click.echo(say(Text("good for one use, until {moment} UTC", moment=moment)), err=True)
