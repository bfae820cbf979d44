"""What only the present state of tickets and people tells, once their updates are read: a status
that no update explains, tickets whose customer became another one, customers who are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tawny.sources.deletions import FEW, too_many
from tawny.sources.events import Event, Fact, Facts, without_nulls
from tawny.sources.reader import Page, Record
from tawny.sources.zendesk.audits import RequesterSet, kept
from tawny.sources.zendesk.context import SyncContext
from tawny.sources.zendesk.people import MERGED, contact_record, erased_record
from tawny.sources.zendesk.story import TicketStory
from tawny.sources.zendesk.tickets import ZendeskTicket, known_ticket
from tawny.sources.zendesk.words import STATUSES

_PAGE = 1_000
_MOST_TOUCHED = 100_000
"""Of more tickets than that all are looked at that there are."""
_GONE = "gone_contacts"
"""The cursor that holds who was found to be gone."""


class Settling:
    """Is told what was met, and looks at it at the end."""

    def __init__(self, at: SyncContext, *, erases: bool) -> None:
        self._at = at
        self._erases = erases
        self._touched: set[int] = set()
        self._merges: dict[int, int] = {}

    def touched(self, ticket: int) -> None:
        """A ticket changed."""
        if len(self._touched) <= _MOST_TOUCHED:
            self._touched.add(ticket)

    def gone(self, contact: int) -> None:
        """A customer is gone."""
        found = self._at.cursors.setdefault(_GONE, [])
        if contact not in found:
            found.append(contact)

    # --- tickets --------------------------------------------------------------------------------

    def tickets(self, *, everything: bool) -> Iterator[Page]:
        """What the rows of tickets tell beyond their updates."""
        if everything or self._at.window.look_for_gone or len(self._touched) > _MOST_TOUCHED:
            for page in self._at.ledger.pages("conversation", _PAGE):
                yield from self._settled(int(name.partition("/")[2]) for name in page)
        yield from self._settled(iter(sorted(self._touched)))
        yield from self._merged()

    def _settled(self, numbers: Iterator[int]) -> Iterator[Page]:
        found = list(numbers)
        for start in range(0, len(found), _PAGE):
            part = found[start : start + _PAGE]
            yield self._at.page([Record(f"conversation/{one}", self._events(one)) for one in part])

    def _events(self, number: int) -> Callable[[Facts], Iterator[Event]]:
        def events(facts: Facts) -> Iterator[Event]:
            ticket = known_ticket(facts, number)
            if ticket is not None and not ticket.is_left_out:
                self._look_for_merge(ticket, facts)
                yield from self._observed(ticket, facts)

        return events

    def _observed(self, ticket: ZendeskTicket, facts: Facts) -> Iterator[Event]:
        """A status that differs from the last one known, though its time has come."""
        audits = kept(facts)
        newest_ms = max((one.time_ms for one in audits), default=0)
        status = STATUSES.get(ticket.status) or STATUSES.get(
            self._at.directory.categories.get(ticket.status.lower(), "")
        )
        if status is None:
            self._at.report.unknown_value("tickets.status", ticket.status, f"ticket/{ticket.id}")
            return
        if self._at.window.is_young(ticket.updated_ms * 1000) or ticket.updated_ms < newest_ms:
            return
        story = TicketStory(ticket, audits, facts, self._at.directory, {}, {})
        for _ in story.events():
            pass
        if story.status == status:
            return
        is_deleted = ticket.status == "deleted"
        event_id = f"ticket/{ticket.id}/status/observed/{ticket.updated_ms}"
        if is_deleted:
            event_id = ticket.gone_id
            if event_id in facts:
                event_id = f"{event_id}/{ticket.updated_ms}"
        else:
            self._at.report.observed += 1
        data = without_nulls({
            "conversation_id": self._at.directory.named(ticket.id),
            "status": status,
            "cause": "automation" if is_deleted else "unknown",
            "reason": "deleted" if is_deleted else None,
        })  # fmt: skip
        yield Event(
            event_id, "conversation.status_changed", ticket.updated_ms, data,
            f"90-{ticket.id:020d}", note=status,
        )  # fmt: skip

    # --- people ---------------------------------------------------------------------------------

    def _look_for_merge(self, ticket: ZendeskTicket, facts: Facts) -> None:
        """A ticket moves without a word when its customer is merged into another one."""
        sent = facts.get(f"ticket/{ticket.id}")
        if sent is None:
            return
        mark = f"ticket/{ticket.id}/{MERGED}"
        before = facts[mark].note if mark in facts else sent.note.partition("\n")[0]
        number = before.removeprefix(self._at.directory.prefix)
        if not number.isdigit() or int(number) == ticket.requester:
            return
        facts[mark] = Fact(0, "", self._at.directory.named(ticket.requester))
        was_changed = any(
            isinstance(one, RequesterSet) and one.requester == ticket.requester
            for audit in kept(facts)
            for one in audit.children
        )
        if not was_changed:
            self._at.report.merged += 1
            self._merges[int(number)] = ticket.requester

    def _merged(self) -> Iterator[Page]:
        """The identifiers of those who are left, under the ids of those who became them."""
        if not self._merges:
            return
        rows = {
            row["id"]: row
            for row in self._at.desk.users_by_id(sorted({*self._merges.values()}))
            if isinstance(row, dict) and isinstance(row.get("id"), int)
        }
        yield self._at.page([
            contact_record(self._at.directory, rows[new], None, old)
            for old, new in self._merges.items()
            if new in rows
        ])  # fmt: skip

    def contacts(self) -> Iterator[Page]:
        """Those who are gone: counted, and erased where somebody asked for it."""
        at = self._at
        gone: list[int] = list(at.cursors.get(_GONE, ()))
        known = at.ledger.load([f"contact/{one}" for one in gone])
        sent = [
            one for one in gone if any(fact.digest for fact in known[f"contact/{one}"].values())
        ]
        if sent:
            at.report.gone["contacts"] += len(sent)
            if (
                len(sent) > FEW
                and not at.window.accept_deletions
                and too_many(len(sent), sum(len(page) for page in at.ledger.pages("contact")))
            ):
                at.report.gone_not_accepted["contacts"] += len(sent)
                return
        at.cursors.pop(_GONE, None)
        if self._erases:
            now_ms = at.window.now_us // 1000
            yield at.page([
                erased_record(at.directory, one, now_ms) for one in sent
                if f"contact/{one}/erased" not in known[f"contact/{one}"]
            ])  # fmt: skip
