"""How much there is in the desk, in its own terms, to compare with the log.

Messages stand in conversations only, so each of them is asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tawny.model.zones import instant_text
from tawny.sources.figures import DeskFigures
from tawny.sources.intercom import words
from tawny.sources.intercom.conversations import channel_of, is_campaign
from tawny.sources.intercom.desk import IntercomDesk
from tawny.sources.intercom.directory import IntercomDirectory
from tawny.sources.intercom.parts import PartReading
from tawny.sources.intercom.words import instant_ms, listed
from tawny.sources.report import GapReport

Count = Callable[[str, int], None]


def counts(
    desk: IntercomDesk, until_us: int, excluded: frozenset[str], directory: IntercomDirectory,
    since_s: int, figures: dict[str, DeskFigures],
) -> Mapping[tuple[str, str], int]:  # fmt: skip
    """Records by kind and UTC month of their creation, up to an instant in microseconds. What the
    workspace says of each conversation, unless it changed after that, is put into `figures`."""
    found: Counter[tuple[str, str]] = Counter()
    until_ms = until_us // 1000
    # What is wrong with a record was said when it was read.
    report = GapReport("", "intercom", 0)

    def count(kind: str, time_ms: int) -> None:
        if time_ms <= until_ms:
            found[kind, instant_text(time_ms)[:7]] += 1

    for row in desk.perhaps("/brands", "data"):
        directory.brands[str(row.get("id"))] = str(row.get("name"))
    before_s = until_ms // 1000 + 1
    contacts: set[str] = set()
    for row in _rows(desk, "/contacts/search", "data", since_s, before_s):
        with report.one("contact"):
            contacts.add(str(row["id"]))
            count("contacts", instant_ms(row["created_at"]))
    asked_for: set[str] = set()
    for row in _rows(desk, "/conversations/search", "conversations", since_s, before_s):
        if channel_of(row, directory, report).id in excluded:
            continue
        whole = desk.conversation(str(row.get("id")))
        if whole is None or whole.get("id") != row.get("id"):
            continue
        with report.one("conversation"):
            found_in = _conversation(whole, directory, report, count)
            asked_for |= found_in
            if found_in and instant_ms(whole["updated_at"]) <= until_ms:
                figures[directory.named(str(whole["id"]))] = _figures(whole)
    for number in sorted(asked_for - contacts):
        contact = desk.contact(number)
        if contact is not None:
            with report.one("contact"):
                count("contacts", instant_ms(contact["created_at"]))
    return found


def _figures(row: Mapping[str, Any]) -> DeskFigures:
    """What the workspace says of a conversation. Raises `ValueError`."""
    found = row.get("statistics")
    said: Mapping[str, Any] = found if isinstance(found, dict) else {}
    reopens = said.get("count_reopens")

    def instant(name: str) -> int | None:
        return None if said.get(name) is None else instant_ms(said[name])

    return DeskFigures(
        instant_text(instant_ms(row["created_at"]))[:7],
        None if reopens is None else int(reopens),
        instant("first_admin_reply_at"), instant("first_close_at"),
    )  # fmt: skip


def _conversation(
    row: Mapping[str, Any], directory: IntercomDirectory, report: GapReport, count: Count
) -> set[str]:
    """Count what is in a conversation; returns whose it is."""
    reading = PartReading(directory, report, has_texts=False, credits_agent=False)
    parts = [reading.source(row)]
    for raw in listed(row.get("conversation_parts"), "conversation_parts"):
        with report.one("part"):
            parts.append(reading.part(raw))
    found = [one for one in parts if one is not None and one.message is not None]
    answered = any(one.message == "inbound" and one.kind != words.SOURCE for one in found)
    if is_campaign(row) and not answered:
        return set()
    count("conversations", instant_ms(row["created_at"]))
    for one in found:
        way = "inbound" if one.message == "inbound" else "outbound"
        count(f"messages {way}", one.time_ms)
    rating = row.get("conversation_rating")
    if isinstance(rating, dict) and rating.get("created_at") is not None:
        sent_ms = instant_ms(rating["created_at"])
        count("surveys", sent_ms)
        if rating.get("rating") is not None:
            told_ms = [
                one.time_ms for one in parts
                if one is not None and one.kind in words.RATED and one.time_ms >= sent_ms
            ]  # fmt: skip
            updated = rating.get("updated_at") or row.get("updated_at")
            count("answers", max(told_ms) if told_ms else max(sent_ms, instant_ms(updated)))
    return {str(one["id"]) for one in listed(row.get("contacts"), "contacts")[:1]}


def _rows(
    desk: IntercomDesk, path: str, name: str, since_s: int, before_s: int
) -> Iterator[Mapping[str, Any]]:
    """What was made before a moment and changed since another one, each once."""
    met: set[str] = set()
    later_s = max(before_s, desk.http.now_us() // 1_000_000) + 86_400
    for page in desk.search(path, name, since_s - 86_400, later_s):
        for row in page.items:
            if not isinstance(row, dict) or str(row.get("id")) in met:
                continue
            met.add(str(row.get("id")))
            if not isinstance(row.get("updated_at"), int) or row["updated_at"] >= since_s:
                yield row
