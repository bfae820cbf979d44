"""The command: which calls there are, and how each ends.

A call costs what it uses. This module and those of `tawny.cli.calls` say what may be called and
import nothing but the library of the command line; what does the work is imported when a call has
been understood. `tests/test_starting.py` holds it.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from tawny import __version__
from tawny.cli.app import CommandCall, NoticeHandler, fail, settings
from tawny.cli.help import Group
from tawny.errors import EngineError, StorageError, TawnyError
from tawny.private import keep_private
from tawny.settings import default_home
from tawny.text import Text

CALLS: dict[str, str] = {
    "ingest": "ingest",
    "export": "export",
    "feed": "feed",
    "explain": "explain",
    "timeline": "timeline",
    "diff": "diff",
    "verify": "verify",
    "check": "verify",
    "exports": "dictionary",
    "columns": "dictionary",
    "events": "dictionary",
    "settings": "dictionary",
    "unguard": "unguard",
    "log": "log",
    "erase": "erase",
    "sample": "sample",
    "import": "imports",
    "sources": "sources",
    "saved": "saved",
    "schedules": "schedules",
    "destinations": "destinations",
    "deliveries": "schedules",
    "serve": "serve",
    "user": "user",
}
"""Every command in the order of the help, and the module of `tawny.cli.calls` that declares it."""


class _Calls(Group):
    """All commands; a module is read when its command is called or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the help."""
        del ctx
        return list(CALLS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name, None when there is none."""
        # For an unknown name all are declared: the library looks for similar ones among them.
        names = [cmd_name] if cmd_name in CALLS else CALLS
        for name in [name for name in names if name not in self.commands]:
            module = importlib.import_module(f"tawny.cli.calls.{CALLS[name]}")
            for declared in vars(module).values():
                # A group may have a command of the same name as one of these.
                if (
                    isinstance(declared, click.Command)
                    and CALLS.get(declared.name or "") == CALLS[name]
                ):
                    self.add_command(declared)
        return super().get_command(ctx, cmd_name)


@click.group(
    "tawny",
    cls=_Calls,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Data exports of a customer-care team: no missing row, every number explained, "
    "every file reproducible.",
)
@click.option(
    "--home",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    envvar="TAWNY_HOME",
    show_envvar=True,
    help="Data folder; created when it is first written to.",
)
@click.version_option(__version__, message="tawny %(version)s", help="Show the version.")
@click.pass_context
def app(context: click.Context, home: Path | None) -> None:
    context.ensure_object(CommandCall).home = home or default_home()


def every_command() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words after `tawny`; groups come before their commands."""
    yield (), app
    for name in CALLS:
        command = app.get_command(click.Context(app), name)
        assert command is not None
        yield (name,), command
        for below, inner in getattr(command, "commands", {}).items():
            yield (name, below), inner


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit status.

    A `TawnyError` is one line on standard error and the status of its class; a wrong call is 2.
    """
    call = CommandCall()
    logging.getLogger("tawny").handlers[:] = [NoticeHandler(logging.WARNING)]
    try:
        result = app(args=arguments, prog_name="tawny", standalone_mode=False, obj=call)
    except TawnyError as error:
        return _fail_for(error, call)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        return fail(Text("stopped"), 130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        from tawny.cli.wrong_calls import WRONG_CALLS

        message = error.format_message().replace("\n", " ").strip().rstrip(".")
        return fail(
            Text(
                "{message} (tawny --help shows what is there)",
                message=WRONG_CALLS.recognised(message),
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


def _fail_for(error: TawnyError, call: CommandCall) -> int:
    if call.home is not None and isinstance(error, (StorageError, EngineError)):
        # Only when something is wrong with the data folder is it looked into.
        from tawny.reading.damage import explained

        error = explained(call.home.absolute(), settings(), error)
    return fail(error.text, error.exit_status)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    keep_private()
    status = run(sys.argv[1:])
    if threading.active_count() == 1 and _flushed():
        # What is registered for the end is done. To take every module and object apart would cost
        # a small export a tenth of its time, and the process is gone in a moment.
        atexit._run_exitfuncs()
        os._exit(status)
    sys.exit(status)


def _flushed() -> bool:
    """Whether what was printed is out; where it cannot be, the interpreter says so at its end."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return False
    return True
