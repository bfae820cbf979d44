"""Conversations that changed, each with all that happened in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tawny.sources.events import Event, Fact, Facts
from tawny.sources.intercom import words
from tawny.sources.intercom.context import IntercomReading, Row, SearchWalk
from tawny.sources.intercom.conversations import (
    ChannelOf,
    KeptConversation,
    channel_of,
    created,
    is_campaign,
    known_conversation,
    read_conversation,
    remember,
    survey,
    tags_of_row,
)
from tawny.sources.intercom.desk import MOST_PARTS
from tawny.sources.intercom.gone import gone_record
from tawny.sources.intercom.parts import PartReading, keep, kept
from tawny.sources.intercom.people import MERGED, contact_record, is_known
from tawny.sources.intercom.story import ConversationStory
from tawny.sources.intercom.words import instant_ms, listed, needed_id
from tawny.sources.reader import Page, Record
from tawny.text import Text

_AT_ONCE = 20
"""So many conversations are held at a time: each has up to 500 parts, and all their texts."""

Json = Mapping[str, Any]


class Histories:
    """Reads them; `met` are those that the desk gave in this sync, `lost` those that a webhook
    named and that are gone."""

    def __init__(self, at: IntercomReading, *, credits_agent: bool) -> None:
        self.met: set[str] = set()
        self.lost: list[str] = []
        self._at = at
        self._credits_agent = credits_agent

    def pages(self) -> Iterator[Page]:
        """All that changed since the last time."""
        walk = SearchWalk(self._at, "/conversations/search", "conversations", by_day=False)
        for rows in walk.rows():
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                times = [
                    row["updated_at"] for row in part if isinstance(row.get("updated_at"), int)
                ]
                records = self._records(part)
                reached_s = max(times, default=walk.start_s)
                yield self._at.page(
                    records, max(times, default=0) * 1_000_000 or None,
                    self._at.share(walk.start_s, reached_s),
                )  # fmt: skip

    def announced(self) -> Iterator[Page]:
        """Those that a webhook named and no search gave: searches find some late, leave out what is
        busy, and never have what is gone."""
        numbers = sorted(self._at.announced("conversation") - self.met)
        for start in range(0, len(numbers), _AT_ONCE):
            part = numbers[start : start + _AT_ONCE]
            known = self._at.ledger.load([f"conversation/{number}" for number in part])
            records: list[Record] = []
            for number in part:
                name = f"conversation/{number}"
                with self._at.report.one(name):
                    records += self._named(number, known[name])
            yield self._at.page(records)

    def _named(self, number: str, facts: Facts) -> list[Record]:
        at, before = self._at, known_conversation(facts)
        row = at.named(at.desk.conversation, number)
        if row is not None and str(row.get("id")) == number:
            at.report.read["conversations"] += 1
            self.met.add(number)
            channel = channel_of(row, at.directory, at.report)
            return [] if self._is_excluded(channel) else self._whole(row, channel)
        if before is None:
            return []
        if row is None:
            self.lost.append(number)
            return []
        return [gone_record(at, number, before.updated_ms or before.created_ms)]

    def _records(self, rows: list[Row]) -> list[Record]:
        names = [f"conversation/{row.get('id')}" for row in rows]
        known = self._at.ledger.load(names)
        records: list[Record] = []
        for row, name in zip(rows, names, strict=True):
            with self._at.one("conversation", row):
                records += self._conversation(row, known[name])
        return records

    def _conversation(self, row: Json, facts: Facts) -> list[Record]:
        number = needed_id(row.get("id"))
        report = self._at.report
        report.read["conversations"] += 1
        updated_ms = instant_ms(row.get("updated_at"))
        self.met.add(number)
        channel = channel_of(row, self._at.directory, report)
        if self._is_excluded(channel):
            return []
        before = known_conversation(facts)
        was_gone = any(name.endswith("/gone") for name in facts)
        is_read = before is not None and before.updated_ms == updated_ms and not was_gone
        if is_read and not self._at.window.full:
            return []
        whole = self._at.desk.conversation(number)
        if whole is None or str(whole.get("id")) != number:
            merged_ms = None if whole is None else updated_ms
            return [gone_record(self._at, number, merged_ms)] if before is not None else []
        return self._whole(whole, channel)

    def _is_excluded(self, channel: ChannelOf) -> bool:
        found = channel.id in self._at.excluded
        if found:
            self._at.report.ignored["excluded_channel"] += 1
        return found

    def _whole(self, row: Json, channel: ChannelOf) -> list[Record]:
        at = self._at
        directory, report = at.directory, at.report
        has_texts = at.has_content and not channel.id.endswith(tuple(words.WITHOUT_TEXTS))
        reading = PartReading(
            directory, report, has_texts=has_texts, credits_agent=self._credits_agent
        )
        number = needed_id(row.get("id"))
        records: list[Record] = []
        parts, is_whole = [], True
        listing = row.get("conversation_parts")
        raws = listed(listing, "conversation_parts")
        with report.one(f"source/{number}"):
            source = reading.source(row)
            parts += [source] if source is not None else []
            if isinstance(row.get("source"), dict):
                records += directory.met(row["source"].get("author"))
        for raw in raws:
            with report.one(f"part/{raw.get('id')}"):
                if at.window.is_young(instant_ms(raw.get("created_at")) * 1000):
                    is_whole = False
                    continue
                report.read["parts"] += 1
                part = reading.part(raw)
                report.future += part.time_ms * 1000 > at.window.future_us
                parts.append(part)
                records += directory.met(raw.get("author"))
                records += [directory.tag(tag) for tag in listed(raw.get("tags"), "tags")]
        conversation = read_conversation(row, channel, report, is_whole=is_whole)
        is_answered = any(
            one.message == "inbound" and one.kind != words.SOURCE for one in parts
        )  # fmt: skip
        if is_campaign(row) and not is_answered:
            report.ignored["unanswered_campaign"] += 1
            return []
        self._look_for_missing(row, number, {str(raw.get("id")) for raw in raws})
        for tag in listed(row.get("tags"), "tags"):
            records.append(directory.topic(tag, only_first=True))
        records += directory.channel(channel.id, channel.medium)
        records += self._customer(conversation)

        def events(facts: Facts) -> Iterator[Event]:
            for part in parts:
                keep(facts, part)
            yield from self._told(row, conversation, facts, reading)

        records.append(Record(f"conversation/{number}", events))
        return records

    def _look_for_missing(self, row: Json, number: str, shown: set[str]) -> None:
        """Parts that the API does not show any more, unless they were read before."""
        listing, statistics = row.get("conversation_parts"), row.get("statistics")
        told = [
            holder.get(name)
            for holder, name in ((listing, "total_count"), (statistics, "count_conversation_parts"))
            if isinstance(holder, dict)
        ]
        total = max((one for one in told if isinstance(one, int)), default=0)
        if len(shown) < MOST_PARTS or total <= len(shown):
            return
        facts = self._at.ledger.load([f"conversation/{number}"])[f"conversation/{number}"]
        known = {part.id for part in kept(facts) if part.kind != words.SOURCE}
        missing = total - len(shown | known)
        if missing > 0:
            self._at.report.leave_out(
                f"conversation/{number}",
                Text("{missing} of its {total} parts are not shown by the API, which gives the "
                     "newest {most}", missing=missing, total=total, most=MOST_PARTS),
            )  # fmt: skip

    def _told(
        self, row: Json, conversation: KeptConversation, facts: Facts, reading: PartReading
    ) -> Iterator[Event]:
        at = self._at
        now = remember(facts, conversation)
        yield created(now, at.directory)
        parts = kept(facts)
        story = ConversationStory(now, parts, facts, at.directory, reading.now)
        for event in story.events():
            is_new = event.id not in facts
            at.report.redacted += is_new and event.type == "message.deleted"
            at.report.observed += is_new and event.id.endswith("/observed")
            yield event
        with at.report.one(f"conversation/{now.id}/tags"):
            yield from tags_of_row(row, now, parts, at.directory, at.window)
        with at.report.one(f"conversation/{now.id}/rating"):
            yield from survey(row, now, parts, at.directory, at.window, at.report)
        if now.updated_ms and now.status not in (None, story.status):
            yield from self._observed(now, facts)

    def _observed(self, now: KeptConversation, facts: Facts) -> Iterator[Event]:
        """A status that differs from the last one known, though its time has come."""
        gone_ms = max(
            (fact.time_ms for name, fact in facts.items() if name.endswith("/gone")), default=-1
        )
        time_ms = max(now.updated_ms, gone_ms + 1)
        self._at.report.observed += 1
        yield Event(
            f"conversation/{now.id}/status/observed/{time_ms}", "conversation.status_changed",
            time_ms,
            {
                "conversation_id": self._at.directory.named(now.id), "status": now.status,
                "cause": "unknown",
            },
            f"90-{now.order}", note=str(now.status),
        )  # fmt: skip

    # --- whose it is ----------------------------------------------------------------------------

    def _customer(self, conversation: KeptConversation) -> list[Record]:
        """The contact of a conversation, where it was not read yet, and the one it had before,
        where that one became another."""
        at, name = self._at, f"contact/{conversation.contact}"
        own = f"conversation/{conversation.id}"
        known = at.ledger.load([name, own])
        records = []
        if not is_known(known[name]):
            row = at.desk.contact(conversation.contact)
            if row is not None:
                with at.report.one(name):
                    records.append(_as(at, row, conversation.contact))
        sent = known[own].get(f"conversation/{conversation.id}")
        mark = known[own].get(MERGED)
        before = mark.note if mark else (sent.note.partition("\n")[0] if sent else "")
        old = before.removeprefix(at.directory.prefix)
        if old and old != conversation.contact:
            records += self._became(own, old, conversation.contact)
        return records

    def _became(self, own: str, old: str, new: str) -> list[Record]:
        at = self._at

        def mark(facts: Facts) -> Iterator[Event]:
            facts[MERGED] = Fact(0, "", at.directory.named(new))
            yield from ()

        row = at.desk.contact(old)
        records = [Record(own, mark)]
        if row is not None and str(row.get("id")) != old:
            at.report.merged += 1
            with at.report.one(f"contact/{old}"):
                records.append(contact_record(at.directory, row, old))
        return records


def _as(at: IntercomReading, row: Json, number: str) -> Record:
    """A contact, under the id by which it was asked for."""
    is_other = str(row.get("id")) != number
    return contact_record(at.directory, row, number if is_other else None)
