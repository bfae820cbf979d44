"""Reading an account page by page: reference data, contacts, conversations with their records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tawny.sources.chatwoot.contacts import CONTACT_PAGE, read_contacts
from tawny.sources.chatwoot.conversations import Mapping as StoryMapping
from tawny.sources.chatwoot.conversations import Merges, conversation_events
from tawny.sources.chatwoot.counts import counts
from tawny.sources.chatwoot.desk import BEGINNING, CONTACT, CONVERSATION, Desk, Key, Row
from tawny.sources.chatwoot.directory import Directory, person, read_directory
from tawny.sources.chatwoot.enumerations import SURVEY_DAYS
from tawny.sources.chatwoot.gone import gone_pages, label_pages
from tawny.sources.chatwoot.labels import title_record, titles_without_label
from tawny.sources.chatwoot.records import Conversation, add_messages, add_signals
from tawny.sources.chatwoot.sentences import Sentences
from tawny.sources.chatwoot.touched import (
    numbers_of,
    with_later_messages,
    with_numbers,
    with_records_since,
    with_surveys,
)
from tawny.sources.chatwoot.unmeasured import NOT_MEASURED, NOTES
from tawny.sources.ledger import Ledger
from tawny.sources.postgres import Postgres
from tawny.sources.reader import Cursors, DeskAccess, Page, Record, Window
from tawny.sources.report import GapReport
from tawny.text import Text

PAGE = 500
PAGE_MESSAGES = 10_000
PAGE_BYTES = 32 << 20
"""A page has so many conversations, or fewer with so many messages or bytes of text."""

_SURVEY_US = SURVEY_DAYS * 86_400_000_000


class ChatwootReader:
    """One account of one installation, by its database."""

    def __init__(self, options: Mapping[str, Any], database_url: str, prefix: str) -> None:
        self._options = options
        self._prefix = prefix
        self._url = f"{options['url']}/app/accounts/{options['account']}"
        self._database = Postgres("--database-url", database_url)
        self._desk = Desk(
            self._database, int(options["account"]), content=options["content"] == "yes"
        )
        self._excluded = frozenset(str(one) for one in options["excluded_channels"])
        self._virtual = frozenset(str(one) for one in options["virtual_agents"])
        sentences = options.get("sentences")
        self._account = self._desk.account_row()
        self._sentences = Sentences(
            self._account.locale, None if sentences is None else Path(sentences)
        )

    def close(self) -> None:
        """End the connection."""
        self._database.close()

    def now_us(self) -> int:
        """The clock of the database."""
        return self._desk.now_us()

    def access(self) -> DeskAccess:
        """Look what is in the account."""
        rows = {}
        oldest: list[int] = []
        newest: list[int] = []
        for table in ("conversations", "messages", "contacts"):
            count, first_us, last_us = self._desk.extent(table)
            rows[table] = count
            oldest += [] if first_us is None else [first_us]
            newest += [] if last_us is None else [last_us]
        for table in ("inboxes", "teams", "labels"):
            rows[table] = len(self._desk.of_account(table, "id"))
        rows["agents"] = len(self._desk.users())
        notes = [Text("rights: {grant}", grant=self._desk.grant()), *NOTES]
        if self._desk.denied:
            notes.append(
                Text("the login may not read {tables}, what they tell is missing",
                     tables=", ".join(self._desk.denied))
            )  # fmt: skip
        return DeskAccess(
            account=self._account.name,
            version=self._desk.version(),
            counts=rows,
            oldest_us=min(oldest, default=None),
            newest_us=max(newest, default=None),
            clock_difference_s=round(self._desk.now_us() / 1_000_000 - time.time(), 3),
            not_measured=NOT_MEASURED,
            notes=tuple(notes),
        )

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """What there is by kind and month."""
        return counts(self._desk, until_us, self._excluded)

    def pages(
        self, cursors: Cursors, window: Window, ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """Reference data first, so that names are there before they are needed."""
        report.version = self._desk.version()
        report.not_measured = NOT_MEASURED
        directory = read_directory(self._desk, self._prefix, self._virtual, ledger, report)
        records = [
            record for record in directory.records
            if record.name.removeprefix("channel/") not in self._excluded
        ]  # fmt: skip
        yield Page(records, dict(cursors))
        cursors = dict(cursors)
        yield from self._contacts(cursors, window, directory, report)
        yield from self._conversations(cursors, window, directory, report)
        yield from label_pages(self._desk, directory, ledger, window, report, cursors)
        if window.look_for_gone:
            yield from gone_pages(
                self._desk, directory, ledger, window, report, cursors,
                erase=bool(self._options["erase_deleted_contacts"]),
            )  # fmt: skip
        report.requests = self._database.requests

    # --- contacts -------------------------------------------------------------------------------

    def _contacts(
        self, cursors: Cursors, window: Window, directory: Directory, report: GapReport
    ) -> Iterator[Page]:
        after = _start(cursors.get("contacts"), window)
        names = self._desk.definitions()
        for rows in self._desk.pages("contacts", after, CONTACT_PAGE, *CONTACT_COLUMNS):
            after = _place(rows[-1], after)
            old = [row for row in rows if not _is_young(row, window)]
            report.read["contacts"] += len(old)
            contacts = read_contacts(self._desk, directory, old, names)
            cursors["contacts"] = _capped(after, window)
            yield Page([contacts.record(row) for row in old], dict(cursors), _newest(old, window))
        cursors["contacts"] = [window.horizon_us, 0]

    # --- conversations --------------------------------------------------------------------------

    def _conversations(
        self, cursors: Cursors, window: Window, directory: Directory, report: GapReport
    ) -> Iterator[Page]:
        begun = cursors.get("conversations")
        after = _start(begun, window)
        seen: set[int] = set()
        newest_message = self._desk.newest_message_id()
        total, done = self._desk.count_after(after), 0
        mapping = StoryMapping(self._url, window, report, self._options["team_of"] == "agent")
        for rows in self._desk.pages("conversations", after, PAGE, *CONVERSATION_COLUMNS):
            for part in self._parts(rows):
                after = _place(part[-1], after)
                done += len(part)
                cursors["conversations"] = _capped(after, window)
                records = self._records(part, directory, mapping)
                if begun is not None:
                    seen |= {row.id for row in part}
                share = min(1.0, done / total) if total else None
                yield Page(records, dict(cursors), _newest(part, window), share)
                yield from self._merged(mapping.merges, directory, cursors)
        yield from self._others(cursors, window, directory, mapping, begun, seen)
        cursors["conversations"] = [window.horizon_us, 0]
        cursors["message_id"] = newest_message
        cursors["surveys_us"] = window.horizon_us - _SURVEY_US
        yield Page([], dict(cursors), None, 1.0)

    def _others(
        self,
        cursors: Cursors,
        window: Window,
        directory: Directory,
        mapping: StoryMapping,
        begun: Sequence[int] | None,
        seen: set[int],
    ) -> Iterator[Page]:
        """Conversations that were not touched themselves: a message or an answer that came late, a
        survey that nobody answered in time."""
        if begun is None or "message_id" not in cursors:
            return
        since_us = int(begun[0]) - window.overlap_us
        ids = with_records_since(self._desk, since_us)
        late = with_later_messages(self._desk, int(cursors["message_id"])) - ids - seen
        mapping.report.late += len(late)
        ids |= late
        ids |= with_surveys(self._desk, int(cursors["surveys_us"]), window.horizon_us - _SURVEY_US)
        ids |= with_numbers(self._desk, numbers_of(window.announced))
        rest = sorted(ids - seen)
        for start in range(0, len(rest), PAGE):
            rows = self._desk.conversations(rest[start : start + PAGE])
            for part in self._parts(rows):
                yield Page(self._records(part, directory, mapping), dict(cursors))
                yield from self._merged(mapping.merges, directory, cursors)

    def _merged(self, merges: Merges, directory: Directory, cursors: Cursors) -> Iterator[Page]:
        """The identifiers of those who are left, under the ids of those who were merged into
        them."""
        if not merges:
            return
        rows = {row.id: row for row in self._desk.contacts_by_id(list(merges.values()))}
        contacts = read_contacts(self._desk, directory, list(rows.values()), {})
        yield Page(
            [contacts.merged(old, rows[new]) for old, new in merges.items() if new in rows],
            dict(cursors),
        )
        merges.clear()

    def _parts(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Rows in parts whose messages fit into memory."""
        if not rows:
            return
        sizes = self._desk.sizes([row.id for row in rows])
        part: list[Row] = []
        messages = size_bytes = 0
        for row in rows:
            own_messages, own_bytes = sizes.get(row.id, (0, 0))
            if part and (
                messages + own_messages > PAGE_MESSAGES or size_bytes + own_bytes > PAGE_BYTES
            ):
                yield part
                part, messages, size_bytes = [], 0, 0
            part.append(row)
            messages += own_messages
            size_bytes += own_bytes
        yield part

    def _records(
        self, rows: Sequence[Row], directory: Directory, mapping: StoryMapping
    ) -> Sequence[Record]:
        report, window = mapping.report, mapping.window
        report.read["conversations"] += len(rows)
        ids = [row.id for row in rows]
        contacts = {
            row.id: row
            for row in self._desk.contacts_by_id([r.contact_id for r in rows if r.contact_id])
        }
        messages = _grouped(self._desk.messages(ids))
        signals = _grouped(
            self._desk.of_conversations(
                "reporting_events", ids,
                *("id", "conversation_id", "name", "user_id", "created_at", "event_end_time"),
            )
        )  # fmt: skip
        answers = _grouped(
            self._desk.of_conversations(
                "csat_survey_responses", ids,
                *("id", "conversation_id", "message_id", "rating", "feedback_message"),
                *("assigned_agent_id", "created_at", "updated_at"),
            )
        )  # fmt: skip
        taggings = _grouped(self._desk.taggings("Conversation", ids), "taggable_id")
        for kind, groups in (
            ("messages", messages), ("reporting_events", signals),
            ("csat_survey_responses", answers), ("taggings", taggings),
        ):  # fmt: skip
            report.read[kind] += sum(len(group) for group in groups.values())
        people = self._former(rows, messages, answers, directory)
        file_types = self._desk.file_types(
            [row.id for group in messages.values() for row in group if not row.has_text]
        )
        records: list[Record] = []
        titles: set[str] = set()
        for row in rows:
            name = f"conversation/{row.display_id}"
            if str(row.inbox_id) in self._excluded:
                report.ignored["excluded_channel"] += 1
                continue
            if row.inbox_id not in directory.inboxes or row.contact_id not in contacts:
                report.leave_out(name, Text("its contact or its inbox is gone"))
                continue
            if window.is_young(row.created_at or 0):
                continue
            own = messages.get(row.id, [])
            conversation = Conversation(
                row=row,
                inbox=directory.inboxes[row.inbox_id],
                blocked=bool(contacts[row.contact_id].blocked),
                directory=_with_former(directory, row, own, answers.get(row.id, []), people),
                answers=answers.get(row.id, []),
                taggings=taggings.get(row.id, []),
                settled=not window.is_young(row.updated_at or 0),
            )  # fmt: skip
            add_messages(conversation, own, file_types, self._sentences, window, report)
            add_signals(conversation, signals.get(row.id, []), window, report)
            titles |= titles_without_label(conversation)
            records.append(_record(name, conversation, mapping))
        earlier = [
            row for row in contacts.values()
            if window.since_us is not None and (row.updated_at or 0) < window.since_us
        ]  # fmt: skip
        if earlier:
            # Their own turn does not come: they did not change since then.
            found = read_contacts(self._desk, directory, earlier, self._desk.definitions())
            records = [*(found.record(row) for row in earlier), *records]
        former = [person(directory, user, known_by_name=False) for user in people.values()]
        since_us = self._account.created_at or 0
        topics = [title_record(title, directory, since_us) for title in sorted(titles)]
        return [*former, *topics, *records]

    def _former(
        self,
        rows: Sequence[Row],
        messages: Mapping[int, Sequence[Row]],
        answers: Mapping[int, Sequence[Row]],
        directory: Directory,
    ) -> Mapping[int, Row]:
        """People whom records name and whom the account does not have any more."""
        ids = {row.assignee_id for row in rows}
        for group in messages.values():
            ids |= {row.sender_id for row in group if row.sender_type == "User"}
        for group in answers.values():
            ids |= {row.assigned_agent_id for row in group}
        members = {record.name for record in directory.records}
        unknown = [one for one in ids if one and f"agent/{one}" not in members]
        return {row.id: row for row in self._desk.users_by_id(unknown)} if unknown else {}


CONVERSATION_COLUMNS = tuple(name for name in CONVERSATION if name not in ("id", "updated_at"))
CONTACT_COLUMNS = tuple(name for name in CONTACT if name not in ("id", "updated_at"))


def _record(name: str, conversation: Conversation, mapping: StoryMapping) -> Record:
    return Record(name, lambda facts: conversation_events(conversation, facts, mapping))


def _with_former(
    directory: Directory,
    row: Row,
    messages: Sequence[Row],
    answers: Sequence[Row],
    people: Mapping[int, Row],
) -> Directory:
    """What a conversation's own records say of people that are gone: the same whatever page it is
    read in."""
    if not people:
        return directory
    ids = {row.assignee_id}
    ids |= {one.sender_id for one in messages if one.sender_type == "User"}
    ids |= {one.assigned_agent_id for one in answers}
    own = [people[one] for one in ids if one in people]
    return directory.with_people(own) if own else directory


def _grouped(rows: Sequence[Row], by: str = "conversation_id") -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(getattr(row, by), []).append(row)
    return found


def _start(cursor: Sequence[int] | None, window: Window) -> Key:
    if cursor is None:
        return BEGINNING if window.since_us is None else (window.since_us, -1)
    return (max(BEGINNING[0], int(cursor[0]) - window.overlap_us), 0)


def _place(row: Row, before: Key) -> Key:
    """Where a row stands in the keyset; one that was stamped with no date stands nowhere."""
    return before if row.updated_at is None else (row.updated_at, row.id)


def _capped(after: Key, window: Window) -> list[int]:
    """Nothing after the horizon counts as read."""
    return list(after) if after[0] <= window.horizon_us else [window.horizon_us, 0]


def _is_young(row: Row, window: Window) -> bool:
    return row.updated_at is not None and window.is_young(row.updated_at)


def _newest(rows: Sequence[Row], window: Window) -> int | None:
    return max(
        (row.updated_at for row in rows
         if row.updated_at is not None and row.updated_at <= window.future_us),
        default=None,
    )  # fmt: skip
