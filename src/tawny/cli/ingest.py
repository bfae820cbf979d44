"""`tawny ingest`: events into the log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from tawny.cli.app import app, fail, home_of, say, settings
from tawny.cli.progress import IngestProgress
from tawny.errors import TawnyError, UnreadableInputError
from tawny.model.explanation import Refusal
from tawny.runs.compact import compact
from tawny.runs.ingest import Ingest, Outcome
from tawny.runs.source import InputFile
from tawny.state.refusals import RefusalStore
from tawny.text import Text

REFUSED = 3
"""Exit status when some events were refused and the rest is kept."""

FRAGMENTED_FILES = 12
"""A month with more small files than this is compacted at the end of an ingest."""


class RefusalReport:
    """Prints refusals as they come and remembers them for `tawny log`."""

    def __init__(self, home: Path) -> None:
        self._store = RefusalStore(home, settings())
        self._waiting: dict[str, list[Refusal]] = {}

    def add(self, name: str, refusal: Refusal) -> None:
        """Print one refusal: `FILE:LINE: field: found …; allowed …`."""
        sys.stderr.write(f"{name}:{refusal.number}: {say(refusal.text)}\n")
        waiting = self._waiting.setdefault(name, [])
        waiting.append(refusal)
        if len(waiting) >= 1000:
            self.save()

    def save(self) -> None:
        """Write what is waiting into the state database."""
        waiting, self._waiting = self._waiting, {}
        for name, refusals in waiting.items():
            try:
                self._store.add(name, refusals)
            except TawnyError as error:
                fail(
                    Text("{error}; {count} refusals were printed but not remembered",
                         error=error, count=len(refusals)), 0,
                )  # fmt: skip


@app.command("ingest")
def ingest(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Newline-delimited JSON, plain, .gz or .zst; - is standard input.",
        ),
    ],
) -> None:
    """Take events into the log.

    Prints accepted=N duplicates=N refused=N. Ends with 0 when nothing was refused, 3 when something
    was (the rest is kept), 2 for a wrong call, 1 for a failure that kept nothing.
    """
    inputs = [InputFile(name) for name in files]
    sizes = [source.size_bytes for source in inputs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    damaged: list[Text] = []
    home = home_of(context)
    report = RefusalReport(home)

    def progress_bytes() -> int:
        return sum(source.read_bytes for source in inputs)

    outcome = Outcome()
    try:
        with (
            IngestProgress(total) as progress,
            Ingest(
                home,
                settings(),
                report.add,
                lambda events, _: progress.update(events, progress_bytes()),
            ) as run,
        ):
            outcome = run.outcome
            for source in inputs:
                try:
                    run.read(source.name, source.blocks())
                except UnreadableInputError as error:
                    damaged.append(error.text)
                run.refuse(source.name, source.refusals)
    finally:
        report.save()
    finish(home, outcome, damaged)


def finish(home: Path, outcome: Outcome, damaged: Iterable[Text] = ()) -> None:
    """Tidy the log, print the outcome and end with the status it means."""
    try:
        compact(home, settings(), files_per_month=FRAGMENTED_FILES)
    except TawnyError as error:
        fail(Text("{error}; the events are kept, run tawny log compact later", error=error), 0)
    problems = list(damaged)
    for problem in problems:
        fail(problem, 0)
    nothing_kept = outcome.accepted + outcome.duplicates == 0
    if problems and nothing_kept and not outcome.refused:
        raise typer.Exit(2)
    typer.echo(
        f"accepted={outcome.accepted} duplicates={outcome.duplicates} refused={outcome.refused}"
    )
    if outcome.refused or problems:
        raise typer.Exit(REFUSED)
