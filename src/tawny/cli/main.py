"""The entry point. A command's module is imported when that command is called, so that a small
one does not wait for libraries it does not use; help imports them all."""

from __future__ import annotations

import importlib
import sys

from tawny.cli.app import app, run

MODULES: dict[str, str] = {
    "ingest": "tawny.cli.ingest",
    "export": "tawny.cli.export",
    "check": "tawny.cli.check",
    "exports": "tawny.cli.dictionary",
    "columns": "tawny.cli.dictionary",
    "events": "tawny.cli.dictionary",
    "settings": "tawny.cli.dictionary",
    "unguard": "tawny.cli.unguard",
    "log": "tawny.cli.log",
    "sample": "tawny.cli.sample",
    "import": "tawny.cli.imports",
    "serve": "tawny.cli.serve",
}
"""Every command and the module that registers it, in the order of the help."""


def main() -> None:
    """Run the command line and end the process with its exit status."""
    arguments = sys.argv[1:]
    load(arguments)
    sys.exit(run(arguments))


def load(arguments: list[str]) -> None:
    """Import the module of the command that is called, or all of them when none is recognised."""
    called = [argument for argument in arguments if argument in MODULES]
    names = called[:1] or list(MODULES)
    # An option's value may look like a command (`--home log ingest`): then nothing is skipped.
    if len(called) > 1:
        names = list(MODULES)
    for name in names:
        importlib.import_module(MODULES[name])
    # Help lists the commands in one order, whichever was imported first.
    order = list(MODULES)
    app.registered_commands.sort(key=lambda command: order.index(command.name or ""))
