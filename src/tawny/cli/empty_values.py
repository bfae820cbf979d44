"""An option that is there and empty: a script whose variable was not set, never what was meant."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from tawny.errors import RequestError


def refuse_empty(command: click.Command, context: click.Context, arguments: Sequence[str]) -> None:
    """Raise `RequestError` when an option or a variable that stands for one is there and empty."""
    try:
        given, _, _ = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:
        return  # the library says what is wrong with the call
    for option in command.params:
        if option.name is None:
            continue
        value = given.get(option.name)
        values = value if isinstance(value, (list, tuple)) else [value]
        if option.name == "time_zone":
            continue  # refused with an example, by who knows the zones
        if "" in values and isinstance(option, click.Option):
            raise RequestError(
                "{option}: found ''; give it a value or leave it out",
                option=max(option.opts, key=len),
            )
        if "" in values:
            raise RequestError(
                "{argument}: found ''; give it a value",
                argument=option.human_readable_name.rstrip("."),
            )
        variable = option.envvar
        if value is None and isinstance(variable, str) and os.environ.get(variable) == "":
            raise RequestError(
                "{variable}: found ''; give the variable a value or unset it", variable=variable
            )
