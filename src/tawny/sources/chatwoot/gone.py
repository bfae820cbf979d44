"""What was read once and is no longer there: conversations, contacts, labels.

A wrong database or a narrower login looks like a great deletion, so a great one is only reported
until somebody accepts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tawny.sources.chatwoot.contacts import MERGED
from tawny.sources.chatwoot.desk import Desk, as_object
from tawny.sources.chatwoot.directory import Directory
from tawny.sources.chatwoot.tables import DeskTables
from tawny.sources.deletions import too_many
from tawny.sources.events import Event, Fact, Facts, erased_contact, sequence
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Cursors, Page, Record, Window
from tawny.sources.report import GapReport


def gone_pages(
    desk: DeskTables,
    directory: Directory,
    ledger: Ledger,
    window: Window,
    report: GapReport,
    cursors: Cursors,
    *,
    erase: bool,
) -> Iterator[Page]:
    """Look for what is gone, and say so to the log where the contract has words for it."""
    now_ms = window.now_us // 1000
    conversations = _missing(desk, ledger, "conversation", "conversations", "display_id")
    if _accepted("conversations", conversations, window, report):
        destroyed = _destroyed(desk) if conversations[0] else {}
        yield Page(
            [
                _conversation(
                    directory, number, facts, destroyed.get(number, now_ms * 1000) // 1000
                )
                for number, facts in conversations[0]
            ],
            dict(cursors),
        )
    contacts = _missing(desk, ledger, "contact", "contacts", "id")
    if _accepted("contacts", contacts, window, report) and erase:
        yield Page(
            [_contact(directory, number, now_ms) for number, _ in contacts[0]], dict(cursors)
        )


def label_pages(
    desk: DeskTables,
    directory: Directory,
    ledger: Ledger,
    window: Window,
    report: GapReport,
    cursors: Cursors,
) -> Iterator[Page]:
    """The labels that are gone; they are few, so every sync looks for them."""
    labels = _missing(desk, ledger, "topic", "labels", "id")
    if _accepted("labels", labels, window, report) and labels[0]:
        now_ms = window.now_us // 1000
        yield Page([_label(directory, number, now_ms) for number, _ in labels[0]], dict(cursors))


_Missing = tuple[Sequence[tuple[int, Facts]], int]


def _missing(desk: DeskTables, ledger: Ledger, kind: str, table: str, column: str) -> _Missing:
    """Numbers and facts of records that are gone and were not known to be, and how many records
    were looked at."""
    found: list[tuple[int, Facts]] = []
    looked = 0
    for page in ledger.pages(kind):
        numbers = {
            int(number): facts
            for record, facts in page.items()
            if (number := record.partition("/")[2]).isdigit()
        }
        looked += len(numbers)
        there = desk.there(table, column, list(numbers)) if numbers else frozenset()
        found += [
            (number, facts)
            for number, facts in numbers.items()
            if number not in there and not _is_known(kind, number, facts)
        ]
    return found, looked


def _is_known(kind: str, number: int, facts: Facts) -> bool:
    base = "label" if kind == "topic" else kind
    return any(f"{base}/{number}/{word}" in facts for word in ("gone", "deleted", "erased", MERGED))


def _accepted(kind: str, missing: _Missing, window: Window, report: GapReport) -> bool:
    gone, looked = len(missing[0]), missing[1]
    if not gone:
        return False
    report.gone[kind] += gone
    if too_many(gone, looked) and not window.accept_deletions:
        report.gone_not_accepted[kind] += gone
        return False
    return True


def _destroyed(desk: DeskTables) -> Mapping[int, int]:
    """When conversations of the account were deleted, where the desk writes it down: microseconds
    by the number that people see."""
    if not isinstance(desk, Desk) or not desk.has("audits"):
        return {}
    if not desk.database.has("audits", "audited_changes"):
        return {}
    table = desk.database.tables["audits"]
    rows = desk.select(
        "audits", ("created_at", "audited_changes"), table.c.auditable_type == "Conversation",
        table.c.action == "destroy",
    )  # fmt: skip
    found = {}
    for row in rows:
        changes = as_object(row.audited_changes)
        number, account = changes.get("display_id"), changes.get("account_id")
        if account == desk.account and isinstance(number, int) and row.created_at is not None:
            found[number] = row.created_at
    return found


def _conversation(directory: Directory, number: int, sent: Facts, time_ms: int) -> Record:
    """It does not stay in the list of the open ones for ever."""
    base = f"conversation/{number}"
    statuses = [
        (fact.time_ms, fact.note)
        for name, fact in sent.items()
        if name.startswith(f"{base}/status/")
    ]
    is_open = not statuses or max(statuses)[1] != "resolved"

    def events(facts: Facts) -> Iterator[Event]:
        if not is_open:
            # Nothing has to be said of it, and it is not counted again.
            facts[f"{base}/gone"] = Fact(time_ms, "")
            return
        data = {
            "conversation_id": directory.named(number), "status": "resolved",
            "cause": "automation", "reason": "deleted",
        }  # fmt: skip
        yield Event(
            f"{base}/gone", "conversation.status_changed", time_ms, data, sequence(90, number),
            note="resolved",
        )  # fmt: skip

    return Record(base, events)


def _contact(directory: Directory, number: int, time_ms: int) -> Record:
    def events(_: Facts) -> Iterator[Event]:
        yield erased_contact(number, directory.named(number), time_ms)

    return Record(f"contact/{number}", events)


def _label(directory: Directory, number: int, time_ms: int) -> Record:
    def events(_: Facts) -> Iterator[Event]:
        yield Event(
            f"label/{number}/deleted", "topic.deleted", time_ms,
            {"topic_id": directory.named(number)},
        )  # fmt: skip

    return Record(f"topic/{number}", events)
