"""One export run: a request becomes a whole file and its receipt, or nothing at all."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import os
import shutil
import sys
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path

from tawny.disk import flush, translated_os_errors
from tawny.engine.duck import Duck, Value
from tawny.engine.snapshot import (
    View,
    create_scope_tables,
    create_step_table,
    create_tables,
    drop_step_tables,
    known_channels,
    newest_per_channel,
)
from tawny.errors import (
    EngineError,
    EngineMemoryError,
    RequestError,
    StorageError,
    UnknownValueError,
)
from tawny.exports.formats import FileFormat, Source, Written, file_format
from tawny.exports.queries import Query, definition_version, query
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.exports.steps import Step
from tawny.log.table import EventLog, Snapshot
from tawny.model.zones import instant_text, offset_segments
from tawny.runs.leftovers import scratch_file, scratch_folder, working_file
from tawny.runs.receipt import Newest, Receipt, Replay, check_same, receipt_path
from tawny.runs.slices import cut_by_rows, halved, slices
from tawny.settings import Settings
from tawny.text import Text

SLICE_ROWS = 500_000
"""Exports ordered by time are made in slices of about this many messages."""

PIECES = 2
"""A slice is prepared as a whole and written in so many pieces: to sort finished rows takes more
memory than to prepare them."""

SLICE_MEMORY_MB = 400
"""Memory that a slice may use before it spills. So many are made side by side as the setting
`engine_memory_mb` has room for, at most one for each thread."""


class ExportSession:
    """A connection on one snapshot of the log, for one or several exports of the same state."""

    def __init__(self, home: Path, settings: Settings, now_ms: int) -> None:
        self.home = home
        self.settings = settings
        self.now_ms = now_ms
        self.snapshot: Snapshot = EventLog(home).snapshot()
        self._scratch = scratch_folder(home)
        self._memory_mb = settings.number("engine_memory_mb")
        self._threads = settings.engine_threads()
        self.duck = Duck(self._scratch, self._memory_mb, self._threads)
        self._source: Source | None = None

    def __enter__(self) -> ExportSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.duck.close()

    def progress_percent(self) -> float:
        """How far the running export is, from another thread; negative when unknown."""
        return -1 if self._source is None else self._source.progress_percent()

    def check(self, request: ExportRequest) -> None:
        """Raise `RequestError` when the request cannot be run on this log."""
        bounds = resolve(request, self.now_ms)
        file_format(request.format, request.dialect)
        self._check_channels(request, self.view(request, bounds, None))

    def export(
        self, request: ExportRequest, target: Path | None, replay: Replay | None = None
    ) -> Receipt:
        """Run a request. The file appears under its name when it is whole, its receipt beside
        it; without a target the file goes to standard output, and nothing is left behind.

        Raises `RequestError` before anything is written, `FailureError` when a run fails.
        """
        bounds = resolve(request, self.now_ms)
        chosen_format = file_format(request.format, request.dialect)
        if replay is not None and replay.log_version > self.snapshot.version:
            raise RequestError(
                "the receipt is of version {log_version} of an event log, this one is at version "
                "{version}; use the data folder the file was made from",
                log_version=replay.log_version,
                version=self.snapshot.version,
            )
        view = self.view(request, bounds, replay)
        self._check_channels(request, view)
        work = self._working_file(target)
        try:
            written, newest = self._write_on_what_is_there(
                request, bounds, view, chosen_format, work
            )
            receipt = Receipt(
                request=request,
                bounds=bounds,
                content_media=view.content_media,
                log_version=self.snapshot.version if replay is None else replay.log_version,
                rows=written.rows,
                size_bytes=work.stat().st_size,
                sha256=written.sha256,
                newest=newest,
            )
            if replay is not None:
                check_same(receipt, replay)
            if target is None:
                with work.open("rb") as stream:
                    shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
            elif _is_device(target):
                with work.open("rb") as stream, target.open("wb") as device:
                    shutil.copyfileobj(stream, device, 1 << 20)
            else:
                _publish(work, target, receipt)
            return receipt
        finally:
            with contextlib.suppress(OSError):
                work.unlink()

    def view(self, request: ExportRequest, bounds: Bounds, replay: Replay | None) -> View:
        """Which part of the log a request sees."""
        media = (
            self.settings.content_media(request.kind) if replay is None else replay.content_media
        )
        return View(
            as_of_ms=bounds.as_of_ms,
            from_ms=bounds.from_ms,
            to_ms=bounds.to_ms,
            log_version=None if replay is None else replay.log_version,
            channels=tuple(request.channels),
            content_media=media,
        )

    def _check_channels(self, request: ExportRequest, view: View) -> None:
        if not request.channels:
            return
        known = known_channels(self.duck, self.snapshot, view.log_version)
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
    ) -> tuple[Written, Newest]:
        """Write the file; when maintenance has deleted files of the snapshot meanwhile (a purge
        does, at once), begin again on the newest version."""
        while True:
            try:
                return self._write(request, bounds, view, chosen_format, work)
            except (StorageError, EngineError):
                if all((self.snapshot.folder / file.path).exists() for file in self.snapshot.files):
                    raise
                newer = EventLog(self.home).snapshot()
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
    ) -> tuple[Written, Newest]:
        """Write the file and have it reach the disk; beside it, look for the newest events."""
        export = query(request.export_type)
        months = [
            month for month in self.snapshot.months() if month <= instant_text(bounds.as_of_ms)[:7]
        ]
        views = [view]
        if export.is_time_ordered:
            views = slices(self.snapshot, view, SLICE_ROWS, self._side_by_side)
        newest_of = functools.partial(newest_per_channel, self.duck, self.snapshot, view)
        with (
            translated_os_errors(str(work.parent)),
            self._ducks_for(len(views) if chosen_format.is_text else 1) as ducks,
            concurrent.futures.ThreadPoolExecutor(2) as beside,
        ):
            made: set[Duck] = set()
            newest: list[concurrent.futures.Future[Newest]] = []

            def prepare(part: View, duck: Duck) -> Generator[Mapping[str, Value]]:
                if part is views[-1] and duck is not self.duck:
                    # Connections begin to be idle now.
                    newest.append(beside.submit(newest_of))
                return self._prepared(export, part, made, duck, PIECES if views[1:] else 1)

            source = self._source = Source(
                ducks=ducks,
                statement=export.statement,
                slices=[functools.partial(prepare, part) for part in views],
                columns=export.columns,
                segments=offset_segments(bounds.zone, months),
                time_zone=request.time_zone,
                headers=request.headers,
                title=request.export_type,
                metadata={
                    "tawny.export": request.export_type,
                    "tawny.as_of": instant_text(bounds.as_of_ms),
                    "tawny.definition_version": definition_version(),
                },
            )
            work.write_bytes(b"")  # also of what an attempt before left in it
            try:
                written = chosen_format.write(source, work)
            finally:
                self._source = None
                if self.duck in ducks:
                    drop_step_tables(self.duck, [step.name for step in export.all_steps])
            flushed = beside.submit(flush, work)
            found = newest[0].result() if newest else newest_of()
            flushed.result()
            return written, found

    @property
    def _side_by_side(self) -> int:
        """How many slices are made at the same time."""
        return max(1, min(self._threads, self._memory_mb // SLICE_MEMORY_MB))

    @contextlib.contextmanager
    def _ducks_for(self, slices: int) -> Iterator[Sequence[Duck]]:
        """Connections to make that many slices on, side by side: together they have the memory and
        the threads of one. Queries of one thread each leave less of both unused than one query
        with all of them."""
        count = min(slices, self._side_by_side)
        if count < 2:
            yield [self.duck]
            return
        with contextlib.ExitStack() as open_ducks:
            yield [
                open_ducks.enter_context(
                    Duck(self._scratch, self._memory_mb // count, self._threads // count)
                )
                for _ in range(count)
            ]

    def prepare(self, export: Query, view: View, keep: Collection[str] = ()) -> Mapping[str, Value]:
        """Make the tables a query reads for a view; returns the values it binds. Of its steps
        those are there that its final select reads, and those to `keep`."""
        return next(self._prepared(export, view, set(), self.duck, 1, keep))

    def _prepared(
        self,
        export: Query,
        view: View,
        made: set[Duck],
        duck: Duck,
        pieces: int,
        keep: Collection[str] = (),
    ) -> Generator[Mapping[str, Value]]:
        """Make the tables for a view on one of several connections, then those of each piece of
        its range. Connections that are `made` were prepared for another part of the same range
        before: what is the same for all is there.

        A piece whose rows do not fit into memory (`EngineMemoryError`, thrown in by who writes it)
        is given again as two halves: rows may be as long as people write, and all in one hour.
        """
        values: dict[str, Value] = {
            "from_ms": view.from_ms,
            "to_ms": view.to_ms,
            "as_of_ms": view.as_of_ms,
            "all_channels": not view.channels,
            "all_content": view.content_media is None,
        }
        tables = export.tables_of_range if duck in made else export.tables

        def make(steps: Sequence[Step]) -> None:
            for step in steps:
                if step.is_of_range or duck not in made:
                    create_step_table(duck, step.name, step.sql, values)
                    drop_step_tables(duck, [name for name in step.last_reads if name not in keep])

        create_tables(duck, self.snapshot, view, tables)
        make(export.scope)
        create_scope_tables(duck, self.snapshot, view, tables)
        make(export.steps)
        made.add(duck)
        waiting = cut_by_rows(self.snapshot, view, pieces)[::-1]
        while waiting:
            piece = waiting.pop()
            create_tables(duck, self.snapshot, piece, export.tables_in_range)
            try:
                yield {**values, "from_ms": piece.from_ms, "to_ms": piece.to_ms}
            except EngineMemoryError:
                halves = halved(piece) if export.is_time_ordered else []
                if not halves:
                    raise
                waiting += reversed(halves)


def _is_device(target: Path) -> bool:
    """Whether a target is something to write into, not a file to be replaced: a pipe, a device."""
    return target.exists() and not target.is_file() and not target.is_dir()


def _publish(work: Path, target: Path, receipt: Receipt) -> None:
    receipt_target = receipt_path(target)
    receipt_work = work.with_suffix(".receipt")
    with translated_os_errors(str(target)):
        try:
            receipt_work.write_text(receipt.to_json(), encoding="utf-8")
            flush(receipt_work)
            # Never an old receipt beside a new file.
            receipt_target.unlink(missing_ok=True)
            work.replace(target)
            receipt_work.replace(receipt_target)
        finally:
            receipt_work.unlink(missing_ok=True)
    flush(target.parent)
