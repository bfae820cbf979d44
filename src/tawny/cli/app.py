"""The command, its global options and how errors leave it."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
import typer.core
import typer.main

from tawny import __version__
from tawny.cli.wrong_calls import WRONG_CALLS
from tawny.errors import RequestError, StorageError, TawnyError
from tawny.settings import Settings, chosen_language, default_home
from tawny.text import Text

app = typer.Typer(
    name="tawny",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Data exports of a customer-care team: no missing row, every number explained, "
    "every file reproducible.",
)

_MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|[\\\x00-\x1f\x7f\ud800-\udfff]")
"""What may not be in the path of a data folder: deltalake decodes `%` with two hexadecimal digits
once more than it encodes it, takes a backslash for a slash, and refuses control characters and
what is no UTF-8. A test says when one of these works."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tawny {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            envvar="TAWNY_HOME",
            show_envvar=True,
            help="Data folder; created when it is first written to.",
        ),
    ] = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = home or default_home()


def home_of(context: typer.Context) -> Path:
    """The data folder of this call."""
    home = Path(context.obj).absolute()
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
    return home


def settings() -> Settings:
    """The settings in force."""
    return Settings()


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit status.

    A `TawnyError` is one line on standard error and the status of its class; a wrong call is 2.
    """
    try:
        result = _command()(args=arguments, prog_name="tawny", standalone_mode=False)
    except TawnyError as error:
        return fail(error.text, error.exit_status)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return fail(Text("stopped"), 130)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the library does not export it
            typer.echo(error.format_message(), err=True)
            return 2
        return fail(
            Text(
                "{message} (tawny --help shows what is there)",
                message=WRONG_CALLS.recognised(_message(error)),
            ),
            2,
        )
    except KeyboardInterrupt:
        return fail(Text("stopped; what was acknowledged is kept"), 130)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = Text("{error}", error=error)
        if error.filename:
            reason = Text("{file}: {error}", file=error.filename, error=error)
        return fail(reason, 1)
    return int(result) if isinstance(result, int) else 0


def _command() -> typer.core.TyperGroup:
    """The command with its help in the language of the setting `language`."""
    command = typer.main.get_group(app)
    language = chosen_language()
    if language != "en":
        from tawny.cli.help import HELP, translate_help
        from tawny.languages import said, translations

        def in_language(text: str) -> str:
            known = HELP.recognised(text)
            if isinstance(known, Text):
                return said(known, language)
            return translations(language).gettext(text) if text else text

        translate_help(command, in_language)
    return command


def _message(error: typer.TyperException) -> str:
    return error.format_message().replace("\n", " ").strip().rstrip(".")


def say(text: Text) -> str:
    """A text in the language of the setting `language`."""
    language = chosen_language()
    if language == "en":
        return str(text)
    # The catalogue takes a while to read, and English needs none.
    from tawny.languages import said

    return said(text, language)


def fail(message: Text, status: int) -> int:
    """One line on standard error; returns the status."""
    sys.stderr.write(f"tawny: {say(message)}\n")
    return status
