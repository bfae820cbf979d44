"""Exports of one state of the log: each request becomes a whole file and its receipt, or nothing at
all."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny.completeness.rule import Completeness
from tawny.disk import flush, translated_os_errors
from tawny.engine.base import Embedded, EngineName, Value
from tawny.engine.engines import (
    CLUSTER,
    EMBEDDED,
    engine_name,
    open_embedded,
    open_other,
)
from tawny.engine.log_facts import NewestEvent, events_after
from tawny.engine.snapshot import View
from tawny.errors import (
    EngineError,
    RequestError,
    StorageError,
    UnknownValueError,
)
from tawny.exports.channels_seen import ChannelsSeen
from tawny.exports.formats.base import FileFormat, Written
from tawny.exports.formats.registry import file_format
from tawny.exports.formats.source import RowSource, file_metadata
from tawny.exports.receipt import Receipt, Replay, check_same, receipt_path
from tawny.exports.request import Bounds, ExportRequest, chosen_columns, resolve
from tawny.exports.slicing import (
    Delivered,
    Pieces,
    Slicing,
    estimated_events,
    slices,
)
from tawny.log.files import Snapshot
from tawny.model.zones import instant_text, offset_segments
from tawny.private import as_users_own
from tawny.queries.catalogue import Query, query
from tawny.scratch import scratch_file, scratch_folder, working_file
from tawny.settings import Settings
from tawny.state.event_log import event_log
from tawny.text import Text

_Seen = tuple[Sequence[NewestEvent], Sequence[Completeness]]
"""Of each channel its newest event, and up to when it is complete."""

SLICE_MEMORY_MB = 400
"""Memory that a slice may use before it spills. So many are made side by side as the setting
`engine_memory_mb` has room for, at most one for each thread."""


class ExportSession:
    """A connection on one snapshot of the log, for one or several exports of the same state."""

    def __init__(
        self, home: Path, settings: Settings, now_ms: int, engine: str | None = None
    ) -> None:
        """`engine` makes the exports; None = as the settings say. Raises `UnknownValueError`."""
        self._chosen = None if engine is None else engine_name(engine)
        self.home = home
        self.settings = settings
        self.now_ms = now_ms
        self.snapshot: Snapshot = event_log(home, settings).snapshot()
        """What is read. After a purge it is a newer one, whose files are there."""
        self.log_version = self.snapshot.version
        """What is seen, whatever is read: events that arrived later do not exist."""
        self._scratch = scratch_folder(home)
        self._memory_mb = settings.number("engine_memory_mb")
        self._threads = settings.engine_threads()
        self.engine = open_embedded(self._scratch, self._memory_mb, self._threads)
        """The embedded engine, on which the log is looked into."""
        self._source: RowSource | None = None
        self._channels = ChannelsSeen(self.engine)
        self._slicing: Slicing | None = None

    def __enter__(self) -> ExportSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def progress_percent(self) -> float:
        """How far the running export is, from another thread; negative when unknown."""
        if self._source is None:
            return -1
        percent = self._source.progress_percent()
        return self._slicing.progress_percent() if percent < 0 and self._slicing else percent

    def check(self, request: ExportRequest) -> None:
        """Raise `RequestError` when the request cannot be run on this log."""
        bounds = resolve(request, self.now_ms)
        file_format(request.format, request.dialect)
        self._check_channels(request, self.view(request, bounds, None))

    def export(
        self,
        request: ExportRequest,
        target: Path | None,
        replay: Replay | None = None,
        chosen_format: FileFormat | None = None,
    ) -> Receipt:
        """Run a request. The file appears under its name when it is whole, its receipt beside
        it; without a target the file goes to standard output, and nothing is left behind. A format
        that is given writes the rows instead of that of the request.

        Raises `RequestError` before anything is written, `FailureError` when a run fails.
        """
        bounds = resolve(request, self.now_ms)
        chosen_format = chosen_format or file_format(request.format, request.dialect)
        if replay is not None and replay.log_version > self.log_version:
            raise RequestError(
                "the receipt is of version {log_version} of an event log, this one is at version "
                "{version}; use the data folder the file was made from",
                log_version=replay.log_version,
                version=self.log_version,
            )
        view = self.view(request, bounds, replay)
        self._check_channels(request, view)
        work = self._working_file(target)
        try:
            written, (newest, complete), later, made_by = self._write_on_what_is_there(
                request, bounds, view, chosen_format, work
            )
            receipt = Receipt(
                request=request,
                bounds=bounds,
                content_media=view.content_media,
                log_version=self.log_version if replay is None else replay.log_version,
                rows=written.rows,
                size_bytes=work.stat().st_size,
                sha256=written.sha256,
                newest=newest,
                completeness=complete,
                cut_cells=written.cut_cells,
                events_after_as_of=later,
                engine=made_by,
            )
            if replay is not None and not chosen_format.has_row_key:
                check_same(request, receipt.sha256, replay)
            if target is None:
                with work.open("rb") as stream:
                    shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
            elif _is_device(target):
                with work.open("rb") as stream, target.open("wb") as device:
                    shutil.copyfileobj(stream, device, 1 << 20)
            else:
                publish(work, target, receipt.to_json())
            return receipt
        finally:
            with contextlib.suppress(OSError):
                work.unlink()

    def view(self, request: ExportRequest, bounds: Bounds, replay: Replay | None) -> View:
        """Which part of the log a request sees."""
        media = self._content_media(request) if replay is None else replay.content_media
        return View(
            as_of_ms=bounds.as_of_ms,
            from_ms=bounds.from_ms,
            to_ms=bounds.to_ms,
            log_version=self.log_version if replay is None else replay.log_version,
            channels=tuple(request.channels),
            content_media=media,
        )

    def _content_media(self, request: ExportRequest) -> Sequence[str] | None:
        if request.content == "setting":
            return self.settings.content_media(request.kind)
        return None if request.content == "yes" else []

    def _check_channels(self, request: ExportRequest, view: View) -> None:
        if not request.channels:
            return
        known = self._channels.known(self.snapshot, view.log_version)
        for channel in request.channels:
            if channel not in known:
                raise UnknownValueError(
                    Text("channel"),
                    channel,
                    known,
                    Text("it appears nowhere in the log (tawny log lists them)"),
                )

    def _working_file(self, target: Path | None) -> Path:
        if target is None or _is_device(target):
            return scratch_file(self._scratch)
        folder = target.parent
        try:
            os.fsencode(target.name).decode("utf-8")
        except UnicodeDecodeError:
            raise RequestError(
                "-o: found {name!r}, a file name that is not UTF-8; choose another",
                name=target.name,
            ) from None
        if not folder.is_dir():
            raise RequestError(
                "-o: found the folder {folder}, which does not exist; create it or choose another",
                folder=folder,
            )
        if target.is_dir():
            raise RequestError(
                "-o: found {target}, which is a folder; name a file in it", target=target
            )
        return working_file(target)

    def _write_on_what_is_there(
        self,
        request: ExportRequest,
        bounds: Bounds,
        view: View,
        chosen_format: FileFormat,
        work: Path,
    ) -> tuple[Written, _Seen, int, EngineName]:
        """Write the file; when maintenance has deleted files of the snapshot meanwhile (a purge
        does, at once), begin again on those of the newest version, which hold the same events."""
        while True:
            try:
                return self._write(request, bounds, view, chosen_format, work)
            except (StorageError, EngineError):
                if all((self.snapshot.folder / file.path).exists() for file in self.snapshot.files):
                    raise
                newer = event_log(self.home, self.settings).snapshot()
                if newer.version == self.snapshot.version:
                    raise
                self.snapshot = newer

    def _write(
        self,
        request: ExportRequest,
        bounds: Bounds,
        view: View,
        chosen_format: FileFormat,
        work: Path,
    ) -> tuple[Written, _Seen, int, EngineName]:
        """Write the file and have it reach the disk; beside it, look at the channels."""
        export = query(request.export_type)
        months = [
            month for month in self.snapshot.months() if month <= instant_text(bounds.as_of_ms)[:7]
        ]
        look = functools.partial(self._seen, view, bounds)
        with (
            translated_os_errors(str(work.parent)),
            self._making(export, view, chosen_format) as making,
            concurrent.futures.ThreadPoolExecutor(2) as beside,
        ):
            seen: list[concurrent.futures.Future[_Seen]] = []

            def prepare(index: int, engine: Embedded) -> Pieces | Delivered:
                if index == len(making.slicing) - 1 and engine is not self.engine:
                    # Connections begin to be idle now.
                    seen.append(beside.submit(look))
                return making.prepare(index, engine)

            source = self._source = RowSource(
                engines=making.engines,
                statement=making.statement,
                slices=len(making.slicing),
                prepare=prepare,
                columns=chosen_columns(request),
                segments=offset_segments(bounds.zone, months),
                time_zone=request.time_zone,
                headers=request.headers,
                title=request.export_type,
                key=[column for column in export.columns if column.key in export.head.key],
                cut_long_cells=request.long_cells == "cut",
                metadata=file_metadata(request.export_type, bounds.as_of_ms),
            )
            work.write_bytes(b"")  # also of what an attempt before left in it
            try:
                written = chosen_format.write(source, work)
            finally:
                self._source = None
                if self.engine in making.engines:
                    self.engine.drop_steps([step.name for step in export.all_steps])
            flushed = beside.submit(flush, work)
            found = seen[0].result() if seen else look()
            flushed.result()
            later = events_after(self.engine, self.snapshot, view, export.families)
            return written, found, later, making.engine_name

    def completeness(self, view: View, bounds: Bounds) -> Sequence[Completeness]:
        """Up to when each channel of a view is complete."""
        return self._channels.completeness(self.snapshot, view, bounds)

    def _seen(self, view: View, bounds: Bounds) -> _Seen:
        return self._channels.newest(self.snapshot, view), self.completeness(view, bounds)

    @property
    def _side_by_side(self) -> int:
        """How many slices are made at the same time."""
        return max(1, min(self._threads, self._memory_mb // SLICE_MEMORY_MB))

    @contextlib.contextmanager
    def _making(self, export: Query, view: View, chosen_format: FileFormat) -> Iterator[_Making]:
        """How an export is made: on another engine as a whole, or here in slices."""
        keyed = chosen_format.has_row_key and bool(export.head.beside)
        # Another engine delivers the cells of the file and nothing beside them.
        name = EMBEDDED if keyed else self._engine_for(export, view)
        if name != EMBEDDED:
            slicing = self._slicing = Slicing(export, self.snapshot, [view])
            with open_other(name, self.settings, self.engine, self._scratch) as other:
                yield _Making(
                    name,
                    [self.engine],
                    slicing,
                    other.delivered(export.statement),
                    lambda index, _: slicing.deliver(index, other),
                )
            return
        views = [view]
        if export.head.is_time_ordered:
            views = slices(self.snapshot, view, self._side_by_side)
        slicing = self._slicing = Slicing(export, self.snapshot, views)
        statement = export.keyed_select if keyed else export.statement
        with self._side_by_side_for(len(views) if chosen_format.is_text else 1) as engines:
            yield _Making(name, engines, slicing, statement, slicing.prepare)

    def _engine_for(self, export: Query, view: View) -> EngineName:
        """The engine that was asked for, or the one for so many events."""
        if self._chosen is not None:
            return self._chosen
        most = self.settings.number("engine_from_events")
        if not most or not self.settings.text("engine_url"):
            return EMBEDDED
        events = estimated_events(self.snapshot, view, export.families)
        return CLUSTER if events >= most else EMBEDDED

    @contextlib.contextmanager
    def _side_by_side_for(self, slices: int) -> Iterator[Sequence[Embedded]]:
        """Connections to make that many slices on, side by side: together they have the memory and
        the threads of one. Queries of one thread each leave less of both unused than one query
        with all of them."""
        count = min(slices, self._side_by_side)
        if count < 2:
            yield [self.engine]
            return
        with contextlib.ExitStack() as opened:
            yield [
                opened.enter_context(
                    open_embedded(self._scratch, self._memory_mb // count, self._threads // count)
                )
                for _ in range(count)
            ]

    def prepare(self, export: Query, view: View, keep: Collection[str] = ()) -> Mapping[str, Value]:
        """Make the tables a query reads for a view on the embedded engine; returns the values it
        binds. Of its steps those are there that its final select reads, and those to `keep`."""
        return next(Slicing(export, self.snapshot, [view]).prepare(0, self.engine, keep))


@dataclass(frozen=True, slots=True)
class _Making:
    """How the rows of one export are made."""

    engine_name: EngineName
    engines: Sequence[Embedded]
    """The connections on which rows become cells."""
    slicing: Slicing
    statement: str
    prepare: Callable[[int, Embedded], Pieces | Delivered]


def _is_device(target: Path) -> bool:
    """Whether a target is something to write into, not a file to be replaced: a pipe, a device."""
    return target.exists() and not target.is_file() and not target.is_dir()


def publish(work: Path, target: Path, receipt: str) -> None:
    """Give a whole file its name, with the text of its receipt beside it."""
    receipt_target = receipt_path(target)
    receipt_work = work.with_suffix(".receipt")
    with translated_os_errors(str(target)):
        try:
            receipt_work.write_text(receipt, encoding="utf-8")
            flush(receipt_work)
            # Never an old receipt beside a new file.
            receipt_target.unlink(missing_ok=True)
            as_users_own(work)
            as_users_own(receipt_work)
            work.replace(target)
            receipt_work.replace(receipt_target)
        finally:
            receipt_work.unlink(missing_ok=True)
    flush(target.parent)
