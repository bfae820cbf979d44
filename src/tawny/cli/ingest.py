"""`tawny ingest`: events into the log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click

from tawny.cli.app import fail, say, settings
from tawny.cli.progress import IngestProgress
from tawny.errors import TawnyError, UnreadableInputError
from tawny.intake.direct import direct_ingest
from tawny.intake.files import InputFile
from tawny.intake.ingest import Ingest, Outcome
from tawny.model.refusals import Refusal
from tawny.text import Text
from tawny.upkeep.compact import compact

REFUSED = 3
"""Exit status when some events were refused and the rest is kept."""

FRAGMENTED_FILES = 12
"""A month with more small files than this is compacted at the end of an ingest."""


class RefusalReport:
    """Prints refusals as they come and remembers them for `tawny log`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._waiting: dict[str, list[Refusal]] = {}

    def add(self, name: str, refusal: Refusal) -> None:
        """Print one refusal: `FILE:LINE: field: found …; allowed …`, a line for each mistake."""
        for mistake in refusal.mistakes:
            sys.stderr.write(f"{name}:{refusal.number}: {say(mistake.text)}\n")
        waiting = self._waiting.setdefault(name, [])
        waiting.append(refusal)
        if len(waiting) >= 1000:
            self.save()

    def save(self) -> None:
        """Write what is waiting into the state database."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        # An ingest without refusals does not wait for the database's library.
        from tawny.state.refusals import RefusalStore

        store = RefusalStore(self._home, settings())
        for name, refusals in waiting.items():
            try:
                store.add(name, refusals)
            except TawnyError as error:
                fail(
                    Text("{error}; {count} refusals were printed but not remembered",
                         error=error, count=len(refusals)), 0,
                )  # fmt: skip


def ingest(home: Path, files: Sequence[str]) -> None:
    """Take the files into the log and end with the status of `tawny ingest`."""
    inputs = [InputFile(name) for name in files]
    sizes = [source.size_bytes for source in inputs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    damaged: list[Text] = []
    with taking(home, total, lambda _: sum(source.read_bytes for source in inputs)) as run:
        for source in inputs:
            try:
                run.read(source.name, source.blocks())
            except UnreadableInputError as error:
                damaged.append(error.text)
            run.refuse(source.name, source.refusals)
    finish(home, run.outcome, damaged)


@contextlib.contextmanager
def taking(
    home: Path, total_bytes: int | None, done_bytes: Callable[[int], int]
) -> Iterator[Ingest]:
    """Take events into the log, after those that a server acknowledged before: these came first.
    Progress is shown, refusals are printed and remembered. `done_bytes` says how much of the total
    is read, given the bytes of the events."""
    report = RefusalReport(home)
    try:
        with IngestProgress(total_bytes) as progress:

            def tell(events: int, event_bytes: int) -> None:
                progress.update(events, done_bytes(event_bytes))

            with direct_ingest(home, settings(), report.add, tell) as run:
                yield run
    finally:
        report.save()


def finish(home: Path, outcome: Outcome, damaged: Iterable[Text] = ()) -> None:
    """Tidy the log, print the outcome and end with the status it means."""
    try:
        compact(home, settings(), files_per_month=FRAGMENTED_FILES)
    except TawnyError as error:
        fail(Text("{error}; the events are kept, run tawny log compact later", error=error), 0)
    problems = list(damaged)
    for problem in problems:
        fail(problem, 0)
    if outcome.in_future:
        text = Text(
            "{count} events lie in the future; no export shows them before their time has come "
            "(is the clock of their sender ahead?)", count=outcome.in_future,
        )  # fmt: skip
        fail(text, 0)
    nothing_kept = outcome.accepted + outcome.duplicates == 0
    if problems and nothing_kept and not outcome.refused:
        raise click.exceptions.Exit(2)
    click.echo(
        f"accepted={outcome.accepted} duplicates={outcome.duplicates} refused={outcome.refused}"
    )
    if outcome.refused or problems:
        raise click.exceptions.Exit(REFUSED)
