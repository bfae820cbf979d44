"""A table as a source: rows by pages, each as the events it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tawny.model.zones import current_ms, instant_text
from tawny.sources.ledger import Ledger, event_record
from tawny.sources.reader import Cursors, DeskAccess, Page, Record, Window
from tawny.sources.report import GapReport
from tawny.sources.table.mapped import RowEvent, RowMapping, RowMappingError
from tawny.sources.table.mapping import Table, columns_of, read_mapping
from tawny.sources.table.rows import FileRows, NamedRow, RowPlace, TableRows, checked_columns
from tawny.sources.table.unmapped import not_measured
from tawny.sources.table.versions import Versions
from tawny.text import Text

_PAGE_ROWS = 2_000
_SHOWN_ROWS = 3
"""So many rows that cannot be mapped are named when the access is tested."""
_MOST_UNKNOWN = 1_000
"""So many different values without a meaning are counted one by one."""


class _Part:
    """A table of the desk: its rows and what they mean."""

    def __init__(self, table: Table, home: Path, folder: Path, prefix: str, content: bool) -> None:
        self.name = table.name
        self.mapping = RowMapping(table, prefix, with_content=content)
        self.rows: TableRows
        if table.input.path is not None:
            self.rows = FileRows(table.input, folder)
        else:
            # Who reads files needs no database library.
            from tawny.sources.table.query import QueryRows

            self.rows = QueryRows(table.input, home)
        checked_columns(self.rows.columns(), columns_of(table))

    def events_of(self, row: NamedRow) -> Iterator[RowEvent]:
        """The events of a row; none of one that cannot be read. Raises `RowMappingError`."""
        if row.reason is None:
            yield from self.mapping.events(row.cells)


class TableReader:
    """Rows of files or of queries; a `DeskReader`. Raises `RequestError` for a mapping that is
    wrong and `SourceError` for rows that cannot be read."""

    def __init__(self, home: Path, options: Mapping[str, Any], prefix: str) -> None:
        path = Path(options["mapping"])
        tables = read_mapping(path).tables
        self._types = {event.type for table in tables for event in table.event}
        self._prefix = prefix
        content = options["content"] == "yes"
        self._parts: list[_Part] = []
        for table in tables:
            self._parts.append(_Part(table, home, path.parent, prefix, content))

    def close(self) -> None:
        """Let go of the rows."""
        for part in self._parts:
            part.rows.close()

    def now_us(self) -> int:
        """This machine's clock: rows have none."""
        return current_ms() * 1000

    def access(self) -> DeskAccess:
        """How many rows there are, from when to when, and which of them cannot be mapped."""
        counts: dict[str, int] = {}
        ends: list[int] = []
        notes: list[Text] = []
        for part in self._parts:
            wrong = 0
            counts[part.name] = 0
            for row in part.rows.rows(None):
                counts[part.name] += 1
                reason, times = row.reason, []
                try:
                    times = [event.time_ms for event in part.events_of(row)]
                except RowMappingError as error:
                    reason = error.reason
                if reason is not None:
                    wrong += 1
                    if wrong <= _SHOWN_ROWS:
                        notes.append(Text("{row}: {reason}", row=row.name, reason=reason))
                    continue
                if times:
                    # Only the first and the last are kept.
                    ends = [min(ends + times), max(ends + times)]
            if wrong:
                notes.append(
                    Text("{part}: {wrong:,} of {rows:,} rows cannot be mapped",
                         part=part.name, wrong=wrong, rows=counts[part.name])
                )  # fmt: skip
        return DeskAccess(
            account=", ".join(part.rows.title for part in self._parts),
            version="",
            counts=counts,
            oldest_us=ends[0] * 1000 if ends else None,
            newest_us=ends[1] * 1000 if ends else None,
            clock_difference_s=0.0,
            not_measured=not_measured(self._types),
            notes=notes,
        )

    def pages(
        self, cursors: Cursors, window: Window, _ledger: Ledger, report: GapReport
    ) -> Iterator[Page]:
        """All rows after the cursors; those that are too young are left for the next sync."""
        report.not_measured = not_measured(self._types)
        for number, part in enumerate(self._parts):
            for page in self._pages_of(part, cursors, window, report):
                share = None if page.share is None else (number + page.share) / len(self._parts)
                yield replace(page, share=share)
                cursors = page.cursors

    def _pages_of(
        self, part: _Part, cursors: Cursors, window: Window, report: GapReport
    ) -> Iterator[Page]:
        cursor = _RowCursor(cursors.get(part.name), window)
        newest_us = 0
        records: dict[str, list[RowEvent]] = {}
        for count, row in enumerate(part.rows.rows(cursor.after), 1):
            report.read[part.name] += 1
            for event in self._taken(part, row, cursor, window, report):
                name = event_record(event.data, event.type, self._prefix) or event.id
                records.setdefault(name, []).append(event)
                newest_us = max(newest_us, event.time_ms * 1000)
            if count % _PAGE_ROWS == 0:
                # Rows of files have no order: their position moves on at the end.
                reached = cursor.position(part.name) if part.rows.is_ordered else {}
                place = {**cursors, **reached}
                yield Page(_records(records), place, newest_us or None, part.rows.share)
                records = {}
        place = {**cursors, **cursor.position(part.name)}
        yield Page(_records(records), place, newest_us or None, 1.0)

    def _taken(
        self, part: _Part, row: NamedRow, cursor: _RowCursor, window: Window, report: GapReport
    ) -> Sequence[RowEvent]:
        """The events of a row that is in the window; what is wrong with others is reported."""
        if row.reason is not None:
            report.leave_out(row.name, row.reason)
            return []
        try:
            events = list(part.events_of(row))
            place = part.mapping.place(row.cells)
        except RowMappingError as error:
            if error.unmapped:
                _count_unknown(report, error, row.name)
            report.leave_out(row.name, error.reason)
            return []
        if not events:
            report.ignored["rows that tell no event"] += 1
            return []
        newest_us = max(event.time_ms for event in events) * 1000
        moment_us = place.at if place is not None and place.is_time else newest_us
        if window.since_us is not None and moment_us < window.since_us:
            report.ignored["rows before since"] += 1
            return []
        if cursor.is_before(place):
            return []
        if window.is_young(moment_us):
            cursor.leave(place)
            return []
        if moment_us > window.future_us:
            report.future += 1
        cursor.take(place)
        if place is None or not place.is_time:
            return events
        return [replace(event, updated_ms=place.at // 1000) for event in events]

    def counts(self, until_us: int) -> Mapping[tuple[str, str], int]:
        """How many different things the rows tell of, by kind and the UTC month of the first."""
        firsts: dict[tuple[str, str], int] = {}
        for part in self._parts:
            for row in part.rows.rows(None):
                try:
                    events = list(part.events_of(row))
                except RowMappingError:
                    continue
                for event in events:
                    kind, known_by = _COUNTED.get(event.type, (None, ""))
                    if kind is None:
                        continue
                    if event.type == "message.created":
                        kind = f"{kind} {event.data['direction']}"
                    key = (kind, str(event.data[known_by]))
                    firsts[key] = min(event.time_ms, firsts.get(key, event.time_ms))
        found: Counter[tuple[str, str]] = Counter()
        for (kind, _), time_ms in firsts.items():
            if time_ms * 1000 <= until_us:
                found[kind, instant_text(time_ms)[:7]] += 1
        return found


_COUNTED: Mapping[str, tuple[str, str]] = {
    "conversation.created": ("conversations", "conversation_id"),
    "message.created": ("messages", "message_id"),
    "csat.sent": ("surveys", "survey_id"),
    "csat.answered": ("answers", "survey_id"),
    "contact.saved": ("contacts", "contact_id"),
}
"""What `check --counts` compares, and by what each is known."""


class _RowCursor:
    """How far rows are read: by time with some overlap, or by a number that grows."""

    def __init__(self, kept: Mapping[str, Any] | None, window: Window) -> None:
        self._reached = None if kept is None else RowPlace(int(kept["at"]), bool(kept["is_time"]))
        self.after = self._reached
        if self.after is not None and self.after.is_time:
            self.after = RowPlace(self.after.at - window.overlap_us, is_time=True)
        self._left: RowPlace | None = None
        self._horizon_us = window.horizon_us

    def is_before(self, place: RowPlace | None) -> bool:
        """Whether a row was read by an earlier sync."""
        return (
            self.after is not None
            and place is not None
            and place.is_time is self.after.is_time
            and place < self.after
        )

    def take(self, place: RowPlace | None) -> None:
        """A row is read."""
        if place is not None:
            if place.is_time:
                place = RowPlace(min(place.at, self._horizon_us), is_time=True)
            reached = self._reached
            if reached is None or reached.is_time is not place.is_time or reached < place:
                self._reached = place

    def leave(self, place: RowPlace | None) -> None:
        """A row is left for the next sync."""
        if place is not None and not place.is_time:
            self._left = place if self._left is None else min(self._left, place)

    def position(self, name: str) -> Cursors:
        """Where the next sync begins, under the name of the table; empty where nothing says so."""
        if self._reached is None:
            return {}
        place = self._reached if self._left is None else min(self._reached, self._left)
        return {name: place._asdict()}


def _records(found: Mapping[str, Sequence[RowEvent]]) -> list[Record]:
    return [Record(name, Versions(events)) for name, events in found.items()]


def _count_unknown(report: GapReport, error: RowMappingError, row: str) -> None:
    name = error.place.rpartition(", ")[2]
    value = error.found[:80]
    if f"{name}={value}" not in report.unknown and len(report.unknown) >= _MOST_UNKNOWN:
        value = "…"
    report.unknown_value(name, value, row)
