"""What was read once and is no longer there: conversations and contacts.

The API says it by an answer of 404, so records are asked for again: those conversations that would
stay open for ever, and those contacts that a list of all no longer has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tawny.sources.deletions import too_many
from tawny.sources.events import Event, Fact, Facts
from tawny.sources.intercom.context import DAY_S, IntercomReading
from tawny.sources.intercom.conversations import known_conversation
from tawny.sources.intercom.people import MERGED, contact_record, erased_record, is_known
from tawny.sources.reader import Page, Record


def gone_record(at: IntercomReading, number: str, merged_ms: int | None) -> Record:
    """The record of a conversation that is gone, or became a part of another one at a time."""
    word = "gone" if merged_ms is None else "merged"
    event_id = f"conversation/{number}/{word}"

    def events(facts: Facts) -> Iterator[Event]:
        if _status(number, facts) == "resolved":
            # Nothing has to be said of it, and it is not counted again.
            facts.setdefault(event_id, Fact(0, ""))
            return
        time_ms = at.window.now_us // 1000 if merged_ms is None else merged_ms
        data = {
            "conversation_id": at.directory.named(number), "status": "resolved",
            "cause": "automation", "reason": "deleted" if merged_ms is None else "merged",
        }  # fmt: skip
        found = event_id if event_id not in facts else f"{event_id}/{time_ms}"
        yield Event(
            found, "conversation.status_changed", time_ms, data, f"90-{number.zfill(20)}",
            note="resolved",
        )  # fmt: skip

    return Record(f"conversation/{number}", events)


def _status(number: str, facts: Facts) -> str:
    """The last status that was sent."""
    changes = [
        (fact.time_ms, place, fact.note)
        for place, (name, fact) in enumerate(facts.items())
        if fact.digest and ("/status" in name or _is_gone(number, name))
    ]
    return max(changes)[2] if changes else "new"


def _is_gone(number: str, name: str) -> bool:
    return name.startswith((f"conversation/{number}/gone", f"conversation/{number}/merged"))


class Missing:
    """Looks for what is gone."""

    def __init__(self, at: IntercomReading, *, erases: bool) -> None:
        self._at = at
        self._erases = erases

    def conversations(self, met: set[str]) -> Iterator[Page]:
        """Open ones that were not met in this sync are asked for again."""
        at, looked = self._at, 0
        gone: list[tuple[str, int | None]] = []
        for page in at.ledger.pages("conversation"):
            looked += len(page)
            for name, facts in page.items():
                number, row = name.partition("/")[2], known_conversation(facts)
                if row is None or number in met or _status(number, facts) == "resolved":
                    continue
                found = at.desk.conversation(number)
                if found is None:
                    gone.append((number, None))
                elif str(found.get("id")) != number:
                    gone.append((number, row.updated_ms or row.created_ms))
        yield from self._told(gone, looked)

    def announced(self, numbers: Sequence[str]) -> Iterator[Page]:
        """Those that a webhook named and that are gone. How large a share of all more than a few
        are is known when all are looked for."""
        known = self._at.ledger.load([f"conversation/{number}" for number in numbers])
        yield from self._told(
            [
                (number, None) for number in numbers
                if _status(number, known[f"conversation/{number}"]) != "resolved"
            ], 0,
        )  # fmt: skip

    def _told(self, gone: Sequence[tuple[str, int | None]], looked: int) -> Iterator[Page]:
        """Of conversations that are gone, or merged at a time; `looked` is how many were looked
        for."""
        at = self._at
        lost = sum(merged_ms is None for _, merged_ms in gone)
        if lost:
            at.report.gone["conversations"] += lost
        if too_many(lost, looked) and not at.window.accept_deletions:
            at.report.gone_not_accepted["conversations"] += lost
            gone = [one for one in gone if one[1] is not None]
        if gone:
            yield at.page([gone_record(at, number, merged_ms) for number, merged_ms in gone])

    def contacts(self) -> Iterator[Page]:
        """Those that a list of all does not have are asked for: gone, or become another one."""
        at, looked = self._at, 0
        there = self._there()
        gone: list[str] = []
        merged: list[Record] = []
        for page in at.ledger.pages("contact"):
            for name, facts in page.items():
                number = name.partition("/")[2]
                if not is_known(facts) or is_settled(number, facts):
                    continue
                looked += 1
                if number in there:
                    continue
                row = at.desk.contact(number)
                if row is None:
                    gone.append(number)
                elif str(row.get("id")) != number:
                    at.report.merged += 1
                    with at.report.one(name):
                        merged.append(contact_record(at.directory, row, number))
        if merged:
            yield at.page(merged)
        if not gone:
            return
        at.report.gone["contacts"] += len(gone)
        if too_many(len(gone), looked) and not at.window.accept_deletions:
            at.report.gone_not_accepted["contacts"] += len(gone)
            return
        if self._erases:
            now_ms = at.window.now_us // 1000
            yield at.page([erased_record(at.directory, number, now_ms) for number in gone])

    def _there(self) -> set[str]:
        later_s = self._at.window.now_us // 1_000_000 + DAY_S
        pages = self._at.desk.search("/contacts/search", "data", 0, later_s)
        return {str(row.get("id")) for page in pages for row in page.items if isinstance(row, dict)}


def is_settled(number: str, facts: Facts) -> bool:
    """Whether it is known of a contact that he is erased, or became another one."""
    return f"contact/{number}/erased" in facts or f"contact/{number}/{MERGED}" in facts
