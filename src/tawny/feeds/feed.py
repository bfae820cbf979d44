"""Reading a feed: from a cursor to the newest state of the log, in answers of bounded length.

An answer leads from one state to another, each the log as of the commit of a version. For what new
events, erasures and new names may touch (`tawny.engine.touched`), the export's own statement is run
on both states, part by part, and the rows are compared (`tawny.engine.feed_rows`). A part is some
conversations, some agents, or a period.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tawny.engine.duck import Duck
from tawny.engine.engines import open_embedded
from tawny.engine.feed_rows import (
    RESTLESS_PART,
    changes_between,
    is_restless,
    kept_rows,
    make_changes,
)
from tawny.engine.fresh_events import LogState
from tawny.engine.log_facts import known_channels
from tawny.engine.touched import Touched
from tawny.engine.touched_spans import TouchedSpans
from tawny.errors import EngineError, RequestError, StorageError, UnknownValueError
from tawny.feeds.cursor import FORMAT, Cursor, digest, read_cursor
from tawny.feeds.periods import border_text, touched_periods
from tawny.feeds.request import MOST_ROWS, FeedRequest, checked
from tawny.feeds.units import StateRows
from tawny.log.arrivals import arrivals_ms
from tawny.log.delta import identity
from tawny.log.files import Snapshot
from tawny.model.zones import offset_segments
from tawny.queries.catalogue import definition_version, query
from tawny.scratch import scratch_folder
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.text import Text

Row = dict[str, Any]

_ROWS_OF_A_CONVERSATION = 20
"""About how many rows an export may have of one, unless a conversation is its row."""
_ROWS_OF_AN_AGENT = 1000
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class FeedRows:
    """Some rows of a feed."""

    items: list[Row]
    cursor: str
    """From where to go on; when there is no more now, from where to look for what is new."""
    more: bool
    """Whether there is more already."""


class FeedReader:
    """Reads one feed of a data folder; a context manager. The caller has checked the rights."""

    def __init__(
        self, home: Path, settings: Settings, request: FeedRequest, *, given_channels: bool = False
    ) -> None:
        """With `given_channels` one that has no event yet is no mistake: it was given to somebody.
        Raises `RequestError` for a feed that cannot be."""
        self._request = checked(request)
        self._home = home
        self._settings = settings
        self._export = query(self._request.export_type)
        self._content_media = settings.content_media("on-demand")
        self._open = ExitStack()
        self._ducks: dict[str, Duck] = {}
        self._answer: _Answer | None = None
        self._given_channels = given_channels
        self._snapshot: Snapshot = event_log(home, settings).snapshot()

    def __enter__(self) -> FeedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def page(self, cursor: str | None, limit: int) -> FeedRows:
        """The rows after a cursor; None begins. Raises `RequestError` for a cursor that cannot be
        used, and says what to do instead."""
        if not 1 <= limit <= MOST_ROWS:
            raise RequestError(
                "limit: found {limit}; allowed 1 to {most}", limit=limit, most=f"{MOST_ROWS:,}"
            )
        begun = self._mine() if cursor is None else self._read(cursor)
        self._check_channels()
        while True:
            try:
                return self._page(begun, limit)
            except (StorageError, EngineError):
                # A purge deletes files at once; those of the newest version hold the same events.
                if all(
                    (self._snapshot.folder / file.path).exists() for file in self._snapshot.files
                ):
                    raise
                newer = event_log(self._home, self._settings).snapshot()
                if newer.version == self._snapshot.version:
                    raise
                self._snapshot, self._answer = newer, None

    def rows(self, cursor: str | None, limit: int = MOST_ROWS) -> Iterator[FeedRows]:
        """The pages up to the newest state."""
        while True:
            page = self.page(cursor, limit)
            yield page
            if not page.more:
                return
            cursor = page.cursor

    # --- cursors ----------------------------------------------------------------------------------

    def _mine(self) -> Cursor:
        request = self._request
        return Cursor(
            format=FORMAT,
            log=digest([identity(self._snapshot.folder)]) if self._snapshot.version >= 0 else "",
            definitions=definition_version(),
            export_type=request.export_type,
            time_zone=request.time_zone,
            period=request.period,
            channels=digest(request.channels),
            content=digest(self._content_media),
            before=None,
        )

    def _read(self, text: str) -> Cursor:
        mine = self._mine()
        found = read_cursor(text, mine, self._request)
        newest = self._snapshot.version
        for state in (found.before_state, found.until_state):
            if state is None:
                continue
            committed = arrivals_ms(self._snapshot.folder, [state.version])
            if (
                found.log != mine.log
                or state.version > newest
                or committed.get(state.version, state.as_of_ms) != state.as_of_ms
            ):
                raise RequestError(
                    "cursor: found one of version {version} of an event log that is not this one "
                    "any more (it is at version {newest}; it was begun anew, or restored from a "
                    "backup): empty your copy and begin again without a cursor",
                    version=state.version,
                    newest=newest,
                )
        return msgspec.structs.replace(found, log=mine.log)

    def _check_channels(self) -> None:
        if not self._request.channels or self._given_channels:
            return
        known = known_channels(self._duck("now"), self._snapshot, None)
        for channel in self._request.channels:
            if channel not in known:
                raise UnknownValueError(
                    Text("channel"), channel, known,
                    Text("it appears nowhere in the log (tawny log lists them)"),
                )  # fmt: skip

    # --- pages ------------------------------------------------------------------------------------

    def _newest(self) -> LogState | None:
        version = self._snapshot.version
        if version < 0:
            return None
        committed = arrivals_ms(self._snapshot.folder, [version])
        if version not in committed:
            raise StorageError(
                "the event log {folder}: the commit of version {version} cannot be read",
                folder=self._snapshot.folder,
                version=version,
            )
        return LogState(version, committed[version])

    def _page(self, begun: Cursor, limit: int) -> FeedRows:
        before, until = begun.before_state, begun.until_state or self._newest()
        if until is None or (begun.until is None and before == until):
            return FeedRows([], begun.text(), more=False)
        answer = self._answer
        if answer is None or (answer.before, answer.until) != (before, until):
            answer = self._answer = self._new_answer(before, until)
        items: list[Row] = []
        place, skip, size = begun.place, begun.rows, begun.size
        while place < answer.things and len(items) < limit:
            size = size if skip else answer.size_for(limit)
            found = answer.make_part(place, size)
            taken = answer.rows(skip, min(found, skip + limit - len(items)))
            items += taken
            skip += len(taken)
            if skip >= found:
                place, skip = place + size, 0
        if place < answer.things:
            cursor = msgspec.structs.replace(
                begun,
                until=(until.version, until.as_of_ms),
                place=place,
                rows=skip,
                size=size if skip else 0,
            )
            return FeedRows(items, cursor.text(), more=True)
        cursor = msgspec.structs.replace(
            begun,
            before=(until.version, until.as_of_ms), until=None, place=0, rows=0, size=0,
        )  # fmt: skip
        return FeedRows(items, cursor.text(), more=until != self._newest())

    def _duck(self, name: str) -> Duck:
        if name not in self._ducks:
            self._ducks[name] = self._open.enter_context(
                open_embedded(
                    scratch_folder(self._home),
                    max(1, self._settings.number("engine_memory_mb") // 2),
                    self._settings.engine_threads(),
                )
            )
        return self._ducks[name]

    def _new_answer(self, before: LogState | None, until: LogState) -> _Answer:
        return _Answer(
            self._duck("now"),
            None if before is None else self._duck("before"),
            self._snapshot, self._request, self._content_media, before, until,
        )  # fmt: skip


class _Answer:
    """What leads from one state to another, in parts."""

    def __init__(
        self,
        duck: Duck,
        duck_before: Duck | None,
        snapshot: Snapshot,
        request: FeedRequest,
        content_media: list[str] | None,
        before: LogState | None,
        until: LogState,
    ) -> None:
        self.before, self.until = before, until
        self._duck = duck
        self._request = request
        export = self._export = query(request.export_type)
        self._zone = request.zone
        self._segments = offset_segments(self._zone, snapshot.months())
        self._key = export.head.key
        self._columns = (*export.beside_columns, *export.columns)
        self._touched = Touched(duck, snapshot, export, before, until)
        self._periods = []
        if export.sums_up:
            spans = TouchedSpans(duck, export, self._touched).spans()
            self._periods = touched_periods(request.period or "", self._zone, spans)
            self.things = len(self._periods)
            self._make_restless_of_periods()
        elif export.scope:
            self.things = self._touched.make_conversations()
            if self._is_of("message_id"):
                self._touched.make_restless_messages()
        else:
            self.things = self._touched.make_agents()
        ranges = [one.range for one in self._periods]
        common: dict[str, Any] = {
            "channels": request.channels, "content_media": content_media, "periods": ranges,
        }  # fmt: skip
        # Nothing is said of anybody who was erased since, whenever the answer was begun.
        self._now = StateRows(duck, snapshot, export, until, erasures_until=None, **common)
        self._was = None
        if before is not None and duck_before is not None:
            self._was = StateRows(
                duck_before, snapshot, export, before, erasures_until=before.version, **common
            )
        self._place = self._size = -1
        self._found = 0

    def _make_restless_of_periods(self) -> None:
        self._touched.make_restless_conversations()
        if self._is_of("contact_profile_id"):
            self._touched.make_restless_contacts()

    def _is_of(self, column: str) -> bool:
        """Whether each row is about one of what a column names."""
        return column in self._key

    def size_for(self, limit: int) -> int:
        """Of how many things a part is made for an answer of so many rows."""
        if self._export.sums_up:
            return 1
        rows = _ROWS_OF_A_CONVERSATION if self._export.scope else _ROWS_OF_AN_AGENT
        if self._is_of("conversation_id"):
            rows = 1
        return max(_FEWEST, limit // rows)

    def make_part(self, place: int, size: int) -> int:
        """Compare the things from `place` on in both states; returns how many rows there are."""
        if (place, size) == (self._place, self._size):
            return self._found
        if self._export.sums_up:
            self._found = self._make_period(place)
        else:
            self._found = self._make_things(place, size)
        self._place, self._size = place, size
        return self._found

    def rows(self, first: int, end: int) -> list[Row]:
        """Some rows of the part that was made last."""
        if end <= first:
            return []
        beside: Row = {}
        if self._export.sums_up:
            found = self._periods[self._place].range
            beside = {
                "period_from": border_text(self._zone, found.from_ms),
                "period_to": border_text(self._zone, found.to_ms),
            }
        rows = []
        for row in changes_between(self._duck, self._columns, self._segments, first, end):
            op = row.pop("op")
            if op == "delete":
                row = {name: row[name] for name in row if name in self._key}
            rows.append({"op": op, "at": self.until.version, **beside, **row})
        return rows

    def _make_period(self, place: int) -> int:
        period = self._periods[place]
        self._now.of_period(place)
        if self._was is not None:
            self._was.of_period(place)
        restless = "true" if period.is_restless else "false"
        if period.is_restless and self._is_of("contact_profile_id"):
            restless = is_restless("contact_profile_id")
        bounds = {"from_ms": period.range.from_ms, "to_ms": period.range.to_ms}
        return self._compare(restless, period.is_restless, bounds)

    def _make_things(self, place: int, size: int) -> int:
        wanted = self._touched.make_part(place, size)
        states = [state for state in (self._now, self._was) if state is not None]
        if not self._export.scope:
            for state in states:
                state.of_agents(wanted)
            return self._compare(is_restless("user_id", RESTLESS_PART), True, {})
        scope = self._touched.scope_of_part()
        for state in states:
            state.of_conversations(wanted, scope)
        restless = is_restless("conversation_id", "restless_conversations", "conversation_id")
        if self._is_of("message_id"):
            restless = is_restless("message_id")
        return self._compare(restless, True, {})

    def _compare(self, restless: str, of_restless: bool, bounds: dict[str, int]) -> int:
        was = self._was
        return make_changes(
            self._duck,
            self._request.export_type,
            self._key,
            self._columns,
            before=None if was is None else kept_rows(was.duck),
            restless="false" if was is None else restless,
            of_restless=of_restless and was is not None,
            values=bounds,
        )
