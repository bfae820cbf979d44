"""Reading a workspace page by page: what is small, contacts, conversations with their parts, who
was there when, and what is gone.

Contacts come before conversations, which name them. What changed is found by searches over windows
of at most a day; the position moves on with each window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tawny.sources.figures import DeskFigures
from tawny.sources.intercom.access import read_access
from tawny.sources.intercom.contacts import contact_pages
from tawny.sources.intercom.context import IntercomReading
from tawny.sources.intercom.counts import counts
from tawny.sources.intercom.desk import VERSION, IntercomDesk, Workspace
from tawny.sources.intercom.directory import IntercomDirectory, read_directory
from tawny.sources.intercom.gone import Missing
from tawny.sources.intercom.histories import Histories
from tawny.sources.intercom.hours import read_hours, read_schedule
from tawny.sources.intercom.presence import CURSOR, Presence
from tawny.sources.intercom.unmeasured import not_measured
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Cursors, DeskAccess, Page, Window
from tawny.sources.report import GapReport


class IntercomReader:
    """One workspace."""

    def __init__(self, desk: IntercomDesk, options: Mapping[str, Any], prefix: str) -> None:
        self._desk = desk
        self._options = options
        self._prefix = prefix
        self._excluded = frozenset(str(one) for one in options["excluded_channels"])
        self._figures: dict[str, DeskFigures] = {}

    def close(self) -> None:
        """Let go of the connection."""
        self._desk.http.close()

    def now_us(self) -> int:
        """The desk's clock."""
        self._desk.workspace()
        return self._desk.http.now_us()

    def access(self) -> DeskAccess:
        """Test the rights, and look what is there."""
        return read_access(self._desk)

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """What there is by kind and month: everything is read again."""
        self._figures = {}
        return counts(
            self._desk, until_us, self._excluded, self._directory(self._desk.workspace()),
            int(self._options.get("since_ms") or 0) // 1000, self._figures,
        )  # fmt: skip

    def figures(self) -> Mapping[str, DeskFigures]:
        """What the workspace says of each conversation that `counts` read."""
        return self._figures

    def _directory(self, workspace: Workspace) -> IntercomDirectory:
        hours = self._options.get("hours")
        return IntercomDirectory(
            self._prefix, workspace, frozenset(str(one) for one in self._options["virtual_agents"]),
            None if hours is None else read_hours(Path(hours)),
        )  # fmt: skip

    def pages(
        self, cursors: Cursors, window: Window, ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """All records of the window after the cursors."""
        traffic = self._desk.http.traffic
        traffic.on_wait = window.on_wait
        report.version = VERSION
        workspace = self._desk.workspace()
        directory = self._directory(workspace)
        if directory.hours is None:
            wanted = self._options.get("schedule")
            directory.hours = read_schedule(
                self._desk, None if wanted is None else str(wanted), report
            )
        at = IntercomReading(
            dict(cursors), window, ledger, report, self._excluded,
            has_content=self._options["content"] == "yes", desk=self._desk, directory=directory,
            workspace=workspace,
        )  # fmt: skip
        # Whether it may be read is known when it was.
        report.not_measured = not_measured(has_activities=CURSOR in at.cursors)
        for page in self._all_pages(at):
            report.requests, report.limited = traffic.requests, traffic.limited
            report.waited_s = traffic.waited_s
            yield page
        report.not_measured = not_measured(has_activities=CURSOR in at.cursors)
        report.requests, report.limited = traffic.requests, traffic.limited
        report.waited_s = traffic.waited_s

    def _all_pages(self, at: IntercomReading) -> Iterator[Page]:
        options = self._options
        histories = Histories(at, credits_agent=options["team_of"] == "agent")
        missing = Missing(at, erases=bool(options["erase_deleted_contacts"]))
        yield at.page(read_directory(self._desk, at.directory, at.ledger, at.window, at.report))
        yield from contact_pages(at)
        yield from histories.pages()
        yield from histories.announced()
        yield from missing.announced(histories.lost)
        yield from Presence(at).pages()
        if at.window.look_for_gone:
            yield from missing.conversations(histories.met)
            yield from missing.contacts()
        yield at.page([], None, 1.0)
