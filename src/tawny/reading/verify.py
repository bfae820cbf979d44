"""Whether the identities between exports hold on a log: the exports are run and compared.

The same files are made as for anybody else, in the folder for work in progress, of the whole range
and of ranges that adjoin in it; lock times are taken from the facts behind them.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime
import itertools
import os
import tempfile
import zoneinfo
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec.structs import replace

from tawny.engine import finished_rows
from tawny.engine.base import Value
from tawny.engine.snapshot import create_tables
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.exports.session import ExportSession
from tawny.log.damage import changed_files
from tawny.log.files import Snapshot
from tawny.model.zones import LATEST_MS, instant_text, local_to_ms, offset_ms, to_ms
from tawny.model.zones import from_ms as instant_of
from tawny.queries.catalogue import query
from tawny.queries.columns import ColumnType
from tawny.queries.statements import statement
from tawny.reading.identities import IDENTITIES, Identity, Which, relation_name
from tawny.scratch import scratch_folder
from tawny.state.event_log import event_log

PARTS = 3
"""Into how many ranges that adjoin the range is cut."""

STRETCH_MESSAGES = 400_000
"""Lock times of conversations are taken from stretches of the log of about this many messages."""

_FACTS_READ = ("conversation_summary", "lock_sessions", "virtual_agents", "work_totals")
"""The facts that lock times are read from."""

_EVENTS_READ = (
    *("conversation_events", "label_events_in_range", "erased_contacts", "requested_channels"),
)
"""The tables of events that are read past the facts."""

_COMPARED: Mapping[str, Which] = {"whole_rows": "whole", "part_rows": "parts"}
"""What a comparison of all rows reads, and of which ranges they are."""


def _tables() -> dict[str, pa.Schema]:
    """What identities read beside exports: lock times of human agents by kind, in the range (part
    0), in each of the adjoining ranges (from 1) and in the whole log (part -1); those of every
    conversation of the whole log, those of erased contacts among them; those of teams and without
    a team in the range; agents that are virtual; begin and end of the range and the instant of the
    exports; by events alone, the conversations of the log and what was labelled in the range."""
    text: pa.DataType = pa.string()
    number: pa.DataType = pa.int64()
    return {
        "lock_times": pa.schema({"part": number, "agent_id": text, "kind": text, "ms": number}),
        "conversation_lock_times": pa.schema({"conversation_id": text, "kind": text, "ms": number}),
        "team_lock_times": pa.schema({"kind": text, "ms": number}),
        "virtual_people": pa.schema({"agent_id": text}),
        "checked_range": pa.schema({"from_ms": number, "to_ms": number, "as_of_ms": number}),
        "conversations_of_log": pa.schema({"conversation_id": text}),
        "applied_labels_in_range": pa.schema({"kind": text, "label_id": text, "labelled_id": text}),
    }


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one identity: two numbers, and how many rows or ids break it."""

    identity: Identity
    left: int
    right: int
    broken: int
    names: Sequence[str] = ()
    """Keys of rows that break it, or names of files: the first of them."""

    def to_dict(self) -> dict[str, Any]:
        """The same for programs."""
        identity = self.identity
        return {
            "name": identity.name,
            "holds": str(identity.holds),
            "met": self.is_met,
            "left": self.left,
            "relation": identity.relation,
            "right": self.right,
            "unit": "ms" if identity.in_ms else str(identity.unit),
            "broken": self.broken,
            **({"broken_names": list(self.names)} if self.names else {}),
        }

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        return self.broken == 0 and (
            self.left == self.right or (self.identity.relation == "<=" and self.left < self.right)
        )


class Verification:
    """One check of a range of a log; all of it is as of the same instant and version."""

    def __init__(self, session: ExportSession, request: ExportRequest) -> None:
        """`request` gives zone, channels and `as_of`; a missing end of its range is that of the
        log. Raises `RequestError`."""
        self._session = session
        self._engine = session.engine
        first_ms, end_ms = _span(session)
        request = replace(
            request,
            export_type="messages",
            start=request.start or instant_text(first_ms),
            end=request.end or instant_text(end_ms),
            headers="key",
            format="parquet",
            dialect="machine",
            columns=(),
            exports=(),
            bundle="zip",
        )
        session.check(request)
        self.bounds: Bounds = resolve(request, session.now_ms)
        self._request = request
        self._files: dict[tuple[str, int, int], Path] = {}
        self._log_ms = (first_ms, end_ms)
        assert self.bounds.from_ms is not None and self.bounds.to_ms is not None
        self.borders: Sequence[int] = borders(
            self.bounds.from_ms, self.bounds.to_ms, self.bounds.zone
        )
        """Begin, cuts and end of the range, in milliseconds since 1970 UTC."""

    def local_text(self, instant_ms: int) -> str:
        """An instant as the exports of the check write it."""
        offset = datetime.timedelta(milliseconds=offset_ms(instant_ms, self.bounds.zone))
        try:
            local = instant_of(instant_ms).astimezone(datetime.timezone(offset))
        except OverflowError:  # the first or last hours that a calendar shows in UTC alone
            return instant_text(instant_ms)
        return local.isoformat(timespec="milliseconds")

    def findings(self, export_types: Collection[str] | None = None) -> Iterator[Finding]:
        """Check one identity after the other; of some exports, those that hold between their rows
        in the range itself."""
        identities = [
            identity
            for identity in IDENTITIES
            if export_types is None or identity.is_between(export_types)
        ]
        parent = scratch_folder(self._session.home)
        with tempfile.TemporaryDirectory(prefix=f"export-{os.getpid()}-", dir=parent) as folder:
            finished_rows.create_tables(self._engine, _tables())
            self._add("checked_range", "range", self._range_values())
            if export_types is None:
                self._keep_lock_times()
                self._keep_events()
            elif identities:
                with self._facts("users", self.borders[0], self.borders[-1]):
                    self._keep_virtual_people()
            made: set[tuple[str, Which]] = set()
            self._files.clear()
            for identity in identities:
                for export_type, which in identity.reads():
                    if (export_type, which) not in made:
                        self._make(export_type, which, Path(folder))
                        made.add((export_type, which))
                if identity.compares:
                    self._read_hashes(identity.compares)
                yield self._finding(identity)

    def _finding(self, identity: Identity) -> Finding:
        """What came of an identity whose tables are there."""
        self._engine.make_view("compared_rows", identity.sql)
        totals = self._engine.rows(statement("checks/results/totals.sql"))[0]
        left, right, broken = (int(str(number)) for number in totals)
        names: Sequence[str] = ()
        if broken:
            rows = self._engine.rows(statement("checks/results/broken_rows.sql"))
            names = [str(row_key) for (row_key,) in rows]
        return Finding(identity, left, right, broken, names)

    def _ranges(self, which: Which) -> list[tuple[int, int]]:
        if which == "log":
            return [self._log_ms]
        if which == "whole":
            return [(self.borders[0], self.borders[-1])]
        return list(itertools.pairwise(self.borders))

    def _make(self, export_type: str, which: Which, folder: Path) -> None:
        """Run an export and make its rows readable for the identities."""
        name = relation_name(export_type, which)
        paths = []
        for number, (start_ms, end_ms) in enumerate(self._ranges(which)):
            path = self._files.get((export_type, start_ms, end_ms))
            if path is None:
                path = folder / f"{name}-{number}.parquet"
                self._session.export(self._request_for(export_type, start_ms, end_ms), path)
                self._files[export_type, start_ms, end_ms] = path
            paths.append(path)
        timestamps = [
            column.key
            for column in query(export_type).columns
            if column.type is ColumnType.TIMESTAMP
        ]
        finished_rows.read_parquet_files(self._engine, name, paths, timestamps)

    def _read_hashes(self, export_type: str) -> None:
        """Make the rows of an export comparable as wholes."""
        export = query(export_type)
        key = [column for column in export.columns if column.key in export.head.key]
        for name, which in _COMPARED.items():
            finished_rows.read_hashes(self._engine, name, relation_name(export_type, which), key)

    def _keep_lock_times(self) -> None:
        """Fill the tables of lock times from the facts, in milliseconds."""
        ranges = [(-1, *self._log_ms), (0, self.borders[0], self.borders[-1])]
        ranges += [(n, *part) for n, part in enumerate(itertools.pairwise(self.borders), 1)]
        for part, start_ms, end_ms in ranges:
            with self._facts("users", start_ms, end_ms, *(["work_items"] if part == 0 else [])):
                self._add("lock_times", "lock_times_of_agents", part=part)
                if part == -1:
                    self._keep_virtual_people()
                    self._add("conversation_lock_times", "lock_times_of_erased")
                if part == 0:
                    self._add("team_lock_times", "lock_times_of_teams")
        for start_ms, end_ms in _stretches(self._session.snapshot):
            with self._facts("resolved-conversations", start_ms, end_ms):
                ends = {"from_ms": start_ms, "to_ms": end_ms}
                self._add("conversation_lock_times", "lock_times_of_resolved", ends)
        with self._facts("open-conversations", *self._log_ms):
            self._add("conversation_lock_times", "lock_times_of_open")

    def _keep_events(self) -> None:
        """Fill the tables that are read from events, past the facts of the exports."""
        request = self._request_for("messages", self.borders[0], self.borders[-1])
        view = self._session.view(request, resolve(request, self._session.now_ms), None)
        create_tables(self._engine, self._session.snapshot, view, _EVENTS_READ)
        every = {"all_channels": not request.channels}
        self._add("conversations_of_log", "created", every)
        self._add("applied_labels_in_range", "applied")

    def _range_values(self) -> Mapping[str, Value]:
        return {
            "from_ms": self.borders[0],
            "to_ms": self.borders[-1],
            "as_of_ms": self.bounds.as_of_ms,
        }

    def _keep_virtual_people(self) -> None:
        self._add("virtual_people", "virtual_people")

    def _add(
        self, table: str, name: str, values: Mapping[str, Value] | None = None, **same: int
    ) -> None:
        """Add what a statement of `checks/facts/` gives to a table."""
        text = statement(f"checks/facts/{name}.sql")
        finished_rows.add_rows(self._engine, table, text, values or {}, **same)

    @contextlib.contextmanager
    def _facts(self, export_type: str, start_ms: int, end_ms: int, *more: str) -> Iterator[None]:
        """The facts of an export as tables: those that lock times are read from, and `more`."""
        request = self._request_for(export_type, start_ms, end_ms)
        bounds = resolve(request, self._session.now_ms)
        export = query(export_type)
        self._session.prepare(
            export, self._session.view(request, bounds, None), (*_FACTS_READ, *more)
        )
        try:
            yield
        finally:
            self._engine.drop_steps([step.name for step in export.all_steps])

    def _request_for(self, export_type: str, start_ms: int, end_ms: int) -> ExportRequest:
        return replace(
            self._request,
            export_type=export_type,
            start=instant_text(start_ms),
            end=instant_text(end_ms),
        )


def checks_of_bundle(session: ExportSession, request: ExportRequest) -> list[dict[str, Any]]:
    """What came of comparing the exports of a bundle with each other."""
    check = Verification(session, request)
    return [finding.to_dict() for finding in check.findings(request.export_types)]


def finding_of_files(identity: Identity, files: int, changed: Sequence[str]) -> Finding:
    """What came of looking at files, given how many there are and the names of those that are not
    what they should be."""
    return Finding(identity, files - len(changed), files, len(changed), changed)


def changed_log_files(session: ExportSession) -> Sequence[str]:
    """Paths of the files of the log whose bytes are others than those that were written; every file
    is read. What was written is known apart from the log, by SHA-256."""
    record, _ = event_log(session.home, session.settings).known()
    damaged = changed_files(session.snapshot, {} if record is None else record.sha256)
    return [one.file.path for one in damaged]


def _span(session: ExportSession) -> tuple[int, int]:
    """The range that holds the events of the log."""
    files = session.snapshot.files
    if not files:
        return 0, 1
    last_ms = max(file.last_ms for file in files)
    return min(file.first_ms for file in files), min(last_ms + 1, LATEST_MS)


def borders(from_ms: int, to_ms: int, zone: zoneinfo.ZoneInfo) -> list[int]:
    """Begin, cuts and end of a range in `PARTS` parts, cut at midnights of the zone where it is
    long enough; fewer parts when it is too short for them."""
    found = {from_ms, to_ms}
    for part in range(1, PARTS):
        cut_ms = from_ms + (to_ms - from_ms) * part // PARTS
        local = instant_of(cut_ms + offset_ms(cut_ms, zone))
        midnight_ms = local_to_ms(datetime.datetime.combine(local.date(), datetime.time()), zone)
        usable = midnight_ms > from_ms and midnight_ms not in found
        found.add(midnight_ms if usable else cut_ms)
    return sorted(found)


def _stretches(snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """The time of a log cut at months of UTC, so that a stretch has few enough messages: memory
    must not grow with the log."""
    rows = Counter[str]()
    for file in snapshot.files:
        rows[file.month] += file.rows if file.family == "message" else 0
    start_ms, waiting = None, 0
    for month in sorted(rows):
        first_ms, end_ms = _month_ms(month)
        if start_ms is not None and waiting + rows[month] > STRETCH_MESSAGES:
            yield start_ms, first_ms
            start_ms, waiting = None, 0
        start_ms = first_ms if start_ms is None else start_ms
        waiting += rows[month]
    if start_ms is not None:
        yield start_ms, end_ms


def _month_ms(month: str) -> tuple[int, int]:
    """Begin and end of a month of UTC, given as `YYYY-MM`."""
    first = datetime.datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    days = calendar.monthrange(first.year, first.month)[1]
    return to_ms(first), min(to_ms(first) + days * 86_400_000, LATEST_MS)
