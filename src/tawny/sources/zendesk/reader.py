"""Reading an account page by page: what is small, tickets as they are, people, updates, surveys.

Tickets come before their updates, which need to know whose they are; people come after tickets,
which say how they wrote first. The exports of tickets and people have cursors and are exact;
updates and ratings are read by time, with some overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tawny.sources.ledger import Ledger
from tawny.sources.reader import Cursors, DeskAccess, Page, Window
from tawny.sources.report import GapReport
from tawny.sources.zendesk.access import read_access
from tawny.sources.zendesk.context import SyncContext
from tawny.sources.zendesk.counts import counts
from tawny.sources.zendesk.customers import PeopleExports
from tawny.sources.zendesk.desk import ZendeskAccount
from tawny.sources.zendesk.directory import read_directory
from tawny.sources.zendesk.feedback import Feedback
from tawny.sources.zendesk.settling import Settling
from tawny.sources.zendesk.unmeasured import not_measured
from tawny.sources.zendesk.updates import TicketExports


class ZendeskReader:
    """One account."""

    def __init__(self, desk: ZendeskAccount, options: Mapping[str, Any], prefix: str) -> None:
        self._desk = desk
        self._options = options
        self._prefix = prefix
        self._excluded = frozenset(str(one) for one in options["excluded_channels"])

    def close(self) -> None:
        """Let go of the connection."""
        self._desk.http.close()

    def now_us(self) -> int:
        """The desk's clock."""
        self._desk.ask("/api/v2/users/me.json")
        return self._desk.http.now_us()

    def access(self) -> DeskAccess:
        """Test the rights, and look what is there."""
        return read_access(self._desk)

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """What there is by kind and month, from the exports themselves."""
        return counts(self._desk, until_us, self._excluded, self._prefix, self._options)

    def pages(
        self, cursors: Cursors, window: Window, ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """All records of the window after the cursors."""
        traffic = self._desk.http.traffic
        traffic.on_wait = window.on_wait
        report.version = "v2"
        cursors = dict(cursors)
        directory, records = read_directory(
            self._desk, self._prefix, self._options, ledger, report,
            reads_agents=window.since_us is not None and "users" not in cursors,
        )  # fmt: skip
        # Whether somebody was there when is only known where there is a chat.
        report.not_measured = not_measured(has_chat="timeline_us" in cursors)
        yield Page(records, dict(cursors))
        at = SyncContext(
            cursors, window, ledger, report, self._excluded,
            has_content=self._options["content"] == "yes", desk=self._desk, directory=directory,
        )  # fmt: skip
        for page in _all_pages(at, erases=bool(self._options["erase_deleted_contacts"])):
            report.requests, report.limited = traffic.requests, traffic.limited
            report.waited_s = traffic.waited_s
            yield page
        report.not_measured = not_measured(has_chat="timeline_us" in cursors)
        report.requests, report.limited = traffic.requests, traffic.limited
        report.waited_s = traffic.waited_s


def _all_pages(at: SyncContext, *, erases: bool) -> Iterator[Page]:
    settling = Settling(at, erases=erases)
    updates, people, feedback = (
        TicketExports(at, settling),
        PeopleExports(at, settling),
        Feedback(at),
    )
    # In a first reading everything is new.
    is_first = "ticket_events_s" not in at.cursors
    yield from people.organizations()
    yield from updates.tickets()
    yield from people.users()
    yield from updates.ticket_events()
    yield from settling.tickets(everything=is_first)
    yield from feedback.ratings(updates.ratings_ms)
    yield from feedback.responses()
    yield from feedback.timeline()
    yield from settling.contacts()
    yield at.page([], None, 1.0)
