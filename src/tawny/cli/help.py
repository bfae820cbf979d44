"""Commands whose help is in the language of the setting `language`: the library writes English.

Nothing is translated, and no catalogue read, before help is shown.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import click

from tawny.cli.empty_values import refuse_empty
from tawny.library_messages import LibraryMessages
from tawny.settings import chosen_language
from tawny.text import Text

HELP = LibraryMessages(
    "Usage: ",
    "Positional arguments:",
    "Options:",
    "Commands:",
    "; ",
    "Show this message and exit.",
    "env var: {names}",
    "default: {value}",
    "required",
    "One of: {names}; default from the ending of the file.",
    "One of: {names}; default {value}.",
    "One of: {names}.",
    "Of CSV, one of: {names}; default {value}.",
)
"""What the library says around our texts, and our texts that list what the code allows."""

_EXTRAS = re.compile(r"  \[([^\[\]]+)\]$")
"""What the library appends to the help of an option: `  [env var: X; default: Y]`."""


class HelpFormatter(click.HelpFormatter):
    """Writes our texts and the library's own words in the language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line of the usage."""
        super().write_usage(prog, args, prefix or _in_language("Usage: "))

    def write_heading(self, heading: str) -> None:
        """A heading; the colon belongs to the translation, French puts a space before it."""
        self.write(f"{'':>{self.current_indent}}{_in_language(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        """What a command does."""
        super().write_text(_in_language(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Names and what they mean."""
        super().write_dl([(name, _with_extras(text)) for name, text in rows], *args, **kwargs)


class Context(click.Context):
    """One call."""

    formatter_class = HelpFormatter


class Command(click.Command):
    """A command with its help in the language; an empty value is a wrong call."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words after the command."""
        refuse_empty(self, ctx, args)
        return super().parse_args(ctx, args)

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence, for the list of the commands; shortened once it is translated."""
        return _short(self, limit)


class Group(click.Group):
    """Commands under a word, with their help in the language."""

    context_class = Context
    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words up to the command."""
        refuse_empty(self, ctx, args)
        return super().parse_args(ctx, args)

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence, for the list of the commands."""
        return _short(self, limit)


def help_texts(command: click.Command) -> set[str]:
    """Every text of ours that the help of a command shows."""
    texts = {inspect.cleandoc(command.help or "")}
    texts |= {getattr(parameter, "help", None) or "" for parameter in command.params}
    return texts - {""}


def _short(command: click.Command, limit: int) -> str:
    text = _in_language(inspect.cleandoc(command.help or ""))
    return click.Command(None, help=text).get_short_help_str(limit)


def _with_extras(text: str) -> str:
    found = _EXTRAS.search(text)
    if found is None:
        return _in_language(text)
    extras = _in_language("; ").join(_in_language(extra) for extra in found[1].split("; "))
    return f"{_in_language(text[: found.start()])}  [{extras}]"


def _in_language(text: str) -> str:
    language = chosen_language()
    if language == "en" or not text:
        return text
    # The catalogue takes a while to read, and English needs none.
    from tawny.languages import translated, translations

    known = HELP.recognised(text)
    if isinstance(known, Text):
        return translated(known, language)
    return translations(language).gettext(text)
