"""How much there is in the desk, in its own terms, to compare with the log.

The counts that Zendesk offers are approximate and leave archived tickets out, so the exports are
read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from tawny.model.zones import instant_text
from tawny.sources.http.client import StatusError
from tawny.sources.report import GapReport
from tawny.sources.zendesk.audits import TicketComment, UpdateReading, signs_of_agents
from tawny.sources.zendesk.desk import ZendeskAccount
from tawny.sources.zendesk.directory import ZendeskDirectory
from tawny.sources.zendesk.people import AGENT_ROLES
from tawny.sources.zendesk.tickets import read_ticket
from tawny.sources.zendesk.words import id_of, instant_ms, number_of

Counts = Counter[tuple[str, str]]


def counts(
    desk: ZendeskAccount,
    until_us: int,
    excluded: frozenset[str],
    prefix: str,
    options: Mapping[str, Any],
) -> Mapping[tuple[str, str], int]:
    """Records by kind and UTC month of their creation, up to an instant in microseconds."""
    found: Counts = Counter()
    until_ms = until_us // 1000
    since_s = (options.get("since_ms") or 0) // 1000
    directory = ZendeskDirectory(prefix, frozenset(str(one) for one in options["virtual_agents"]))
    # What is wrong with a record was said when it was read.
    report = GapReport("", "zendesk", 0)

    def count(kind: str, time_ms: int) -> None:
        if time_ms <= until_ms:
            found[kind, instant_text(time_ms)[:7]] += 1

    requesters: dict[int, int] = {}
    seen: set[int] = set()
    for row in _rows(desk.tickets(since_s, None)):
        try:
            ticket = read_ticket(row, excluded, report)
        except (ValueError, TypeError, KeyError, OverflowError):
            continue
        directory.agents |= {id_of(row.get("assignee_id")) or 0} - {0}
        if not ticket.is_left_out and ticket.id not in requesters:
            count("conversations", ticket.created_ms)
            requesters[ticket.id] = ticket.requester
    asking = set(requesters.values())
    customers: dict[int, int] = {}
    for row in _rows(desk.users(since_s, None)):
        if row.get("role") in AGENT_ROLES:
            directory.agents.add(number_of(row["id"]))
        is_customer = row.get("role") not in AGENT_ROLES and row.get("active") is not False
        if is_customer or row["id"] in asking:
            customers[number_of(row["id"])] = instant_ms(row["created_at"])
    for time_ms in customers.values():
        count("contacts", time_ms)
    for row in _rows(desk.ticket_events(since_s)):
        requester = requesters.get(row.get("ticket_id") or 0)
        if requester is None:
            continue
        directory.agents |= {*signs_of_agents(row)}
        try:
            audit = UpdateReading(directory, requester, report).audit(row)
        except (ValueError, TypeError, KeyError, OverflowError):
            continue
        for child in audit.children:
            if isinstance(child, TicketComment) and child.id not in seen:
                seen.add(child.id)
                way = "inbound" if child.inbound else "outbound"
                count(f"messages {way}", child.time_ms)
    _count_ratings(desk, since_s, requesters, count)
    return found


def _count_ratings(
    desk: ZendeskAccount, since_s: int, tickets: Container[int], count: Callable[[str, int], None]
) -> None:
    try:
        for row in _rows(
            desk.some(
                "/api/v2/satisfaction_ratings.json", "satisfaction_ratings", {"start_time": since_s}
            )
        ):
            word = str(row.get("score"))
            if word != "unoffered" and row.get("ticket_id") in tickets:
                count("surveys", instant_ms(row["created_at"]))
                if word != "offered":
                    count("answers", instant_ms(row.get("updated_at") or row["created_at"]))
    except StatusError as error:
        if error.status not in (403, 404):
            raise


def _rows(pages: Iterator[Any]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from (row for row in page.items if isinstance(row, dict))
