"""What every command needs: the data folder, the settings, a line on standard error."""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
from pathlib import Path

import click

from tawny.errors import RequestError, StorageError
from tawny.private import close_to_others
from tawny.settings import Settings, chosen_language
from tawny.text import Text

_MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|[\\\x00-\x1f\x7f\ud800-\udfff]")
"""What may not be in the path of a data folder: deltalake decodes `%` with two hexadecimal digits
once more than it encodes it, takes a backslash for a slash, and refuses control characters and
what is no UTF-8. A test says when one of these works."""


class CommandCall:
    """What is known of a call of the command."""

    home: Path | None = None


class NoticeHandler(logging.Handler):
    """What happens meanwhile that a person should know, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say a record in the person's language."""
        text = record.args[0] if isinstance(record.args, tuple) and record.args else None
        words = say(text) if isinstance(text, Text) else record.getMessage()
        sys.stderr.write(f"tawny: {words}\n")


def home_of(context: click.Context) -> Path:
    """The data folder of this call."""
    home = Path(context.obj.home).absolute()
    misread = _MISREAD.search(str(home.resolve()))
    if misread is not None:
        raise RequestError(
            "--home: found {home!r}; the event log's library reads {part!r} as part of an address, "
            "choose a folder without it",
            home=str(home),
            part=misread[0],
        )
    if home.exists() and not home.is_dir():
        raise StorageError(
            "the data folder {home}: {reason}", home=home, reason=Text(os.strerror(errno.ENOTDIR))
        )
    close_to_others(home)
    return home


def settings() -> Settings:
    """The settings in force."""
    return Settings()


def say(text: Text) -> str:
    """A text in the language of the setting `language`."""
    language = chosen_language()
    if language == "en":
        return str(text)
    # The catalogue takes a while to read, and English needs none.
    from tawny.languages import translated

    return translated(text, language)


def fail(message: Text, status: int) -> int:
    """One line on standard error; returns the status."""
    sys.stderr.write(f"tawny: {say(message)}\n")
    return status
