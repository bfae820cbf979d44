"""Tickets as they are now, and every update that made them so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tawny.sources.events import Event, Facts
from tawny.sources.reader import Page, Record
from tawny.sources.zendesk.audits import (
    TicketRated,
    UpdateReading,
    keep,
    kept,
    redacted_comments,
    signs_of_agents,
    tags_of,
)
from tawny.sources.zendesk.context import SyncContext
from tawny.sources.zendesk.directory import former_agents
from tawny.sources.zendesk.people import AGENT_ROLES, requester_record
from tawny.sources.zendesk.settling import Settling
from tawny.sources.zendesk.story import TicketStory
from tawny.sources.zendesk.tickets import (
    ZendeskTicket,
    created,
    known_ticket,
    read_ticket,
    remember,
)
from tawny.sources.zendesk.words import id_of, instant_ms, number_of

Json = Mapping[str, Any]


class TicketExports:
    """Reads them."""

    def __init__(self, at: SyncContext, settling: Settling) -> None:
        self.ratings_ms = at.window.horizon_us // 1000
        """From when on there are ratings that somebody answered since."""
        self._at = at
        self._settling = settling

    def tickets(self) -> Iterator[Page]:
        """Every ticket that changed, with the customer it is from."""
        for page in self._at.desk.tickets(self._at.since_s, self._at.cursors.get("tickets")):
            people = {
                row["id"]: row for row in page.whole.get("users") or ()
                if isinstance(row, dict) and isinstance(row.get("id"), int)
            }  # fmt: skip
            found: list[ZendeskTicket] = []
            assignees: set[int] = set()
            is_whole = True
            for row in page.items:
                with self._at.one("ticket", row):
                    ticket = read_ticket(row, self._at.excluded, self._at.report)
                    if self._at.window.is_young(ticket.created_ms * 1000):
                        is_whole = False
                        continue
                    self._at.report.read["tickets"] += 1
                    self._at.report.future += ticket.created_ms * 1000 > self._at.window.future_us
                    assignees |= {id_of(row.get("assignee_id")) or 0} - {0}
                    found.append(ticket)
            if is_whole:
                self._at.cursors["tickets"] = page.next
            records = former_agents(self._at.directory, self._at.desk, assignees)
            for ticket in found:
                if not ticket.is_left_out:
                    records += self._at.directory.channel(ticket.brand, ticket.medium)
                    records.append(self._requester(ticket, people.get(ticket.requester)))
                self._settling.touched(ticket.id)
                records.append(Record(f"conversation/{ticket.id}", self._begun(ticket)))
            newest_us = max((one.updated_ms * 1000 for one in found), default=None)
            yield self._at.page(records, newest_us)

    def _requester(self, ticket: ZendeskTicket, row: Json | None) -> Record:
        """The customer of a ticket, who may be an agent, or may not have changed since the
        beginning."""
        alone = row is not None and (
            ticket.requester in self._at.directory.agents
            or row.get("role") in AGENT_ROLES
            or instant_ms(row.get("updated_at") or row["created_at"]) < self._at.since_s * 1000
        )
        return requester_record(
            self._at.directory, ticket.requester, ticket.id, ticket.medium, row, alone=alone
        )

    def _begun(self, ticket: ZendeskTicket) -> Callable[[Facts], Iterator[Event]]:
        def events(facts: Facts) -> Iterator[Event]:
            now = remember(facts, ticket)
            if not now.is_left_out:
                yield created(now, self._at.desk.url, self._at.directory)

        return events

    def ticket_events(self) -> Iterator[Page]:
        """The story of every ticket goes on."""
        start_s = self._at.start_s("ticket_events_s")
        span_s = max(1, self._at.window.horizon_us // 1_000_000 - start_s)
        for page in self._at.desk.ticket_events(start_s):
            rows: dict[int, list[Json]] = {}
            newest_us = None
            for row in page.items:
                with self._at.one("ticket_event", row):
                    time_us = instant_ms(row.get("created_at") or row.get("timestamp")) * 1000
                    if self._at.window.is_young(time_us):
                        continue
                    rows.setdefault(number_of(row["ticket_id"]), []).append(row)
                    self._at.report.read["ticket_events"] += 1
                    self._at.report.future += time_us > self._at.window.future_us
                    if time_us <= self._at.window.future_us:
                        newest_us = max(newest_us or 0, time_us)
            self._at.cursors["ticket_events_s"] = self._at.reached_s(page.next)
            done_s = int(self._at.cursors["ticket_events_s"]) - start_s
            records = self._updates(rows)
            yield self._at.page(records, newest_us, min(1.0, done_s / span_s) if start_s else None)
            if int(page.next) > self._at.window.horizon_us // 1_000_000:
                return

    def _updates(self, rows: Mapping[int, Sequence[Json]]) -> list[Record]:
        """The records of some updates, by ticket, and of what they name."""
        all_rows = [row for own in rows.values() for row in own]
        agents = {one for row in all_rows for one in signs_of_agents(row)}
        records = former_agents(self._at.directory, self._at.desk, agents)
        tags = sorted({tag for row in all_rows for tag in tags_of(row)})
        records += [self._at.directory.topic(tag) for tag in tags]
        for ticket, own in rows.items():
            redacted: dict[int, str | None] = {}
            if self._at.has_content and any(True for row in own for _ in redacted_comments(row)):
                redacted = self._redacted(ticket, own)
            records.append(Record(f"conversation/{ticket}", self._told(ticket, own, redacted)))
        return records

    def _redacted(self, ticket: int, rows: Sequence[Json]) -> dict[int, str | None]:
        wanted = {one for row in rows for one in redacted_comments(row)}
        texts = self._at.desk.texts(ticket)
        return {one: text for one, text in texts.items() if one in wanted}

    def _told(
        self, number: int, rows: Sequence[Json], redacted: Mapping[int, str | None]
    ) -> Callable[[Facts], Iterator[Event]]:
        def events(facts: Facts) -> Iterator[Event]:
            ticket = known_ticket(facts, number)
            if ticket is None:
                # Deleted for good: only its updates are left.
                self._at.report.ignored["update_of_no_ticket"] += len(rows)
                return
            if ticket.is_left_out:
                self._at.report.ignored["update_of_ticket_left_out"] += len(rows)
                return
            reading = UpdateReading(self._at.directory, ticket.requester, self._at.report)
            for row in rows:
                with self._at.one("ticket_event", row):
                    self._read(facts, reading, row)
            audits = kept(facts)
            texts = reading.texts if self._at.has_content else dict.fromkeys(reading.texts)
            for event in TicketStory(
                ticket, audits, facts, self._at.directory, texts, redacted
            ).events():
                self._at.report.redacted += (
                    event.type == "message.updated" and event.id not in facts
                )
                yield event

        return events

    def _read(self, facts: Facts, reading: UpdateReading, row: Json) -> None:
        audit = reading.audit(row)
        if f"audit/{audit.id}" in facts:
            # What was decided when it was read first stays.
            return
        keep(facts, audit)
        if any(isinstance(one, TicketRated) for one in audit.children):
            rated = [
                known.time_ms for known in kept(facts)
                if any(isinstance(one, TicketRated) for one in known.children)
            ]  # fmt: skip
            self.ratings_ms = min(self.ratings_ms, *rated)
