"""Options that several commands share, and what was given of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

Given = Mapping[str, Any]
"""The options of a call, by their names."""
Json = dict[str, Any]


SECRET_FIELDS = ("password", "private_key", "access_key", "secret_key", "signing_secret")
"""Fields of destinations that are never shown."""

Decorator = Callable[[Any], Any]


def options(*several: Decorator) -> Decorator:
    """Several decorators as one; options stand in the help in this order."""

    def decorate(function: Any) -> Any:
        for option in reversed(several):
            function = option(function)
        return function

    return decorate


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)

print_options = options(
    format_option,
    click.option("--json", "as_json", is_flag=True, help="Short for --format json."),
)
"""How to print it."""

range_options = options(
    click.option("--from", "start", metavar="MOMENT", help="Begin of the range, included."),
    click.option("--to", "end", metavar="MOMENT", help="End of the range, not included."),
)
language_option = click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    help="Of the texts; default that of the settings.",
)
time_zone_option = click.option(
    "--tz", "time_zone", metavar="ZONE", help="IANA time zone; default UTC."
)
channels_option = click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="ID",
    help="Only this channel; may be repeated.",
)


def server_option(help_text: str) -> Decorator:
    """Which server does it, with what it then does."""
    return click.option(
        "--server", metavar="URL", envvar="TAWNY_SERVER", show_envvar=True, help=help_text
    )


desk_options = options(
    click.pass_context,
    click.option(
        "--owner",
        metavar="NAME",
        help="On whose behalf, on a data folder; default the only administrator.",
    ),
    server_option("Ask this server, with the token in TAWNY_TOKEN."),
    print_options,
)
"""On whose behalf, where, and how to print it; the call gets its context too."""


def given_fields(given: Given, **fields: str) -> Json:
    """What was given of some options, by the names of their fields."""
    return {field: given[option] for option, field in fields.items() if given[option] is not None}


def option_of(field: str) -> str:
    """The option of a field, as it is typed."""
    return f"--{field.replace('_', '-')}"
