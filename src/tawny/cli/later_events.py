"""What is said beside an export of events that are dated after now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tawny.cli.app import say
from tawny.exports.request import ExportRequest
from tawny.text import Text


def say_what_is_later(request: ExportRequest, receipt: Mapping[str, Any]) -> None:
    """Say that events are dated after now: of the sender, or of the machine that made the export,
    a clock is wrong."""
    if request.as_of is None and receipt.get("events_after_as_of"):
        message = Text(
            "{count:,} events are dated after {as_of} and do not count; is a clock wrong?",
            count=receipt["events_after_as_of"],
            as_of=receipt["as_of"],
        )
        click.echo(f"tawny: {say(message)}", err=True)
