"""One export run: a request becomes a whole file and its receipt, or nothing at all."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import math
import os
import shutil
import sys
from pathlib import Path

from tawny.disk import flush, translated_os_errors
from tawny.engine.duck import Duck, Value
from tawny.engine.snapshot import (
    View,
    create_scope_tables,
    create_step_tables,
    create_tables,
    drop_step_tables,
    known_channels,
    newest_per_channel,
)
from tawny.errors import (
    EngineError,
    RequestError,
    StorageError,
    UnknownValueError,
)
from tawny.exports.formats import FileFormat, Source, file_format
from tawny.exports.queries import Query, definition_version, query
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.log.table import EventLog, Snapshot
from tawny.model.zones import instant_text, offset_segments
from tawny.runs.leftovers import scratch_file, scratch_folder, working_file
from tawny.runs.receipt import Receipt, Replay, check_same, receipt_path
from tawny.settings import Settings
from tawny.text import Text

SLICE_ROWS = 400_000
"""Exports ordered by time are made in slices of about this many messages."""


class ExportSession:
    """A connection on one snapshot of the log, for one or several exports of the same state."""

    def __init__(self, home: Path, settings: Settings, now_ms: int) -> None:
        self.home = home
        self.settings = settings
        self.now_ms = now_ms
        self.snapshot: Snapshot = EventLog(home).snapshot()
        self._scratch = scratch_folder(home)
        self.duck = Duck(
            self._scratch, settings.number("engine_memory_mb"), settings.engine_threads()
        )

    def __enter__(self) -> ExportSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.duck.close()

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
            rows = self._write_on_what_is_there(request, bounds, view, chosen_format, work)
            # Reading the file for its hash and waiting for the disk go on beside the query.
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                digest = pool.submit(sha256_of, work)
                flushed = pool.submit(flush, work)
                newest = newest_per_channel(self.duck, self.snapshot, view)
                flushed.result()
            receipt = Receipt(
                request=request,
                bounds=bounds,
                content_media=view.content_media,
                log_version=self.snapshot.version if replay is None else replay.log_version,
                rows=rows,
                size_bytes=work.stat().st_size,
                sha256=digest.result(),
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
    ) -> int:
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
    ) -> int:
        export = query(request.export_type)
        months = [
            month for month in self.snapshot.months() if month <= instant_text(bounds.as_of_ms)[:7]
        ]
        views = [view]
        if export.is_time_ordered:
            views = _slices(self.snapshot, view, SLICE_ROWS)
        source = Source(
            duck=self.duck,
            statement=export.statement,
            slices=[functools.partial(self.prepare, export, part) for part in views],
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
        with translated_os_errors(str(work.parent)):
            work.touch()
            try:
                return chosen_format.write(source, work)
            finally:
                steps = [step.name for step in (*export.scope, *export.steps)]
                drop_step_tables(self.duck, steps)

    def prepare(self, export: Query, view: View) -> dict[str, Value]:
        """Make the tables a query reads for a view; returns the values it binds."""
        values: dict[str, Value] = {
            "from_ms": view.from_ms,
            "to_ms": view.to_ms,
            "as_of_ms": view.as_of_ms,
            "all_channels": not view.channels,
            "all_content": view.content_media is None,
        }
        create_tables(self.duck, self.snapshot, view, export.tables)
        create_step_tables(self.duck, [(step.name, step.sql) for step in export.scope], values)
        create_scope_tables(self.duck, self.snapshot, view, export.tables)
        create_step_tables(self.duck, [(step.name, step.sql) for step in export.steps], values)
        return values


def _slices(snapshot: Snapshot, view: View, slice_rows: int) -> list[View]:
    """Cut the range of a view into parts of about that many messages, so that memory does not
    grow with the range. The parts adjoin and together are the range."""
    assert view.from_ms is not None and view.to_ms is not None
    first_ms, end_ms = view.from_ms, view.to_ms
    files = [
        file
        for file in snapshot.files
        if file.family == "message" and file.first_ms < end_ms and file.last_ms >= first_ms
    ]
    rows = 0.0
    for file in files:
        span_ms = file.last_ms - file.first_ms + 1
        shared_ms = min(file.last_ms + 1, end_ms) - max(file.first_ms, first_ms)
        rows += file.rows * shared_ms / span_ms
    parts = math.ceil(rows / slice_rows)
    if parts < 2:
        return [view]
    # Time without messages makes no slices.
    first_ms = max(first_ms, min(file.first_ms for file in files))
    last_ms = min(end_ms, max(file.last_ms for file in files) + 1)
    borders = [first_ms + (last_ms - first_ms) * part // parts for part in range(1, parts)]
    starts, ends = [view.from_ms, *borders], [*borders, view.to_ms]
    return [
        dataclasses.replace(view, from_ms=start, to_ms=end)
        for start, end in zip(starts, ends, strict=True)
    ]


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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
