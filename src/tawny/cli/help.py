"""The help in the language of the setting `language`: the library writes it in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import typer
import typer.core

from tawny.foreign import ForeignSentences

HELP = ForeignSentences(
    "Usage: ",
    "Arguments:",
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

Say = Callable[[str], str]

_EXTRAS = re.compile(r"  \[([^\[\]]+)\]$")
"""What the library appends to the help of an option: `  [env var: X; default: Y]`."""

_Formatter: Any = typer.Context.formatter_class


def translate_help(command: typer.core.TyperGroup, say: Say) -> None:
    """Have a command and all below it write their help with the texts that `say` gives."""
    for one in _commands(command):
        one.help = say(one.help) if one.help else None
        one.context_class = _context_class(one.context_class, say)
        for parameter in one.params:
            text = getattr(parameter, "help", None)
            if text:
                parameter.help = say(text)


def help_texts(command: typer.core.TyperGroup) -> set[str]:
    """Every text of ours that the help of a command and of all below it shows."""
    texts = set()
    for one in _commands(command):
        texts.add(one.help or "")
        texts |= {str(getattr(parameter, "help", None) or "") for parameter in one.params}
    return texts - {""}


def _commands(command: typer.core.TyperGroup | typer.core.TyperCommand) -> Iterator[Any]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from _commands(below)


def _context_class(plain: Any, say: Say) -> Any:
    class SpeakingFormatter(_Formatter):  # type: ignore[misc]
        """Writes the library's own words in the language too."""

        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, prefix or say("Usage: "))

        def write_heading(self, heading: str) -> None:
            self.write(f"{'':>{self.current_indent}}{say(f'{heading}:')}\n")

        def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
            super().write_dl([(name, _extras(text)) for name, text in rows], *args, **kwargs)

    def _extras(text: str) -> str:
        found = _EXTRAS.search(text)
        if found is None:
            return say(text)
        extras = say("; ").join(say(extra) for extra in found[1].split("; "))
        return f"{say(text[: found.start()])}  [{extras}]"

    class SpeakingContext(plain):  # type: ignore[misc]
        formatter_class = SpeakingFormatter

    return cast("Any", SpeakingContext)
