"""Files that were made, and whether the log still says what is in them.

A file shows what the log said of a range as of an instant, in one of its versions. What came into
the log since may change it where it is dated before that instant, or erases somebody. First is
found, for all files at once, which of them that can touch: by the spans of time in which it may
have changed anything (`tawny.engine.touched`). Of these the rows are made by the export's own
statement in both states, and compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tawny.engine.feed_rows import changes_between, kept_rows, make_changes
from tawny.engine.fresh_events import ERASED, EventsRead, LogState
from tawny.engine.late_events import LateEvents, changes_by_op
from tawny.engine.touched import Touched
from tawny.engine.touched_files import FileSpan, touched_files
from tawny.engine.touched_spans import TouchedSpans
from tawny.exports.receipt import replay_of_receipt, request_of_receipt
from tawny.exports.request import Bounds, ExportRequest, chosen_columns, parts_of, resolve
from tawny.feeds.engines import State, StateEngines
from tawny.feeds.units import StateRows
from tawny.log.files import Snapshot
from tawny.model.periods import Period
from tawny.model.zones import offset_segments
from tawny.queries.catalogue import EXPORT_TYPES, Query, query
from tawny.settings import Settings
from tawny.state.event_log import event_log

MOST_ROWS = 1000
"""So many changed rows of a file are named; all are counted."""

_WORDS = {"insert": "added", "delete": "removed", "update": "changed"}
"""What became of a row, by what a feed says of it."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """What is in a file: the rows of a request in one state of the log."""

    request: ExportRequest
    """With its `as_of`; one export or several."""
    content_media: Sequence[str] | None
    log_version: int
    erasures_version: int
    """Who was erased in a later version is in it."""

    @property
    def bounds(self) -> Bounds:
        """The instants it is about."""
        return resolve(self.request, 0)

    @property
    def span(self) -> FileSpan:
        """What of it decides which events can touch it."""
        bounds, types = self.bounds, self.request.export_types
        return FileSpan(
            bounds.from_ms,
            bounds.to_ms,
            bounds.as_of_ms,
            shows_state=not all(query(name).head.takes_range for name in types),
            shows_presence="user-presence" in types,
        )

    @property
    def parts(self) -> Sequence[ExportRequest]:
        """The request of each export in it."""
        return parts_of(self.request) if self.request.is_bundle else [self.request]


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """What is other in the rows of an export."""

    added: int
    removed: int
    changed: int
    named: Sequence[Mapping[str, Any]]
    """The first `MOST_ROWS`: `row` says what became of it, beside it stands its key."""

    def __bool__(self) -> bool:
        return self.added + self.removed + self.changed > 0

    def content(self) -> dict[str, Any]:
        """The same in a receipt."""
        return {
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "rows": [*self.named],
        }


class MadeFiles:
    """Looks at files with a version of the log; a context manager."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        files: Sequence[MadeFile],
        *,
        only_erasures: bool = False,
        snapshot: Snapshot | None = None,
    ) -> None:
        """With `only_erasures` nothing counts but who was erased since. `snapshot` is the newest
        where none is given."""
        self._home = home
        self._settings = settings
        self._files = files
        self._bounds = [file.bounds for file in files]
        self._only_erasures = only_erasures
        self._engines = StateEngines(home, settings)
        self.snapshot = snapshot or event_log(home, settings).snapshot()
        self._read = EventsRead.by(query(name) for name in EXPORT_TYPES)
        if only_erasures:
            # Lock times and presence stay what they were when a contact is erased.
            self._read = EventsRead(
                self._read.families - {"lock", "presence"}, frozenset([ERASED]), frozenset()
            )
        self._touched: Touched | None = None

    def __enter__(self) -> MadeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    def changed(self) -> list[int]:
        """Which of the files, by their place, no longer hold what the log says."""
        return [
            place
            for place in self.touched()
            if any(self.rows(place, part) for part in self._files[place].parts)
        ]

    def touched(self) -> list[int]:
        """Which of them may not; a superset."""
        if not self._files:
            return []
        touched = self._find()
        duck = self._engines.of("now")
        spans = TouchedSpans(duck, self._read, touched)
        return touched_files(duck, touched, spans, [file.span for file in self._files])

    def rows(self, place: int, part: ExportRequest) -> ChangedRows:
        """What is other in the rows of one export of a file."""
        file, bounds, touched = self._files[place], self._bounds[place], self._find()
        export = query(part.export_type)
        columns = chosen_columns(part)
        within = None
        if export.head.takes_range:
            assert bounds.from_ms is not None and bounds.to_ms is not None
            within = Period(bounds.from_ms, bounds.to_ms)
        before = self._state("before", file, bounds, export, within)
        now = self._state("now", file, bounds, export, within, is_now=True)
        if export.scope and not export.sums_up:
            wanted = touched.make_part_until(bounds.as_of_ms)
            scope = touched.scope_of_part()
            for state in (before, now):
                state.of_conversations(wanted, scope)
        else:
            for state in (before, now):
                state.of_period(0)
        duck = self._engines.of("now")
        key = export.head.key
        shown = [
            *export.beside_columns,
            *(column for column in export.columns if column.key in key),
        ]
        make_changes(
            duck, part.export_type, key,
            [*shown, *(column for column in columns if column.key not in key)],
            before=kept_rows(before.duck), restless="false", of_restless=False, values={},
        )  # fmt: skip
        counts = changes_by_op(duck)
        segments = offset_segments(bounds.zone, self.snapshot.months())
        named = [
            {"row": _WORDS[row.pop("op")], **{name: row[name] for name in key}}
            for row in changes_between(duck, shown, segments, 0, MOST_ROWS)
        ]
        return ChangedRows(
            counts.get("insert", 0), counts.get("delete", 0), counts.get("update", 0), named
        )

    def late_events(self, place: int, part: ExportRequest) -> dict[str, Any]:
        """What came into the log since and touches the rows that `rows` found just before."""
        late = LateEvents(self._engines.of("now"), self._find(), self._read)
        return late.content(self._files[place].span, query(part.export_type))

    def _find(self) -> Touched:
        if self._touched is None:
            known = [
                file.erasures_version if self._only_erasures else file.log_version
                for file in self._files
            ]
            last_ms = max(bounds.as_of_ms for bounds in self._bounds)
            self._touched = Touched(
                self._engines.of("now"), self.snapshot, self._read,
                LogState(min(known), last_ms), LogState(self.snapshot.version, last_ms),
                "instants",
            )  # fmt: skip
        return self._touched

    def _state(
        self,
        name: State,
        file: MadeFile,
        bounds: Bounds,
        export: Query,
        within: Period | None,
        *,
        is_now: bool = False,
    ) -> StateRows:
        newest = self.snapshot.version
        version = newest if is_now and not self._only_erasures else file.log_version
        return StateRows(
            self._engines.of(name), self.snapshot, export, LogState(version, bounds.as_of_ms),
            channels=file.request.channels,
            content_media=file.content_media,
            erasures_until=None if is_now else file.erasures_version,
            periods=[within] if within else [],
            within=within,
        )  # fmt: skip


def made_file(receipt: Mapping[str, Any], erasures_version: int | None = None) -> MadeFile:
    """The file of a receipt; nobody who was erased until its version, or that one, is in it.
    Raises `ValueError` or `KeyError` for no receipt."""
    replay = replay_of_receipt(receipt)
    known = replay.log_version if erasures_version is None else erasures_version
    request = request_of_receipt(receipt)
    return MadeFile(request, replay.content_media, replay.log_version, known)


def at_version(file: MadeFile, log_version: int) -> MadeFile:
    """The same file, of which is known that it holds what a later version says too."""
    newer = max(file.log_version, log_version)
    return replace(file, log_version=newer, erasures_version=max(file.erasures_version, newer))
