"""Reading a feed: from a cursor to the newest state of the log, in answers of bounded length.

An answer leads from one state to another, each the log as of the commit of a version. For what new
events, erasures and new names may touch (`tawny.engine.touched`), the export's own statement is run
on both states, part by part, and the rows are compared (`tawny.engine.feed_rows`). A part is some
conversations, some agents, or a period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tawny.engine.change_rows import ChangeRows
from tawny.engine.duck import Duck
from tawny.engine.fresh_events import LogState
from tawny.engine.log_facts import known_channels
from tawny.errors import EngineError, RequestError, StorageError, UnknownValueError
from tawny.feeds.cursor import FORMAT, Cursor, digest, read_cursor
from tawny.feeds.engines import StateEngines
from tawny.feeds.request import MOST_ROWS, FeedRequest, checked
from tawny.feeds.state_changes import Row, StateChanges
from tawny.log.arrivals import arrivals_ms
from tawny.log.delta import identity
from tawny.log.files import Snapshot
from tawny.queries.catalogue import definition_version, query
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.text import Text


@dataclass(frozen=True, slots=True)
class KeptChanges:
    """The rows that lead to the newest state of the log."""

    duck: Duck
    statement: str
    cursor: str
    """From where to go on."""
    log_version: int
    as_of_ms: int
    """The state they lead to."""


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
        self,
        home: Path,
        settings: Settings,
        request: FeedRequest,
        *,
        given_channels: bool = False,
        kind: str = "on-demand",
        content: str = "setting",
    ) -> None:
        """With `given_channels` one that has no event yet is no mistake: it was given to somebody.
        Raises `RequestError` for a feed that cannot be."""
        self._request = checked(request)
        self._home = home
        self._settings = settings
        self._export = query(self._request.export_type)
        self.content_media: list[str] | None = None if content == "yes" else []
        """Media whose message contents are written; None = all."""
        if content == "setting":
            self.content_media = settings.content_media(kind)
        self._engines = StateEngines(home, settings)
        self._answer: StateChanges | None = None
        self._given_channels = given_channels
        self._snapshot: Snapshot = event_log(home, settings).snapshot()

    def __enter__(self) -> FeedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    @property
    def snapshot(self) -> Snapshot:
        """The version of the log that is read."""
        return self._snapshot

    @property
    def erasures_version(self) -> int:
        """The version of the log up to which who was erased is in no row."""
        return self._snapshot.version

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

    def keep(
        self, cursor: str | None, end: str | None = None, *, erasures_until: int | None = None
    ) -> KeptChanges:
        """All rows after a cursor in one table, up to the newest state or to another cursor, to be
        read while the reader is open; a purge in the middle has it begin again elsewhere. With
        `erasures_until` see `StateChanges`. Raises what `page` does."""
        begun = self._mine() if cursor is None else self._read(cursor)
        until = begun.until_state or self._newest()
        if end is not None:
            until = self._read(end).before_state
        if until is None:
            raise StorageError("the event log holds nothing yet; the next try may find something")
        answer = self._new_answer(begun.before_state, until, erasures_until)
        duck = self._engines.of("now")
        kept = ChangeRows(duck)
        size = answer.size_for(MOST_ROWS)
        for place in range(0, max(1, answer.things), size):
            answer.make_part(place, size)
            kept.add(until.version, answer.period)
        after = msgspec.structs.replace(
            begun, before=(until.version, until.as_of_ms), until=None, place=0, rows=0, size=0
        )
        return KeptChanges(duck, kept.statement, after.text(), until.version, until.as_of_ms)

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
            content=digest(self.content_media),
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
        known = known_channels(self._engines.of("now"), self._snapshot, None)
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

    def _new_answer(
        self, before: LogState | None, until: LogState, erasures_until: int | None = None
    ) -> StateChanges:
        return StateChanges(
            self._engines.of("now"),
            None if before is None else self._engines.of("before"),
            self._snapshot, self._request, self.content_media, before, until, erasures_until,
        )  # fmt: skip
