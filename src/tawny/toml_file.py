"""A TOML file that a person wrote: read up to a limit, and what is wrong in it in one sentence."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from tawny.errors import RequestError, UnreadableInputError
from tawny.library_messages import LibraryMessages
from tawny.text import Text

MOST_BYTES = 1 << 20


def read_toml(path: str | Path, option: str = "", *, or_stdin: bool = False) -> dict[str, Any]:
    """The tables of a file; `-` may be standard input. Where it was given with an option, errors
    begin with that. Raises `UnreadableInputError`, and `RequestError` for what is no TOML."""
    file = f"{option}: {path}" if option else str(path)
    try:
        if or_stdin and str(path) == "-":
            raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(path).open("rb") as stream:
                raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        if or_stdin:
            raise UnreadableInputError(
                "{file}: {reason}; give a TOML file, or - for standard input",
                file=file,
                reason=error,
            ) from None
        raise UnreadableInputError(
            "{file}: {reason}; give a TOML file", file=file, reason=error
        ) from None
    if len(raw) > MOST_BYTES:
        raise RequestError(
            "{file}: found more than {most:,} bytes; allowed up to that",
            file=file,
            most=MOST_BYTES,
        )
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RequestError("{file}: not TOML: {reason}", file=file, reason=_reason(error)) from None


def _reason(error: ValueError | RecursionError) -> Text | str:
    if isinstance(error, tomllib.TOMLDecodeError):
        return TOML_MESSAGES.recognised(str(error))
    if isinstance(error, UnicodeDecodeError):
        return Text("byte {number} is not UTF-8", number=error.start + 1)
    if isinstance(error, RecursionError):
        return Text("tables or lists are nested too deeply")
    return Text("a number has too many digits")


TOML_MESSAGES = LibraryMessages(
    "{reason} (at end of document)",
    "{reason} (at line {line}, column {column})",
    "Invalid statement",
    "Expected newline or end of document after a statement",
    "Expected {text}",
    "Found invalid character {text}",
    "Cannot declare {name} twice",
    "Cannot overwrite a value",
    "Cannot mutate immutable namespace {name}",
    "Cannot redefine namespace {name}",
    "Invalid initial character for a key part",
    "Unclosed array",
    "Duplicate inline table key {name}",
    "Unclosed inline table",
    "Unescaped '\\' in a string",
    "Invalid hex value",
    "Escaped character is not a Unicode scalar value",
    "Unterminated string",
    "Illegal character {text}",
    "Invalid date or datetime",
    "Invalid value",
)
"""What the library says of a wrong file."""
