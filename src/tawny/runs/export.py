"""One export run: a request becomes a whole file and its receipt, or nothing at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tawny import __version__
from tawny.engine.duck import Duck, Value
from tawny.engine.snapshot import View, create_tables, known_channels, newest_per_channel
from tawny.errors import FailureError, RequestError, UnknownValueError
from tawny.exports.formats import FileFormat, Source, file_format
from tawny.exports.queries import definition_version, query
from tawny.exports.request import Bounds, ExportRequest, resolve
from tawny.log.table import EventLog, Snapshot, flush, translated_os_errors
from tawny.model.zones import TZDATA_VERSION, instant_text, offset_segments
from tawny.settings import Settings

RECEIPT_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a file is: enough to check it and to make it again."""

    request: ExportRequest
    bounds: Bounds
    content_media: Sequence[str] | None
    log_version: int
    rows: int
    size_bytes: int
    sha256: str
    newest: Sequence[tuple[str, str | None, int]]
    """Per channel: id, name, time of the newest event seen, in milliseconds since 1970 UTC."""

    def to_json(self) -> str:
        """The text of the `.receipt.json` file."""
        request, bounds = self.request, self.bounds
        content = {
            "receipt_format": RECEIPT_FORMAT,
            "tawny_version": __version__,
            "request": {
                "export": request.export_type,
                "time_zone": request.time_zone,
                "from": request.start,
                "to": request.end,
                "channels": list(request.channels),
                "headers": request.headers,
                "format": request.format,
                "dialect": request.dialect,
                "kind": request.kind,
                "content_media": None if self.content_media is None else list(self.content_media),
            },
            "from_utc": None if bounds.from_ms is None else instant_text(bounds.from_ms),
            "to_utc": None if bounds.to_ms is None else instant_text(bounds.to_ms),
            "as_of": instant_text(bounds.as_of_ms),
            "log_version": self.log_version,
            "definition_version": definition_version(),
            "time_zone_data": TZDATA_VERSION,
            "rows": self.rows,
            "bytes": self.size_bytes,
            "sha256": self.sha256,
            "newest_event_per_channel": [
                {"channel_id": channel, "name": name, "time": instant_text(time_ms)}
                for channel, name, time_ms in self.newest
            ],
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Replay:
    """What a receipt fixes for a second run: the state of the log and what must come out."""

    log_version: int
    content_media: Sequence[str] | None
    sha256: str
    definition_version: str
    time_zone_data: str


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
        view = self.view(request, bounds, replay)
        self._check_channels(request, view)
        work = self._working_file(target)
        try:
            rows = self._write(request, bounds, view, chosen_format, work)
            flush(work)
            receipt = Receipt(
                request=request,
                bounds=bounds,
                content_media=view.content_media,
                log_version=self.snapshot.version if replay is None else replay.log_version,
                rows=rows,
                size_bytes=work.stat().st_size,
                sha256=sha256_of(work),
                newest=newest_per_channel(self.duck, self.snapshot, view),
            )
            if replay is not None:
                _check_same(receipt, replay)
            if target is None:
                with work.open("rb") as stream:
                    shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
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

    def values(self, bounds: Bounds, view: View) -> dict[str, Value]:
        """What a query may bind (`tawny.exports.queries.PARAMETERS`)."""
        return {
            "from_ms": bounds.from_ms,
            "to_ms": bounds.to_ms,
            "as_of_ms": bounds.as_of_ms,
            "all_channels": not view.channels,
            "all_content": view.content_media is None,
        }

    def _check_channels(self, request: ExportRequest, view: View) -> None:
        if not request.channels:
            return
        known = known_channels(self.duck, self.snapshot, view.log_version)
        for channel in request.channels:
            if channel not in known:
                raise UnknownValueError(
                    "channel",
                    channel,
                    known,
                    "it appears nowhere in the log (tawny log lists them)",
                )

    def _working_file(self, target: Path | None) -> Path:
        """A hidden name in the folder of the target, so that the last step is a rename."""
        if target is None:
            return self._scratch / f"export-{secrets.token_hex(8)}"
        folder = target.parent
        if not folder.is_dir():
            raise RequestError(
                f"-o: found the folder {folder}, which does not exist; create it or choose another"
            )
        if target.is_dir():
            raise RequestError(f"-o: found {target}, which is a folder; name a file in it")
        return folder / f".{target.name}.{secrets.token_hex(4)}.part"

    def _write(
        self,
        request: ExportRequest,
        bounds: Bounds,
        view: View,
        chosen_format: FileFormat,
        work: Path,
    ) -> int:
        export = query(request.export_type)
        create_tables(self.duck, self.snapshot, view, export.tables)
        months = [
            month for month in self.snapshot.months() if month <= instant_text(bounds.as_of_ms)[:7]
        ]
        source = Source(
            duck=self.duck,
            statement=export.statement,
            values=self.values(bounds, view),
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
            return chosen_format.write(source, work)


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


def _check_same(receipt: Receipt, replay: Replay) -> None:
    if receipt.sha256 == replay.sha256:
        return
    reasons = []
    if replay.definition_version != definition_version():
        reasons.append(
            f"the definitions have changed since ({replay.definition_version} then, "
            f"{definition_version()} now)"
        )
    if replay.time_zone_data != TZDATA_VERSION:
        reasons.append(
            f"the time zone data has changed since ({replay.time_zone_data} then, "
            f"{TZDATA_VERSION} now)"
        )
    if not reasons:
        reasons.append("a contact may have been erased since, or the receipt was changed")
    raise FailureError(
        f"the receipt promises SHA-256 {replay.sha256}, the run gave {receipt.sha256}: "
        f"{'; '.join(reasons)}"
    )


def receipt_path(target: Path) -> Path:
    """Where the receipt of a file lies."""
    return target.with_name(target.name + ".receipt.json")


def read_receipt(path: Path) -> tuple[ExportRequest, Replay]:
    """The request of a receipt file and what a second run of it must keep to."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["receipt_format"] > RECEIPT_FORMAT:
            raise RequestError(
                f"{path}: found a receipt of format {content['receipt_format']}, this Tawny reads "
                f"up to {RECEIPT_FORMAT}; upgrade Tawny"
            )
        asked = content["request"]
        request = ExportRequest(
            export_type=asked["export"],
            time_zone=asked["time_zone"],
            start=asked["from"],
            end=asked["to"],
            channels=tuple(asked["channels"]),
            as_of=content["as_of"],
            headers=asked["headers"],
            format=asked["format"],
            dialect=asked["dialect"],
            kind=asked["kind"],
        )
        media = asked["content_media"]
        replay = Replay(
            log_version=int(content["log_version"]),
            content_media=None if media is None else tuple(media),
            sha256=content["sha256"],
            definition_version=content["definition_version"],
            time_zone_data=content["time_zone_data"],
        )
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror}; name a FILE.receipt.json") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"{path}: found no receipt; allowed the FILE.receipt.json that lies beside an export"
        ) from error
    return request, replay


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def scratch_folder(home: Path) -> Path:
    """The folder for work in progress below the data folder; created when missing."""
    folder = home / "tmp"
    with translated_os_errors(f"the data folder {home}"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder
