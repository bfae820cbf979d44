"""One sync: pages of a desk's records become events, durable before the position moves on.

First the events of some pages are in the log, then, in one step, the ledger and the position know
of it. Killed between the two, the next sync learns from the log what the ledger lacks, reads from
the last position again and finds that it was sent.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tawny.disk import held_lock, is_locked
from tawny.errors import ConflictError
from tawny.intake.direct import direct_ingest
from tawny.intake.ingest import Ingest
from tawny.model.durations import milliseconds
from tawny.model.refusals import Refusal
from tawny.model.zones import current_ms
from tawny.settings import Settings
from tawny.sources.events import Event, Facts, fact_digest, watermark
from tawny.sources.hints import Announced, HintStore
from tawny.sources.ledger import Ledger
from tawny.sources.progress import Progress
from tawny.sources.reader import Cursors, DeskReader, Page, Record, Window
from tawny.sources.report import GapReport
from tawny.sources.store import Source, SourceStore
from tawny.state.database import Database
from tawny.state.event_log import event_log
from tawny.state.refusals import RefusalStore
from tawny.text import Text

OVERLAP_S = 600
"""So long before the last position is read again: rows are stamped before they are committed."""

CHECKPOINT_EVENTS = 100_000
CHECKPOINT_S = 20.0
"""After so many events, or so long, what was read is made durable and the position moves on."""

WATERMARK_EVERY_MS = 60_000
"""So far a source's watermark moves on at least, unless something came: each is a commit."""

GONE_EVERY_MS = 86_400_000
"""So often is looked for records that are no longer there."""

_LOOKS, _LOOK_S = 5, 0.02

WITHHELD = Text("a value that is not shown")


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What a sync shall do. Instants in milliseconds since 1970 UTC."""

    since_ms: int | None = None
    until_ms: int | None = None
    full: bool = False
    accept_deletions: bool = False
    dry_run: bool = False
    output: BinaryIO | None = None
    """Where the events are written to instead of the log."""

    def to_plain(self) -> dict[str, Any]:
        """What a server is asked for, as it is kept."""
        return {name: getattr(self, name) for name in _ASKED if getattr(self, name)}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> SyncRequest:
        """The same again."""
        return cls(**{name: plain[name] for name in _ASKED if name in plain})


_ASKED = ("since_ms", "until_ms", "full", "accept_deletions")
"""What a server may be asked for."""


class Sync:
    """One sync of a source; `run` returns its report, which is also stored."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        database: Database,
        source: Source,
        reader: DeskReader,
        on_progress: Callable[[Progress], None] = lambda _: None,
        *,
        is_live: bool = True,
    ) -> None:
        """`is_live`: what is read is the desk as it is now."""
        self._home = home
        self._settings = settings
        self._database = database
        self._store = SourceStore(database)
        self._source = source
        self._reader = reader
        self._on_progress = on_progress
        self._is_live = is_live
        self._ledger = Ledger(self._store, source)
        self._hints = HintStore(database)
        self._announced = Announced(frozenset(), 0, {})
        self._lines: dict[str, Sequence[str]] = {}
        """The ids of events by the name of the block they were read in."""
        self._refused_ids: set[str] = set()
        self._refusals: list[Refusal] = []
        self._newest_ms = source.newest_ms
        self._stated_ms = int((source.position or {}).get("stated_ms", 0))
        self._share: float | None = None
        self.report = GapReport(source.address, source.kind, current_ms())

    def run(self, request: SyncRequest) -> GapReport:
        """Read what is new. Raises `SourceError`; what was durable before stays."""
        sends = not request.dry_run and request.output is None
        if sends:
            version = self._ledger.learn(self._home, self._settings)
            self._source = replace(self._source, log_version=version)
            if request.until_ms is None:
                # What was announced later may have happened after the horizon.
                lag_ms = milliseconds(str(self._source.options["lag"]))
                self._announced = self._hints.announced(self._source, current_ms() - lag_ms)
                self.report.webhooks.update(self._announced.counts)
        window, cursors = self._window(request)
        report = self.report
        report.since_ms = None if window.since_us is None else window.since_us // 1000
        report.until_ms = window.horizon_us // 1000
        report.live_since_ms = self._source.live_since_ms or report.until_ms
        report.clock_difference_s = round(window.now_us / 1_000_000 - time.time(), 3)
        pages = self._reader.pages(cursors, window, self._ledger, report)
        if sends:
            self._send(pages)
            self._hints.read(self._source, self._announced)
        else:
            self._write(pages, request.output)
        report.ended_ms = current_ms()
        return report

    def _window(self, request: SyncRequest) -> tuple[Window, Cursors]:
        options, position = self._source.options, self._source.position or {}
        now_us = self._reader.now_us()
        lag_us = milliseconds(str(options["lag"])) * 1000
        horizon_us = now_us - lag_us
        if request.until_ms is not None:
            horizon_us = min(horizon_us, request.until_ms * 1000)
        cursors: Cursors = dict(position.get("cursors", {}))
        since_ms = self._since_ms = position.get("since_ms", options.get("since_ms"))
        if request.since_ms is not None:
            cursors, since_ms = {}, request.since_ms
            # Where reading everything begins: not later than it did.
            if not position or self._since_ms is not None:
                self._since_ms = min(since_ms, self._since_ms if position else since_ms)
        if request.full:
            cursors = {}
        looked_ms = int(position.get("gone_ms", 0))
        look = request.full or (bool(position) and now_us // 1000 - looked_ms >= GONE_EVERY_MS)
        self._gone_ms = now_us // 1000 if look or not position else looked_ms
        window = Window(
            now_us=now_us,
            horizon_us=horizon_us,
            since_us=None if since_ms is None else int(since_ms) * 1000,
            overlap_us=OVERLAP_S * 1_000_000,
            full=request.full,
            look_for_gone=look or request.accept_deletions,
            accept_deletions=request.accept_deletions,
            future_us=now_us + max(lag_us, 60_000_000),
            announced=self._announced.records,
            on_wait=self._tell_wait,
        )
        return window, cursors

    # --- into the log ---------------------------------------------------------------------------

    def _send(self, pages: Iterator[Page]) -> None:
        waiting, since = 0, time.monotonic()
        cursors: Cursors = {}
        with direct_ingest(self._home, self._settings, self._refuse) as ingest:
            for page in pages:
                block, ids = self._mapped(page)
                if ids:
                    name = f"{self._source.name} {len(self._lines)}"
                    self._lines[name] = ids
                    ingest.read(name, [block])
                waiting += len(ids)
                cursors = page.cursors
                self._tell(page)
                if waiting >= CHECKPOINT_EVENTS or time.monotonic() - since > CHECKPOINT_S:
                    self._checkpoint(ingest, cursors)
                    waiting, since = 0, time.monotonic()
            self._checkpoint(ingest, cursors, ended=True)

    def _checkpoint(self, ingest: Ingest, cursors: Cursors, *, ended: bool = False) -> None:
        ingest.flush()
        self.report.accepted = ingest.outcome.accepted
        # Beside those that the ledger knew.
        self.report.refused = ingest.outcome.refused
        duplicates = ingest.outcome.duplicates
        if ended and self._is_live:
            self._state_watermark(ingest)
        version = event_log(self._home, self._settings).snapshot().version
        values: dict[str, object] = {
            "position": {
                "cursors": cursors, "since_ms": self._since_ms, "gone_ms": self._gone_ms,
                "stated_ms": self._stated_ms,
            },
            "log_version": version,
            "newest_ms": self._newest_ms,
        }  # fmt: skip
        if ended and self._source.live_since_ms is None:
            values["live_since_ms"] = self.report.live_since_ms
        self._ledger.save(self._refused_ids, **values)
        if self._refusals:
            store = RefusalStore(self._home, self._settings, self._database)
            store.add(f"source {self._source.name}", self._refusals)
            self._refusals = []
        self._lines = {}
        self._refused_ids = set()
        if ended:
            self.report.duplicates += duplicates

    def _state_watermark(self, ingest: Ingest) -> None:
        """Say that everything before the horizon was sent. It is no record of the desk: no counter
        knows of it."""
        until_ms = self.report.until_ms
        assert until_ms is not None
        came = self.report.accepted > 0 and until_ms > self._stated_ms
        if not came and until_ms < self._stated_ms + WATERMARK_EVERY_MS:
            return
        ingest.read("", [watermark(until_ms).line(self._source.address) + b"\n"])
        ingest.flush()
        self._stated_ms = until_ms

    def _refuse(self, name: str, refusal: Refusal) -> None:
        event_id = self._lines[name][refusal.number - 1]
        self._refused_ids.add(event_id)
        # What stood there may be what somebody wrote.
        hidden = [replace(mistake, found=WITHHELD) for mistake in refusal.mistakes]
        self._refusals.append(
            Refusal(refusal.number, refusal.field, WITHHELD, refusal.allowed, tuple(hidden[1:]))
        )
        self.report.leave_out(
            event_id,
            Text("{field}: refused; allowed {allowed}",
                 field=refusal.field, allowed=refusal.allowed),
        )  # fmt: skip

    # --- to a file, or nowhere ------------------------------------------------------------------

    def _write(self, pages: Iterator[Page], output: BinaryIO | None) -> None:
        for page in pages:
            block, _ = self._mapped(page)
            if output is not None:
                output.write(block)
            self._tell(page)

    # --- a page ---------------------------------------------------------------------------------

    def _mapped(self, page: Page) -> tuple[bytes, list[str]]:
        """The new events of a page as a block of lines, and their ids."""
        known = self._ledger.load([record.name for record in page.records])
        lines: list[bytes] = []
        ids: list[str] = []
        for record in page.records:
            facts = known[record.name]
            before = dict(facts)
            fresh = self._fresh(record, facts)
            if fresh or facts != before:
                self._ledger.add(record.name, facts, fresh)
            if record.name in self._announced.records:
                self.report.webhooks["announced"] += len(fresh)
            for event in fresh:
                self.report.events[event.type] += 1
                lines.append(event.line(self._source.address))
                ids.append(event.id)
        if page.newest_us is not None:
            self._newest_ms = max(self._newest_ms or 0, page.newest_us // 1000)
        return (b"\n".join(lines) + b"\n" if lines else b""), ids

    def _fresh(self, record: Record, facts: Facts) -> list[Event]:
        try:
            events = list(record.events(facts))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            # One bad record never stops the rest. What is wrong with it may be what it holds.
            self.report.leave_out(
                record.name,
                Text("it cannot be read ({reason})", reason=type(error).__name__),
            )
            return []
        fresh: dict[str, Event] = {}
        for event in events:
            sent = facts.get(event.id)
            if sent is not None and sent.digest == fact_digest(event):
                self.report.duplicates += 1
            elif sent is not None or any(alias in facts for alias in event.aliases):
                self.report.changed_after_sent += 1
            elif event.id in fresh:
                self.report.duplicates += 1
            else:
                fresh[event.id] = event
        return list(fresh.values())

    def _tell(self, page: Page) -> None:
        self._share = page.share
        self._on_progress(self._progress())

    def _tell_wait(self, seconds: float) -> None:
        self._on_progress(replace(self._progress(), waiting_s=seconds))

    def _progress(self) -> Progress:
        report = self.report
        return Progress(sum(report.read.values()), sum(report.events.values()), self._share)


@contextlib.contextmanager
def alone(home: Path, source: Source) -> Iterator[None]:
    """Be the one who syncs a source. Raises `ConflictError` when there is another; the lock ends
    with the process."""
    path = _lock_of(home, source)
    # Who only looks whether there is a sync holds the lock for a moment.
    for _ in range(_LOOKS):
        with held_lock(path, str(path), wait=False) as lock:
            if lock is not None:
                yield
                return
        time.sleep(_LOOK_S)
    raise ConflictError(
        "source {name}: another sync of it is going on; wait for its end, tawny sources list "
        "says how far it is",
        name=source.name,
    )


def is_syncing(home: Path, source: Source) -> bool:
    """Whether somebody syncs a source now."""
    return is_locked(_lock_of(home, source))


def _lock_of(home: Path, source: Source) -> Path:
    return home / f"source-{source.id}.lock"
