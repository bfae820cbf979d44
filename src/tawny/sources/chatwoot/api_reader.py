"""Reading an account by its API: the same stories as from its database, as far as the API tells.

Lists move while they are read: they are read from what was active last down to where the last sync
ended. A first reading that was stopped goes on below where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tawny.sources.chatwoot.api import ApiDesk
from tawny.sources.chatwoot.api_access import locale_of, read_access, read_account, version
from tawny.sources.chatwoot.api_counts import api_counts
from tawny.sources.chatwoot.api_rows import (
    answer_row,
    contact_row,
    conversation_row,
    signal_row,
)  # fmt: skip
from tawny.sources.chatwoot.contacts import read_contacts
from tawny.sources.chatwoot.conversations import Mapping as StoryMapping
from tawny.sources.chatwoot.conversations import conversation_events
from tawny.sources.chatwoot.directory import Directory, person, read_directory
from tawny.sources.chatwoot.enumerations import MESSAGE_TYPES, SURVEY_DAYS
from tawny.sources.chatwoot.gone import gone_pages, label_pages
from tawny.sources.chatwoot.labels import title_record, titles_without_label
from tawny.sources.chatwoot.records import Conversation, add_messages, add_signals
from tawny.sources.chatwoot.sentences import Sentences
from tawny.sources.chatwoot.touched import numbers_of
from tawny.sources.chatwoot.unmeasured import API_NOT_MEASURED
from tawny.sources.ledger import Ledger
from tawny.sources.reader import Cursors, DeskAccess, Page, Record, Window
from tawny.sources.report import GapReport
from tawny.text import Text

_SURVEY_MS = SURVEY_DAYS * 86_400_000
_WALK = "walk"
"""The cursor of a reading of all conversations that goes on: when it began, and down to what
activity it came."""


class ChatwootApiReader:
    """One account."""

    def __init__(self, options: Mapping[str, Any], token: str, prefix: str) -> None:
        self._options = options
        self._prefix = prefix
        self._url = f"{options['url']}/app/accounts/{options['account']}"
        self._desk = ApiDesk(
            options["url"], int(options["account"]), token, str(options.get("budget") or "50%"),
            content=options["content"] == "yes", has_members=options["team_of"] == "agent",
        )  # fmt: skip
        self._excluded = frozenset(str(one) for one in options["excluded_channels"])
        self._virtual = frozenset(str(one) for one in options["virtual_agents"])

    def close(self) -> None:
        """Let go of the connection."""
        self._desk.http.close()

    def now_us(self) -> int:
        """The desk's clock."""
        self._desk.ask_desk("/api/v1/profile")
        return self._desk.http.now_us()

    def access(self) -> DeskAccess:
        """Test the rights, and look what is there."""
        return read_access(self._desk)

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """What there is by kind and month: everything is read for it."""
        return api_counts(self._desk, until_us, self._excluded)

    def pages(
        self, cursors: Cursors, window: Window, ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """Reference data first, so that names are there before they are needed."""
        traffic = self._desk.http.traffic
        traffic.on_wait = window.on_wait
        account = read_account(self._desk)
        report.version = version(self._desk)
        report.not_measured = API_NOT_MEASURED
        directory = read_directory(self._desk, self._prefix, self._virtual, ledger, report)
        sentences = self._options.get("sentences")
        reading = _Reading(
            self, directory, window, ledger, report,
            Sentences(locale_of(account), None if sentences is None else Path(sentences)),
            dict(cursors),
        )  # fmt: skip
        for page in reading.pages():
            report.requests, report.limited = traffic.requests, traffic.limited
            report.waited_s = traffic.waited_s
            yield page
        report.requests, report.limited = traffic.requests, traffic.limited
        report.waited_s = traffic.waited_s


class _Reading:
    """One sync; `cursors` is how far it is."""

    def __init__(
        self, reader: ChatwootApiReader, directory: Directory, window: Window, ledger: Ledger,
        report: GapReport, sentences: Sentences, cursors: Cursors,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._desk = reader._desk
        self._directory = directory
        self._window = window
        self._ledger = ledger
        self._report = report
        self._sentences = sentences
        self._cursors = cursors
        team_of_agent = reader._options["team_of"] == "agent"
        self._mapping = StoryMapping(reader._url, window, report, team_of_agent)
        self._answers: dict[int, list[SimpleNamespace]] = {}
        self._read: set[int] = set()
        self._updated: frozenset[int] = frozenset()
        agents = (one.name.partition("/") for one in directory.records)
        self._members = frozenset(number for kind, _, number in agents if kind == "agent")

    def pages(self) -> Iterator[Page]:
        """Everything that is new."""
        excluded = self._reader._excluded
        yield self._page([
            record for record in self._directory.records
            if record.name.removeprefix("channel/") not in excluded
        ])  # fmt: skip
        yield from self._contacts()
        self._read_answers()
        yield from self._conversations()
        yield from self._others()
        yield self._page([], None, 1.0)
        args = (self._desk, self._directory, self._ledger, self._window, self._report)
        yield from label_pages(*args, self._cursors)
        if self._window.look_for_gone:
            erase = bool(self._reader._options["erase_deleted_contacts"])
            yield from gone_pages(*args, self._cursors, erase=erase)

    def _page(
        self, records: Sequence[Record], newest_us: int | None = None, share: float | None = None
    ) -> Page:
        return Page(records, dict(self._cursors), newest_us, share)

    def _since_us(self, name: str) -> int | None:
        """Down to which activity a list is read; None = to its end. The API tells whole seconds."""
        reached = self._cursors.get(name)
        found = self._window.since_us
        if reached is not None:
            found = int(reached) - self._window.overlap_us
        return None if found is None else found // 1_000_000 * 1_000_000

    # --- contacts -------------------------------------------------------------------------------

    def _contacts(self) -> Iterator[Page]:
        since_us = self._since_us("contacts_us")
        for page in self._desk.contacts():
            rows = []
            ended = False
            for one in page:
                with self._report.one(_named("contact", one)):
                    row = self._desk.remembered(contact_row(one))
                    active_us = row.updated_at or 0
                    ended = ended or (since_us is not None and active_us < since_us)
                    if not ended and not self._window.is_young(active_us):
                        rows.append(row)
            yield self._page(self._contact_records(rows))
            self._desk.forget_contacts()
            if ended:
                break
        # Nothing but a webhook tells of a name that was changed in silence.
        announced = [
            self._desk.contact(number) for number in numbers_of(self._window.announced, "contact")
        ]
        yield self._page(self._contact_records([one for one in announced if one is not None]))
        self._cursors["contacts_us"] = self._window.horizon_us

    def _contact_records(self, rows: Sequence[SimpleNamespace]) -> list[Record]:
        self._report.read["contacts"] += len(rows)
        contacts = read_contacts(self._desk, self._directory, rows, self._desk.definitions())
        return [contacts.record(row) for row in rows]

    # --- conversations --------------------------------------------------------------------------

    def _read_answers(self) -> None:
        since_us = self._since_us("answers_us")
        for page in self._desk.answers():
            oldest_us = None
            for one in page:
                with self._report.one(_named("csat_survey_response", one)):
                    row = answer_row(one)
                    self._answers.setdefault(row.conversation_id, []).append(row)
                    oldest_us = row.created_at
            if since_us is not None and oldest_us is not None and oldest_us < since_us:
                break
        self._report.read["csat_survey_responses"] += sum(map(len, self._answers.values()))

    def _conversations(self) -> Iterator[Page]:
        since_us = self._since_us("conversations_us")
        walk: list[Any] = [self._window.horizon_us, None, since_us]
        if self._cursors.get(_WALK, walk)[2] == since_us:
            walk = list(self._cursors.get(_WALK, walk))
        begun_us, below_us, _ = walk
        for page in self._desk.conversations():
            rows = []
            ended = False
            for one in page:
                with self._report.one(_named("conversation", one)):
                    row = conversation_row(one)
                    active_us = max(row.activity_us or 0, row.updated_at or 0)
                    ended = ended or (since_us is not None and active_us < since_us)
                    was_read = (
                        below_us is not None
                        and below_us < (row.activity_us or 0) and active_us <= begun_us
                    )  # fmt: skip
                    if not ended and not was_read and row.id not in self._read:
                        rows.append(row)
            records = [record for row in rows for record in self._story(row)]
            reached_us = min((row.activity_us or 0 for row in rows), default=None)
            if reached_us is not None:
                walk[1] = reached_us if walk[1] is None else min(walk[1], reached_us)
                self._cursors[_WALK] = list(walk)
            yield self._page(records, self._newest(rows))
            if ended:
                break
        if since_us is not None and "conversations_us" in self._cursors:
            self._updated = self._desk.updated_since(since_us, self._window.now_us)
        self._cursors.pop(_WALK, None)
        self._cursors["conversations_us"] = self._window.horizon_us
        self._cursors["answers_us"] = self._window.horizon_us

    def _newest(self, rows: Sequence[SimpleNamespace]) -> int | None:
        instants = [row.updated_at for row in rows if row.updated_at is not None]
        return max((one for one in instants if one <= self._window.future_us), default=None)

    def _others(self) -> Iterator[Page]:
        """Conversations that were not active: announced, answered late, with a survey that nobody
        answered in time."""
        wanted = {*numbers_of(self._window.announced), *self._answered(), *self._updated}
        if self._window.look_for_gone:
            wanted |= self._expired()
        for number in sorted(wanted - self._read):
            row = self._desk.conversation(number)
            if row is not None:
                yield self._page(self._story(row))

    def _answered(self) -> set[int]:
        """Conversations with an answer that was not sent."""
        found = set()
        for number, answers in self._answers.items():
            facts = self._ledger.load([f"conversation/{number}"])[f"conversation/{number}"]
            for one in answers:
                if not any(name.startswith(f"csat/{one.message_id}/answered/") for name in facts):
                    found.add(number)
        return found

    def _expired(self) -> set[int]:
        """Conversations with a survey whose time is over, of which nothing was said."""
        found = set()
        latest_ms = self._window.horizon_us // 1000 - _SURVEY_MS
        for page in self._ledger.pages("conversation"):
            for record, facts in page.items():
                for name, fact in facts.items():
                    base = name.removesuffix("/sent")
                    if base == name or not name.startswith("csat/") or fact.time_ms > latest_ms:
                        continue
                    if not any(
                        one.startswith((f"{base}/answered/", f"{base}/expired")) for one in facts
                    ):
                        found.add(int(record.partition("/")[2]))
        return found

    def _story(self, row: SimpleNamespace) -> list[Record]:
        """The records of one conversation, with those it needs."""
        report, window, name = self._report, self._window, f"conversation/{row.id}"
        self._read.add(row.id)
        report.read["conversations"] += 1
        if str(row.inbox_id) in self._reader._excluded:
            report.ignored["excluded_channel"] += 1
            return []
        if row.inbox_id not in self._directory.inboxes or row.contact_id is None:
            report.leave_out(name, Text("its contact or its inbox is gone"))
            return []
        if window.is_young(row.created_at or 0):
            return []
        messages = self._desk.messages_by_time(row, report)
        signals = []
        for one in self._desk.signals(row.id):
            with report.one(_named("reporting_event", one)):
                signals.append(signal_row(one))
        report.read["messages"] += len(messages)
        report.read["reporting_events"] += len(signals)
        rows = [one for one, _ in messages]
        answers, former = self._answers.get(row.id, []), self._former(row, rows)
        conversation = Conversation(
            row=row,
            inbox=self._directory.inboxes[row.inbox_id],
            blocked=row.blocked,
            directory=self._directory.with_people(former) if former else self._directory,
            answers=answers,
            labels=row.labels,
            settled=not window.is_young(row.updated_at or 0),
        )
        file_types = {one.id: kind for one, kind in messages if kind is not None}
        conversation.answered = frozenset(
            one.id for one in rows
            if one.message_type in MESSAGE_TYPES and _is_answered(one.content_attributes)
        )  # fmt: skip
        add_messages(conversation, rows, file_types, self._sentences, window, report)
        add_signals(conversation, signals, window, report)
        titles = titles_without_label(conversation)
        return [
            *(person(self._directory, one, known_by_name=False) for one in former),
            *self._missing_contact(row.contact_id),
            *(title_record(one, self._directory, self._desk.created_us) for one in sorted(titles)),
            Record(name, lambda facts: conversation_events(conversation, facts, self._mapping)),
        ]

    def _former(
        self, conversation: SimpleNamespace, messages: Sequence[SimpleNamespace]
    ) -> Sequence[SimpleNamespace]:
        """People whom a conversation names and whom the account does not have any more."""
        found = {one.sender_id: one.sender_name for one in messages if one.sender_type == "User"}
        found[conversation.assignee_id] = conversation.assignee_name
        created_us = self._desk.created_us
        return [
            SimpleNamespace(
                id=number, name=name, email=None, created_at=created_us, updated_at=created_us
            )
            for number, name in sorted(
                (one for one in found.items() if one[0] is not None), key=lambda one: int(one[0])
            )
            if name and str(number) not in self._members
        ]

    def _missing_contact(self, contact_id: int) -> list[Record]:
        """A contact that was not active since what is read begins."""
        if self._ledger.load([f"contact/{contact_id}"])[f"contact/{contact_id}"]:
            return []
        row = self._desk.contact(contact_id)
        return [] if row is None else self._contact_records([row])


def _is_answered(attributes: Any) -> bool:
    """Whether a survey holds the answer, whenever it came."""
    values = attributes.get("submitted_values") if isinstance(attributes, dict) else None
    return isinstance(values, dict) and bool(values.get("csat_survey_response"))


def _named(kind: str, one: Any) -> str:
    return f"{kind}/{one.get('id')}" if isinstance(one, dict) else kind
